//! A replay as the game wants it.

use std::sync::Arc;

use bytes::Bytes;
use model::{PlayerId, Seat};

use super::report::run;
use super::{Finding, Replay, ReplaySeat, ReplayView};
use crate::event::RoomEvent;
use crate::frames::{tick_entries, ticks_of_body};
use crate::modules::Modules;
use crate::output::Output;

/// Runs the replay and collects what it told, tick by tick.
pub fn view(replay: &Replay, modules: &Arc<dyn Modules>) -> Result<ReplayView, Finding> {
    let mut ticks = Vec::new();
    let mut room = run(replay, modules, |_, outputs| collect(outputs, &mut ticks))?;
    let mut held_back = Vec::new();
    room.logic.flush(&mut held_back);
    collect(&held_back, &mut ticks);
    let spec = room.spec();
    Ok(ReplayView {
        room: room.key().clone(),
        mode: spec.mode.clone(),
        build: room.founding().build.as_str().to_owned(),
        seed: spec.seed().unwrap_or(0),
        tick_hz: spec.tick_hz().unwrap_or(0),
        seats: seats_of(replay),
        ticks,
        results: room.results(),
        agreed: room.agreed(),
    })
}

fn collect(outputs: &[Output], ticks: &mut Vec<Vec<(Seat, Bytes)>>) {
    for output in outputs {
        let Output::Frame { body, .. } = output else { continue };
        // The room has just written these bodies itself.
        for (_, entry) in ticks_of_body(body).unwrap_or_default() {
            ticks.push(tick_entries(entry).map(|(seat, data)| (seat, body.slice_ref(data))).collect());
        }
    }
}

/// Seats that somebody ever had, and the bots'.
pub(super) fn seats_of(replay: &Replay) -> Vec<ReplaySeat> {
    let spec = &replay.founding.spec;
    let players = spec.seats - spec.bots;
    let free =
        |seat| ReplaySeat { seat, player: PlayerId::new(""), name: String::new(), bot: seat >= players };
    let mut seats: Vec<ReplaySeat> = (0..spec.seats).map(free).collect();
    for event in &replay.events {
        if let RoomEvent::SeatTaken { seat, player, name, .. } = event
            && let Some(taken) = seats.get_mut(usize::from(*seat))
        {
            (taken.player, taken.name) = (player.clone(), name.clone());
        }
    }
    seats.retain(|seat| seat.bot || !seat.player.as_str().is_empty());
    seats
}
