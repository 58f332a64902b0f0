//! An authoritative room as its shard keeps it: with a checkpoint, and the log of what was really done.

use std::sync::Arc;

use bytes::Bytes;
use model::{Seat, Tick};
use protocol::messages::{self, RoomKind, RoomSpec};
use room_core::modules::Modules;
use room_core::{
    Checkpoint, Founding, InputDecision, Output, ROOM_SEAT, Room, RoomEvent, RoomRequest, tick_entries,
};

use super::fake::{self, Engine, Version};
use crate::kit::*;

pub struct Play {
    pub engine: Arc<Engine>,
    pub modules: Arc<dyn Modules>,
    pub room: Room,
    pub checkpoint: Checkpoint,
    /// What the journal holds.
    pub log: Vec<RoomEvent>,
    pub outputs: Vec<Output>,
}

pub fn spec(seats: u32) -> RoomSpec {
    RoomSpec {
        kind: RoomKind::Authoritative.into(),
        lockstep: None,
        authoritative: Some(messages::AuthoritativeSpec { game: "fake".into(), tick_hz: 20, seed: 9 }),
        ..lockstep(seats)
    }
}

pub fn authoritative(spec: RoomSpec) -> Founding {
    Founding { logic: Some(fake::logic(1)), ..founding(spec) }
}

impl Play {
    pub fn new(spec: RoomSpec, versions: &[Version]) -> Play {
        let engine = fake::engine(versions);
        let modules: Arc<dyn Modules> = engine.clone();
        let founding = authoritative(spec);
        let log = vec![RoomEvent::Founded(Box::new(founding.clone()))];
        let mut outputs = Vec::new();
        let mut room = Room::found(founding, &modules, &mut outputs).unwrap();
        let checkpoint = Checkpoint::take(&mut room, modules.clone());
        Play { engine, modules, room, checkpoint, log, outputs }
    }

    /// With ann and bob, and the match begun.
    pub fn begun(versions: &[Version]) -> Play {
        let mut play = Play::new(spec(3), versions);
        ["ann", "bob"].iter().for_each(|name| play.ask(join(name)));
        play.ask(start("ann"));
        play.told();
        play
    }

    /// The event, or what had to be recorded in its place.
    pub fn apply(&mut self, event: RoomEvent) -> RoomEvent {
        let instead = self.checkpoint.apply(&mut self.room, &event, &mut self.outputs).unwrap();
        let done = instead.unwrap_or(event);
        let mut bytes = Vec::new();
        done.encode(&mut bytes);
        assert_eq!(RoomEvent::decode(&bytes).as_ref(), Ok(&done));
        self.log.push(done.clone());
        done
    }

    #[track_caller]
    pub fn ask(&mut self, request: RoomRequest) {
        let events = self.room.decide(&request).unwrap();
        assert!(!events.is_empty(), "nothing came of {request:?}");
        events.into_iter().for_each(|event| drop(self.apply(event)));
    }

    /// The seat's next input; what was recorded.
    #[track_caller]
    pub fn input(&mut self, seat: Seat, data: &[u8]) -> RoomEvent {
        let number = self.room.applied(seat) + 1;
        match self.room.offer_input(seat, number, 0, &Bytes::copy_from_slice(data)) {
            InputDecision::Apply(event) | InputDecision::Refuse(event) => self.apply(event),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn tick(&mut self) -> RoomEvent {
        let event = self.room.next_tick().expect("a tick is due");
        self.apply(event)
    }

    #[track_caller]
    pub fn show(&mut self, name: &str) -> RoomEvent {
        let event = self.room.offer_show(&player(name)).expect("it is a member");
        self.apply(event)
    }

    #[track_caller]
    pub fn swap(&mut self, version: u32) -> RoomEvent {
        let event = self.room.prepare_swap(&fake::logic(version)).unwrap();
        self.apply(event)
    }

    pub fn told(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    pub fn new_checkpoint(&mut self) {
        self.checkpoint = Checkpoint::take(&mut self.room, self.modules.clone());
    }

    /// What the game told all in each tick since this was last asked.
    pub fn said(&mut self) -> Vec<(Tick, Vec<Vec<u8>>)> {
        let mut ticks = Vec::new();
        for output in self.told() {
            let Output::Frame { body, first_tick, last_tick } = output else { continue };
            assert_eq!(first_tick, last_tick);
            let frame: messages::Frame = prost::Message::decode(body.as_ref()).unwrap();
            let entry = tick_entries(&frame.ticks[0]).map(|(seat, data)| {
                assert_eq!(seat, ROOM_SEAT);
                data.to_vec()
            });
            ticks.push((frame.tick, entry.collect()));
        }
        ticks
    }

    /// The log from its first record on leads to this very room, and says the same on the way.
    pub fn check(&mut self) {
        let mut outputs = Vec::new();
        let mut rebuilt =
            Room::rebuild(self.log.iter().cloned().map(Ok), &self.modules, &mut outputs).unwrap();
        assert_eq!(rebuilt.hash(), self.room.hash());
        assert_eq!(rebuilt.image(), self.room.image());
        assert_eq!(rebuilt.view(), self.room.view());
    }
}
