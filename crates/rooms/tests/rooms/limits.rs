//! Bounds, and what happens at them.

use std::time::Duration;

use model::{AppId, Build, PlayerId};
use protocol::ErrorCode;
use protocol::messages::input_refused::Refusal;
use room_core::{EndReason, RoomRequest, replay};
use rooms::{CreateRoom, RoomsConfig};

use crate::stage::{Stage, code, config, key, lockstep, relay, room_id};

#[test]
fn no_more_rooms_than_configured() {
    let stage = Stage::with(RoomsConfig { max_rooms: 3, ..config() }, |link| std::sync::Arc::new(link));
    for number in 0..3 {
        stage.create("a", &format!("room{number}"), lockstep(2)).expect("a room");
    }
    assert_eq!(code(stage.create("a", "room3", lockstep(2))), Some(ErrorCode::Overloaded));
    assert!(stage.create("a", "room2", lockstep(2)).is_ok(), "a repeated create needs no place");
    stage.request("room0", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    stage.until("there is a place", || stage.rooms.counts().rooms == 2);
    assert!(stage.create("a", "room3", lockstep(2)).is_ok());
    assert_eq!(stage.rooms.counts().filed, 3);
}

#[test]
fn no_more_rooms_of_one_founder_than_configured() {
    let stage = Stage::with(RoomsConfig { per_founder: 3, ..config() }, |link| std::sync::Arc::new(link));
    // On both shards.
    for number in 0..3 {
        stage.create_by("a", &format!("room{number}"), lockstep(2), "ann").expect("a room");
    }
    let refused = stage.create_by("a", "room3", lockstep(2), "ann").expect_err("one too many");
    assert_eq!(refused.code, ErrorCode::TooManyRequests);
    assert!(refused.retry_after.is_some());
    assert_eq!(stage.rooms.counts().rooms, 3, "a refused room takes no place");
    assert!(stage.create_by("a", "room2", lockstep(2), "ann").is_ok(), "a repeated create needs no place");
    assert!(stage.create_by("a", "room3", lockstep(2), "bob").is_ok(), "others are not concerned");
    assert!(stage.create_by("b", "room3", lockstep(2), "ann").is_ok(), "nor is the same name in another app");

    let of_match = CreateRoom {
        app: AppId::new("a"),
        room: Some(room_id("match")),
        spec: lockstep(2),
        founder: PlayerId::new("ann"),
        build: Build::new("1.0"),
    };
    assert!(stage.ask(|done| stage.rooms.create_for_match(of_match, done)).is_ok());

    stage.request("room0", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    stage.until("it is freed", || stage.rooms.counts().rooms == 5);
    assert!(stage.create_by("a", "room4", lockstep(2), "ann").is_ok());
    assert_eq!(code(stage.create_by("a", "room5", lockstep(2), "ann")), Some(ErrorCode::TooManyRequests));
}

#[test]
fn a_full_log_ends_the_room_and_no_input_grows_it_further() {
    let config = RoomsConfig { log_bytes: 20_000, ..config() };
    let stage = Stage::with(config, |link| std::sync::Arc::new(link));
    let mut players = stage.full_room("full", lockstep(2));
    stage.until("it plays", || players[0].player.ticks() > 2);
    // Before the next turn: the inbox alone would make the log thrice as long.
    for _ in 0..60 {
        players[1].send(vec![7; 1000]);
    }
    stage.until("the end is told", || players.iter().all(|player| player.player.ended().is_some()));
    assert_eq!(players[0].player.ended().expect("an end").reason, "log_full");
    let refused = &players[1].player.heard().refused;
    assert!(refused.iter().any(|told| told.reason() == Refusal::TooMany), "{refused:?}");
    let (app, room) = (AppId::new("a"), room_id("full"));
    stage.until("the replay is there", || stage.rooms.replay(&app, &room).is_some());
    let file = stage.rooms.replay(&app, &room).expect("a replay");
    assert!((15_000..23_000).contains(&file.len()), "{} bytes", file.len());
    assert!(replay::verify(&file, &room_core::modules::none()).expect("a true replay").inputs >= 15);
}

#[test]
fn a_room_that_never_starts_has_a_bounded_log_too() {
    let config = RoomsConfig { log_bytes: 4_000, ..config() };
    let stage = Stage::with(config, |link| std::sync::Arc::new(link));
    stage.create_by("a", "fickle", relay(2), "ann").expect("a room");
    let _ann = stage.join("fickle", "ann").expect("a seat");
    let mut most = 0;
    let over = (0..1000).find_map(|number| {
        let request = RoomRequest::Ready { player: PlayerId::new("ann"), ready: number % 2 == 0 };
        most = most.max(stage.memory.bytes());
        stage.request("fickle", request).err()
    });
    assert_eq!(over.map(|fault| fault.code), Some(ErrorCode::RoomEnded));
    assert!((200..4_000).contains(&most), "{most} bytes");
}

#[test]
fn an_impossible_spec_is_refused() {
    let stage = Stage::new();
    assert_eq!(code(stage.create("a", "zero", lockstep(0))), Some(ErrorCode::BadSpec));
    assert_eq!(code(stage.create("a", "huge", lockstep(100_000))), Some(ErrorCode::BadSpec));
    assert_eq!(stage.rooms.counts().rooms, 0);
}

#[test]
fn a_full_inbox_drops_inputs_and_counts_them_and_the_seat_recovers() {
    let stage = Stage::with(RoomsConfig { inbox_messages: 4, ..config() }, |link| std::sync::Arc::new(link));
    let players = stage.full_room("flood", lockstep(1));
    stage.until("it plays", || players[0].player.ticks() > 2);
    for number in 1..=2000 {
        players[0].send_numbered(number, "x");
    }
    assert!(stage.metrics.rooms.inbox_dropped_total.get() > 0);
    stage.until("some are applied", || players[0].player.applied() >= 1);
    stage.pass(Duration::from_millis(200));
    let next = players[0].player.applied() + 1;
    players[0].send_numbered(next, "after the flood");
    stage.until("it is applied", || players[0].player.applied() == next);
    // What tells of a session is never dropped.
    for number in 1..=20 {
        players[0].send_numbered(next + number, "x");
    }
    players[0].gone();
    stage.until("the session is out", || stage.rooms.counts().members == 0);
}

#[test]
fn a_draining_node_takes_no_rooms_and_waits_for_those_it_has() {
    let stage = Stage::new();
    let players = stage.full_room("last", lockstep(1));
    stage.until("it plays", || players[0].player.ticks() > 2);
    assert_eq!(stage.rooms.drain(Duration::from_millis(50)), 1);
    assert!(stage.rooms.is_ready().is_err());
    assert_eq!(code(stage.create("a", "new", relay(2))), Some(ErrorCode::Draining));
    assert!(stage.create("a", "last", lockstep(1)).is_ok(), "what is there is there");
    stage.until("members are told", || players[0].player.has_notice("draining"));
    let ticks = players[0].player.ticks();
    stage.until("it plays on", || players[0].player.ticks() > ticks + 10);
    stage.request("last", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    assert_eq!(stage.rooms.drain(Duration::from_secs(20)), 0);
}

#[test]
fn garbage_from_a_gateway_does_no_harm() {
    let stage = Stage::new();
    let players = stage.full_room("garbage", lockstep(1));
    let inbox = stage.inbox();
    let session = players[0].player.session;
    let stranger = model::SessionId::new("stranger");
    for room in ["garbage", "unknown"] {
        for (session, seat) in [(&session, 0), (&session, 9), (&stranger, 0), (&stranger, u16::MAX)] {
            let (number, tick, data) = (u32::MAX, u32::MAX, bytes::Bytes::new());
            let session = *session;
            let hash = link::ToRoom::StateHash { session, seat, tick, hash: 1 };
            inbox.send(&key("a", room), link::ToRoom::Input { session, seat, number, tick, data });
            inbox.send(&key("a", room), hash);
        }
        for message in [
            link::ToRoom::Lost { session: stranger },
            link::ToRoom::Back { session: stranger },
            link::ToRoom::Gone { session: stranger },
        ] {
            inbox.send(&key("a", room), message);
        }
    }
    stage.until("it plays on", || players[0].player.ticks() > 20);
    assert_eq!(players[0].player.heard().inputs(), []);
}

#[test]
fn a_late_shard_catches_up_without_a_burst_and_gives_up_what_is_too_old() {
    let stage = Stage::new();
    let players = stage.full_room("late", lockstep(1));
    stage.until("it plays", || players[0].player.ticks() > 2);
    stage.clock.advance(Duration::from_secs(60));
    let before = players[0].player.ticks();
    let started = stage.now();
    stage.until("it plays on", || players[0].player.ticks() > before + 40);
    let took = stage.now().since(started);
    assert!(took >= Duration::from_millis(1000), "40 ticks in {took:?}");
}
