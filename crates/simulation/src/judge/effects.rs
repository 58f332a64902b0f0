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

#[cfg(test)]
mod tests {
    use model::{AppId, RoomId};

    use super::*;

    fn effect(tick: Tick, ordinal: u32, data: &'static [u8]) -> GameEffect {
        GameEffect { version: 1, tick, ordinal, kind: "score".to_owned(), data: data.into() }
    }

    /// What is wrong with having told these, where the log wants `b"a"` in tick 1 and `b"b"` in tick 2.
    fn odd(told: &[(GameEffect, bool)]) -> Option<Odd> {
        let room = RoomKey { app: AppId::new("sim"), room: RoomId::from_name("judged") };
        let told = told.iter().map(|(effect, again)| Told {
            room: room.clone(),
            effect: effect.clone(),
            again: *again,
        });
        let told: Vec<Told> = told.collect();
        let mut wanted = Model::default();
        wanted.effects = vec![effect(1, 0, b"a"), effect(2, 0, b"b")];
        check(&told, &room, &wanted, true, &mut Tale::default()).err()
    }

    #[test]
    fn what_is_missing_or_too_much_is_seen() {
        let (a, b) = (|| (effect(1, 0, b"a"), false), || (effect(2, 0, b"b"), false));
        let again = |(effect, _)| (effect, true);
        assert_eq!(odd(&[a(), b()]), None);
        assert_eq!(odd(&[a(), again(a()), b(), again(b()), again(b())]), None);
        for (told, what) in [
            (vec![a()], "was not told"),
            (vec![a(), b(), b()], "told twice as if for the first time"),
            (vec![a(), b(), (effect(3, 0, b"c"), false)], "the log does not want it"),
            (vec![a(), b(), (effect(2, 0, b"x"), true)], "was told as"),
            (vec![a(), (effect(2, 0, b"x"), false)], "was not told"),
        ] {
            let odd = odd(&told).expect("something is wrong");
            assert!(odd.contains(what), "{odd}");
        }
    }
}
