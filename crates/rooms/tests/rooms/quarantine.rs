//! Rooms that take too much of their shard's time, and whatever may happen while they are away.

use std::sync::Arc;
use std::time::Duration;

use journal::testing::Faults;
use model::{Build, PlayerId, SessionId};
use protocol::messages::RoomSpec;
use protocol::messages::input_refused::Refusal;
use room_core::{EndReason, RoomRequest, tick_entries};
use rooms::{Door, JoinRoom, Member, RoomsConfig, SteppedRooms, WithoutJournal};

use crate::fake_game::{STEADY, Version, logic};
use crate::games::{BAD, moves, number, sums};
use crate::heavy::{FAR_TOO_MUCH, Heavy};
use crate::stage::{Seated, Stage, begin, key};

const SHARD: &str = "rooms-0";
const APART: &str = "rooms-quarantine";
const NEW: &str = "rooms-probation";

/// Two players in a room whose tick holds the thread that makes it, and one in a room beside it.
struct Scene {
    heavy: Heavy,
    stage: Stage,
    players: Vec<Seated>,
    neighbour: Seated,
}

#[test]
fn neighbours_play_on_while_a_room_takes_its_time() {
    let mut scene = Scene::new(|config| config);
    let (held_at, neighbour_at) = scene.hold();
    for more in 1..=3 {
        scene.players[0].send(vec![b'a', more]);
    }
    let view = begin(|done| scene.stage.rooms.view(key("a", "heavy"), done));
    scene.stage.until("the neighbour plays", || scene.neighbour.player.ticks() >= neighbour_at + 40);
    assert_eq!((scene.players[0].player.ticks(), scene.players[0].player.applied()), (held_at, 0));
    assert!(view.try_recv().is_err(), "nobody can look at it now");
    assert_eq!(scene.heavy.ticks_on(SHARD), 0, "its first calls told what its ticks may take");
    scene.heavy.let_go();
    scene.stage.until("it goes on", || {
        let player = &scene.players[0].player;
        player.applied() == 3 && player.ticks() >= held_at + 10
    });
    assert!(view.try_recv().expect("an answer").is_ok());
    assert_eq!(total(&scene.players[0]), scene.players[0].player.ticks() + 6);
    assert!(scene.players.iter().all(|player| player.player.heard().early.is_empty()));
    assert_eq!((scene.heavy.ticks_on(SHARD), scene.stage.rooms.counts().quarantined), (0, 1));
}

#[test]
fn what_is_asked_of_a_room_that_is_away_is_done_in_its_order() {
    let mut scene = Scene::new(|config| config);
    scene.hold();
    let room = key("a", "heavy");
    scene.players[0].send(&b"a\x01"[..]);
    let view = begin(|done| scene.stage.rooms.view(room.clone(), done));
    scene.players[0].send(&b"a\x02"[..]);
    scene.players[1].send(&b"a\x04"[..]);
    scene.players[1].lost();
    scene.players[1].back();
    let (session, spectator) = (scene.players[1].player.session, scene.stage.sessions.open("late"));
    let resume = begin(|done| scene.stage.rooms.resume(room.clone(), session, 1, done));
    let join = JoinRoom {
        door: Door::Room(room.clone()),
        who: Member {
            player: PlayerId::new("late"),
            session: SessionId::new("late"),
            session_number: 1,
            name: "Late".into(),
            build: Build::new("1.0"),
        },
        spectate: true,
        channel: 3,
        knows_kind: 2,
    };
    let joined = begin(|done| scene.stage.rooms.join(join, done));
    // A letter may overtake what is asked in the same turn.
    scene.stage.pass(Duration::from_millis(50));
    scene.players[0].send(&b"a\x08"[..]);
    scene.heavy.let_go();
    let mut answers = (None, None, None);
    scene.stage.until("all are answered", || {
        answers.0 = answers.0.take().or_else(|| view.try_recv().ok());
        answers.1 = answers.1.take().or_else(|| resume.try_recv().ok());
        answers.2 = answers.2.take().or_else(|| joined.try_recv().ok());
        answers.0.is_some() && answers.1.is_some() && answers.2.is_some()
    });
    assert!(answers.0.expect("a view").is_ok());
    let resumed = answers.1.expect("an answer").expect("the state");
    assert_eq!(resumed.applied, 1, "the input came before");
    assert!(answers.2.expect("an answer").is_ok());
    assert!(spectator.heard().states.is_empty(), "it has not asked for frames");
    let now = scene.players[1].player.ticks();
    scene.stage.until("all hear it", || {
        scene.players[0].player.applied() == 3 && scene.players[1].player.ticks() >= now + 5
    });
    let heard = scene.players[1].player.heard();
    let (state, applied) = heard.states.last().expect("the state").clone();
    assert_eq!(
        (number(&state.data), applied),
        (state.tick + 7, 1),
        "after the inputs before it, and no others"
    );
    assert_eq!(total(&scene.players[0]), scene.players[0].player.ticks() + 15);
}

#[test]
fn a_room_whose_tick_is_due_while_it_is_away_for_inputs_alone_plays_on() {
    let mut scene = Scene::new(|config| config);
    let (player, first) = (scene.players[0].player.clone(), scene.heavy.ticks_on(APART));
    scene.stage.until("it has just made a tick", || scene.heavy.ticks_on(APART) > first);
    scene.heavy.hold_inputs();
    for more in 1..=3 {
        scene.players[0].send(vec![b'a', more]);
    }
    let view = begin(|done| scene.stage.rooms.view(key("a", "heavy"), done));
    scene.stage.until("an input holds a thread", || scene.heavy.is_held());
    let ticks = scene.heavy.ticks_on(APART);
    // Longer than a trip has for its inputs: the others go along the next time.
    scene.stage.pass(Duration::from_millis(200));
    assert_eq!(scene.heavy.ticks_on(APART), ticks);
    scene.heavy.let_go();
    scene.stage.until("it plays on", || player.applied() == 3 && scene.heavy.ticks_on(APART) >= ticks + 5);
    assert!(view.try_recv().expect("an answer").is_ok());
    assert_eq!(total(&scene.players[0]), player.ticks() + 6);
}

#[test]
fn a_room_that_is_away_is_swapped_and_stopped_and_taken_back_when_it_is_home() {
    let mut scene = Scene::new(|config| config);
    scene.hold();
    scene.players[0].send(&b"a\x05"[..]);
    let heavy = scene.heavy.clone();
    let stopped = moves(
        &scene.stage,
        |rooms, which, done| {
            rooms.stand_still(which, done);
            heavy.let_go();
        },
        2,
    );
    assert_eq!(stopped, [(room_name(), Ok(()))]);
    let stands = scene.players[0].player.ticks();
    scene.stage.pass(Duration::from_secs(1));
    assert!(scene.players[0].player.ticks() <= stands + 1);
    let back = moves(&scene.stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2);
    assert_eq!(back, [(room_name(), Ok(()))]);
    let (first, last) = (scene.players[0].player.clone(), scene.players[1].player.clone());
    scene.players[0].send_numbered(1, &b"a\x05"[..]);
    scene.stage.until("it goes on", || first.applied() == 1 && last.ticks() >= stands + 20);
    scene.stage.until("it does with little", || scene.stage.rooms.counts().quarantined == 0);
}

#[test]
fn a_room_can_be_closed_while_it_is_away() {
    let mut scene = Scene::new(|config| config);
    let (held_at, _) = scene.hold();
    scene.players[0].send(&b"a\x05"[..]);
    let reason = EndReason::Closed;
    let close =
        begin(|done| scene.stage.rooms.request(key("a", "heavy"), RoomRequest::Close { reason }, done));
    scene.players[1].gone();
    scene.heavy.let_go();
    scene.stage.until("it is closed", || scene.players[0].player.ended().is_some());
    assert!(close.try_recv().expect("an answer").is_ok());
    let ended = scene.players[0].player.ended().expect("the end");
    assert!(ended.last_tick as usize >= held_at);
    scene.stage.until("it is gone", || {
        let counts = scene.stage.rooms.counts();
        (counts.rooms, counts.quarantined) == (1, 0)
    });
}

#[test]
fn a_stop_waits_for_rooms_that_are_away_and_loses_nothing() {
    let mut scene = Scene::new(|config| config);
    scene.players[0].send(&b"a\x05"[..]);
    scene.stage.until("it is acknowledged", || scene.players[0].player.applied() == 1);
    scene.hold();
    scene.players[0].send(&b"a\x06"[..]);
    let Scene { heavy, stage, players, .. } = scene;
    let stage = stage.stop_while(&heavy, heavy.config());
    let heard = players[0].player.heard();
    let back = stage.come_back("heavy", &players[0], |_| "a\x06".to_owned()).expect("a seat");
    stage.until("it goes on", || back.player.ticks() >= heard.ticks.len() + 10 && back.player.applied() == 2);
    assert_eq!(total(&back), back.player.ticks() + 11);
    assert!(back.player.heard().rewound.is_empty(), "what was told was kept");
}

#[test]
fn a_crash_while_a_room_is_away_loses_nothing_that_was_acknowledged() {
    let mut scene = Scene::new(|config| config);
    scene.players[0].send(&b"a\x05"[..]);
    scene.stage.until("it is acknowledged", || scene.players[0].player.applied() == 1);
    let (held_at, _) = scene.hold();
    scene.players[0].send(&b"a\x06"[..]);
    scene.stage.journal.set(Faults { refuse: 100, ..Faults::default() });
    let Scene { heavy, stage, players, .. } = scene;
    let stage = stage.stop_while(&heavy, heavy.config());
    assert_eq!(players[0].player.ticks(), held_at, "what the journal does not have nobody heard");
    let back = stage.come_back("heavy", &players[0], |_| "a\x06".to_owned()).expect("a seat");
    stage.until("it goes on", || back.player.ticks() >= held_at + 10 && back.player.applied() == 2);
    assert_eq!(total(&back), back.player.ticks() + 11);
    assert!(back.player.heard().rewound.is_empty());
}

#[test]
fn what_the_journal_answers_while_a_room_is_away_waits_and_keeps_its_order() {
    let mut scene = Scene::new(|config| RoomsConfig { max_lag: Duration::from_secs(3600), ..config });
    scene.stage.journal.set(Faults { hold_answers: true, ..Faults::default() });
    scene.players[0].send(&b"e+1"[..]);
    let ticks = scene.heavy.ticks_on(APART);
    scene.stage.until("it plays unheard", || scene.heavy.ticks_on(APART) >= ticks + 5);
    let (held_at, neighbour_at) = scene.hold();
    scene.stage.journal.set(Faults::default());
    assert!(scene.stage.journal.let_go() > 0);
    scene.stage.until("the neighbour hears", || scene.neighbour.player.ticks() >= neighbour_at + 10);
    assert_eq!(scene.players[0].player.ticks(), held_at);
    assert!(scene.heavy.games.watched().effects.is_empty());
    scene.heavy.let_go();
    scene.stage.until("all hear it", || {
        scene.players.iter().all(|player| player.player.ticks() >= held_at + 8)
            && scene.players[0].player.applied() == 1
    });
    assert!(scene.players.iter().all(|player| player.player.heard().early.is_empty()));
    assert_eq!(scene.heavy.games.watched().effects.len(), 1);
}

#[test]
fn a_journal_that_fails_for_long_is_dealt_with_when_the_room_is_home() {
    let mut scene = Scene::new(|config| RoomsConfig {
        without_journal: WithoutJournal::End,
        journal_grace: Duration::from_secs(1),
        ..config
    });
    scene.stage.journal.set(Faults { hold_answers: true, ..Faults::default() });
    let ticks = scene.heavy.ticks_on(APART);
    scene.stage.until("it plays unheard", || scene.heavy.ticks_on(APART) > ticks);
    scene.hold();
    let neighbour = scene.neighbour.player.clone();
    scene.stage.pass(Duration::from_secs(3));
    assert!(scene.players[0].player.ended().is_none() && !scene.players[0].player.has_notice("room_paused"));
    scene.heavy.let_go();
    scene.stage.until("it has ended", || scene.players.iter().all(|player| player.player.ended().is_some()));
    assert!(scene.players[0].player.has_notice("room_paused"), "told before");
    let reason = |player: &Seated| player.player.ended().map(|ended| ended.reason);
    assert_eq!(reason(&scene.players[1]).as_deref(), Some("unrecorded"));
    scene.stage.until("so has the neighbour's", || neighbour.ended().is_some());
}

#[test]
fn a_room_that_does_with_little_again_comes_back() {
    let mut scene = Scene::new(|config| config);
    scene.heavy.burn(1000);
    scene.stage.until("it is back", || scene.stage.rooms.counts().quarantined == 0);
    let (ticks, at_home) = (scene.players[0].player.ticks(), scene.heavy.ticks_on(SHARD));
    scene.players[0].send(&b"a\x05"[..]);
    scene.stage.until("it plays on", || {
        scene.players[0].player.ticks() >= ticks + 10 && scene.players[0].player.applied() == 1
    });
    assert!(scene.heavy.ticks_on(SHARD) >= at_home + 9);
    assert_eq!(total(&scene.players[0]), scene.players[0].player.ticks() + 5);
    assert!(ticks >= 90, "five seconds of calm, at twenty ticks each");
    assert_eq!(scene.stage.metrics.rooms.quarantined_total.get(), 1);
}

#[test]
fn a_version_whose_ticks_never_end_costs_its_neighbours_nothing() {
    let heavy = Heavy::new(&[STEADY, Version { saves: false, ..BAD }]);
    let stage = heavy.stage();
    heavy.burn(50_000_000);
    heavy.choose(2);
    let _players = stage.full_room("endless", sums(1));
    stage.until("it is suspended", || heavy.games.watched().suspended == 1);
    assert_eq!((heavy.ticks_on(SHARD), heavy.ticks_on(NEW) + heavy.ticks_on(APART)), (0, 3));
    stage.until("a room that stands costs nothing", || stage.rooms.counts().quarantined == 0);
    assert!(stage.rooms.is_ready().is_ok());
}

#[test]
fn a_game_is_at_home_once_it_was_seen_to_take_little_and_apart_once_it_was_seen_to_take_much() {
    let heavy = Heavy::new(&[STEADY, STEADY]);
    let stage = heavy.stage();
    heavy.choose(2);
    let first = stage.full_room("first", sums(1));
    stage.until("it is known", || first[0].player.ticks() >= 25);
    let apart = heavy.ticks_on(NEW);
    assert!((20..=23).contains(&apart), "its first ticks were made apart: {apart}");
    let second = stage.full_room("second", sums(1));
    stage.until("it plays", || second[0].player.ticks() >= 10);
    assert_eq!((heavy.ticks_on(NEW), heavy.ticks_on(APART)), (apart, 0), "the second room plays at home");
    assert_eq!((stage.rooms.counts().quarantined, stage.metrics.rooms.quarantined_total.get()), (0, 0));
    heavy.burn(FAR_TOO_MUCH);
    stage.until("both are in quarantine", || stage.rooms.counts().quarantined == 2);
    heavy.burn(1000);
    let at_home = heavy.ticks_on(SHARD);
    let third = stage.full_room("third", sums(1));
    stage.until("it plays", || third[0].player.ticks() >= 10);
    assert_eq!(heavy.ticks_on(SHARD), at_home, "nobody of that game plays at home");
}

#[test]
fn a_flood_for_a_room_that_is_away_is_bounded_and_comes_again() {
    let mut scene = Scene::new(|config| config);
    scene.hold();
    let dropped = || scene.stage.metrics.rooms.inbox_dropped_total.get();
    for number in 1..=100 {
        scene.players[0].send_numbered(number, &b"a\x01"[..]);
    }
    scene.players[1].send_numbered(1, &b"a\x01"[..]);
    // The last one is kept, to tell of those before it.
    scene.stage.until("what is too much is gone", || dropped() == 35);
    scene.heavy.let_go();
    let (flooding, other) = (scene.players[0].player.clone(), scene.players[1].player.clone());
    scene.stage.until("the rest counts", || flooding.applied() == 64 && other.applied() == 1);
    for number in 65..=68 {
        scene.players[0].send_numbered(number, &b"a\x01"[..]);
    }
    scene.stage.until("so does what comes again", || flooding.applied() == 68);
    let refused: Vec<_> = flooding.heard().refused.iter().map(|told| (told.number, told.reason())).collect();
    let too_many = (17..=64).map(|number| (number, Refusal::TooMany));
    // What is not in the log is told at once.
    assert_eq!(refused, [(100, Refusal::Gap)].into_iter().chain(too_many).collect::<Vec<_>>());
    assert_eq!(total(&scene.players[0]), flooding.ticks() + 21);
}

#[test]
fn many_rooms_founded_at_once_do_not_hold_up_those_that_are_due() {
    let heavy = Heavy::new(&[STEADY, STEADY]);
    let clock = Arc::new(clock::ManualClock::new(crate::stage::WALL_START_MS));
    let mut rooms = SteppedRooms::new(
        RoomsConfig { games: slow_to_begin(&heavy, &clock), ..heavy.config() },
        clock::Clock::Manual(clock.clone()),
        clock::Chance::seeded(1),
        Arc::new(journal_memory::MemoryJournal::new()),
        Arc::new(link::LocalLink::new(Arc::new(crate::player::Sessions::default()))),
        Arc::default(),
    )
    .expect("rooms");
    for number in 0..10 {
        let create = rooms::CreateRoom {
            app: model::AppId::new("a"),
            room: Some(crate::stage::room_id(&format!("slow{number}"))),
            spec: sums(1),
            founder: PlayerId::new("founder"),
            build: Build::new("1.0"),
        };
        rooms.rooms().create(create, Box::new(|made| assert!(made.is_ok())));
    }
    for turn in 1..=10 {
        rooms.turn();
        assert_eq!(rooms.rooms().counts().rooms, turn, "one of them takes longer than a turn has");
    }
}

impl Scene {
    fn new(change: impl FnOnce(RoomsConfig) -> RoomsConfig) -> Scene {
        let heavy = Heavy::new(&[STEADY, STEADY]);
        let stage = Stage::with(change(heavy.config()), |link| Arc::new(link));
        let neighbour = stage.full_room("near", sums(1)).remove(0);
        heavy.choose(2);
        heavy.burn(FAR_TOO_MUCH);
        let players = stage.full_room("heavy", RoomSpec { max_spectators: 1, ..sums(2) });
        let scene = Scene { heavy, stage, players, neighbour };
        scene.stage.until("it is in quarantine", || {
            scene.stage.rooms.counts().quarantined == 1 && scene.heavy.ticks_on(APART) > 0
        });
        scene
    }

    /// From now on the room is away. How many ticks the first player and the neighbour have heard of then.
    fn hold(&mut self) -> (usize, usize) {
        self.heavy.hold();
        self.stage.until("its tick holds a thread", || self.heavy.is_held());
        // What is on its way to the players arrives: nothing more comes from the room.
        let neighbour = self.neighbour.player.ticks();
        if self.stage.journal.batches() > 0 {
            self.stage.pass(Duration::from_millis(20));
        }
        (self.players[0].player.ticks(), neighbour)
    }
}

impl Stage {
    /// An orderly stop while a room is away, which it waits for; then the next process.
    fn stop_while(self, heavy: &Heavy, config: RoomsConfig) -> Stage {
        let rooms = self.rooms.clone();
        let stopping = std::thread::spawn(move || rooms.stop());
        while self.rooms.is_ready().is_ok() {
            std::thread::yield_now();
        }
        assert!(!stopping.is_finished());
        heavy.let_go();
        stopping.join().expect("an orderly end");
        self.stop_and_start(RoomsConfig { epoch: 2, ..config })
    }
}

/// As the room tells it.
fn total(player: &Seated) -> usize {
    let heard = player.player.heard();
    let word = tick_entries(heard.ticks.last().expect("a tick")).next();
    word.map_or(0, |(_, data)| number(data)) as usize
}

fn room_name() -> String {
    crate::stage::room_id("heavy").to_string()
}

/// Six milliseconds for each room's beginning.
fn slow_to_begin(heavy: &Heavy, clock: &Arc<clock::ManualClock>) -> rooms::Games {
    struct SlowToBegin(Arc<crate::fake_game::FakeGames>, Arc<clock::ManualClock>);
    impl room_core::modules::Modules for SlowToBegin {
        fn instantiate(
            &self,
            module: &room_core::modules::ModuleHash,
        ) -> Result<Box<dyn room_core::modules::Guest>, room_core::modules::NoModule> {
            self.1.advance(Duration::from_millis(6));
            self.0.instantiate(module)
        }
    }
    rooms::Games { modules: Arc::new(SlowToBegin(heavy.games.clone(), clock.clone())), ..heavy.games.games() }
}
