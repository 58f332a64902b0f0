//! Authoritative rooms at work: what members are told, failures, crashes, swaps and ways back.

use std::sync::{Arc, mpsc};

use model::{Build, PlayerId, SessionId};
use protocol::ErrorCode;
use protocol::messages::{AuthoritativeSpec, RoomKind, RoomSpec, input_refused::Refusal};
use room_core::{ROOM_SEAT, replay, tick_entries};
use rooms::{Door, JoinRoom, Member, Moved, MovesDone, Rooms, RoomsConfig, Which};

use crate::fake_game::{FakeGames, STEADY, Version, logic};
use crate::player::Heard;
use crate::stage::{Seated, Stage, code, config, key};

pub const BAD: Version = Version { bad_ticks: true, ..STEADY };
pub const FAST: Version = Version { pace: 100, ..STEADY };

fn stage(games: &Arc<FakeGames>) -> Stage {
    Stage::with(with(games), |link| Arc::new(link))
}

pub fn with(games: &Arc<FakeGames>) -> RoomsConfig {
    RoomsConfig { games: games.games(), ..config() }
}

pub fn sums(seats: u32) -> RoomSpec {
    let part = AuthoritativeSpec { game: "sum".into(), tick_hz: 20, seed: 5 };
    RoomSpec {
        kind: RoomKind::Authoritative.into(),
        lockstep: None,
        authoritative: Some(part),
        ..crate::stage::lockstep(seats)
    }
}

/// The totals that the ticks told; 0 where nothing was.
fn totals(heard: &Heard) -> Vec<u32> {
    let total = |entry: &bytes::Bytes| {
        let mut words = tick_entries(entry);
        let word = words.next();
        assert!(words.next().is_none());
        word.map_or(0, |(seat, data)| {
            assert_eq!(seat, ROOM_SEAT);
            number(data)
        })
    };
    heard.ticks.iter().map(total).collect()
}

pub fn number(data: &[u8]) -> u32 {
    u32::from_le_bytes(data.try_into().expect("four bytes"))
}

fn last_total(player: &Seated) -> u32 {
    totals(&player.player.heard()).last().copied().unwrap_or(0)
}

pub fn moves(
    stage: &Stage,
    begin: impl FnOnce(&Rooms, Which, MovesDone),
    version: u32,
) -> Vec<(String, Result<(), String>)> {
    let (sender, receiver) = mpsc::channel();
    let which: Which = Arc::new(move |_, running| running.version == version);
    begin(&stage.rooms, which, Box::new(move |moved| sender.send(moved).unwrap_or_default()));
    let mut told: Option<Vec<Moved>> = None;
    stage.until("the rooms have moved", || {
        told = told.take().or_else(|| receiver.try_recv().ok());
        told.is_some()
    });
    let mut moved: Vec<_> = told
        .expect("they have")
        .into_iter()
        .map(|moved| (moved.room.room.to_string(), moved.outcome))
        .collect();
    moved.sort();
    moved
}

#[test]
fn members_are_told_the_state_and_then_every_tick() {
    let games = FakeGames::new(&[STEADY]);
    let stage = stage(&games);
    let mut players = stage.full_room("sum", RoomSpec { max_spectators: 1, ..sums(2) });
    players[0].send(&b"a\x05"[..]);
    players[1].send(&b"s"[..]);
    stage.until("ten ticks", || players.iter().all(|player| player.player.ticks() >= 10));
    stage.until("inputs are acknowledged", || players.iter().all(|player| player.player.applied() == 1));
    let heard = players[0].player.heard();
    assert!(heard.early.is_empty() && heard.states[0].0.tick == 0);
    assert_eq!(totals(&heard)[9], 15);
    assert_eq!(players[1].player.heard().messages[0].data, "psst");
    assert!(heard.messages.is_empty(), "not for this seat");
    // Who comes late is told where it stands, and goes on from there.
    let late = stage.watch("sum", "late").expect("a place to watch");
    stage.resume(&late, 1).expect("the state");
    stage.until("it hears ticks", || late.player.ticks() > 25);
    let state = late.player.heard().states[0].0.clone();
    assert_eq!(number(&state.data), state.tick + 5);
    assert_eq!(last_total(&late) as usize, late.player.heard().ticks.len() + 5);
    let view = stage.view("sum").expect("a view");
    assert_eq!(view.logic.map(|logic| (logic.game, logic.version)), Some(("sum".into(), 1)));
}

#[test]
fn a_member_that_was_away_is_told_the_state_as_it_is_now() {
    let games = FakeGames::new(&[STEADY]);
    let stage = stage(&games);
    let mut players = stage.full_room("away", sums(2));
    players[0].send(&b"a\x05"[..]);
    stage.until("it plays", || players[0].player.ticks() >= 5);
    players[1].lost();
    let missed = players[1].player.ticks();
    stage.until("time passes", || players[0].player.ticks() >= missed + 20);
    players[1].back();
    let joined = stage.resume(&players[1], 1).expect("the state");
    assert_eq!(joined.applied, 0);
    stage.until("it hears again", || players[1].player.ticks() > missed + 30);
    let heard = players[1].player.heard();
    assert_eq!(heard.states.len(), 2);
    assert!(heard.states[1].0.tick as usize >= missed + 20, "nothing is backfilled");
    assert_eq!(last_total(&players[1]) as usize, heard.ticks.len() + 5);
}

#[test]
fn rooms_of_unknown_games_are_refused_and_leave_nothing_behind() {
    let games = FakeGames::new(&[]);
    let stage = stage(&games);
    let unknown = AuthoritativeSpec { game: "chess".into(), ..Default::default() };
    let chess = RoomSpec { authoritative: Some(unknown), ..sums(2) };
    assert_eq!(code(stage.create("a", "chess", chess)), Some(ErrorCode::BadSpec));
    assert_eq!(code(stage.create("a", "none", sums(2))), Some(ErrorCode::Unavailable));
    assert_eq!((stage.rooms.counts().rooms, stage.rooms.counts().filed), (0, 0));
    let plain = Stage::new();
    assert_eq!(code(plain.create("a", "sum", sums(2))), Some(ErrorCode::BadSpec));
}

#[test]
fn a_client_that_knows_no_such_rooms_is_told_so() {
    let games = FakeGames::new(&[STEADY]);
    let stage = stage(&games);
    stage.create("a", "new", sums(2)).expect("a room");
    stage.create("a", "old", crate::stage::lockstep(2)).expect("a room");
    for (room, expected) in [("new", Some(ErrorCode::Outdated)), ("old", None)] {
        let who = Member {
            player: PlayerId::new("elder"),
            session: SessionId::new("elder"),
            session_number: 1,
            name: "Elder".into(),
            build: Build::new("1.0"),
        };
        let door = Door::Room(key("a", room));
        let join = JoinRoom { door, who, spectate: false, channel: 1, knows_kind: 0 };
        assert_eq!(code(stage.ask(|done| stage.rooms.join(join, done))), expected);
    }
}

#[test]
fn inputs_that_fail_are_refused_until_their_seat_is_muted_and_the_others_play_on() {
    let games = FakeGames::new(&[STEADY]);
    let stage = stage(&games);
    let mut players = stage.full_room("bad", sums(2));
    stage.until("it plays", || players[0].player.ticks() >= 3);
    for input in [&b"x"[..], b"x", b"a\x01", b"x", b"a\x01"] {
        players[0].send(input);
    }
    players[1].send(&b"a\x07"[..]);
    stage.until("all are acknowledged", || {
        players[0].player.applied() == 5 && players[1].player.applied() == 1
    });
    let refused: Vec<_> =
        players[0].player.heard().refused.iter().map(|told| (told.number, told.reason())).collect();
    let ended = Refusal::EndedBadly;
    assert_eq!(refused, [(1, ended), (2, ended), (4, ended), (5, Refusal::Muted)]);
    assert_eq!(last_total(&players[1]) as usize, players[1].player.ticks() + 8);
    stage.until("it was counted", || games.watched().ended.get(&1) == Some(&3));
}

#[test]
fn effects_happen_once_and_the_game_ends_the_match() {
    let games = FakeGames::new(&[STEADY]);
    let stage = stage(&games);
    let mut players = stage.full_room("end", sums(1));
    players[0].send(&b"e+1"[..]);
    players[0].send(&b"e+2"[..]);
    players[0].send(&b"zten"[..]);
    stage.until("the end", || players[0].player.ended().is_some());
    let ended = players[0].player.ended().expect("it has");
    assert_eq!((ended.reason.as_str(), ended.agreed), ("finished", true));
    assert_eq!((ended.results[0].seat, &ended.results[0].result[..]), (65535, &b"ten"[..]));
    let effects: Vec<_> = games
        .watched()
        .effects
        .into_iter()
        .map(|(effect, again)| (effect.version, effect.ordinal, effect.data, again))
        .collect();
    assert_eq!(effects, [(1, 0, "+1".into(), false), (1, 1, "+2".into(), false)]);
    stage.until("the room is freed", || games.watched().rooms[&1] == 0);
    let replay = || stage.rooms.replay(&key("a", "end").app, &key("a", "end").room);
    stage.until("there is a replay", || replay().is_some() || ended.last_tick == 0);
    if let Some(file) = replay() {
        assert!(replay::verify(&file, &games.games().modules).expect("a true replay").agreed);
    }
}

#[test]
fn a_room_outlives_its_process_with_its_game() {
    for budget_us in [1, 1_000_000] {
        let games = FakeGames::new(&[STEADY]);
        let config = |epoch| RoomsConfig {
            epoch,
            rebuild_budget: std::time::Duration::from_micros(budget_us),
            ..with(&games)
        };
        let stage = Stage::with(config(1), |link| Arc::new(link));
        let mut players = stage.full_room("alive", sums(2));
        players[0].send(&b"a\x09"[..]);
        players[1].send(&b"x"[..]);
        stage.until("it plays", || {
            players.iter().all(|player| player.player.applied() == 1 && player.player.ticks() >= 30)
        });
        let before = players[0].player.ticks();
        let stage = stage.crash(config(2));
        let back: Vec<Seated> = players
            .iter()
            .map(|player| stage.come_back("alive", player, |_| String::new()).expect("a seat"))
            .collect();
        stage.until("it goes on", || back[0].player.ticks() >= before + 10);
        let (state, applied) = back[0].player.heard().states[0].clone();
        assert_eq!((state.run, applied), (2, 1));
        assert_eq!(number(&state.data), state.tick + 9);
        assert_eq!(last_total(&back[0]) as usize, back[0].player.ticks() + 9);
    }
}

#[test]
fn a_long_room_is_not_kept_by_its_log() {
    let games = FakeGames::new(&[STEADY]);
    let config = RoomsConfig { log_bytes: 4_000, ..with(&games) };
    let stage = Stage::with(config.clone(), |link| Arc::new(link));
    let players = stage.full_room("long", sums(1));
    // Each record counts with what it costs the journal: this is many times the log's bound.
    stage.until("it plays on", || players[0].player.ticks() >= 600 || players[0].player.ended().is_some());
    assert_eq!(players[0].player.ended(), None);
    let stage = stage.crash(RoomsConfig { epoch: 2, ..config });
    let back = stage.come_back("long", &players[0], |_| String::new()).expect("a seat");
    stage.until("it goes on", || back.player.ticks() >= 620);
    assert_eq!(last_total(&back) as usize, back.player.ticks());
}

#[test]
fn live_rooms_go_over_to_another_version_between_two_ticks() {
    let games = FakeGames::new(&[STEADY, FAST]);
    let stage = stage(&games);
    let mut rooms: Vec<Seated> =
        (0..5).flat_map(|number| stage.full_room(&format!("live{number}"), sums(1))).collect();
    stage.until("they play", || rooms.iter().all(|player| player.player.ticks() >= 3));
    let moved = moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1);
    assert_eq!(moved.len(), 5);
    assert!(moved.iter().all(|(_, outcome)| outcome.is_ok()), "{moved:?}");
    rooms.iter_mut().for_each(|player| player.send(&b"a\x01"[..]));
    stage.until("they play on", || {
        rooms.iter().all(|player| player.player.applied() == 1 && last_total(player) > 300)
    });
    for player in &rooms {
        let heard = player.player.heard();
        assert!(heard.early.is_empty() && heard.rewound.is_empty() && heard.run == 1);
        assert_eq!(heard.states.len(), 2, "the new version told its state");
        assert!(player.player.reasons().iter().any(|why| why.starts_with("logic")));
    }
    assert_eq!(games.watched().rooms, [(1, 0), (2, 5)].into());
    assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1).is_empty());
    let failed = moves(&stage, |rooms, which, done| rooms.swap(which, logic(3), done), 2);
    assert!(failed.len() == 5 && failed.iter().all(|(_, outcome)| outcome.is_err()));
    let now = last_total(&rooms[0]);
    stage.until("they play on all the same", || last_total(&rooms[0]) > now + 300);
}

#[test]
fn a_version_whose_ticks_fail_is_taken_back() {
    // Without save in the bad one, the way back is the state of the same inputs.
    for bad in [BAD, Version { saves: false, ..BAD }] {
        let games = FakeGames::new(&[STEADY, bad]);
        let stage = stage(&games);
        let mut players = stage.full_room("patched", sums(2));
        stage.until("it plays", || players[0].player.ticks() >= 3);
        let moved = moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1);
        assert!(moved[0].1.is_ok());
        stage.until("it is suspended", || games.watched().suspended == 1);
        let stands = stage.view("patched").expect("a view");
        assert!(stands.logic.is_some_and(|logic| logic.suspended));
        players[0].send(&b"a\x09"[..]);
        let moved = moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2);
        assert_eq!(moved.len(), 1);
        assert!(moved[0].1.is_ok(), "{moved:?}");
        let now = players[1].player.ticks();
        stage.until("it goes on", || {
            players.iter().all(|player| player.player.ticks() >= now + 5) && players[0].player.applied() == 1
        });
        let heard = players[1].player.heard();
        assert_eq!(heard.run, 2);
        assert!(heard.early.is_empty());
        assert_eq!(games.watched().rooms, [(1, 1), (2, 0)].into());
        // Ticks that failed added nothing, or were made up for; the input counts in any case.
        assert!(last_total(&players[1]) >= 9 + 3 + 5);
        let made_up = last_total(&players[1]) as usize == 9 + players[1].player.ticks();
        assert_eq!(made_up, !bad.saves, "the same inputs under the old version lose no tick");
    }
}

#[test]
fn the_way_back_leads_on_from_a_version_that_is_left_behind_as_well() {
    // The bad one cannot save, and the version before it is not to be played any more either.
    let games = FakeGames::new(&[STEADY, FAST, Version { saves: false, ..BAD }]);
    let stage = stage(&games);
    let players = stage.full_room("on", sums(1));
    for version in [1, 2] {
        stage.until("it plays", || players[0].player.ticks() >= 3 * version as usize);
        let moved = moves(&stage, |rooms, which, done| rooms.swap(which, logic(version + 1), done), version);
        assert_eq!(moved[0].1, Ok(()));
    }
    stage.until("it is suspended", || games.watched().suspended == 1);
    let moved = moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 3);
    assert_eq!(moved[0].1, Ok(()));
    let now = players[0].player.ticks();
    stage.until("it goes on", || players[0].player.ticks() >= now + 5);
    assert_eq!(games.watched().rooms, [(1, 1), (2, 0), (3, 0)].into());
    assert_eq!(players[0].player.heard().run, 2);
}

#[test]
fn the_way_back_outlives_the_process_with_and_without_an_image() {
    for budget_us in [1, 1_000_000] {
        let games = FakeGames::new(&[STEADY, Version { saves: false, ..BAD }]);
        let config = |epoch| RoomsConfig {
            epoch,
            rebuild_budget: std::time::Duration::from_micros(budget_us),
            ..with(&games)
        };
        let stage = Stage::with(config(1), |link| Arc::new(link));
        let mut players = stage.full_room("kept", sums(1));
        stage.until("it plays", || players[0].player.ticks() >= 3);
        assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
        players[0].send(&b"a\x09"[..]);
        stage.until("it is suspended", || games.watched().suspended == 1 && players[0].player.applied() == 1);
        let stage = stage.crash(config(2));
        let back = stage.come_back("kept", &players[0], |_| String::new()).expect("a seat");
        let moved = moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2);
        assert_eq!(moved[0].1, Ok(()));
        let now = back.player.ticks();
        stage.until("it goes on", || back.player.ticks() >= now + 5);
        assert_eq!(last_total(&back) as usize, back.player.ticks() + 9, "as if it had run all along");
    }
}

#[test]
fn rooms_stand_still_until_they_are_taken_back() {
    let games = FakeGames::new(&[STEADY, FAST]);
    let stage = stage(&games);
    let players = stage.full_room("back", sums(1));
    stage.until("it plays", || players[0].player.ticks() >= 3);
    assert!(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1)[0].1.is_ok());
    stage.until("it is faster", || last_total(&players[0]) > 500);
    let stopped = moves(&stage, |rooms, which, done| rooms.stand_still(which, done), 2);
    assert_eq!(stopped.len(), 1);
    let stands = players[0].player.ticks();
    stage.pass(std::time::Duration::from_secs(1));
    assert!(players[0].player.ticks() <= stands + 1);
    // The saved total is the fast one: it is what the players saw.
    assert!(moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(1), done), 2)[0].1.is_ok());
    stage.until("it goes on", || players[0].player.ticks() >= stands + 10);
    assert!(last_total(&players[0]) > 500);
}

#[test]
fn a_rebuilt_room_leaves_a_version_that_was_taken_back() {
    let games = FakeGames::new(&[STEADY, FAST]);
    let stage = stage(&games);
    *games.current.lock().expect("a version") = 2;
    let players = stage.full_room("refuge", sums(1));
    stage.until("it plays", || players[0].player.ticks() >= 3);
    *games.refuge.lock().expect("a refuge") = Some((2, 1));
    let stage = stage.crash(RoomsConfig { epoch: 2, ..with(&games) });
    let back = stage.come_back("refuge", &players[0], |_| String::new()).expect("a seat");
    stage.until("it goes on", || back.player.ticks() >= 20);
    let view = stage.view("refuge").expect("a view");
    assert_eq!(view.logic.map(|logic| logic.version), Some(1));
}
