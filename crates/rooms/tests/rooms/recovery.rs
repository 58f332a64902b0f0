//! Rooms that outlive their process.

use std::sync::Arc;
use std::time::Duration;

use clock::ManualClock;
use journal::Journal;
use journal_memory::MemoryJournal;
use model::PlayerId;
use protocol::ErrorCode;
use protocol::messages::{Durability, LockstepSpec, RoomSpec, room_view};
use room_core::{EndReason, RoomRequest, modules, replay};
use rooms::RoomsConfig;

use crate::stage::{
    Seated, Stage, WALL_START_MS, begin, code, config, key, later, lockstep, relay, with_durability,
};

#[test]
fn a_match_goes_on_at_the_tick_where_it_stopped_whatever_the_number_of_shards() {
    for (before, after) in [(1, 1), (4, 4), (4, 3), (1, 4)] {
        let names = ["one", "two", "three", "four", "five"];
        let stage = Stage::with(RoomsConfig { shards: before, ..config() }, |link| Arc::new(link));
        let mut rooms: Vec<Vec<Seated>> =
            names.iter().map(|name| stage.full_room(name, lockstep(3))).collect();
        play(&stage, rooms.as_mut_slice(), 20);
        let heard: Vec<usize> = rooms.iter().map(|players| players[0].player.ticks()).collect();

        let stage = stage.crash(RoomsConfig { shards: after, ..later(1) });
        for ((players, name), heard) in rooms.iter_mut().zip(names).zip(heard) {
            let tick = stage.view(name).expect("the room").tick as usize;
            assert!(tick >= heard, "{tick} ticks of the {heard} that were told");
            come_back(&stage, name, players);
        }
        play(&stage, rooms.as_mut_slice(), 40);
        for players in &rooms {
            judge(players);
            let heard = players[0].player.heard();
            assert_eq!((heard.run, heard.rewound.len()), (2, 0));
        }
        assert!(stage.rooms.is_ready().is_ok());
        assert_eq!((stage.rooms.counts().rooms, stage.rooms.counts().recovering), (5, 0));
    }
}

#[test]
fn an_orderly_stop_loses_nothing_at_any_level() {
    for durability in [Durability::Async, Durability::SemiSync, Durability::Sync] {
        let stage = Stage::new();
        let spec = with_durability(lockstep(2), durability);
        let mut rooms = [stage.full_room("orderly", spec)];
        play(&stage, &mut rooms, 20);
        let mut stage = stage;
        for process in 1..4 {
            let heard = rooms[0].iter().map(|player| player.player.ticks()).max();
            stage = stage.stop_and_start(later(process));
            let view = stage.view("orderly").expect("the room");
            assert!(Some(view.tick as usize) >= heard);
            come_back(&stage, "orderly", &mut rooms[0]);
            play(&stage, &mut rooms, 20 + 5 * process);
        }
        judge(&rooms[0]);
        let heard = rooms[0][0].player.heard();
        assert_eq!((heard.run, heard.rewound.len()), (4, 0));
    }
}

#[test]
fn ticks_that_share_a_message_are_neither_lost_nor_told_twice() {
    let stage = Stage::new();
    let mut spec = lockstep(2);
    spec.lockstep = Some(LockstepSpec { tick_hz: 60, ticks_per_message: 4, ..LockstepSpec::default() });
    let mut rooms = [stage.full_room("grouped", spec)];
    play(&stage, &mut rooms, 13);
    let stage = stage.crash(later(1));
    come_back(&stage, "grouped", &mut rooms[0]);
    play(&stage, &mut rooms, 30);
    judge(&rooms[0]);
}

#[test]
fn an_async_room_says_what_was_lost() {
    let stage = Stage::new();
    let spec = with_durability(lockstep(2), Durability::Async);
    let mut rooms = [stage.full_room("async", spec)];
    play(&stage, &mut rooms, 10);
    stage.journal.set(journal::testing::Faults { lose_batch: 100, ..Default::default() });
    let recorded = rooms[0][0].player.ticks();
    let config = RoomsConfig { max_lag: Duration::from_secs(60), ..config() };
    play(&stage, &mut rooms, 20);
    let held = rooms[0][0].player.ticks();
    assert!(held > recorded + 5);

    let stage = stage.crash(RoomsConfig { epoch: 2, ..config });
    let view = stage.view("async").expect("the room");
    assert!((view.tick as usize) < held && view.run == 2);
    // One takes the room's word for where it stands.
    let mut one = stage.come_back("async", &rooms[0][0], |number| format!("{number} of 0")).expect("back");
    assert_eq!(one.player.heard().rewound, [(held as u32, view.tick)]);
    // The other comes when the new run is longer than what it holds, and goes on from there.
    let old = rooms[0][1].player.heard();
    stage.until("the new run is longer", || one.player.ticks() > held.max(old.ticks.len()) + 5);
    let door = rooms::Door::Room(key("a", "async"));
    let mut two = stage.enter(door, "asyncp1", "asyncp1/2", 2, false).expect("back");
    let held_by_two = old.ticks.len() as u32;
    two.player.remember(&old, u32::MAX);
    assert_eq!(code(stage.resume(&two, 1_000_000)), Some(ErrorCode::BadRequest), "never reached");
    stage.resume(&two, held_by_two + 1).expect("frames");
    assert_eq!(two.player.heard().rewound, [(held_by_two, view.tick)], "the first message says so");
    let joined = stage.resume(&two, two.player.next_tick()).expect("frames");
    two.sent = rooms[0][1].sent;
    (joined.applied + 1..=two.sent).for_each(|number| two.send_numbered(number, format!("{number} of 1")));
    one.sent = rooms[0][0].sent;
    let mut rooms = [vec![one, two]];
    play(&stage, &mut rooms, 30);
    let (one, two) = (rooms[0][0].player.heard(), rooms[0][1].player.heard());
    let common = one.ticks.len().min(two.ticks.len());
    assert_eq!(one.ticks[..common], two.ticks[..common]);
    own_inputs_once_in_order(&rooms[0]);
}

#[test]
fn old_ticks_are_told_as_of_the_new_run() {
    let short = RoomsConfig { ring_ticks: 16, ring_bytes: 600, ..config() };
    let stage = Stage::with(short.clone(), |link| Arc::new(link));
    let spec = RoomSpec { max_spectators: 2, ..lockstep(2) };
    let mut rooms = [stage.full_room("old", spec)];
    play(&stage, &mut rooms, 30);
    let told = rooms[0][0].player.heard().ticks;
    let stage = stage.crash(RoomsConfig { epoch: 2, ..short });
    come_back(&stage, "old", &mut rooms[0]);
    play(&stage, &mut rooms, 32);
    let watcher = stage.watch("old", "late").expect("a place");
    stage.resume(&watcher, 1).expect("frames");
    stage.until("it has caught up", || watcher.player.ticks() >= told.len() + 8);
    let heard = watcher.player.heard();
    assert_eq!((heard.run, &heard.ticks[..told.len()]), (2, &told[..]));
    assert_eq!((heard.early.len(), heard.rewound.len()), (0, 0));
    judge(&rooms[0]);
}

#[test]
fn the_next_tick_waits_for_those_who_were_playing_but_not_for_long() {
    let stage = Stage::new();
    let mut rooms = [stage.full_room("waits", lockstep(2))];
    play(&stage, &mut rooms, 5);
    // Longer than by default: the stage's clock may run far ahead of a busy machine.
    let patient = |epoch| RoomsConfig { epoch, recovery_grace: Duration::from_secs(20), ..config() };
    let stage = stage.crash(patient(2));
    let tick = stage.view("waits").expect("the room").tick;
    let recovered = stage.now();
    stage.pass(Duration::from_millis(300));
    assert_eq!(stage.view("waits").expect("the room").tick, tick, "it waits for both");
    come_back(&stage, "waits", &mut rooms[0]);
    stage.until("it plays on", || rooms[0][0].player.ticks() > tick as usize + 2);
    assert!(stage.now().since(recovered) < Duration::from_secs(15), "as soon as both are back");

    let stage = stage.crash(patient(3));
    let tick = stage.view("waits").expect("the room").tick;
    let recovered = stage.now();
    let one = stage.come_back("waits", &rooms[0][0], |number| format!("{number} of 0")).expect("back");
    stage.until("it plays on without the other", || one.player.ticks() > tick as usize);
    let waited = stage.now().since(recovered);
    assert!((19..35).contains(&waited.as_secs()), "{waited:?}");
    // Whoever was away before is not waited for.
    let stage = stage.crash(patient(4));
    let recovered = stage.now();
    let one = stage.come_back("waits", &one, |number| format!("{number} of 0")).expect("back");
    let tick = one.joined.room.as_ref().expect("a view").tick as usize;
    stage.until("it plays on", || one.player.ticks() > tick);
    assert!(stage.now().since(recovered) < Duration::from_secs(15));
}

#[test]
fn members_are_lost_at_first_and_gone_if_they_do_not_come_back() {
    let stage = Stage::new();
    let playing = stage.full_room("playing", lockstep(2));
    stage.create("a", "open", lockstep(3)).expect("a room");
    stage.join("open", "stays").expect("a seat");
    let comes = stage.join("open", "comes").expect("a seat");
    stage.until("they play", || playing[0].player.ticks() > 3);
    let stage = stage.crash(later(1));
    for room in ["playing", "open"] {
        let seats = stage.view(room).expect("the room").seats;
        assert_eq!(seats.iter().map(|seat| seat.online).collect::<Vec<_>>(), [false, false]);
    }
    stage.come_back("open", &comes, |_| String::new()).expect("back");
    let one = stage.come_back("playing", &playing[0], |_| String::new()).expect("back");
    stage.pass(Duration::from_secs(58));
    assert_eq!(stage.view("open").expect("the room").seats.len(), 2);
    stage.until("the other's seat is free", || stage.view("open").is_ok_and(|view| view.seats.len() == 1));
    assert_eq!(stage.view("open").expect("the room").seats[0].player, "comes");
    // In play the seat is kept, but its result is not awaited.
    assert_eq!(stage.view("playing").expect("the room").seats.len(), 2);
    one.report(&stage, "I win").expect("reported");
    stage.until("the match is over", || one.player.ended().is_some_and(|ended| ended.reason == "finished"));
    let late = stage.come_back("playing", &playing[1], |_| String::new());
    assert_eq!(code(late.map(drop)), Some(ErrorCode::RoomEnded));
}

#[test]
fn whoever_comes_back_is_newer_than_a_session_of_the_last_process() {
    let stage = Stage::new();
    let door = || rooms::Door::Room(key("a", "number"));
    stage.create("a", "number", lockstep(3)).expect("a room");
    stage.enter(door(), "ann", "ann/old", 1000, false).expect("a seat");
    stage.enter(door(), "bob", "bob/old", 1000, false).expect("a seat");
    let stage = stage.crash(later(1));
    stage.view("number").expect("the room");
    assert_eq!(stage.rooms.next_session_number(), 1002);
    // Within the same second, or by a clock that was set back, and before anybody knew.
    stage.enter(door(), "ann", "ann/new", 1000, false).expect("back");
    stage.enter(door(), "bob", "bob/new", 7, false).expect("back");
    // In this process the numbers hold again.
    assert_eq!(code(stage.enter(door(), "bob", "bob/newer", 8, false).map(drop)), Some(ErrorCode::Replaced));
    stage.enter(door(), "bob", "bob/newer", 1002, false).expect("by the next login");
    assert_eq!(stage.view("number").expect("the room").seats.len(), 2);
}

#[test]
fn somebody_who_comes_late_finds_the_seat_and_all_ticks() {
    let stage = Stage::new();
    let mut rooms = [stage.full_room("late", lockstep(2))];
    play(&stage, &mut rooms, 10);
    let stage = stage.crash(later(1));
    rooms[0][0] = stage.come_back("late", &rooms[0][0], |number| format!("{number} of 0")).expect("back");
    stage.pass(Duration::from_secs(70));
    rooms[0][1] = stage.come_back("late", &rooms[0][1], |number| format!("{number} of 1")).expect("back");
    play(&stage, &mut rooms, 15);
    judge(&rooms[0]);
}

#[test]
fn deadlines_count_on_by_the_wall_clock_and_bear_one_that_was_set_back() {
    let stage = Stage::new();
    let spec = RoomSpec { life_limit_s: 100, late_join: true, ..lockstep(2) };
    stage.create("a", "limited", spec.clone()).expect("a room");
    stage.create("a", "kept", RoomSpec { life_limit_s: 10_000, ..spec }).expect("a room");
    for room in ["limited", "kept"] {
        stage.join(room, "founder").expect("a seat");
    }
    let friend = PlayerId::new("friend");
    let by = PlayerId::new("founder");
    let reserve = RoomRequest::Reserve { by, player: friend, until_ms: Some(WALL_START_MS + 80_000) };
    stage.request("kept", reserve).expect("reserved");
    stage.pass(Duration::from_secs(50));
    let memory = stage.memory.clone();
    stage.rooms.stop();

    // Some seconds later.
    let clock = Arc::new(ManualClock::new(WALL_START_MS + 60_000));
    let next = Stage::on(memory.clone(), clock, later(1), |link| Arc::new(link));
    let back = |stage: &Stage, room: &str, number: u32| {
        let session = format!("founder/{room}/{number}");
        stage.enter(rooms::Door::Room(key("a", room)), "founder", &session, number, false).expect("back")
    };
    let limited = back(&next, "limited", 2);
    back(&next, "kept", 2);
    assert_eq!(code(next.join("kept", "stranger").map(drop)), Some(ErrorCode::RoomFull), "still reserved");
    next.pass(Duration::from_secs(21));
    next.join("kept", "stranger").expect("the reservation is over");
    next.until("its life is over", || limited.player.ended().is_some());
    assert!(next.now().as_micros() < 44_000_000);
    next.rooms.stop();

    // A clock that was set back by a year lengthens no life.
    let clock = Arc::new(ManualClock::new(WALL_START_MS - 365 * 86_400_000));
    let next = Stage::on(memory, clock, later(2), |link| Arc::new(link));
    let kept = back(&next, "kept", 3);
    let began = next.now();
    next.until("its life is over", || {
        next.clock.advance(Duration::from_secs(5));
        kept.player.ended().is_some()
    });
    assert!(next.now().since(began) <= Duration::from_secs(11_000));
}

#[test]
fn a_wall_clock_that_jumps_while_rooms_are_played_moves_none_of_their_deadlines() {
    const HOUR_MS: i64 = 3_600_000;
    for jump in [HOUR_MS, -HOUR_MS] {
        let stage = Stage::new();
        let spec = RoomSpec { life_limit_s: 25, late_join: true, ..lockstep(3) };
        stage.create("a", "limited", spec.clone()).expect("a room");
        let [one, two] = ["founder", "two"].map(|name| stage.join("limited", name).expect("a seat"));
        let (by, player) = (PlayerId::new("founder"), PlayerId::new("friend"));
        let reserve = RoomRequest::Reserve { by, player, until_ms: Some(WALL_START_MS + 15_000) };
        stage.request("limited", reserve).expect("reserved");
        stage.pass(Duration::from_secs(2));
        stage.clock.jump_wall(jump);
        // Whatever happens in the room, it looks at its deadlines anew.
        two.lost();
        stage.pass(Duration::from_secs(10));
        assert_eq!(code(stage.join("limited", "stranger").map(drop)), Some(ErrorCode::RoomFull), "{jump}");
        assert!(one.player.ended().is_none(), "{jump}");
        stage.pass(Duration::from_secs(4));
        stage.join("limited", "stranger").expect("the reservation is over");
        // A room that is founded now lives as long.
        stage.create("a", "later", spec).expect("a room");
        let later = stage.join("later", "one").expect("a seat");
        stage.until("its life is over", || one.player.ended().is_some());
        let ended = stage.now().as_micros() / 1_000_000;
        assert!((24..=26).contains(&ended), "after {ended} s with a jump of {jump} ms");
        stage.until("and that of the later one", || later.player.ended().is_some());
        let ended = stage.now().as_micros() / 1_000_000;
        assert!((40..=43).contains(&ended), "after {ended} s with a jump of {jump} ms");
        stage.rooms.stop();
    }
}

#[test]
fn relay_rooms_come_back_with_members_and_properties() {
    let stage = Stage::new();
    stage.create_by("a", "relay", relay(4), "ann").expect("a room");
    let ann = stage.join("relay", "ann").expect("a seat");
    stage.join("relay", "bob").expect("a seat");
    let set =
        RoomRequest::SetRoom { by: PlayerId::new("ann"), properties: vec![("map".into(), "moon".into())] };
    let before = stage.request("relay", set).expect("set");
    let stage = stage.crash(later(1));
    let after = stage.view("relay").expect("the room");
    assert_eq!(
        (&after.properties, &after.invite, &after.owner),
        (&before.properties, &before.invite, &before.owner)
    );
    assert_eq!((after.run, after.seats.len()), (2, 2));
    assert_eq!(
        stage.rooms.find_invite(&model::AppId::new("a"), &before.invite),
        Some(crate::stage::room_id("relay"))
    );
    let back = stage.come_back("relay", &ann, |_| String::new()).expect("back");
    assert!(back.route.relay.is_some() && back.seat() == ann.seat());
}

#[test]
fn a_room_that_had_ended_leaves_its_replay_and_nothing_else() {
    let stage =
        Stage::with(RoomsConfig { linger: Duration::from_secs(600), ..config() }, |link| Arc::new(link));
    let players = stage.full_room("over", lockstep(2));
    stage.until("they play", || players[0].player.ticks() > 30);
    players[0].lost();
    stage.request("over", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    let stage = stage.crash(later(1));
    assert_eq!(code(stage.view("over")), Some(ErrorCode::RoomEnded));
    assert_eq!(code(stage.create("a", "over", lockstep(2))), Some(ErrorCode::RoomEnded));
    let app = model::AppId::new("a");
    stage.until("the replay is there", || stage.rooms.replay(&app, &crate::stage::room_id("over")).is_some());
    let file = stage.rooms.replay(&app, &crate::stage::room_id("over")).expect("a replay");
    assert!(replay::verify(&file, &modules::none()).expect("whole").ticks >= 30);
    stage.until("the journal has forgotten it", || stage.memory.rooms() == 0);
    assert_eq!(stage.rooms.counts().rooms, 0);
}

#[test]
fn what_is_asked_of_a_room_that_is_not_there_yet_waits_for_it() {
    let stage = Stage::new();
    let names: Vec<String> = (0..40).map(|number| format!("many{number}")).collect();
    for name in &names {
        stage.create_by("a", name, lockstep(2), name).expect("a room");
    }
    let invite = stage.view("many7").expect("the room").invite;
    let memory = stage.memory.clone();
    stage.rooms.stop();
    let gate = Arc::new(crate::gate::Gate::closed(memory));
    let stage = Stage::on_journal(gate.clone(), RoomsConfig { shards: 1, ..later(1) });
    let why = stage.rooms.is_ready().expect_err("not ready");
    assert!(why.contains("40 rooms are being rebuilt"), "{why}");
    let wanted = begin(|done| stage.rooms.view(key("a", "many39"), done));
    let by_invite = rooms::JoinRoom {
        door: rooms::Door::Invite { app: model::AppId::new("a"), code: invite.clone() },
        who: rooms::Member {
            player: PlayerId::new("ann"),
            session: model::SessionId::new("ann"),
            session_number: 1,
            name: "Ann".into(),
            build: model::Build::new("1.0"),
        },
        spectate: false,
        channel: 1,
        knows_kind: 0,
    };
    assert_eq!(
        code(stage.ask(|done| stage.rooms.join(by_invite.clone(), done)).map(drop)),
        Some(ErrorCode::Unavailable),
        "nobody knows all codes yet"
    );
    assert!(stage.create("a", "quite_new", lockstep(2)).is_ok(), "new rooms need not wait");
    stage.pass(Duration::from_millis(50));
    assert!(wanted.try_recv().is_err());
    // Each of the threads was at work on a room already; then comes the one that is waited for.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rebuilt = 0;
    while wanted.try_recv().is_err() {
        rebuilt += 1;
        gate.let_through(1);
        stage.until("one more", || stage.rooms.counts().recovering + rebuilt <= 40);
        stage.pass(Duration::from_millis(10));
        assert!(rebuilt <= threads + 1, "others came first");
    }
    gate.let_through(1000);
    stage.until("all are there", || stage.rooms.is_ready().is_ok());
    assert_eq!(stage.rooms.counts().rooms, 41);
    stage.ask(|done| stage.rooms.join(by_invite, done)).expect("the invite is known again");
}

#[test]
fn a_damaged_room_ends_and_the_others_live() {
    let stage = Stage::new();
    let mut rooms = [stage.full_room("sound", lockstep(2)), stage.full_room("broken", lockstep(2))];
    play(&stage, &mut rooms, 10);
    stage.rooms.stop();
    let broken = key("a", "broken");
    let memory = crate::cuts::copy(&stage.memory, |index, record| {
        let damaged = record.room == broken && index > 8;
        if damaged { vec![0xff; record.bytes.len()].into() } else { record.bytes.clone() }
    });
    let (clock, sound) = (stage.clock.clone(), stage.memory.clone());
    let stage = Stage::on(memory.clone(), clock, later(1), |link| Arc::new(link));
    let fault = stage.view("broken").expect_err("it has ended");
    assert_eq!(fault.code, ErrorCode::RoomEnded);
    assert!(fault.message.contains("damaged"), "{}", fault.message);
    come_back(&stage, "sound", &mut rooms[0]);
    play(&stage, &mut rooms[..1], 20);
    judge(&rooms[0]);
    assert!(stage.rooms.is_ready().is_ok());
    assert!(stage.metrics.render().contains("jianzi_rooms_not_recovered_total 1"));
    stage.until("what could be read is a replay", || stage.rooms.replay(&broken.app, &broken.room).is_some());
    let file = stage.rooms.replay(&broken.app, &broken.room).expect("a replay");
    assert!(replay::verify(&file, &modules::none()).expect("whole as far as it goes").ticks > 3);
    // A repair may still make something of its journal, for two days.
    let is_there = |memory: &MemoryJournal| {
        Journal::rooms(memory, broken.room.partition()).expect("rooms").contains(&broken)
    };
    assert!(is_there(&memory));
    stage.rooms.stop();
    let clock = Arc::new(ManualClock::new(WALL_START_MS + 3_600_000));
    let repaired = Stage::on(sound, clock, later(2), |link| Arc::new(link));
    assert!(repaired.view("broken").expect("it is back").tick > 3);
    drop(repaired);
    let clock = Arc::new(ManualClock::new(WALL_START_MS + 3 * 86_400_000));
    let stage = Stage::on(memory.clone(), clock, later(2), |link| Arc::new(link));
    assert_eq!(code(stage.view("broken")), Some(ErrorCode::RoomEnded));
    stage.until("its journal is given up", || !is_there(&memory));
}

#[test]
fn a_journal_of_another_owner_is_not_taken_over() {
    let stage = Stage::new();
    stage.memory.fence(9, 7).expect("another owner");
    stage.rooms.stop();
    let journal: Arc<dyn Journal> = stage.memory.clone();
    let started = rooms::Rooms::start(
        later(1),
        clock::Clock::Manual(stage.clock.clone()),
        clock::Chance::seeded(1),
        journal,
        Arc::new(link::LocalLink::new(stage.sessions.clone())),
        stage.metrics.clone(),
    );
    let error = started.err().expect("refused").to_string();
    assert!(error.contains("partition 9 belongs to epoch 7"), "{error}");
}

/// Everybody sends inputs until each has sent so many, and all are acknowledged.
pub fn play(stage: &Stage, rooms: &mut [Vec<Seated>], inputs: u32) {
    let mut round = 0;
    stage.until("everybody has played", || {
        round += 1;
        for player in rooms.iter_mut().flatten() {
            if player.sent < inputs && round % 10 == 0 {
                let text = format!("{} of {}", player.sent + 1, player.seat());
                player.send(text);
            }
        }
        rooms.iter().flatten().all(|player| player.player.applied() >= inputs)
    });
}

pub fn come_back(stage: &Stage, room: &str, players: &mut [Seated]) {
    for player in players {
        let seat = player.seat();
        *player = stage.come_back(room, player, |number| format!("{number} of {seat}")).expect("back");
        assert_eq!(player.seat(), seat);
        let view = player.joined.room.as_ref().expect("a view");
        assert_eq!(view.phase, i32::from(room_view::Phase::Playing));
    }
}

/// Everybody has the same ticks, all of them; every input once, in order.
pub fn judge(players: &[Seated]) {
    let heard: Vec<_> = players.iter().map(|player| player.player.heard()).collect();
    let common = heard.iter().map(|heard| heard.ticks.len()).min().expect("players");
    for heard in &heard {
        assert_eq!(heard.ticks[..common], players[0].player.heard().ticks[..common]);
        assert!(heard.refused.is_empty(), "{:?}", heard.refused);
        assert!(heard.early.is_empty(), "missed before {:?}", heard.early);
    }
    own_inputs_once_in_order(players);
}

fn own_inputs_once_in_order(players: &[Seated]) {
    for player in players {
        let inputs = player.player.heard().inputs().into_iter().filter(|(_, seat, _)| *seat == player.seat());
        let own: Vec<String> = inputs.map(|(_, _, data)| String::from_utf8(data).expect("text")).collect();
        let sent: Vec<String> =
            (1..=player.sent).map(|number| format!("{number} of {}", player.seat())).collect();
        assert_eq!(own, sent, "each input once, in order");
    }
}
