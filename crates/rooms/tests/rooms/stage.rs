//! Sets rooms up, moves the clock, asks and waits.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use clock::{Chance, Clock, ManualClock};
use journal::Journal;
use journal::testing::{Faults, Unsteady};
use journal_memory::MemoryJournal;
use link::{Inbox, LocalLink, RoomLink, RoomRoute, ToRoom};
use model::{AppId, Build, PlayerId, RoomId, RoomKey, SessionId, Tick};
use protocol::messages::{self, Durability, LockstepSpec, RoomKind, RoomSpec, StartRule};
use protocol::{ErrorCode, Fault};
use room_core::RoomRequest;
use rooms::{CreateRoom, Done, Door, JoinRoom, JoinedRoom, Member, Rooms, RoomsConfig};
use telemetry::Metrics;

use crate::player::{Player, Sessions};

/// The longest that anything is waited for, in real time.
pub const LIMIT: Duration = Duration::from_secs(30);

/// When the stage's clocks begin, in milliseconds since 1970.
pub const WALL_START_MS: u64 = 1_700_000_000_000;

pub struct Stage {
    pub rooms: Arc<Rooms>,
    pub clock: Arc<ManualClock>,
    pub memory: Arc<MemoryJournal>,
    pub journal: Arc<Unsteady>,
    pub sessions: Arc<Sessions>,
    pub metrics: Arc<Metrics>,
}

/// A member on the stage.
pub struct Seated {
    pub player: Arc<Player>,
    pub route: RoomRoute,
    pub joined: messages::Joined,
    pub sent: u32,
    pub session_number: u32,
}

impl Stage {
    pub fn new() -> Stage {
        Stage::with(config(), |link| Arc::new(link))
    }

    pub fn with(config: RoomsConfig, wrap: impl FnOnce(LocalLink) -> Arc<dyn RoomLink>) -> Stage {
        let clock = Arc::new(ManualClock::new(WALL_START_MS));
        Stage::on(Arc::new(MemoryJournal::new()), clock, config, wrap)
    }

    /// A process that finds this journal.
    pub fn on(
        memory: Arc<MemoryJournal>,
        clock: Arc<ManualClock>,
        config: RoomsConfig,
        wrap: impl FnOnce(LocalLink) -> Arc<dyn RoomLink>,
    ) -> Stage {
        Stage::start(memory.clone(), memory, clock, config, wrap)
    }

    /// The same over a journal of the test's own.
    pub fn on_journal(journal: Arc<dyn Journal>, config: RoomsConfig) -> Stage {
        let clock = Arc::new(ManualClock::new(WALL_START_MS));
        Stage::start(Arc::new(MemoryJournal::new()), journal, clock, config, |link| Arc::new(link))
    }

    fn start(
        memory: Arc<MemoryJournal>,
        journal: Arc<dyn Journal>,
        clock: Arc<ManualClock>,
        config: RoomsConfig,
        wrap: impl FnOnce(LocalLink) -> Arc<dyn RoomLink>,
    ) -> Stage {
        let journal = Arc::new(Unsteady::new(journal, 7));
        let sessions = Arc::new(Sessions::default());
        let metrics = Arc::new(Metrics::default());
        let rooms = Rooms::start(
            config,
            Clock::Manual(clock.clone()),
            Chance::seeded(11),
            journal.clone() as Arc<dyn Journal>,
            wrap(LocalLink::new(sessions.clone())),
            metrics.clone(),
        );
        Stage { rooms: rooms.expect("threads"), clock, memory, journal, sessions, metrics }
    }

    /// The process dies: what the journal has now is all that is left. The next one finds it, under its own epoch.
    pub fn crash(self, config: RoomsConfig) -> Stage {
        self.journal.set(Faults { refuse: 100, ..Faults::default() });
        self.stop_and_start(config)
    }

    /// An orderly stop, and the next process.
    pub fn stop_and_start(self, config: RoomsConfig) -> Stage {
        self.rooms.stop();
        let (memory, clock) = (self.memory.clone(), self.clock.clone());
        drop(self);
        Stage::on(memory, clock, config, |link| Arc::new(link))
    }

    /// As a client does whose session is not known any more: in again by a newer one, on from what it has; what was not
    /// acknowledged goes again.
    pub fn come_back(
        &self,
        room: &str,
        before: &Seated,
        data: impl Fn(u32) -> String,
    ) -> Result<Seated, Fault> {
        let player = before.name();
        let number = before.session_number + 1;
        let session = format!("{player}/{number}");
        let spectate = before.route.seat.is_none();
        let mut seated = self.enter(Door::Room(key("a", room)), player, &session, number, spectate)?;
        let view = seated.joined.room.clone().expect("a view");
        seated.player.remember(&before.player.heard(), view.tick);
        seated.sent = before.sent;
        let resumed = self.resume(&seated, seated.player.next_tick())?;
        (resumed.applied + 1..=seated.sent).for_each(|number| seated.send_numbered(number, data(number)));
        Ok(seated)
    }

    /// Moves the clock on, a little at a time, until it is so.
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let real = Clock::System;
        let start = real.now();
        while !is_so() {
            assert!(real.now().since(start) < LIMIT, "it did not come to pass: {what}");
            self.clock.advance(Duration::from_millis(5));
            std::thread::park_timeout(Duration::from_micros(500));
        }
    }

    /// Lets time pass, with turns of the shards in between.
    pub fn pass(&self, time: Duration) {
        let end = self.now() + time;
        self.until("time passes", || self.now() >= end);
    }

    pub fn now(&self) -> clock::Moment {
        Clock::Manual(self.clock.clone()).now()
    }

    pub fn create(&self, app: &str, room: &str, spec: RoomSpec) -> Result<messages::RoomView, Fault> {
        self.create_by(app, room, spec, "founder")
    }

    pub fn create_by(
        &self,
        app: &str,
        room: &str,
        spec: RoomSpec,
        by: &str,
    ) -> Result<messages::RoomView, Fault> {
        let create = CreateRoom {
            app: AppId::new(app),
            room: Some(room_id(room)),
            spec,
            founder: PlayerId::new(by),
            build: Build::new("1.0"),
        };
        self.ask(|done| self.rooms.create(create, done))
    }

    /// The player's session has the player's name.
    pub fn join(&self, room: &str, player: &str) -> Result<Seated, Fault> {
        self.enter(Door::Room(key("a", room)), player, player, 1, false)
    }

    pub fn watch(&self, room: &str, player: &str) -> Result<Seated, Fault> {
        self.enter(Door::Room(key("a", room)), player, player, 1, true)
    }

    pub fn enter(
        &self,
        door: Door,
        player: &str,
        session: &str,
        session_number: u32,
        spectate: bool,
    ) -> Result<Seated, Fault> {
        let consumer = self.sessions.open(session);
        let who = Member {
            player: PlayerId::new(player),
            session: SessionId::new(session),
            session_number,
            name: player.to_uppercase(),
            build: Build::new("1.0"),
        };
        let join = JoinRoom { door, who, spectate, channel: 3, knows_kind: 2 };
        let JoinedRoom { joined, route } = self.ask(|done| self.rooms.join(join, done))?;
        Ok(Seated { player: consumer, route, joined, sent: 0, session_number })
    }

    pub fn resume(&self, seated: &Seated, from: Tick) -> Result<messages::Joined, Fault> {
        let (key, session) = (seated.route.key.clone(), seated.player.session);
        self.ask(|done| self.rooms.resume(key, session, from, done))
    }

    pub fn request(&self, room: &str, request: RoomRequest) -> Result<messages::RoomView, Fault> {
        self.ask(|done| self.rooms.request(key("a", room), request, done))
    }

    pub fn view(&self, room: &str) -> Result<messages::RoomView, Fault> {
        self.ask(|done| self.rooms.view(key("a", room), done))
    }

    /// A room of so many seats that starts when full, with all players in and listening.
    pub fn full_room(&self, room: &str, spec: RoomSpec) -> Vec<Seated> {
        let seats = spec.seats - spec.bots;
        self.create("a", room, spec).expect("a room");
        let players: Vec<Seated> =
            (0..seats).map(|seat| self.join(room, &format!("{room}p{seat}")).expect("a seat")).collect();
        for player in &players {
            self.resume(player, 1).expect("frames");
        }
        players
    }

    /// Asks, and moves the clock until the answer comes.
    pub fn ask<T: Send + 'static>(&self, ask: impl FnOnce(Done<T>)) -> Result<T, Fault> {
        let (answers, mut answer) = (begin(ask), None);
        self.until("an answer", || {
            answer = answers.try_recv().ok();
            answer.is_some()
        });
        answer.expect("an answer")
    }

    pub fn inbox(&self) -> Arc<dyn Inbox> {
        self.rooms.inbox()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.rooms.stop();
    }
}

impl Seated {
    /// The player's; sessions are named after their players.
    pub fn name(&self) -> &str {
        self.player.session.as_str().split('/').next().unwrap_or_default()
    }

    pub fn seat(&self) -> u16 {
        self.route.seat.expect("a seat")
    }

    pub fn send(&mut self, data: impl Into<Bytes>) {
        self.sent += 1;
        self.send_numbered(self.sent, data);
    }

    pub fn send_numbered(&self, number: u32, data: impl Into<Bytes>) {
        let (session, seat) = (self.player.session, self.seat());
        self.tell(ToRoom::Input { session, seat, number, tick: 0, data: data.into() });
    }

    pub fn tell(&self, message: ToRoom) {
        self.route.inbox.send(&self.route.key, message);
    }

    pub fn lost(&self) {
        self.player.set_online(false);
        self.tell(ToRoom::Lost { session: self.player.session });
    }

    pub fn back(&self) {
        self.player.set_online(true);
        self.tell(ToRoom::Back { session: self.player.session });
    }

    pub fn gone(&self) {
        self.tell(ToRoom::Gone { session: self.player.session });
    }

    pub fn report(&self, stage: &Stage, result: &'static str) -> Result<messages::RoomView, Fault> {
        let player = PlayerId::new(self.name());
        let result = Bytes::from_static(result.as_bytes());
        let tick = self.player.ticks() as Tick;
        let key = self.route.key.clone();
        let request = RoomRequest::Result { player, result, hash: 5, tick };
        stage.ask(|done| stage.rooms.request(key, request, done))
    }
}

/// Asks without waiting.
pub fn begin<T: Send + 'static>(ask: impl FnOnce(Done<T>)) -> mpsc::Receiver<Result<T, Fault>> {
    let (sender, receiver) = mpsc::channel();
    ask(Box::new(move |answer| sender.send(answer).unwrap_or_default()));
    receiver
}

pub fn config() -> RoomsConfig {
    RoomsConfig { shards: 2, linger: Duration::from_secs(2), ..RoomsConfig::default() }
}

/// Of the process after this many others.
pub fn later(processes: u32) -> RoomsConfig {
    RoomsConfig { epoch: 1 + processes, ..config() }
}

pub fn lockstep(seats: u32) -> RoomSpec {
    RoomSpec {
        kind: RoomKind::Lockstep.into(),
        mode: "duel".into(),
        seats,
        start: StartRule::WhenFull.into(),
        lockstep: Some(LockstepSpec { tick_hz: 20, seed: 77, ..LockstepSpec::default() }),
        ..RoomSpec::default()
    }
}

pub fn with_durability(mut spec: RoomSpec, durability: Durability) -> RoomSpec {
    spec.durability = durability.into();
    spec
}

pub fn relay(seats: u32) -> RoomSpec {
    RoomSpec { kind: RoomKind::Relay.into(), seats, start: StartRule::ByOwner.into(), ..RoomSpec::default() }
}

pub fn room_id(name: &str) -> RoomId {
    RoomId::from_name(&format!("room_{name}"))
}

pub fn key(app: &str, room: &str) -> RoomKey {
    RoomKey { app: AppId::new(app), room: room_id(room) }
}

pub fn code<T>(answer: Result<T, Fault>) -> Option<ErrorCode> {
    answer.err().map(|fault| fault.code)
}
