//! Replay files: written, verified, damaged, forged, and of earlier versions.

use bytes::Bytes;
use model::Seat;
use protocol::messages::RoomSpec;
use room_core::modules::none;
use room_core::replay::{self, Finding};
use room_core::{Damaged, EndReason, RoomEvent, RoomRequest, RunReason};

use crate::kit::*;

/// Written by the first version of the format. Every later program reads it.
const V1: &[u8] = include_bytes!("../fixtures/v1.jzrp");

/// A short match with a bit of everything.
fn sample() -> Match {
    let spec = with_lockstep(lockstep(3), |lockstep| {
        lockstep.ticks_per_message = 2;
        lockstep.late_input = 2;
        lockstep.seed = 4711;
    });
    let mut game = Match::playing(RoomSpec { bots: 1, ..spec }, &["ann", "bob"]);
    game.ask(spectate("eve"));
    for number in 0..45_u8 {
        if number % 5 == 0 {
            game.input((number % 2).into(), &[number; 3]);
        }
        if number == 20 {
            game.ask(lost("bob"));
            let run = game.room.new_run(RunReason::Recovery);
            game.apply(run);
        }
        if number == 30 {
            game.ask(join_as("bob", 2, false));
        }
        game.tick();
    }
    game.input_refused(0, 0, &[0; 2000], protocol::messages::input_refused::Refusal::TooLong);
    game.vote(0, 40, 77);
    game.vote(1, 40, 77);
    game.ask(result("ann", "ann wins", 45));
    game.ask(result("bob", "ann wins", 45));
    game
}

fn file(game: &Match) -> Vec<u8> {
    write(&game.log).unwrap()
}

fn write(log: &[RoomEvent]) -> Result<Vec<u8>, Damaged> {
    replay::write(log.iter().cloned().map(Ok), &none())
}

#[test]
fn a_replay_is_verified_and_told() {
    let game = sample();
    let report = replay::verify(&file(&game), &none()).unwrap();
    assert_eq!(report.room, *game.room.key());
    assert_eq!((report.ticks, report.duration_ms, report.runs), (45, 2250, 2));
    assert_eq!((report.inputs, report.hashes), (9, 3));
    assert_eq!(report.events, game.log.len() as u64);
    assert!(report.agreed);
    assert_eq!(report.ended, game.room.ended());
    let seats: Vec<_> = report.seats.iter().map(|seat| (seat.seat, seat.name.as_str(), seat.bot)).collect();
    assert_eq!(seats, [(0, "ANN", false), (1, "BOB", false), (2, "", true)]);
}

#[test]
fn the_view_holds_what_was_played() {
    let game = sample();
    let view = replay::view(&replay::read(&file(&game)).unwrap(), &none()).unwrap();
    assert_eq!((view.seed, view.tick_hz, view.mode.as_str(), view.agreed), (4711, 20, "duel", true));
    let ticks: Vec<Vec<(Seat, Vec<u8>)>> = view
        .ticks
        .iter()
        .map(|tick| tick.iter().map(|(seat, data)| (*seat, data.to_vec())).collect())
        .collect();
    assert_eq!(ticks, game.played());
    assert_eq!(ticks.len(), 45);
    assert_eq!(view.results.len(), 2);
}

#[test]
fn the_view_of_an_unfinished_room_holds_every_tick() {
    let spec = with_lockstep(lockstep(2), |lockstep| lockstep.ticks_per_message = 8);
    let mut game = Match::playing(spec, &["ann"]);
    game.ticks(12);
    let file = file(&game);
    assert_eq!(replay::verify(&file, &none()).unwrap().ended, None);
    assert_eq!(replay::view(&replay::read(&file).unwrap(), &none()).unwrap().ticks.len(), 12);
}

#[test]
fn every_flipped_byte_is_found() {
    let file = file(&sample());
    assert!(replay::verify(&file, &none()).is_ok());
    for at in 0..file.len() {
        for bits in (0..8).map(|bit| 1 << bit).chain([0xff]) {
            let mut damaged = file.clone();
            damaged[at] ^= bits;
            assert!(replay::verify(&damaged, &none()).is_err(), "byte {at} ^ {bits:#x} goes unnoticed");
        }
    }
}

#[test]
fn every_missing_or_added_byte_is_found() {
    let file = file(&sample());
    for length in 0..file.len() {
        assert!(replay::verify(&file[..length], &none()).is_err(), "{length} bytes are taken for all");
    }
    assert!(replay::verify(&[&file[..], &[0]].concat(), &none()).is_err());
    assert_eq!(replay::verify(b"PNG...", &none()), Err(Finding::NotAReplay));
    assert_eq!(replay::verify(b"JZRP\x02", &none()), Err(Finding::Version(2)));
    assert!(matches!(replay::verify(b"JZRP\x01", &none()), Err(Finding::Truncated { at: 5 })));
}

#[test]
fn session_ids_and_invite_stay_at_home() {
    let file = file(&sample());
    let holds = |word: &[u8]| file.windows(word.len()).any(|window| window == word);
    assert!(holds(b"ann") && !holds(b"ann-1") && !holds(b"bob-2") && !holds(b"4711"));
}

#[test]
fn a_long_replay_is_cut_into_chunks_that_keep_their_order() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    for number in 0..200_u32 {
        game.input(0, &[number as u8; 1000]);
        game.tick();
    }
    let file = file(&game);
    assert_eq!(replay::verify(&file, &none()).unwrap().inputs, 200);
    let length = u32::from_le_bytes(file[6..10].try_into().unwrap()) as usize + 9;
    let (head, first, rest) = (&file[..5], &file[5..5 + length], &file[5 + length..]);
    let length = u32::from_le_bytes(rest[1..5].try_into().unwrap()) as usize + 9;
    let swapped = [head, &rest[..length], first, &rest[length..]].concat();
    assert!(matches!(replay::verify(&swapped, &none()), Err(Finding::Checksum { at: 5, .. })));
}

#[test]
fn a_forged_log_does_not_become_a_file() {
    let mut log = sample().log;
    for event in &mut log {
        if let RoomEvent::Input { number: 2, data, .. } = event {
            *data = Bytes::from_static(b"???");
        }
    }
    let damage = write(&log).unwrap_err().to_string();
    assert!(damage.contains("the state before tick"), "{damage}");
    assert!(write(&[]).is_err());
    assert!(write(&log[1..]).is_err());
}

#[test]
fn a_relay_room_has_a_replay_too() {
    let mut game = Match::new(relay(2));
    game.ask(join("ann"));
    game.ask(RoomRequest::Close { reason: EndReason::Closed });
    let report = replay::verify(&file(&game), &none()).unwrap();
    assert_eq!((report.ticks, report.duration_ms, report.agreed), (0, 0, false));
}

#[test]
fn files_of_version_one_are_read() {
    let report = replay::verify(V1, &none()).unwrap();
    assert_eq!(report.room.room.as_str(), "168-k3v9x2m4p7");
    assert_eq!((report.ticks, report.inputs, report.hashes, report.runs, report.agreed), (45, 9, 3, 2, true));
    assert_eq!(report.ended.unwrap().reason, "finished");
    let view = replay::view(&replay::read(V1).unwrap(), &none()).unwrap();
    assert_eq!(view.ticks[5], [(1, Bytes::from_static(&[5; 3])), (0, Bytes::from_static(&[0; 3]))]);
    assert_eq!(view.results[0].result, "ann wins");
}

#[test]
#[ignore = "writes the fixture of a new version; the existing ones are never written again"]
fn write_the_fixture() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1.jzrp");
    std::fs::write(path, file(&sample())).unwrap();
}
