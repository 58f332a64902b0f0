//! Authoritative rooms: what was told is what the log means, what was acknowledged is in it, and the version is one that
//! nobody took back.

use room_core::RoomEvent;
use rooms::Fate as EffectFate;

use super::remember;
use crate::Odd;
use crate::model::{Fate, Model};
use crate::player::{Input, Player, Sight};
use crate::world::{Tale, World};

pub fn check(
    world: &World,
    room: usize,
    log: Vec<RoomEvent>,
    players: &[&Player],
    tale: &mut Tale,
) -> Result<Model, Odd> {
    let happens = |version| world.releases.fate_of(version) == EffectFate::Happen;
    let model = Model::of(log, happens)?;
    for player in players {
        let checked = check_player(&model, player, world.plan.covers(room));
        checked.map_err(|odd| format!("{}: {odd}", player.name))?;
    }
    if !model.has_ended && model.version() != world.releases.stable().0 {
        return Err(format!("it runs version {} in the end", model.version()));
    }
    for ((run, tick), entry) in &model.frames {
        remember(tale, &run.to_be_bytes());
        remember(tale, &tick.to_be_bytes());
        entry.iter().for_each(|(_, data)| remember(tale, data));
    }
    tale.ends += u32::from(model.has_ended);
    tale.swaps += model.swaps;
    tale.ways_back += model.ways_back;
    tale.bad_calls += model.bad_calls;
    Ok(model)
}

fn check_player(model: &Model, player: &Player, covers: bool) -> Result<(), Odd> {
    let Sight::States(states) = &player.sight else {
        return Err("plays something else".to_owned());
    };
    states.check(model)?;
    if covers && states.tick > model.tick() {
        return Err(format!("was told tick {}; the log ends at {}", states.tick, model.tick()));
    }
    if covers && player.hears_no_more && !model.has_ended {
        return Err("was told of the end, and the log has none".to_owned());
    }
    let seat = player.seat.ok_or("a player without a seat")?;
    for input in player.inputs.kept().iter().filter(|_| covers) {
        let Input { number, value, refused } = input;
        let is_there = match model.inputs.get(&(seat, *number)) {
            Some(Fate::Applied(data)) => !refused && *data == input.data(),
            Some(Fate::EndedBadly(data)) => *data == input.data(),
            Some(Fate::Refused) => true,
            None => false,
        };
        if !is_there {
            return Err(format!("input {number} (value {value}) was acknowledged, and is not in the log"));
        }
    }
    Ok(())
}
