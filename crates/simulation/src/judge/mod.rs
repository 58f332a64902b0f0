//! What must hold at the end, of every room. One promise a file.

mod effects;
mod games;
mod histories;
mod replays;

use model::Position;
use room_core::RoomEvent;
use rooms::RoomLog;

use crate::Odd;
use crate::disk::Disk;
use crate::player::{Player, Sight};
use crate::world::{Tale, World, room_key};

pub fn judge(world: &mut World) -> Result<(), Odd> {
    world.count();
    let whole = world.disk.with_all_that_was();
    let mut tale = std::mem::take(&mut world.tale);
    for room in 0..world.plan.rooms.len() {
        judge_room(world, &whole, room, &mut tale).map_err(|odd| format!("room {room}: {odd}"))?;
    }
    for player in &world.players {
        tale.rewinds += player.sight.rewinds();
        tale.ticks += u64::from(player.sight.tick());
    }
    world.tale = tale;
    Ok(())
}

fn judge_room(world: &World, whole: &Disk, room: usize, tale: &mut Tale) -> Result<(), Odd> {
    let key = room_key(room);
    let players: Vec<&Player> = world.players.iter().filter(|player| player.room == room).collect();
    let log: Vec<RoomEvent> = RoomLog::new(whole, &key, Position::default())
        .map(|logged| logged.map(|logged| logged.event))
        .collect::<Result<_, _>>()
        .map_err(|unplayable| unplayable.to_string())?;
    replays::check(world, whole, &key)?;
    tale.inputs += log.iter().filter(|event| matches!(event, RoomEvent::Input { .. })).count() as u64;
    let covers = world.plan.covers(room);
    if !world.plan.rooms[room].is_game() {
        let histories = players.iter().filter_map(|player| match &player.sight {
            Sight::Ticks(ticks) => Some((*player, ticks)),
            Sight::States(_) => None,
        });
        return histories::check(&histories.collect::<Vec<_>>(), !covers, tale);
    }
    let model = games::check(world, room, log, &players, tale)?;
    effects::check(&world.releases.told(), &key, &model, covers, tale)
}

/// Mixes bytes into what a run's tale is recognized by.
fn remember(tale: &mut Tale, bytes: &[u8]) {
    for byte in bytes {
        tale.hash = (tale.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
}
