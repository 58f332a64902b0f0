//! Coming back, coming late: every tick once, in order, whatever else goes on.

use std::time::Duration;

use protocol::ErrorCode;
use protocol::messages::{LockstepSpec, RoomSpec};
use rooms::RoomsConfig;

use crate::stage::{Seated, Stage, begin, code, config, lockstep};

#[test]
fn from_the_ring() {
    let stage = Stage::new();
    let mut players = stage.full_room("ring", lockstep(2));
    play_until(&stage, &mut players, 30);
    players[0].lost();
    let had = players[0].player.ticks();
    stage.until("the other plays on", || players[1].player.ticks() > had + 40);
    players[0].back();
    let joined = stage.resume(&players[0], players[0].player.next_tick()).expect("frames");
    assert_eq!(joined.applied, players[0].sent);
    assert!(players[0].player.ticks() >= had + 40, "the ring's ticks come with the answer");
    play_until(&stage, &mut players, had + 80);
    same_ticks(&players);
    assert_eq!(stage.rooms.counts().backfills, 0);
    assert!(players[0].player.heard().backfilled >= 40);
}

#[test]
fn from_the_journal_when_the_ring_is_too_short() {
    for ticks_per_message in [1, 3] {
        let stage = stage_with_short_ring();
        let mut spec = RoomSpec { max_spectators: 5, ..fast(2) };
        spec.lockstep = Some(LockstepSpec { tick_hz: 60, ticks_per_message, ..LockstepSpec::default() });
        let mut players = stage.full_room("long", spec);
        play_until(&stage, &mut players, 600);
        players[0].lost();
        let had = players[0].player.ticks();
        stage.until("the other plays on", || players[1].player.ticks() > had + 300);
        players[0].back();
        stage.resume(&players[0], players[0].player.next_tick()).expect("frames");
        players.push(stage.watch("long", "late").expect("a place"));
        stage.resume(&players[2], 1).expect("frames");
        stage.until("they have caught up", || {
            let now = players[1].player.ticks();
            players.iter().all(|player| player.player.ticks() + 6 >= now)
        });
        stage.pass(Duration::from_millis(300));
        same_ticks(&players);
        let heard = players[2].player.heard();
        assert!(heard.backfilled >= 900);
        assert!(heard.longest_backfill < 4096 + 1024, "{} bytes", heard.longest_backfill);
        assert_eq!(stage.rooms.counts().backfills, 0);
    }
}

#[test]
fn from_the_journal_of_an_async_room() {
    let stage = stage_with_short_ring();
    let spec = crate::stage::with_durability(fast(1), protocol::messages::Durability::Async);
    let mut players = stage.full_room("async", RoomSpec { max_spectators: 1, ..spec });
    play_until(&stage, &mut players, 200);
    players.push(stage.watch("async", "late").expect("a place"));
    stage.resume(&players[1], 1).expect("frames");
    stage.until("the late one has caught up", || players[1].player.ticks() + 2 >= players[0].player.ticks());
    same_ticks(&players);
}

#[test]
fn a_member_that_takes_little_gets_it_little_by_little() {
    let stage = stage_with_short_ring();
    let mut players = stage.full_room("slow", RoomSpec { max_spectators: 1, ..fast(1) });
    play_until(&stage, &mut players, 900);
    players.push(stage.watch("slow", "late").expect("a place"));
    players[1].player.set_backlog(1 << 20);
    let (key, session) = (players[1].route.key.clone(), players[1].player.session);
    let answer = begin(|done| stage.rooms.resume(key, session, 1, done));
    stage.pass(Duration::from_millis(500));
    assert_eq!(players[1].player.ticks(), 0, "nothing is sent to a full connection");
    assert_eq!(stage.rooms.counts().backfills, 1);
    players[1].player.set_backlog(0);
    stage.until("it has caught up", || players[1].player.ticks() + 2 >= players[0].player.ticks());
    answer.recv_timeout(crate::stage::LIMIT).expect("an answer").expect("frames");
    same_ticks(&players);

    players[1].player.forget_ticks();
    players[1].player.set_backlog(1 << 20);
    let (key, session) = (players[1].route.key.clone(), players[1].player.session);
    let answer = begin(|done| stage.rooms.resume(key, session, 1, done));
    stage.until("patience ends", || {
        stage.rooms.counts().backfills == 0 && players[1].player.has_notice("backfill_failed")
    });
    assert_eq!(
        code(answer.recv_timeout(crate::stage::LIMIT).expect("an answer")),
        Some(ErrorCode::Unavailable)
    );
    players[1].player.set_backlog(0);
    stage.resume(&players[1], 1).expect("frames after all");
    stage.until("it has caught up", || players[1].player.ticks() + 2 >= players[0].player.ticks());
}

#[test]
fn asking_again_while_catching_up_begins_anew() {
    let stage = stage_with_short_ring();
    let mut players = stage.full_room("twice", RoomSpec { max_spectators: 1, ..fast(1) });
    play_until(&stage, &mut players, 600);
    players.push(stage.watch("twice", "late").expect("a place"));
    let ask = |from| {
        let (key, session) = (players[1].route.key.clone(), players[1].player.session);
        begin(|done| stage.rooms.resume(key, session, from, done))
    };
    players[1].player.set_backlog(1 << 20);
    let answers = [ask(1), ask(1), ask(1)];
    stage.pass(Duration::from_millis(50));
    players[1].player.set_backlog(0);
    stage.until("it has caught up", || players[1].player.ticks() + 2 >= players[0].player.ticks());
    let answers: Vec<_> =
        answers.map(|answer| answer.recv_timeout(crate::stage::LIMIT).expect("an answer")).into();
    assert!(answers[2].is_ok());
    assert!(answers[0].is_err() && answers[1].is_err());
    same_ticks(&players);
}

#[test]
fn a_connection_lost_while_catching_up_ends_it() {
    let stage = stage_with_short_ring();
    let mut players = stage.full_room("cut", RoomSpec { max_spectators: 1, ..fast(1) });
    play_until(&stage, &mut players, 600);
    players.push(stage.watch("cut", "late").expect("a place"));
    players[1].player.set_backlog(1 << 20);
    let (key, session) = (players[1].route.key.clone(), players[1].player.session);
    let answer = begin(|done| stage.rooms.resume(key, session, 1, done));
    stage.until("it is catching up", || stage.rooms.counts().backfills == 1);
    players[1].lost();
    stage.until("it ends", || stage.rooms.counts().backfills == 0);
    assert!(answer.recv_timeout(crate::stage::LIMIT).expect("an answer").is_err());
    players[1].back();
    players[1].player.set_backlog(0);
    stage.resume(&players[1], players[1].player.next_tick()).expect("frames");
    stage.until("it has caught up", || players[1].player.ticks() + 2 >= players[0].player.ticks());
    same_ticks(&players);
}

#[test]
fn too_many_at_a_time_are_asked_to_come_later() {
    let stage = Stage::with(RoomsConfig { backfills: 1, ..short_ring() }, |link| std::sync::Arc::new(link));
    let mut players = stage.full_room("crowd", RoomSpec { max_spectators: 2, ..fast(1) });
    play_until(&stage, &mut players, 300);
    players.push(stage.watch("crowd", "one").expect("a place"));
    players.push(stage.watch("crowd", "two").expect("a place"));
    players[1].player.set_backlog(1 << 20);
    let (key, session) = (players[1].route.key.clone(), players[1].player.session);
    let answer = begin(|done| stage.rooms.resume(key, session, 1, done));
    stage.until("one catches up", || stage.rooms.counts().backfills == 1);
    let refused = stage.resume(&players[2], 1).expect_err("too many");
    assert_eq!(refused.code, ErrorCode::TooManyRequests);
    assert!(refused.retry_after.is_some());
    players[1].player.set_backlog(0);
    stage
        .until("it has caught up", || stage.rooms.counts().backfills == 0 && players[1].player.ticks() > 300);
    answer.recv_timeout(crate::stage::LIMIT).expect("an answer").expect("frames");
    stage.resume(&players[2], 1).expect("frames");
}

#[test]
fn impossible_wishes_are_refused() {
    let stage = Stage::new();
    let players = stage.full_room("wishes", fast(1));
    stage.until("it plays", || players[0].player.ticks() > 5);
    assert_eq!(code(stage.resume(&players[0], 0)), Some(ErrorCode::BadRequest));
    assert_eq!(code(stage.resume(&players[0], 1_000_000)), Some(ErrorCode::BadRequest));
    assert_eq!(code(stage.resume(&players[0], u32::MAX)), Some(ErrorCode::BadRequest));
    stage.until("and plays on", || players[0].player.ticks() > 15);
    players[0].gone();
    stage.until("the session is out", || stage.rooms.counts().members == 0);
    assert_eq!(code(stage.resume(&players[0], 1)), Some(ErrorCode::NotInRoom));
}

/// Everybody sends an input now and then.
fn play_until(stage: &Stage, players: &mut [Seated], ticks: usize) {
    stage.until("enough is played", || {
        for player in players.iter_mut().filter(|player| player.route.seat.is_some()) {
            if player.player.ticks() / 10 > player.sent as usize {
                let text = format!("{:>300} of {}", player.sent + 1, player.seat());
                player.send(text);
            }
        }
        players.iter().all(|player| player.player.ticks() >= ticks)
    });
}

fn fast(seats: u32) -> RoomSpec {
    let spec = LockstepSpec { tick_hz: 60, ..LockstepSpec::default() };
    RoomSpec { lockstep: Some(spec), ..lockstep(seats) }
}

fn same_ticks(players: &[Seated]) {
    let heard: Vec<_> = players.iter().map(|player| player.player.heard()).collect();
    let common = heard.iter().map(|heard| heard.ticks.len()).min().expect("players");
    for heard in &heard {
        assert_eq!(heard.ticks[..common], players[0].player.heard().ticks[..common]);
        assert!(heard.early.is_empty(), "missed before {:?}", heard.early);
        assert_eq!(heard.repeated, 0);
    }
}

fn stage_with_short_ring() -> Stage {
    Stage::with(short_ring(), |link| std::sync::Arc::new(link))
}

fn short_ring() -> RoomsConfig {
    RoomsConfig {
        ring_ticks: 16,
        ring_bytes: 600,
        backfill_chunk: 4096,
        backfill_backlog: 1000,
        backfill_patience: Duration::from_secs(1),
        ..config()
    }
}
