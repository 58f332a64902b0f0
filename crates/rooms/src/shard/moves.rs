//! Rooms that are brought to another version of their game, each between two of its ticks, a few in every turn.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::RoomKey;
use room_core::modules::LogicRef;
use room_core::{EndReason, NoSwap, RoomEvent, RunReason};

use crate::mark;

use super::ward::Errand;
use super::{RoomAt, Shard};

/// Which rooms, by what they run.
pub type Which = Arc<dyn Fn(&RoomKey, &LogicRef) -> bool + Send + Sync>;

/// Called once, from any thread, when all rooms had their turn. A room whose journal is in trouble is waited for; one that
/// has ended meanwhile, went to another node, or is of a shard that stops, is left out.
pub type MovesDone = Box<dyn FnOnce(Vec<Moved>) + Send>;

/// What became of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub room: RoomKey,
    pub outcome: Result<(), String>,
}

/// The same one for all shards; its end is told when the last of them lets go of it.
pub(crate) struct MoveRooms {
    pub which: Which,
    pub to: Move,
    results: Mutex<(Vec<Moved>, Option<MovesDone>)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Move {
    Swap(LogicRef),
    RollBack(LogicRef),
    StandStill,
    ForgetWayBack,
}

/// Of one turn, so that no room's tick comes late for it.
const MOVING_TIME: Duration = Duration::from_millis(2);

impl MoveRooms {
    pub fn new(which: Which, to: Move, done: MovesDone) -> Arc<MoveRooms> {
        Arc::new(MoveRooms { which, to, results: Mutex::new((Vec::new(), Some(done))) })
    }

    fn note(&self, room: RoomKey, outcome: Result<(), String>) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.0.push(Moved { room, outcome });
    }
}

impl Drop for MoveRooms {
    fn drop(&mut self) {
        let (moved, done) = self.results.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = done.take() {
            done(std::mem::take(moved));
        }
    }
}

impl Shard {
    /// Rooms that are away are asked when they are back.
    pub(super) fn begin_moves(&mut self, moves: &Arc<MoveRooms>) {
        let at_home: Vec<RoomAt> = self.rooms.iter().map(|(_, hosted)| hosted.at).collect();
        at_home.into_iter().for_each(|at| self.begin_move(at, moves));
        self.keep_for_rooms_away(|_| Some(Errand::Move(moves.clone())));
    }

    /// If the room is meant. What takes no time is done at once; the rest waits for its turn.
    pub(super) fn begin_move(&mut self, at: RoomAt, moves: &Arc<MoveRooms>) {
        let Some(hosted) = self.room(at).filter(|hosted| !hosted.room.is_ended()) else { return };
        let is_meant = hosted.room.logic().is_some_and(|logic| (moves.which)(&hosted.key, logic));
        let Some(game) = hosted.game.as_mut().filter(|_| is_meant) else { return };
        match moves.to {
            Move::StandStill => game.stands_still = true,
            Move::ForgetWayBack => game.forget_way_back(),
            Move::Swap(_) | Move::RollBack(_) => return self.moves.push_back((at, moves.clone())),
        }
        moves.note(hosted.key.clone(), Ok(()));
        self.go_on(at);
    }

    /// A room that is away keeps its place; so does one whose journal is in trouble: that is no fault of the version, and it
    /// goes on once the journal answers.
    pub(super) fn move_some_rooms(&mut self) {
        // From here on: a shard that is busy all the time is to come to its end as well.
        let until = self.shared.clock.now() + MOVING_TIME;
        let mut paused = Vec::new();
        while let Some((at, moves)) = self.moves.pop_front() {
            if let Some(ward) = self.held_up(at) {
                ward.press();
                paused.push((at, moves));
                continue;
            }
            if self.must_pause(at) {
                // Another node's by now: left out.
                if !self.is_lost(at) {
                    paused.push((at, moves));
                }
                continue;
            }
            self.move_room(at, &moves);
            drop(moves);
            if self.shared.clock.now() >= until {
                break;
            }
        }
        paused.into_iter().rev().for_each(|waiting| self.moves.push_front(waiting));
    }

    /// A room that is gone or has ended is left out.
    fn move_room(&mut self, at: RoomAt, moves: &MoveRooms) {
        let Some(hosted) = self.room(at).filter(|hosted| !hosted.room.is_ended()) else { return };
        let key = hosted.key.clone();
        let _playing = mark::playing(&key, hosted.room.tick().saturating_add(1));
        let outcome = match &moves.to {
            Move::RollBack(to) => self.roll_back(at, to),
            Move::Swap(to) => self.swap(at, to),
            Move::StandStill | Move::ForgetWayBack => Ok(()),
        };
        moves.note(key, outcome);
        self.go_on(at);
    }

    /// The version that a rebuilt room ran may have been taken back meanwhile.
    pub(super) fn seek_refuge(&mut self, at: RoomAt) {
        let Some(hosted) = self.rooms.get_mut(at.index as usize) else { return };
        let Some(running) = hosted.room.logic() else { return };
        if let Some(refuge) = self.shared.config.games.catalog.refuge(&hosted.key.app, running) {
            // The version is called no more.
            if let Some(game) = &mut hosted.game {
                game.stands_still = true;
            }
            let moves = MoveRooms::new(Arc::new(|_, _| false), Move::RollBack(refuge), Box::new(drop));
            self.moves.push_back((at, moves));
        }
    }

    fn swap(&mut self, at: RoomAt, to: &LogicRef) -> Result<(), String> {
        let Some(hosted) = self.rooms.get_mut(at.index as usize) else { return Ok(()) };
        if hosted.room.logic() == Some(to) {
            return Ok(());
        }
        // This swap may have waited behind others while its version was rolled back.
        if self.shared.config.games.catalog.refuge(&hosted.key.app, to).is_some() {
            return Err("the version was taken back meanwhile".to_owned());
        }
        if let Some(game) = &mut hosted.game {
            game.begin_way_back(&mut hosted.room);
        }
        let swapped = self.swap_by_save(at, to);
        if let (Err(_), Some(game)) = (&swapped, &mut self.rooms[at.index as usize].game) {
            game.forget_way_back();
        }
        self.after_move(at);
        swapped
    }

    /// By what the running version saves, or else from where it took over; a room that neither saves ends.
    fn roll_back(&mut self, at: RoomAt, to: &LogicRef) -> Result<(), String> {
        let left = self.room(at).and_then(|hosted| hosted.room.logic().cloned());
        let rolled_back = match self.swap_by_save(at, to) {
            Ok(()) => Ok(()),
            Err(why) => self.go_back(at, to).map_err(|no_way| format!("{why}; {no_way}")),
        };
        let Some(hosted) = self.rooms.get_mut(at.index as usize) else { return rolled_back };
        if let Some(game) = &mut hosted.game {
            game.forget_way_back();
            game.stands_still = false;
            // Not what has yet to become durable: by then its version's fate is known.
            left.into_iter().for_each(|left| game.outside.forget(left.version));
        }
        if rolled_back.is_ok() {
            let began = hosted.room.new_run(RunReason::Rollback);
            hosted.apply(&began, &mut self.outputs);
        } else if !hosted.room.is_ended() {
            hosted.apply(&RoomEvent::Ended { reason: EndReason::LogicFailed }, &mut self.outputs);
        }
        self.after_move(at);
        rolled_back
    }

    fn swap_by_save(&mut self, at: RoomAt, to: &LogicRef) -> Result<(), String> {
        let hosted = &mut self.rooms[at.index as usize];
        let event = match hosted.room.prepare_swap(to) {
            Ok(event) => event,
            Err(NoSwap::Same) => return Ok(()),
            Err(no_swap) => {
                if let Some(game) = hosted.game.as_ref().filter(|_| hosted.room.is_poisoned()) {
                    game.heal(&mut hosted.room)?;
                }
                return Err(no_swap.to_string());
            }
        };
        self.take_over(at, &event, to)
    }

    /// To the version that ran before, and from there on, should that one be left behind, too.
    fn go_back(&mut self, at: RoomAt, to: &LogicRef) -> Result<(), String> {
        let hosted = &mut self.rooms[at.index as usize];
        let game = hosted.game.as_ref().ok_or("the room has no game")?;
        let left = hosted.room.logic().map_or(0, |logic| logic.version);
        let (mut as_it_was, before, effects) = game.as_it_was()?;
        let event = hosted.room.prepare_roll_back(&mut as_it_was).map_err(|error| error.to_string())?;
        // Its instance's place may be needed.
        drop(as_it_was);
        self.take_over(at, &event, &before)?;
        self.rooms[at.index as usize].want_instead_of(left, effects);
        if before == *to { Ok(()) } else { self.swap_by_save(at, to) }
    }

    fn take_over(&mut self, at: RoomAt, event: &RoomEvent, to: &LogicRef) -> Result<(), String> {
        let hosted = &mut self.rooms[at.index as usize];
        hosted.apply(event, &mut self.outputs);
        match hosted.room.logic() == Some(to) {
            true => Ok(()),
            false => {
                let why = hosted.game.as_mut().and_then(|game| game.swap_failed.take());
                Err(why.unwrap_or_else(|| "the room has ended".to_owned()))
            }
        }
    }

    fn after_move(&mut self, at: RoomAt) {
        if let Some(hosted) = self.rooms.get_mut(at.index as usize) {
            hosted.show_to_all(&mut self.outputs);
            hosted.urgent = true;
            self.touch(at);
            self.reschedule(at);
        }
    }
}
