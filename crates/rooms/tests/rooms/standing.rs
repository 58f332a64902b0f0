//! Rooms whose version is being taken back, and rooms whose rules are missing: what waits, and what is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clock::ManualClock;
use journal::Journal;
use journal::testing::Faults;
use journal_memory::MemoryJournal;
use model::{Build, PlayerId, SessionId};
use protocol::ErrorCode;
use protocol::messages::RoomSpec;
use room_core::modules::{Guest, ModuleHash, Modules, NoModule};
use room_core::{EndReason, RoomRequest, replay};
use rooms::{Door, Games, JoinRoom, Member, RoomsConfig, Which};

use crate::fake_game::{FakeGames, STEADY, logic};
use crate::games::{FAST, moves, number, sums, with};
use crate::gate::Gate;
use crate::stage::{LIMIT, Stage, WALL_START_MS, begin, code, config, key, lockstep};

fn stage(games: &Arc<FakeGames>) -> Stage {
    Stage::with(with(games), |link| Arc::new(link))
}

fn joining(room: &str, player: &str) -> JoinRoom {
    let who = Member {
        player: PlayerId::new(player),
        session: SessionId::new(player),
        session_number: 1,
        name: player.into(),
        build: Build::new("1.0"),
    };
    JoinRoom { door: Door::Room(key("a", room)), who, spectate: false, channel: 1, knows_kind: 2 }
}

#[test]
fn a_room_whose_journal_is_in_trouble_is_taken_back_once_it_answers() {
    let games = FakeGames::new(&[STEADY, FAST]);
    let stage = stage(&games);
    let mut players = stage.full_room("trouble", sums(1));
    assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
    stage.journal.set(Faults { refuse: 100, ..Faults::default() });
    stage.until("its journal is in trouble", || stage.rooms.counts().paused == 1);
    let stopped = moves(&stage, |rooms, which, done| rooms.stand_still(which, done), 2);
    assert_eq!(stopped.len(), 1);
    let (sender, receiver) = std::sync::mpsc::channel();
    let which: Which = Arc::new(|_, running| running.version == 2);
    let done = Box::new(move |moved| sender.send(moved).unwrap_or_default());
    stage.rooms.roll_back(which, logic(1), done);
    stage.pass(Duration::from_secs(2));
    assert!(receiver.try_recv().is_err(), "it waits, and nobody is blamed");
    let stands = players[0].player.ticks();

    stage.journal.set(Faults::default());
    let mut moved = None;
    stage.until("it is taken back", || {
        moved = moved.take().or_else(|| receiver.try_recv().ok());
        moved.is_some()
    });
    assert_eq!(moved.expect("it is").into_iter().map(|moved| moved.outcome).collect::<Vec<_>>(), [Ok(())]);
    stage.resume(&players[0], 1).expect("the state");
    players[0].send(&b"a\x07"[..]);
    stage.until("it goes on", || players[0].player.ticks() >= stands + 5 && players[0].player.applied() == 1);
    assert_eq!(players[0].player.heard().run, 2);
    assert_eq!(stage.view("trouble").expect("a view").logic.map(|logic| logic.version), Some(1));
}

#[test]
fn what_would_call_a_version_that_is_being_taken_back_waits_and_none_of_it_is_lost() {
    let games = FakeGames::new(&[STEADY, FAST]);
    let stage = stage(&games);
    stage.create("a", "still", sums(4)).expect("a room");
    let [_ann, bob, dan] = ["ann", "bob", "dan"].map(|player| stage.join("still", player).expect("a seat"));
    assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
    assert_eq!(moves(&stage, |rooms, which, done| rooms.stand_still(which, done), 2).len(), 1);
    bob.gone();
    let leave = RoomRequest::Leave { player: PlayerId::new("ann") };
    let left = begin(|done| stage.rooms.request(key("a", "still"), leave, done));
    let resumed = begin(|done| stage.rooms.resume(key("a", "still"), dan.player.session, 1, done));
    let joined = begin(|done| stage.rooms.join(joining("still", "cid"), done));
    stage.pass(Duration::from_millis(500));
    assert!(left.try_recv().is_err() && resumed.try_recv().is_err() && joined.try_recv().is_err());
    assert_eq!(stage.view("still").expect("a view").seats.len(), 3, "nothing has happened");

    assert!(moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2)[0].1.is_ok());
    let players = || -> Vec<String> {
        stage.view("still").expect("a view").seats.into_iter().map(|seat| seat.player).collect()
    };
    stage.until("the room has done what waited", || players() == ["cid", "dan"]);
    assert!(left.recv_timeout(LIMIT).expect("an answer").is_ok());
    for joined in [
        joined.recv_timeout(LIMIT).expect("an answer").expect("a seat").joined,
        resumed.recv_timeout(LIMIT).expect("an answer").expect("the state"),
    ] {
        let room = joined.room.expect("a view");
        assert_eq!((room.run, room.logic.map(|logic| logic.version)), (2, Some(1)));
    }
}

#[test]
fn who_waits_for_a_room_that_stands_still_is_answered_when_it_ends_and_when_the_server_stops() {
    let games = FakeGames::new(&[STEADY]);
    let stage = stage(&games);
    let players =
        ["ends", "stops"].map(|room| stage.full_room(room, RoomSpec { max_spectators: 1, ..sums(1) }));
    assert_eq!(moves(&stage, |rooms, which, done| rooms.stand_still(which, done), 1).len(), 2);
    let [ends, stops] = ["ends", "stops"].map(|room| {
        begin(|done| stage.rooms.join(JoinRoom { spectate: true, ..joining(room, "eve") }, done))
    });
    stage.pass(Duration::from_millis(100));
    stage.request("ends", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    let answer = ends.recv_timeout(LIMIT).expect("an answer");
    assert_eq!(code(answer.map(drop)), Some(ErrorCode::RoomEnded));
    assert!(stops.try_recv().is_err());
    stage.rooms.stop();
    let answer = stops.recv_timeout(LIMIT).expect("an answer");
    assert_eq!(code(answer.map(drop)), Some(ErrorCode::Draining));
    drop(players);
}

#[test]
fn a_room_without_its_module_and_without_its_beginning_is_kept_for_two_days() {
    let games = FakeGames::new(&[STEADY]);
    // So short that the log is cut off at images.
    let config = |epoch, games: &Arc<FakeGames>| RoomsConfig { epoch, log_bytes: 4_000, ..with(games) };
    let stage = Stage::with(config(1, &games), |link| Arc::new(link));
    let players = stage.full_room("missed", sums(1));
    stage.until("it plays", || players[0].player.ticks() >= 300);
    let is_there = |memory: &MemoryJournal| {
        let missed = key("a", "missed");
        Journal::rooms(memory, missed.room.partition()).expect("rooms").contains(&missed)
    };

    let without = FakeGames::new(&[]);
    let stage = stage.crash(config(2, &without));
    let fault = stage.view("missed").expect_err("it has ended");
    assert_eq!(fault.code, ErrorCode::RoomEnded);
    assert!(fault.message.contains("rules are missing"), "{}", fault.message);
    let stage = stage.stop_and_start(config(3, &games));
    let back = stage.come_back("missed", &players[0], |_| String::new()).expect("a seat");
    stage.until("it goes on", || back.player.ticks() >= 320);
    let (state, _) = back.player.heard().states[0].clone();
    assert_eq!(number(&state.data), state.tick);

    let memory = stage.memory.clone();
    stage.rooms.stop();
    let days_later = |days: u64, epoch| {
        let clock = Arc::new(ManualClock::new(WALL_START_MS + days * 86_400_000));
        let stage = Stage::on(memory.clone(), clock, config(epoch, &without), |link| Arc::new(link));
        assert_eq!(code(stage.view("missed")), Some(ErrorCode::RoomEnded));
        stage.rooms.stop();
        is_there(&memory)
    };
    assert!(days_later(1, 4));
    // Nothing but the image is left of it: that is no room that never was.
    let (at, image) = Journal::image(&*memory, &key("a", "missed")).expect("an answer").expect("an image");
    let image_alone = Arc::new(MemoryJournal::new());
    image_alone.put_image(&key("a", "missed"), at, image).expect("kept");
    let clock = Arc::new(ManualClock::new(WALL_START_MS));
    let alone = Stage::on(image_alone.clone(), clock, config(5, &without), |link| Arc::new(link));
    assert_eq!(code(alone.view("missed")), Some(ErrorCode::RoomEnded));
    alone.rooms.stop();
    assert!(is_there(&image_alone));

    assert!(!days_later(3, 6), "nobody will repair it any more");
}

#[test]
fn a_room_that_the_journal_failed_to_forget_is_forgotten_later() {
    let memory = Arc::new(MemoryJournal::new());
    let gate = Arc::new(Gate::open(memory.clone()));
    let stage = Stage::on_journal(gate.clone(), config());
    let players = stage.full_room("kept", lockstep(1));
    stage.until("it plays", || players[0].player.ticks() > 3);
    gate.fail_to_forget(3);
    stage.request("kept", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    stage.until("it was asked once", || gate.failures_left() == 2);
    assert_eq!(memory.rooms(), 1);
    stage.until("it is forgotten", || memory.rooms() == 0);
    assert_eq!(gate.failures_left(), 0);
}

#[test]
fn a_finished_game_leaves_its_replay_without_being_played_again() {
    struct Counting(Arc<FakeGames>, AtomicUsize);
    impl Modules for Counting {
        fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.instantiate(module)
        }
    }
    let games = FakeGames::new(&[STEADY]);
    let counting = Arc::new(Counting(games.clone(), AtomicUsize::new(0)));
    let config = RoomsConfig { games: Games { modules: counting.clone(), ..games.games() }, ..config() };
    let stage = Stage::with(config, |link| Arc::new(link));
    let mut players = stage.full_room("over", sums(1));
    players[0].send(&b"a\x05"[..]);
    players[0].send(&b"x"[..]);
    stage.until("it plays", || players[0].player.ticks() >= 30 && players[0].player.applied() == 2);
    let made = counting.1.load(Ordering::SeqCst);
    players[0].send(&b"zten"[..]);
    stage.until("the end", || players[0].player.ended().is_some());
    let over = key("a", "over");
    stage.until("there is a replay", || stage.rooms.replay(&over.app, &over.room).is_some());
    assert_eq!(counting.1.load(Ordering::SeqCst), made);
    let file = stage.rooms.replay(&over.app, &over.room).expect("a replay");
    let modules: Arc<dyn Modules> = games;
    let report = replay::verify(&file, &modules).expect("a true replay");
    assert!(report.agreed && report.ticks >= 30, "{report:?}");
}
