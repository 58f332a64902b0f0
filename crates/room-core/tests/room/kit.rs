//! A room with its log, as a shard would keep it.

use bytes::Bytes;
use model::{Build, PlayerId, RoomId, RoomKey, Seat, SessionId, Tick};
use prost::Message;
use protocol::messages::input_refused::Refusal;
use protocol::messages::{self, RoomKind, StartRule};
use protocol::{ErrorCode, Fault};
use room_core::modules::none;
use room_core::{Founding, InputDecision, Output, Room, RoomEvent, RoomRequest, RoomSpec, Why, tick_entries};

pub struct Match {
    pub room: Room,
    pub log: Vec<RoomEvent>,
    pub outputs: Vec<Output>,
}

/// A lockstep room for so many; started by its owner "ann", with one player.
pub fn lockstep(seats: u32) -> messages::RoomSpec {
    messages::RoomSpec {
        kind: RoomKind::Lockstep.into(),
        mode: "duel".into(),
        seats,
        min_players: 1,
        max_spectators: 2,
        start: StartRule::ByOwner.into(),
        lockstep: Some(messages::LockstepSpec { seed: 7, ..Default::default() }),
        ..Default::default()
    }
}

pub fn relay(seats: u32) -> messages::RoomSpec {
    messages::RoomSpec { kind: RoomKind::Relay.into(), lockstep: None, ..lockstep(seats) }
}

pub fn with_lockstep(
    mut spec: messages::RoomSpec,
    change: impl FnOnce(&mut messages::LockstepSpec),
) -> messages::RoomSpec {
    change(spec.lockstep.as_mut().unwrap());
    spec
}

pub fn founding(spec: messages::RoomSpec) -> Founding {
    Founding {
        key: RoomKey { app: "test".into(), room: RoomId::from_name("k3v9x2m4p7") },
        spec: RoomSpec::try_from(spec).unwrap(),
        founder: "ann".into(),
        build: "1.0".into(),
        invite: "4711".into(),
        run: 1,
        wall_ms: 1_700_000_000_000,
        logic: None,
    }
}

pub fn player(name: &str) -> PlayerId {
    name.into()
}

/// The session of a player's n-th login.
pub fn session(name: &str, number: u32) -> SessionId {
    SessionId::new(format!("{name}-{number}"))
}

pub fn join(name: &str) -> RoomRequest {
    join_as(name, 1, false)
}

pub fn join_as(name: &str, session_number: u32, spectate: bool) -> RoomRequest {
    RoomRequest::Join {
        player: player(name),
        session: session(name, session_number),
        session_number,
        name: name.to_uppercase(),
        build: Build::new("1.0"),
        spectate,
    }
}

pub fn spectate(name: &str) -> RoomRequest {
    join_as(name, 1, true)
}

pub fn leave(name: &str) -> RoomRequest {
    RoomRequest::Leave { player: player(name) }
}

pub fn start(by: &str) -> RoomRequest {
    RoomRequest::Start { by: player(by) }
}

pub fn ready(name: &str, ready: bool) -> RoomRequest {
    RoomRequest::Ready { player: player(name), ready }
}

pub fn kick(by: &str, name: &str, ban: bool) -> RoomRequest {
    RoomRequest::Kick { by: player(by), player: player(name), ban }
}

pub fn result(name: &str, result: &'static str, tick: Tick) -> RoomRequest {
    RoomRequest::Result { player: player(name), result: Bytes::from(result), hash: 1, tick }
}

pub fn lost(name: &str) -> RoomRequest {
    RoomRequest::Lost { session: session(name, 1) }
}

pub fn back(name: &str) -> RoomRequest {
    RoomRequest::Back { session: session(name, 1) }
}

pub fn gone(name: &str) -> RoomRequest {
    RoomRequest::Gone { session: session(name, 1) }
}

impl Match {
    pub fn new(spec: messages::RoomSpec) -> Match {
        Match::of(founding(spec))
    }

    pub fn of(founding: Founding) -> Match {
        let mut outputs = Vec::new();
        let log = vec![RoomEvent::Founded(Box::new(founding.clone()))];
        Match { room: Room::found(founding, &none(), &mut outputs).unwrap(), log, outputs }
    }

    /// With these players seated and the match begun.
    pub fn playing(spec: messages::RoomSpec, players: &[&str]) -> Match {
        let mut game = Match::new(spec);
        players.iter().for_each(|name| game.ask(join(name)));
        game.ask(start("ann"));
        game
    }

    pub fn try_ask(&mut self, request: RoomRequest) -> Result<Vec<RoomEvent>, Fault> {
        let before = self.room.image();
        let events = self.room.decide(&request)?;
        assert_eq!(before, self.room.image(), "deciding changed the room");
        events.iter().for_each(|event| self.apply(event.clone()));
        Ok(events)
    }

    /// Must be granted and must change something.
    #[track_caller]
    pub fn ask(&mut self, request: RoomRequest) {
        let events = self.try_ask(request.clone()).unwrap();
        assert!(!events.is_empty(), "nothing came of {request:?}");
    }

    /// Must hold already.
    #[track_caller]
    pub fn holds(&mut self, request: RoomRequest) {
        assert_eq!(self.try_ask(request), Ok(Vec::new()));
    }

    #[track_caller]
    pub fn refused(&mut self, request: RoomRequest, code: ErrorCode) {
        assert_eq!(self.try_ask(request).map_err(|fault| fault.code), Err(code));
    }

    pub fn apply(&mut self, event: RoomEvent) {
        self.room.apply(&event, &mut self.outputs);
        self.log.push(event);
    }

    pub fn offer(&mut self, seat: Seat, number: u32, tick: Tick, data: &[u8]) -> InputDecision {
        let decision = self.room.offer_input(seat, number, tick, &Bytes::copy_from_slice(data));
        if let InputDecision::Apply(event) | InputDecision::Refuse(event) = &decision {
            self.apply(event.clone());
        }
        decision
    }

    /// The seat's next input, which must be taken, for the next tick.
    #[track_caller]
    pub fn input(&mut self, seat: Seat, data: &[u8]) {
        let number = self.room.applied(seat) + 1;
        let decision = self.offer(seat, number, 0, data);
        assert!(matches!(decision, InputDecision::Apply(_)), "{decision:?}");
    }

    /// The seat's next input must be refused, and its number count.
    #[track_caller]
    pub fn input_refused(&mut self, seat: Seat, tick: Tick, data: &[u8], reason: Refusal) {
        let number = self.room.applied(seat) + 1;
        let event = RoomEvent::Refused { seat, number, reason };
        assert_eq!(self.offer(seat, number, tick, data), InputDecision::Refuse(event));
        assert_eq!(self.room.applied(seat), number);
        assert_eq!(self.outputs.last(), Some(&Output::Refused { seat, number, reason }));
    }

    #[track_caller]
    pub fn tick(&mut self) {
        let event = self.room.next_tick().expect("a tick is due");
        self.apply(event);
    }

    #[track_caller]
    pub fn ticks(&mut self, count: u32) {
        (0..count).for_each(|_| self.tick());
    }

    pub fn vote(&mut self, seat: Seat, tick: Tick, hash: u32) -> bool {
        let event = self.room.offer_state_hash(seat, tick, hash);
        event.map(|event| self.apply(event)).is_some()
    }

    /// All that was told since the last call.
    pub fn told(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    pub fn changes(&mut self) -> Vec<(Why, String)> {
        let changes = self.told().into_iter().filter_map(|output| match output {
            Output::Changed { why, player } => Some((why, player.as_str().to_owned())),
            _ => None,
        });
        changes.collect()
    }

    pub fn frames(&self) -> Vec<messages::Frame> {
        let bodies = self.outputs.iter().filter_map(|output| match output {
            Output::Frame { body, .. } => Some(messages::Frame::decode(body.as_ref()).unwrap()),
            _ => None,
        });
        bodies.collect()
    }

    /// What the ticks held that were told so far.
    pub fn played(&self) -> Vec<Vec<(Seat, Vec<u8>)>> {
        let ticks = self.frames().into_iter().flat_map(|frame| frame.ticks);
        ticks.map(|entry| tick_entries(&entry).map(|(seat, data)| (seat, data.to_vec())).collect()).collect()
    }

    pub fn rebuilt(&self, outputs: &mut Vec<Output>) -> Room {
        Room::rebuild(self.log.iter().cloned().map(Ok), &none(), outputs).unwrap()
    }
}
