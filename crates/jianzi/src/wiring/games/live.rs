//! Live rooms, as a rollout moves them.

use std::sync::Arc;

use model::RoomKey;
use releases::{BackStep, Done, GameKey, RoomsDone, RoomsOfVersion, Selector};
use room_core::modules::LogicRef;
use rooms::{Moved, MovesDone, Rooms, Which};

pub struct LiveRooms {
    rooms: Arc<Rooms>,
}

impl LiveRooms {
    pub fn new(rooms: Arc<Rooms>) -> LiveRooms {
        LiveRooms { rooms }
    }
}

impl RoomsOfVersion for LiveRooms {
    fn swap(&self, rooms: &Selector, to: &LogicRef, done: Done) {
        let (selector, target) = (rooms.clone(), to.clone());
        let which: Which = Arc::new(move |room: &RoomKey, logic: &LogicRef| {
            is_of(&selector.game, room, logic) && *logic != target && selector.includes(&room.room)
        });
        self.rooms.swap(which, to.clone(), counted(done));
    }

    fn are_back(&self) -> bool {
        self.rooms.counts().recovering == 0
    }

    fn settle_effects(&self) {
        self.rooms.settle_effects();
    }

    fn back(&self, step: BackStep, game: &GameKey, version: u32, stable: &LogicRef, done: Done) {
        let which = running(game, version);
        match step {
            BackStep::StopTraffic => self.rooms.stand_still(which, counted(done)),
            // Their instances end with the step that follows; until then they stand still and are called no more.
            BackStep::Unload => done(RoomsDone::default()),
            BackStep::BackToStable => self.rooms.roll_back(which, stable.clone(), counted(done)),
        }
    }

    fn forget_way_back(&self, game: &GameKey, version: u32) {
        self.rooms.forget_way_back(running(game, version), Box::new(drop));
    }
}

fn running(game: &GameKey, version: u32) -> Which {
    let game = game.clone();
    Arc::new(move |room: &RoomKey, logic: &LogicRef| is_of(&game, room, logic) && logic.version == version)
}

fn is_of(game: &GameKey, room: &RoomKey, logic: &LogicRef) -> bool {
    room.app == game.app && logic.game == game.game
}

fn counted(done: Done) -> MovesDone {
    Box::new(move |moved: Vec<Moved>| {
        let mut rooms = RoomsDone::default();
        for Moved { room, outcome } in &moved {
            match outcome {
                Ok(()) => rooms.done += 1,
                Err(why) => {
                    rooms.failed += 1;
                    tracing::warn!(event = "room_not_moved", app = %room.app, room = %room.room, why);
                }
            }
        }
        done(rooms);
    })
}
