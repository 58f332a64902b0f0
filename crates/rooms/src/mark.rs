//! Which room this thread is playing right now: what a crash report says, should it be the process's last.

use std::cell::Cell;

use crashes::Stepper;
use model::{RoomKey, Tick};

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place { slot: Stepper::NOT_SHOWN, marked: false }) };
}

#[derive(Clone, Copy)]
struct Place {
    slot: usize,
    /// A room is named already.
    marked: bool,
}

/// Gives this thread its place in the report. Without one nothing is marked.
pub(crate) fn this_thread_is(stepper: Stepper) {
    PLACE.set(Place { slot: stepper.slot(), marked: false });
}

/// Until it is dropped, a crash is this room's. Within another mark it does nothing: a thread plays one room at a time.
#[must_use]
pub(crate) fn playing(room: &RoomKey, tick: Tick) -> Playing {
    let place = PLACE.get();
    if place.marked {
        return Playing { slot: None };
    }
    PLACE.set(Place { marked: true, ..place });
    crashes::stepping(place.slot, room.app.as_str(), room.room.as_str(), tick);
    Playing { slot: Some(place.slot) }
}

pub(crate) struct Playing {
    slot: Option<usize>,
}

impl Drop for Playing {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            crashes::rested(slot);
            PLACE.set(Place { slot, marked: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{AppId, RoomId};

    use super::*;

    #[test]
    fn a_mark_within_a_mark_leaves_the_outer_one() {
        let key = RoomKey { app: AppId::new("a"), room: RoomId::from_name("marked") };
        this_thread_is(Stepper::Shard(7));
        let outer = playing(&key, 1);
        drop(playing(&key, 2));
        assert!(PLACE.get().marked);
        drop(outer);
        assert!(!PLACE.get().marked);
    }
}
