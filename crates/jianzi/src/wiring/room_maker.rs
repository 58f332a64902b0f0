//! Quick match asks the rooms for rooms and the sessions for their players.

use std::sync::Arc;

use gateway::Sessions;
use matchmaking::{Made, Players, RoomMaker, RoomOrder};
use model::SessionId;
use protocol::{Fault, messages};
use room_core::RoomSpec;
use rooms::{CreateRoom, Rooms};

pub struct MatchedRooms {
    rooms: Arc<Rooms>,
}

impl MatchedRooms {
    pub fn new(rooms: Arc<Rooms>) -> MatchedRooms {
        MatchedRooms { rooms }
    }
}

impl RoomMaker for MatchedRooms {
    fn canonical(&self, spec: messages::RoomSpec) -> Result<messages::RoomSpec, Fault> {
        RoomSpec::try_from(spec).map(|spec| messages::RoomSpec::from(&spec))
    }

    fn make(&self, order: RoomOrder, made: Made) {
        let RoomOrder { key, spec, founder, build } = order;
        let create = CreateRoom { app: key.app, room: Some(key.room), spec, founder, build };
        self.rooms.create_for_match(create, Box::new(move |room| made(room.map(drop))));
    }
}

pub struct PlayersOfSessions {
    sessions: Arc<Sessions>,
}

impl PlayersOfSessions {
    pub fn new(sessions: Arc<Sessions>) -> PlayersOfSessions {
        PlayersOfSessions { sessions }
    }
}

impl Players for PlayersOfSessions {
    fn push(&self, session: &SessionId, event: messages::push::Event) {
        self.sessions.push(session, event);
    }
}
