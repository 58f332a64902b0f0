//! Effects once: what the log says is told, under the same key with the same bytes, and nothing else is.

use std::collections::BTreeMap;

use model::{RoomKey, Tick};
use rooms::GameEffect;

use crate::Odd;
use crate::game::Told;
use crate::model::Model;
use crate::world::Tale;

/// `covers`: the room's level promises that what was told is in the log.
pub fn check(told: &[Told], room: &RoomKey, model: &Model, covers: bool, tale: &mut Tale) -> Result<(), Odd> {
    let mut by_key: BTreeMap<(Tick, u32), &GameEffect> = BTreeMap::new();
    let mut first_told: BTreeMap<(Tick, u32), u32> = BTreeMap::new();
    for Told { effect, again, .. } in told.iter().filter(|told| told.room == *room) {
        let key = (effect.tick, effect.ordinal);
        match by_key.insert(key, effect) {
            Some(before) if before != effect && covers => {
                return Err(format!("{key:?} was told as {before:?} and as {effect:?}"));
            }
            _ => {}
        }
        tale.told_again += u64::from(*again);
        let times = first_told.entry(key).or_default();
        *times += u32::from(!again);
        if *times > 1 && covers {
            return Err(format!("{effect:?} was told twice as if for the first time"));
        }
    }
    let mut wanted: BTreeMap<(Tick, u32), &GameEffect> = BTreeMap::new();
    for effect in &model.effects {
        if let Some(before) = wanted.insert((effect.tick, effect.ordinal), effect) {
            return Err(format!("one key stands for {before:?} and for {effect:?}"));
        }
    }
    tale.effects += wanted.len() as u64;
    if !covers {
        return Ok(());
    }
    if let Some((key, effect)) = wanted.iter().find(|(key, effect)| by_key.get(key) != Some(effect)) {
        return Err(format!("{effect:?} was not told; told was {:?}", by_key.get(key)));
    }
    match by_key.iter().find(|(key, _)| !wanted.contains_key(key)) {
        Some((_, effect)) => Err(format!("{effect:?} was told, and the log does not want it")),
        None => Ok(()),
    }
}
