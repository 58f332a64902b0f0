//! How rooms end, what stays, and that nothing else does.

use std::time::Duration;

use model::{AppId, PlayerId};
use protocol::ErrorCode;
use protocol::messages::{LockstepSpec, RoomSpec};
use room_core::{EndReason, RoomRequest, replay};
use rooms::RoomsConfig;

use crate::stage::{Seated, Stage, begin, code, config, key, lockstep, relay, room_id};

#[test]
fn results_that_agree_end_the_room_and_its_replay_is_true() {
    let folder = tempfile::tempdir().expect("a folder");
    for replay_dir in [None, Some(folder.path().to_path_buf())] {
        let config = RoomsConfig { replay_dir, ..config() };
        let stage = Stage::with(config, |link| std::sync::Arc::new(link));
        let mut players = stage.full_room("results", lockstep(2));
        for number in 0..20 {
            players[number % 2].send(format!("{number}"));
        }
        stage.until("it is played", || players.iter().all(|player| player.player.ticks() > 60));
        players[0].report(&stage, "ann won").expect("a report");
        players[1].report(&stage, "ann won").expect("a report");
        stage.until("the end is told", || players.iter().all(|player| player.player.ended().is_some()));
        let ended = players[0].player.ended().expect("an end");
        assert_eq!((ended.reason.as_str(), ended.agreed, ended.results.len()), ("finished", true, 2));
        assert_eq!(ended.last_tick as usize, players[0].player.ticks(), "the end comes after the last tick");
        stage.until("the room is freed", || stage.rooms.counts().rooms == 0);
        assert_freed(&stage);

        let (app, room) = (AppId::new("a"), room_id("results"));
        stage.until("the replay is there", || stage.rooms.replay(&app, &room).is_some());
        let file = stage.rooms.replay(&app, &room).expect("a replay");
        let report = replay::verify(&file, &room_core::modules::none()).expect("a true replay");
        assert_eq!((report.ticks, report.inputs, report.agreed), (ended.last_tick, 20, true));
        assert_eq!(stage.rooms.replay(&AppId::new("b"), &room), None);
        assert_eq!(code(stage.join("results", "late")), Some(ErrorCode::RoomEnded));
        assert_eq!(code(stage.view("results")), Some(ErrorCode::RoomEnded));
        assert_eq!(code(stage.create("a", "results", lockstep(2))), Some(ErrorCode::RoomEnded));
    }
}

#[test]
fn who_was_away_at_the_end_still_gets_every_tick() {
    for ring_ticks in [512, 8] {
        let config = RoomsConfig { ring_ticks, ring_bytes: ring_ticks * 50, ..config() };
        let stage = Stage::with(config, |link| std::sync::Arc::new(link));
        let mut spec = lockstep(2);
        spec.lockstep = Some(LockstepSpec { last_tick: 100, ..LockstepSpec::default() });
        let players = stage.full_room("away", spec);
        stage.until("they play", || players[0].player.ticks() > 10);
        players[0].lost();
        stage.until("the last tick is over", || players[1].player.ticks() == 100);
        players[1].report(&stage, "bob won").expect("a report");
        stage.request("away", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
        assert_eq!(stage.rooms.counts().rooms, 1, "it waits for the one who is away");
        players[0].back();
        stage.resume(&players[0], players[0].player.next_tick()).expect("frames");
        stage.until("all ticks are there", || players[0].player.ticks() == 100);
        assert_eq!(players[0].player.heard().ticks, players[1].player.heard().ticks);
        assert!(players[0].player.ended().is_some());
        stage.until("then it is freed", || stage.rooms.counts().rooms == 0);
        assert_freed(&stage);
    }
}

#[test]
fn who_does_not_come_back_is_not_waited_for_long() {
    let stage = Stage::new();
    let players = stage.full_room("linger", lockstep(2));
    stage.until("they play", || players[0].player.ticks() > 10);
    players[0].lost();
    stage.until("the loss is known", || {
        players[1].player.reasons().iter().any(|reason| reason.starts_with("lost"))
    });
    let started = stage.now();
    stage.request("linger", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.rooms.counts().rooms, 1);
    stage.until("it is freed", || stage.rooms.counts().rooms == 0);
    assert!(stage.now().since(started) >= Duration::from_secs(2));
    assert_freed(&stage);
}

#[test]
fn an_empty_room_ends_by_itself() {
    let stage = Stage::new();
    stage.create("a", "empty", lockstep(2)).expect("a room");
    stage.pass(Duration::from_secs(10));
    assert_eq!(stage.rooms.counts().rooms, 1);
    stage.until("it ends", || {
        stage.clock.advance(Duration::from_secs(1));
        stage.rooms.counts().rooms == 0
    });
    assert_freed(&stage);
}

#[test]
fn the_life_limit_ends_a_room() {
    let stage = Stage::new();
    let players = stage.full_room("mortal", RoomSpec { life_limit_s: 5, ..lockstep(1) });
    stage.until("it ends", || players[0].player.ended().is_some());
    assert_eq!(players[0].player.ended().expect("an end").reason, "life_limit");
    let played = players[0].player.ticks();
    assert!((90..=110).contains(&played), "{played} ticks in 5 s at 20 Hz");
}

#[test]
fn joining_while_the_room_ends_gives_a_seat_or_a_clear_error() {
    for round in 0..30 {
        let stage = Stage::new();
        let spec = RoomSpec { late_join: true, min_players: 1, ..lockstep(3) };
        stage.create("a", "ending", spec).expect("a room");
        let first = stage.join("ending", "ann").expect("a seat");
        stage.resume(&first, 1).expect("frames");
        if round % 3 == 0 {
            stage.pass(Duration::from_millis(60));
        }
        let closing = begin(|done| {
            let close = RoomRequest::Close { reason: EndReason::Closed };
            stage.rooms.request(key("a", "ending"), close, done);
        });
        let joining = stage.join("ending", "bob");
        closing.recv_timeout(crate::stage::LIMIT).expect("an answer").expect("closed");
        match joining {
            Ok(bob) => stage.until("bob is told", || bob.player.ended().is_some()),
            Err(fault) => assert_eq!(fault.code, ErrorCode::RoomEnded),
        }
        stage.until("it is freed", || stage.rooms.counts().rooms == 0);
    }
}

#[test]
fn thirty_thousand_rooms_leave_nothing_behind() {
    // In a process of its own: the other tests' memory would be counted, too.
    let this = std::env::current_exe().expect("this program");
    let alone = std::process::Command::new(this)
        .args(["--ignored", "--exact", "ends::thirty_thousand_rooms_alone_in_a_process"])
        .output()
        .expect("a process");
    let told = String::from_utf8_lossy(&alone.stdout);
    assert!(alone.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
#[ignore = "run by the test above"]
fn thirty_thousand_rooms_alone_in_a_process() {
    let config = RoomsConfig { keep_replays: 5, per_founder: 0, ..config() };
    let stage = Stage::with(config, |link| std::sync::Arc::new(link));
    let mut early = 0;
    for round in 0..60 {
        let names: Vec<String> = (0..500).map(|number| format!("r{round}n{number}")).collect();
        let mut answers: Vec<_> = names
            .iter()
            .map(|name| {
                let spec =
                    if name.ends_with('7') { relay(2) } else { RoomSpec { min_players: 1, ..lockstep(2) } };
                let create = rooms::CreateRoom {
                    app: AppId::new("a"),
                    room: Some(room_id(name)),
                    spec,
                    founder: PlayerId::new("ann"),
                    build: model::Build::new("1.0"),
                };
                begin(|done| stage.rooms.create(create, done))
            })
            .collect();
        stage.until("all are made", || {
            answers.retain(|answer| answer.try_recv().is_err());
            answers.is_empty()
        });
        let players: Vec<Seated> =
            names.iter().step_by(50).map(|name| stage.join(name, "ann").expect("a seat")).collect();
        players.iter().for_each(|player| drop(stage.resume(player, 1).expect("frames")));
        assert_eq!(stage.rooms.counts().rooms, 500);
        let mut closing: Vec<_> = names
            .iter()
            .map(|name| {
                let close = RoomRequest::Close { reason: EndReason::Closed };
                begin(|done| stage.rooms.request(key("a", name), close, done))
            })
            .collect();
        stage.until("all are closed", || {
            closing.retain(|answer| answer.try_recv().is_err());
            closing.is_empty() && stage.rooms.counts().rooms == 0
        });
        if round == 19 {
            early = resident_bytes();
        }
    }
    assert_freed(&stage);
    let grown = resident_bytes().saturating_sub(early);
    // 210 bytes left behind by each of the later 20 000 would show.
    assert!(grown < 4 << 20, "{grown} bytes more after 20 000 rooms more");
    println!("{grown} bytes more after 20 000 rooms more");
}

fn assert_freed(stage: &Stage) {
    stage.until("the journal has forgotten it", || stage.memory.rooms() == 0);
    assert_eq!(stage.memory.bytes(), 0);
    let counts = stage.rooms.counts();
    assert_eq!(counts, rooms::Counts::default(), "{counts:?}");
}

/// Of this process; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let about = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    about.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
