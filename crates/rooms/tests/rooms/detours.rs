//! Rooms in quarantine that are away across turns, each turn made by the test.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use clock::{Chance, Clock, ManualClock};
use journal::testing::{Faults, Unsteady};
use journal_memory::MemoryJournal;
use link::{LocalLink, RoomRoute, ToRoom};
use model::{AppId, Build, PlayerId};
use protocol::{ErrorCode, Fault};
use rooms::{
    CreateRoom, Detours, Done, Door, JoinRoom, JoinedRoom, Member, Rooms, RoomsConfig, SteppedRooms,
    WithoutJournal,
};

use crate::fake_game::{FakeGames, STEADY};
use crate::games::{sums, with};
use crate::player::{Player, Sessions};
use crate::stage::{WALL_START_MS, begin, code, key, room_id};

#[test]
fn what_waits_for_a_room_that_is_gone_is_refused() {
    let mut steps = Steps::new(|config| config);
    let mut player = steps.room("ends");
    steps.detour(1, usize::MAX);
    player.send(b"z");
    steps.turn(60);
    // It comes home at its end, and cannot leave for the input that the join waits for.
    steps.detour(1, 0);
    player.send(b"a\x01");
    let joined = begin(|done| join(steps.rooms.rooms(), "ends", "late", done));
    (0..3).for_each(|_| steps.turn(10));
    let counts = steps.rooms.rooms().counts();
    assert_eq!((counts.rooms, counts.quarantined), (0, 0));
    assert_eq!(code(joined.try_recv().expect("an answer")), Some(ErrorCode::RoomEnded));
}

#[test]
fn rooms_leave_by_turns_if_there_are_too_many() {
    let mut steps = Steps::new(|config| config);
    let players = ["first", "second", "third"].map(|room| steps.room(room));
    steps.detour(1, 1);
    let before = players.each_ref().map(|player| player.player.ticks());
    (0..60).for_each(|_| steps.turn(60));
    for (player, before) in players.iter().zip(before) {
        let ticks = player.player.ticks() - before;
        assert!(ticks >= 20, "{ticks} ticks, of which it may make three at a time");
    }
}

#[test]
fn what_is_asked_in_every_turn_does_not_keep_a_room_from_its_ticks() {
    let mut steps = Steps::new(|config| config);
    let mut player = steps.room("busy");
    steps.detour(1, usize::MAX);
    let before = player.player.ticks();
    (0..100).for_each(|_| steps.busy_turn(&mut player));
    let ticks = player.player.ticks() - before;
    assert!((17..=20).contains(&ticks), "{ticks} ticks in a second");
}

#[test]
fn a_room_that_is_away_most_of_the_time_ends_without_its_journal_as_well() {
    let grace = Duration::from_secs(1);
    let without_journal = WithoutJournal::End;
    let mut steps = Steps::new(|config| RoomsConfig { without_journal, journal_grace: grace, ..config });
    let mut player = steps.room("busy");
    steps.detour(1, usize::MAX);
    steps.journal.set(Faults { refuse: 100, ..Faults::default() });
    (0..400).for_each(|_| steps.busy_turn(&mut player));
    assert_eq!(player.player.ended().map(|ended| ended.reason).as_deref(), Some("unrecorded"));
}

/// Whatever a room does is too much.
struct Steps {
    rooms: SteppedRooms,
    clock: Arc<ManualClock>,
    sessions: Arc<Sessions>,
    journal: Arc<Unsteady>,
}

struct Seated {
    player: Arc<Player>,
    route: RoomRoute,
    sent: u32,
}

impl Steps {
    fn new(change: impl FnOnce(RoomsConfig) -> RoomsConfig) -> Steps {
        let games = FakeGames::new(&[STEADY]);
        let config = RoomsConfig { quarantine_at_once: Duration::ZERO, shards: 1, ..with(&games) };
        let journal = Arc::new(Unsteady::new(Arc::new(MemoryJournal::new()), 7));
        let (clock, sessions) = (Arc::new(ManualClock::new(WALL_START_MS)), Arc::new(Sessions::default()));
        let rooms = SteppedRooms::new(
            change(config),
            Clock::Manual(clock.clone()),
            Chance::seeded(1),
            journal.clone(),
            Arc::new(LocalLink::new(sessions.clone())),
            Arc::default(),
        );
        Steps { rooms: rooms.expect("rooms"), clock, sessions, journal }
    }

    fn detour(&self, turns: u64, places: usize) {
        self.rooms.take_detours(Detours { turns, places, chance: Chance::seeded(1) });
    }

    fn turn(&mut self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
        self.rooms.turn();
    }

    /// Somebody waits for an input, so that the room leaves at once.
    fn busy_turn(&mut self, player: &mut Seated) {
        player.send(b"a\x01");
        self.rooms.rooms().view(player.route.key.clone(), Box::new(drop));
        self.turn(10);
    }

    /// Of one player, playing and in quarantine.
    fn room(&mut self, room: &str) -> Seated {
        let create = CreateRoom {
            app: AppId::new("a"),
            room: Some(room_id(room)),
            spec: sums(1),
            founder: PlayerId::new("founder"),
            build: Build::new("1.0"),
        };
        let others = self.rooms.rooms().counts().quarantined;
        self.ask(|rooms, done| rooms.create(create, done)).expect("a room");
        let player = self.sessions.open(room);
        let JoinedRoom { route, .. } = self.ask(|rooms, done| join(rooms, room, room, done)).expect("a seat");
        self.ask(|rooms, done| rooms.resume(key("a", room), player.session, 1, done)).expect("frames");
        (0..10).for_each(|_| self.turn(20));
        assert_eq!(self.rooms.rooms().counts().quarantined, others + 1);
        Seated { player, route, sent: 0 }
    }

    fn ask<T: Send + 'static>(&mut self, ask: impl FnOnce(&Rooms, Done<T>)) -> Result<T, Fault> {
        let answer: mpsc::Receiver<_> = begin(|done| ask(self.rooms.rooms(), done));
        self.turn(1);
        answer.try_recv().expect("answered in that turn")
    }
}

impl Seated {
    fn send(&mut self, data: &'static [u8]) {
        self.sent += 1;
        let (session, seat) = (self.player.session, self.route.seat.expect("a seat"));
        let data = Bytes::from_static(data);
        let input = ToRoom::Input { session, seat, number: self.sent, tick: 0, data };
        self.route.inbox.send(&self.route.key, input);
    }
}

/// The player's session has the player's name.
fn join(rooms: &Rooms, room: &str, player: &str, done: Done<JoinedRoom>) {
    let who = Member {
        player: PlayerId::new(player),
        session: model::SessionId::new(player),
        session_number: 1,
        name: player.to_owned(),
        build: Build::new("1.0"),
    };
    let door = Door::Room(key("a", room));
    rooms.join(JoinRoom { door, who, spectate: false, channel: 3, knows_kind: 2 }, done);
}
