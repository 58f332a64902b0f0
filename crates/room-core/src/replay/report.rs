//! Running a replay again, and comparing.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use super::view::seats_of;
use super::{Finding, Replay, Report, read};
use crate::event::RoomEvent;
use crate::modules::{LogicRef, ModuleHash, Modules};
use crate::output::Output;
use crate::room::Room;

/// Runs the file's events again; the first difference is the finding.
pub fn verify(bytes: &[u8], modules: &Arc<dyn Modules>) -> Result<Report, Finding> {
    let replay = read(bytes)?;
    let (mut inputs, mut hashes) = (0, 0);
    let room = run(&replay, modules, |event, _| match event {
        RoomEvent::Input { .. } => inputs += 1,
        RoomEvent::Tick { hash: Some(_), .. } => hashes += 1,
        _ => {}
    })?;
    let ended = room.ended();
    let agreed = room.agreed();
    let last = replay.summary.last;
    same("the last tick", last.last_tick, room.tick())?;
    same("the state's hash", last.hash, room.hash())?;
    same("that the results agree:", last.agreed, agreed)?;
    Ok(Report {
        room: room.key().clone(),
        mode: room.spec().mode.clone(),
        build: room.founding().build.as_str().to_owned(),
        seats: seats_of(&replay),
        runs: room.run(),
        events: replay.summary.events,
        inputs,
        ticks: room.tick(),
        duration_ms: room.spec().period_us().unwrap_or(0) * u64::from(room.tick()) / 1000,
        hashes: hashes + 1,
        ended,
        agreed,
    })
}

/// Applies all events, once all modules are there that they need; `each` sees every one with what it led to.
pub(super) fn run(
    replay: &Replay,
    modules: &Arc<dyn Modules>,
    mut each: impl FnMut(&RoomEvent, &[Output]),
) -> Result<Room, Finding> {
    let needed: BTreeSet<ModuleHash> = modules_of(replay).map(|logic| logic.hash).collect();
    for module in needed {
        modules.instantiate(&module)?;
    }
    let mut outputs = Vec::new();
    let mut room = Room::found(replay.founding.clone(), modules, &mut outputs)
        .map_err(|not_founded| Finding::Record { number: 1, damage: not_founded.into() })?;
    for (index, event) in replay.events.iter().enumerate() {
        outputs.clear();
        let number = index as u64 + 2;
        room.admit(event, &mut outputs).map_err(|damage| Finding::Record { number, damage })?;
        each(event, &outputs);
    }
    Ok(room)
}

fn modules_of(replay: &Replay) -> impl Iterator<Item = &LogicRef> {
    let later = replay.events.iter().filter_map(|event| match event {
        RoomEvent::Swapped { to, .. } | RoomEvent::RolledBack { to, .. } => Some(to),
        _ => None,
    });
    replay.founding.logic.iter().chain(later)
}

fn same<T: PartialEq + Display>(what: &'static str, told: T, found: T) -> Result<(), Finding> {
    if told == found {
        return Ok(());
    }
    Err(Finding::Differs { what, told: told.to_string(), found: found.to_string() })
}
