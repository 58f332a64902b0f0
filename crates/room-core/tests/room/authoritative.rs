//! Authoritative rooms: a game that is told, that speaks, that fails, and that is replaced.

mod ends;
mod fake;
mod play;
mod random;
mod swaps;

use std::sync::Arc;

use bytes::Bytes;
use model::Tick;
use protocol::ErrorCode;
use protocol::messages::{self, RoomSpec};
use room_core::modules::{Modules, none};
use room_core::{
    EndReason, LeftWhy, LogicLoad, NotFounded, Output, ROOM_SEAT, Room, RoomEvent, RunReason,
    replay::{self, Finding},
};

use crate::kit::*;
use fake::{GOOD, Version, engine, logic};
use play::{Play, authoritative, spec};

fn total(number: u32, tick: Tick) -> Vec<u8> {
    (number + tick).to_le_bytes().to_vec()
}

#[test]
fn inputs_reach_the_game_at_once_and_the_tick_tells_what_came_of_them() {
    let mut play = Play::begun(&[GOOD]);
    play.input(1, b"a\x05");
    play.input(0, b"a\x02");
    assert_eq!(play.told(), [], "nothing is told before the tick");
    play.tick();
    play.tick();
    let first = (1, vec![b"a\x01\x05".to_vec(), b"a\x00\x02".to_vec(), total(8, 1)]);
    assert_eq!(play.said(), [first, (2, vec![total(9, 2)])]);
    assert_eq!(play.room.applied_all(), [1, 1, 0]);
    play.check();
}

#[test]
fn the_game_hears_who_comes_and_goes() {
    let mut play = Play::begun(&[GOOD]);
    play.tick();
    assert_eq!(play.said(), [(1, vec![total(1, 1)])], "before the start nobody listened");
    play.ask(gone("bob"));
    play.tick();
    assert_eq!(play.said(), [(2, vec![vec![b'l', 1, LeftWhy::Gone as u8], total(2, 2)])]);
    // Away already: leaving for good is nothing new to the game; a newer session of somebody who is there neither.
    play.ask(join_as("ann", 2, false));
    play.tick();
    assert_eq!(play.said(), [(3, vec![total(3, 3)])]);
    play.ask(join_as("bob", 2, false));
    play.ask(kick("ann", "bob", false));
    play.tick();
    assert_eq!(play.said(), [(4, vec![vec![b'j', 1], vec![b'l', 1, LeftWhy::Kicked as u8], total(4, 4)])]);
    play.check();
}

#[test]
fn each_member_is_shown_what_it_may_see() {
    let mut play = Play::begun(&[GOOD]);
    play.ask(spectate("eve"));
    play.tick();
    play.told();
    play.show("bob");
    play.show("eve");
    let state = |name, who: u8| Output::State {
        session: session(name, 1),
        run: 1,
        tick: 1,
        data: vec![1, 0, 0, 0, who].into(),
    };
    assert_eq!(play.told(), [state("bob", 1), state("eve", 255)]);
    assert_eq!(play.room.offer_show(&player("nobody")), None);
    play.check();
    let mut blind = Play::begun(&[Version { views: false, ..GOOD }]);
    blind.show("ann");
    let nothing = Output::State { session: session("ann", 1), run: 1, tick: 0, data: Bytes::new() };
    assert_eq!(blind.told(), [nothing]);
}

#[test]
fn words_to_one_seat_effects_and_logs_go_their_own_ways() {
    let mut play = Play::begun(&[GOOD]);
    play.tick();
    play.told();
    play.input(0, b"s\x01");
    play.input(0, b"e+1");
    play.input(1, b"e+2");
    play.input(1, b"l");
    let effect = |tick, ordinal, data: &'static [u8]| Output::Effect {
        tick,
        ordinal,
        kind: "score".into(),
        data: Bytes::from_static(data),
    };
    let message = Output::Message { seat: 1, run: 1, tick: 2, data: Bytes::from_static(b"psst") };
    let log = Output::Log { level: 2, text: "hm".into() };
    let metric = Output::Metric { name: "depth".into(), value: 0.5 };
    assert_eq!(play.told(), [message, effect(2, 0, b"+1"), effect(2, 1, b"+2"), log, metric]);
    play.tick();
    play.told();
    play.input(1, b"e+3");
    assert_eq!(play.told(), [effect(3, 0, b"+3")]);
    play.check();
}

#[test]
fn the_game_ends_the_match_with_a_result_that_is_trusted() {
    let mut play = Play::begun(&[GOOD]);
    play.tick();
    let refused = play.room.decide(&result("ann", "mine", 1)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::BadRequest);
    play.input(1, b"zbob wins");
    play.told();
    assert_eq!(play.tick(), RoomEvent::Ended { reason: EndReason::Finished });
    assert_eq!(play.told(), [Output::Ended { reason: EndReason::Finished }]);
    let ended = play.room.ended().unwrap();
    let result =
        messages::SeatResult { seat: ROOM_SEAT.into(), result: Bytes::from_static(b"bob wins"), hash: 0 };
    assert_eq!((ended.results, ended.agreed), (vec![result], true));
    assert_eq!(play.room.next_tick(), None);
    play.check();
}

#[test]
fn a_log_that_stops_before_the_end_still_comes_to_it() {
    let mut play = Play::begun(&[GOOD]);
    play.input(0, b"zover");
    let room = Room::rebuild(play.log.iter().cloned().map(Ok), &play.modules, &mut Vec::new()).unwrap();
    assert_eq!(room.next_tick(), Some(RoomEvent::Ended { reason: EndReason::Finished }));
}

#[test]
fn a_room_is_not_founded_without_a_game_that_begins() {
    let found = |modules: &Arc<dyn Modules>, founding| Room::found(founding, modules, &mut Vec::new()).err();
    assert!(matches!(found(&none(), authoritative(spec(2))), Some(NotFounded::Module(_))));
    let bad: Arc<dyn Modules> = engine(&[Version { bad_init: true, ..GOOD }]);
    assert!(matches!(found(&bad, authoritative(spec(2))), Some(NotFounded::Init(_))));
    assert_eq!(found(&bad, founding(spec(2))), Some(NotFounded::NoLogic));
}

#[test]
fn the_view_names_what_runs() {
    let play = Play::begun(&[GOOD]);
    let shown = play.room.view().logic.unwrap();
    assert_eq!((shown.game.as_str(), shown.version, shown.suspended), ("fake", 1, false));
    assert_eq!(shown.hash, "010101010101");
    assert_eq!(play.room.spec().period_us(), Some(50_000));
}

#[test]
fn specifications_name_a_game_and_nothing_that_does_not_belong() {
    let refused = |spec: RoomSpec| room_core::RoomSpec::try_from(spec).unwrap_err().code;
    let named = |game: &str| {
        let part = messages::AuthoritativeSpec { game: game.into(), ..Default::default() };
        RoomSpec { authoritative: Some(part), ..spec(2) }
    };
    for bad in [
        named(""),
        named("ro om"),
        named(&"x".repeat(65)),
        RoomSpec { authoritative: None, ..spec(2) },
        RoomSpec { lockstep: Some(Default::default()), ..spec(2) },
        RoomSpec { authoritative: spec(2).authoritative, ..lockstep(2) },
        RoomSpec { authoritative: spec(2).authoritative, ..relay(2) },
    ] {
        assert_eq!(refused(bad), ErrorCode::BadSpec);
    }
    let wish = room_core::RoomSpec::try_from(named("jianzi.v2_x-1")).unwrap();
    assert!(wish.needs_seed() && wish.clone().with_seed(5).answers(&wish));
    assert_eq!((wish.tick_hz(), wish.clone().with_seed(0).seed()), (Some(20), Some(1)));
}

#[test]
fn a_second_run_says_where_it_goes_on() {
    let mut play = Play::begun(&[GOOD]);
    play.tick();
    let run = play.room.new_run(RunReason::Recovery);
    play.apply(run);
    play.told();
    play.tick();
    let Some(Output::Frame { body, .. }) = play.told().pop() else { panic!("no frame") };
    let frame: messages::Frame = prost::Message::decode(body.as_ref()).unwrap();
    assert_eq!((frame.run, frame.tick, frame.continues_at), (2, 2, 2));
    play.check();
}

#[test]
fn what_the_calls_cost_is_counted_once() {
    let mut play = Play::begun(&[GOOD]);
    play.room.take_logic_load();
    play.tick();
    play.input(0, b"x");
    let LogicLoad { calls, ended, fuel } = play.room.take_logic_load();
    assert_eq!((calls, ended), (2, 1));
    assert!(fuel >= 20);
    assert_eq!(play.room.take_logic_load(), LogicLoad::default());
}

/// Written by the first version that knew authoritative rooms. The fake game is part of it.
const V2: &[u8] = include_bytes!("../fixtures/v2.jzrp");

fn two_versions() -> [Version; 2] {
    [GOOD, Version { pace: 3, ..GOOD }]
}

/// A match with failures and swaps.
fn sample() -> Play {
    let mut play = Play::begun(&two_versions());
    for number in 0..70_u8 {
        match number {
            10 => drop(play.input(0, b"x")),
            20 => drop(play.swap(2)),
            30 => drop(play.input(1, b"t\x01")),
            32 => drop(play.swap(1)),
            40 => drop(play.show("ann")),
            _ => drop(play.input(number as u16 % 2, &[b'a', number])),
        }
        play.tick();
    }
    assert_eq!(play.room.logic(), Some(&logic(1)));
    play.input(0, b"zann");
    play.tick();
    play
}

#[test]
fn a_match_with_failures_and_swaps_has_a_true_replay() {
    let mut play = sample();
    let file = replay::write(play.log.iter().cloned().map(Ok), &play.modules).unwrap();
    let report = replay::verify(&file, &play.modules).unwrap();
    assert_eq!((report.ticks, report.agreed), (70, true));
    // Told before anything is played.
    let without = |modules: Arc<dyn Modules>| replay::verify(&file, &modules).unwrap_err();
    let missing = |version| move |finding: &Finding| matches!(finding, Finding::Module(no_module) if no_module.module == logic(version).hash);
    let (no_first, no_second) = (without(none()), without(engine(&two_versions()[..1])));
    assert!(missing(1)(&no_first) && missing(2)(&no_second), "{no_first}, {no_second}");
    let view = replay::view(&replay::read(&file).unwrap(), &play.modules).unwrap();
    assert_eq!((view.seed, view.tick_hz, view.ticks.len()), (9, 20, 70));
    play.check();
}

#[test]
fn files_of_version_two_are_read() {
    let modules: Arc<dyn Modules> = engine(&two_versions());
    let report = replay::verify(V2, &modules).unwrap();
    assert_eq!((report.ticks, report.inputs, report.hashes, report.agreed), (70, 67, 4, true));
    assert_eq!(report.ended.unwrap().results[0].result, "ann");
}

#[test]
#[ignore = "writes the fixture of a new version; the existing ones are never written again"]
fn write_the_fixture() {
    let play = sample();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v2.jzrp");
    let file = replay::write(play.log.iter().cloned().map(Ok), &play.modules).unwrap();
    std::fs::write(path, file).unwrap();
}
