//! The same deeds befall a room that is always sent away to play and its twin that never is: their logs are the same, byte
//! by byte, and so is what their players are told.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use clock::{Chance, Clock, ManualClock};
use journal::Journal;
use journal_memory::MemoryJournal;
use link::{LocalLink, RoomRoute, ToRoom};
use model::{AppId, Build, PlayerId, Position};
use protocol::messages::{RoomMessage, RoomSpec, RoomState, StartRule};
use room_core::RoomRequest;
use rooms::{CreateRoom, Door, JoinRoom, JoinedRoom, Member, RoomsConfig, SteppedRooms};

use crate::fake_game::{FakeGames, STEADY};
use crate::games::{sums, with};
use crate::player::{Player, Sessions};
use crate::stage::{WALL_START_MS, key, room_id};

#[test]
fn a_room_that_is_always_away_plays_as_its_twin_at_home() {
    for seed in 0..60 {
        let (away, at_home) = (Twin::live(seed, true), Twin::live(seed, false));
        assert!(away.trips && !at_home.trips, "seed {seed}");
        assert_eq!(away.told, at_home.told, "seed {seed}");
        assert!(away.log == at_home.log, "seed {seed}: the logs are not the same");
        assert!(away.log.len() > 1000, "seed {seed}: something happened");
    }
}

/// What a life left.
struct Life {
    log: Vec<u8>,
    told: Vec<Option<Told>>,
    trips: bool,
}

/// To one player.
#[derive(Debug, PartialEq)]
struct Told {
    ticks: Vec<Bytes>,
    applied: u32,
    states: Vec<(RoomState, u32)>,
    messages: Vec<RoomMessage>,
    refused: Vec<(u32, i32)>,
}

struct Twin {
    rooms: SteppedRooms,
    clock: Arc<ManualClock>,
    sessions: Arc<Sessions>,
    players: Vec<Seated>,
    chance: Chance,
}

#[derive(Default)]
struct Seated {
    player: Option<Arc<Player>>,
    route: Option<RoomRoute>,
    logins: u32,
    sent: u32,
    online: bool,
    is_in: bool,
}

const PLAYERS: usize = 3;
/// In trouble, and again in quiet.
const TURNS: usize = 200;

impl Twin {
    fn live(seed: u64, goes_away: bool) -> Life {
        let games = FakeGames::new(&[STEADY]);
        let config = RoomsConfig {
            quarantine_share: if goes_away { 10 } else { 0 },
            // Whatever it does is too much.
            quarantine_at_once: Duration::ZERO,
            shards: 1,
            ..with(&games)
        };
        let (memory, metrics) = (Arc::new(MemoryJournal::new()), Arc::<telemetry::Metrics>::default());
        let (clock, sessions) = (Arc::new(ManualClock::new(WALL_START_MS)), Arc::new(Sessions::default()));
        let rooms = SteppedRooms::new(
            config,
            Clock::Manual(clock.clone()),
            Chance::seeded(seed),
            memory.clone(),
            Arc::new(LocalLink::new(sessions.clone())),
            metrics.clone(),
        );
        let players = (0..PLAYERS).map(|_| Seated::default()).collect();
        let rooms = rooms.expect("rooms");
        let mut twin = Twin { rooms, clock, sessions, players, chance: Chance::seeded(seed ^ 0x7717) };
        twin.found();
        for _ in 0..TURNS {
            for _ in 0..twin.chance.below(3) {
                twin.do_something();
            }
            twin.turn();
        }
        // Whoever leaves may still hear of a tick that is made in that turn, or not: only those who are in can tell.
        (0..PLAYERS).for_each(|index| twin.join(index));
        for _ in 0..TURNS {
            let index = twin.chance.below(PLAYERS as u64) as usize;
            twin.play(index);
            twin.turn();
        }
        let room = key("a", "twin");
        let records = memory.read_room(&room, Position::default(), usize::MAX).expect("records");
        Life {
            log: records.iter().flat_map(|record| record.bytes.to_vec()).collect(),
            told: twin.players.iter().map(Seated::told).collect(),
            trips: metrics.rooms.quarantined_total.get() > 0,
        }
    }

    fn turn(&mut self) {
        self.clock.advance(Duration::from_millis(1 + self.chance.below(30)));
        self.rooms.turn();
    }

    fn found(&mut self) {
        let spec = RoomSpec { start: StartRule::ByOwner.into(), max_spectators: 2, ..sums(PLAYERS as u32) };
        let create = CreateRoom {
            app: AppId::new("a"),
            room: Some(room_id("twin")),
            spec,
            founder: PlayerId::new("p0"),
            build: Build::new("1.0"),
        };
        self.rooms.rooms().create(create, Box::new(|made| assert!(made.is_ok())));
        self.turn();
        (0..PLAYERS).for_each(|index| self.join(index));
        let start = RoomRequest::Start { by: PlayerId::new("p0") };
        self.rooms.rooms().request(key("a", "twin"), start, Box::new(|started| assert!(started.is_ok())));
        self.turn();
    }

    /// Some of it in the same turn.
    fn do_something(&mut self) {
        let index = self.chance.below(PLAYERS as u64) as usize;
        let by = PlayerId::new(format!("p{index}"));
        match self.chance.below(20) {
            0 => self.tell(index, false, |session| ToRoom::Lost { session }),
            1 => self.tell(index, true, |session| ToRoom::Back { session }),
            // The first one holds the room.
            2 if index > 0 => self.tell(index, false, |session| ToRoom::Gone { session }),
            3 if index > 0 => self.rooms.rooms().request(
                key("a", "twin"),
                RoomRequest::Leave { player: by },
                Box::new(drop),
            ),
            4 | 5 => self.join(index),
            6 | 7 => self.resume(index),
            8 => self.rooms.rooms().view(key("a", "twin"), Box::new(drop)),
            _ => self.play(index),
        }
    }

    fn play(&mut self, index: usize) {
        let more = 1 + self.chance.below(200) as u8;
        match self.chance.below(60) {
            0 => self.send(index, b"x"),
            1..=9 => self.send(index, b"s"),
            _ => self.send(index, &[b'a', more]),
        }
    }

    /// A newer login each time, from an empty client.
    fn join(&mut self, index: usize) {
        let seated = &mut self.players[index];
        seated.logins += 1;
        let (name, session) = (format!("p{index}"), format!("p{index}/{}", seated.logins));
        let player = self.sessions.open(&session);
        let who = Member {
            player: PlayerId::new(&name),
            session: player.session,
            session_number: seated.logins,
            name,
            build: Build::new("1.0"),
        };
        let (sender, answer) = mpsc::channel();
        let join =
            JoinRoom { door: Door::Room(key("a", "twin")), who, spectate: false, channel: 3, knows_kind: 2 };
        let done = move |joined: Result<JoinedRoom, _>| sender.send(joined).unwrap_or_default();
        self.rooms.rooms().join(join, Box::new(done));
        self.turn();
        let answer = answer.try_recv().expect("answered in that turn");
        let seated = &mut self.players[index];
        seated.is_in = answer.is_ok();
        let Ok(joined) = answer else { return };
        (seated.sent, seated.online) = (joined.joined.applied, true);
        (seated.player, seated.route) = (Some(player), Some(joined.route));
        self.resume(index);
    }

    fn resume(&mut self, index: usize) {
        if let Some(player) = &self.players[index].player {
            self.rooms.rooms().resume(key("a", "twin"), player.session, 1, Box::new(drop));
        }
    }

    fn tell(&mut self, index: usize, online: bool, what: impl Fn(model::SessionId) -> ToRoom) {
        let seated = &mut self.players[index];
        if let (Some(player), Some(route)) = (&seated.player, &seated.route) {
            seated.online = online;
            route.inbox.send(&route.key, what(player.session));
        }
    }

    /// In order, with a repetition now and then, and no more than a seat may.
    fn send(&mut self, index: usize, data: &[u8]) {
        let again = self.chance.below(8) == 0;
        let seated = &mut self.players[index];
        let (Some(player), Some(route)) = (&seated.player, &seated.route) else { return };
        let Some(seat) = route.seat.filter(|_| seated.online) else { return };
        seated.sent += u32::from(!again || seated.sent == 0);
        let (session, number) = (player.session, seated.sent);
        let data = Bytes::copy_from_slice(data);
        route.inbox.send(&route.key, ToRoom::Input { session, seat, number, tick: 0, data });
    }
}

impl Seated {
    fn told(&self) -> Option<Told> {
        if !self.is_in {
            return None;
        }
        let heard = self.player.as_ref().map(|player| player.heard()).unwrap_or_default();
        assert!(heard.early.is_empty());
        Some(Told {
            ticks: heard.ticks,
            applied: heard.applied,
            states: heard.states,
            messages: heard.messages,
            refused: heard.refused.iter().map(|refused| (refused.number, refused.reason)).collect(),
        })
    }
}
