//! A room's log, played again and on other versions of its game.

use std::sync::Arc;

use model::RoomKey;
use rooms::{NotTried, Playback, RoomsConfig, Tried, compare_on, try_on};

use crate::fake_game::{FakeGames, STEADY, Version, logic};
use crate::games::{BAD, FAST, moves, sums, with};
use crate::stage::{Stage, key, lockstep};

/// The room plays thirty ticks on the first version, with inputs that go well and one that does not.
fn played(games: &Arc<FakeGames>, log_bytes: usize) -> (Stage, RoomKey) {
    let stage = Stage::with(RoomsConfig { log_bytes, ..with(games) }, |link| Arc::new(link));
    let mut players = stage.full_room("tried", sums(2));
    players[0].send(&b"a\x05"[..]);
    players[1].send(&b"s"[..]);
    players[1].send(&b"x"[..]);
    players[0].send(&b"e"[..]);
    stage.until("it plays", || players[0].player.ticks() >= 30 && players[1].player.applied() == 2);
    (stage, key("a", "tried"))
}

fn on(games: &Arc<FakeGames>, stage: &Stage, key: &RoomKey, version: u32) -> Tried {
    compare_on(stage.memory.as_ref(), &games.games().modules, key, &logic(version)).expect("it is tried")
}

#[test]
fn versions_part_where_they_tell_or_save_something_else() {
    let games = FakeGames::new(&[STEADY, STEADY, FAST, BAD, Version { saves: false, ..STEADY }]);
    let (stage, key) = played(&games, 1 << 20);
    let same = on(&games, &stage, &key, 2);
    assert_eq!((same.from, same.first_difference, &same.ended_badly), (0, None, &None));
    assert!(same.ticks >= 30 && same.saves_compared == same.ticks, "{same:?}");
    let fast = on(&games, &stage, &key, 3);
    assert_eq!(fast.first_difference, Some(1));
    assert!(fast.how.as_ref().is_some_and(|how| how.starts_with("the frame: ")), "{fast:?}");
    let bad = on(&games, &stage, &key, 4);
    assert!(bad.ended_badly.is_some_and(|why| why.starts_with("at tick 1: ")));
    let mute = on(&games, &stage, &key, 5);
    assert_eq!((mute.first_difference, mute.saves_compared), (None, 0));
    let own = compare_on(stage.memory.as_ref(), &games.games().modules, &key, &logic(1));
    assert!(matches!(own, Err(NotTried::NoSwap(room_core::NoSwap::Same))), "{own:?}");
}

#[test]
fn from_an_image_on_both_versions_begin_with_what_was_saved() {
    let games = FakeGames::new(&[STEADY, STEADY, FAST]);
    // The log is soon too long, and what is before an image is given up.
    let (stage, key) = played(&games, 6 << 10);
    let modules = games.games().modules;
    stage.until("the log's beginning is gone", || {
        Playback::from_beginning(stage.memory.as_ref(), &key, &modules).is_ok_and(|whole| whole.is_none())
    });
    stage.rooms.stop();
    let same = on(&games, &stage, &key, 2);
    assert!(same.from > 0 && same.first_difference.is_none() && same.ended_badly.is_none(), "{same:?}");
    let tried = try_on(stage.memory.as_ref(), &modules, &key, &logic(2), 1000).expect("it is tried");
    assert_eq!((tried.ticks, tried.first_difference), (same.ticks, None));
}

#[test]
fn a_room_is_compared_from_where_its_version_came() {
    let games = FakeGames::new(&[FAST, STEADY, STEADY]);
    let (stage, key) = played(&games, 1 << 20);
    let moved = moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1);
    assert_eq!((moved.len(), &moved[0].1), (1, &Ok(())));
    let before = stage.view("tried").expect("a view").tick;
    stage.until("it plays on", || stage.view("tried").is_ok_and(|view| view.tick > before + 10));
    let same = on(&games, &stage, &key, 3);
    assert!(same.from >= 30 && same.from <= before && same.ticks >= 10, "{same:?}");
    assert_eq!((same.first_difference, &same.ended_badly), (None, &None));
    assert_eq!(on(&games, &stage, &key, 1).first_difference, Some(same.from + 1));
}

#[test]
fn a_version_that_does_well_where_the_rooms_own_failed_is_told() {
    let games = FakeGames::new(&[BAD, STEADY]);
    let stage = Stage::with(with(&games), |link| Arc::new(link));
    let _players = stage.full_room("mended", sums(1));
    stage.until("it is suspended", || games.watched().suspended == 1);
    let tried = on(&games, &stage, &key("a", "mended"), 2);
    assert!(tried.ended_badly.is_none(), "{tried:?}");
    assert!(tried.how.is_some_and(|how| how.contains("goes well")));
}

#[test]
fn a_room_without_rules_is_played_again_but_not_compared() {
    let stage = Stage::new();
    let mut players = stage.full_room("plain", lockstep(2));
    players[0].send("1");
    stage.until("it plays", || players[0].player.applied() == 1 && players[1].player.ticks() >= 30);
    stage.rooms.stop();
    let (journal, key, modules) = (stage.memory.as_ref(), key("a", "plain"), room_core::modules::none());
    let compared = compare_on(journal, &modules, &key, &logic(1));
    assert!(matches!(compared, Err(NotTried::NoGame)), "{compared:?}");
    let mut whole = Playback::from_beginning(journal, &key, &modules).expect("a log").expect("all of it");
    let mut events = 0;
    while let Some(logged) = whole.play().expect("it is good") {
        assert_eq!(whole.at(), logged.position);
        events += 1;
    }
    let room = whole.room().expect("a room");
    assert!(events > 30 && room.tick() >= 30 && room.applied(0) == 1);
}

#[test]
fn a_version_that_fails_when_it_takes_over_is_told_from_rooms_that_cannot_be_taken_over() {
    let games = FakeGames::new(&[STEADY, Version { bad_load: true, ..STEADY }]);
    let (stage, key) = played(&games, 1 << 20);
    let tried = try_on(stage.memory.as_ref(), &games.games().modules, &key, &logic(2), 1000);
    let load = room_core::NoSwap::Load(room_core::modules::CallEnd::Status(7));
    assert!(matches!(&tried, Err(NotTried::TakesOverBadly(why)) if *why == load), "{tried:?}");
    let games = FakeGames::new(&[Version { saves: false, ..STEADY }, STEADY]);
    let (stage, key) = played(&games, 1 << 20);
    let tried = try_on(stage.memory.as_ref(), &games.games().modules, &key, &logic(2), 1000);
    assert!(matches!(tried, Err(NotTried::NoSwap(room_core::NoSwap::CannotSave(1)))), "{tried:?}");
}
