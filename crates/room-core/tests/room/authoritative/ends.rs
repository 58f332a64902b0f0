//! Calls that end badly: they count as not made, and the log says so.

use bytes::Bytes;
use protocol::messages::RoomSpec;
use protocol::messages::input_refused::Refusal;
use room_core::modules::CallEnd;
use room_core::{InputDecision, Output, Room, RoomEvent, Why};

use super::fake::GOOD;
use super::play::{Play, spec};
use super::total;
use crate::kit::*;

fn ended(event: RoomEvent, end: CallEnd) -> RoomEvent {
    RoomEvent::CallEnded { event: Box::new(event), end }
}

#[test]
fn an_input_that_fails_is_refused_and_leaves_no_trace_in_the_game() {
    let mut play = Play::begun(&[GOOD]);
    play.tick();
    play.told();
    let end = CallEnd::Trap("out of bounds".into());
    let input = RoomEvent::Input { seat: 1, number: 1, tick: 2, data: Bytes::from_static(b"x") };
    assert_eq!(play.input(1, b"x"), ended(input, end.clone()));
    let call_ended = Output::CallEnded { call: "input", seat: Some(1), end };
    assert_eq!(
        play.told(),
        [call_ended, Output::Refused { seat: 1, number: 1, reason: Refusal::EndedBadly }]
    );
    assert_eq!(play.room.applied(1), 1);
    play.input(1, b"a\x05");
    play.tick();
    assert_eq!(play.said(), [(2, vec![b"a\x01\x05".to_vec(), total(7, 2)])]);
    play.check();
}

#[test]
fn the_record_is_obeyed_whatever_the_call_would_do() {
    let mut play = Play::begun(&[GOOD]);
    // As if this machine had been too slow for a call that is harmless on any other.
    let input = RoomEvent::Input { seat: 0, number: 1, tick: 1, data: Bytes::from_static(b"a\x63") };
    play.apply(ended(input, CallEnd::Interrupted));
    play.told();
    play.tick();
    assert_eq!(play.said(), [(1, vec![total(1, 1)])]);
    play.check();
}

#[test]
fn a_seat_whose_inputs_fail_three_times_in_a_minute_is_muted() {
    let mut play = Play::begun(&[GOOD]);
    play.input(0, b"x");
    // The first one is forgotten after a minute of the room's time.
    (0..1200).for_each(|_| drop(play.tick()));
    play.input(0, b"x");
    play.input(0, b"x");
    assert!(matches!(play.input(0, b"a\x01"), RoomEvent::Input { .. }));
    play.input(0, b"x");
    let refused = RoomEvent::Refused { seat: 0, number: 6, reason: Refusal::Muted };
    assert_eq!(play.input(0, b"a\x01"), refused);
    assert!(matches!(play.input(1, b"a\x01"), RoomEvent::Input { .. }), "the other seat plays on");
    play.check();
    // It stays muted through an image, and until its player has left for good.
    play.new_checkpoint();
    play.room = play.checkpoint.heal().unwrap();
    play.ask(gone("ann"));
    play.ask(join_as("ann", 2, false));
    assert!(matches!(play.input(0, b"a\x01"), RoomEvent::Refused { .. }));
    play.check();
}

#[test]
fn three_failing_ticks_in_a_row_suspend_the_room() {
    let mut play = Play::begun(&[GOOD]);
    play.input(0, b"a\x09");
    play.input(0, b"t\x01");
    play.told();
    for number in 1..=3 {
        assert!(matches!(play.tick(), RoomEvent::CallEnded { .. }));
        assert_eq!(play.room.tick(), number);
        assert_eq!(play.room.is_suspended(), number == 3);
    }
    let told = play.told();
    let changed = Output::Changed { why: Why::Logic, player: player("") };
    assert_eq!(told[told.len() - 2..], [Output::Suspended { end: CallEnd::OutOfFuel }, changed]);
    play.outputs = told;
    // What inputs had said before is told all the same.
    assert_eq!(play.said(), [(1, vec![b"a\x00\x09".to_vec()]), (2, vec![]), (3, vec![])]);
    assert_eq!(play.room.next_tick(), None);
    assert!(play.room.view().logic.unwrap().suspended);
    // Inputs still count, within the limits of one tick.
    let apply = |decision| matches!(decision, InputDecision::Apply(_));
    for number in 3..=18 {
        let decision = play.room.offer_input(0, number, 0, &Bytes::from_static(b"a\x01"));
        assert!(apply(decision.clone()), "{number}: {decision:?}");
        let InputDecision::Apply(event) = decision else { return };
        play.apply(event);
    }
    assert!(!apply(play.room.offer_input(0, 19, 0, &Bytes::from_static(b"a\x01"))));
    play.check();
}

#[test]
fn ticks_that_fail_now_and_then_suspend_nothing() {
    let mut play = Play::begun(&[GOOD]);
    for _ in 0..10 {
        play.input(0, b"t\x01");
        assert!(matches!(play.tick(), RoomEvent::CallEnded { .. }));
        play.input(0, b"t\x00");
        assert!(matches!(play.tick(), RoomEvent::Tick { .. }));
    }
    assert!(!play.room.is_suspended());
    play.check();
}

#[test]
fn who_could_not_be_told_to_the_game_sits_there_muted() {
    let mut play = Play::new(RoomSpec { late_join: true, ..spec(3) }, &[GOOD]);
    ["ann", "bob"].iter().for_each(|name| play.ask(join(name)));
    play.ask(start("ann"));
    play.ask(join("bad"));
    assert!(matches!(play.log.last(), Some(RoomEvent::CallEnded { .. })));
    assert_eq!(play.room.seat_of(&player("bad")), Some(2));
    assert!(matches!(play.input(2, b"a\x01"), RoomEvent::Refused { reason: Refusal::Muted, .. }));
    // The game knows of nobody there: it would not take a leave.
    play.ask(leave("bad"));
    play.ask(join("cid"));
    assert!(matches!(play.input(2, b"a\x01"), RoomEvent::Input { .. }));
    play.check();
}

#[test]
fn leaving_and_looking_may_fail_without_harm() {
    let mut play = Play::begun(&[GOOD]);
    play.input(1, b"q");
    play.ask(leave("bob"));
    assert_eq!(play.room.seat_of(&player("bob")), None);
    play.input(0, b"v\x01");
    play.told();
    assert!(matches!(play.show("ann"), RoomEvent::CallEnded { .. }));
    let call_ended = Output::CallEnded { call: "view", seat: Some(0), end: CallEnd::Status(3) };
    let nothing = Output::State { session: session("ann", 1), run: 1, tick: 0, data: Bytes::new() };
    assert_eq!(play.told(), [call_ended, nothing]);
    play.check();
}

#[test]
fn saying_too_much_is_a_bad_end_and_leaves_the_tick_its_room() {
    let mut play = Play::begun(&[GOOD]);
    assert!(matches!(play.input(0, b"f\x18"), RoomEvent::Input { .. }), "24 kB fit");
    let too_much = play.input(1, b"f\x01");
    assert!(matches!(too_much, RoomEvent::CallEnded { end: CallEnd::SaidTooMuch, .. }));
    assert!(matches!(play.tick(), RoomEvent::Tick { .. }), "the tick itself may still speak");
    assert!(matches!(play.input(1, b"f\x01"), RoomEvent::Input { .. }));
    for ordinal in 0..15 {
        play.input(0, b"e+1");
        assert!(
            matches!(play.outputs.last(), Some(Output::Effect { ordinal: found, .. }) if *found == ordinal)
        );
    }
    let long = [&b"z"[..], &[0; 900]].concat();
    assert!(matches!(play.input(1, &long), RoomEvent::Input { .. }));
    play.check();
}

#[test]
fn a_room_is_made_anew_only_after_a_call_that_ended_badly() {
    let mut play = Play::begun(&[GOOD]);
    let made = || play.engine.made.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(made(), 1);
    (0..50).for_each(|_| drop(play.tick()));
    play.input(0, b"x");
    assert_eq!(play.engine.made.load(std::sync::atomic::Ordering::Relaxed), 2);
    assert!(play.checkpoint.tail_bytes() > 100);
    assert!(play.checkpoint.tail_fuel(&play.room) > 500);
    play.new_checkpoint();
    assert_eq!((play.checkpoint.tail_bytes(), play.checkpoint.tail_fuel(&play.room)), (0, 0));
}

#[test]
fn the_last_words_of_a_failed_call_are_heard_by_its_author() {
    let mut play = Play::begun(&[GOOD]);
    play.input(0, b"w");
    assert_eq!(play.outputs[0], Output::Log { level: 3, text: "help".into() });
    play.tick();
    assert_eq!(play.said(), [(1, vec![total(1, 1)])]);
    play.check();
}

#[test]
fn a_poisoned_room_does_nothing_more() {
    let mut play = Play::begun(&[GOOD]);
    let input = RoomEvent::Input { seat: 0, number: 1, tick: 1, data: Bytes::from_static(b"x") };
    let mut outputs = Vec::new();
    assert!(play.room.try_apply(&input, &mut outputs).is_err());
    assert!(play.room.is_poisoned() && outputs.is_empty());
    assert_eq!(play.room.next_tick(), None);
    assert_eq!(play.room.offer_show(&player("ann")), None);
    let decision = play.room.offer_input(0, 2, 0, &Bytes::new());
    assert!(matches!(decision, InputDecision::Reject(_)));
}

#[test]
fn a_log_with_such_records_in_a_room_without_game_is_refused() {
    let mut game = Match::playing(lockstep(2), &["ann"]);
    let input = RoomEvent::Input { seat: 0, number: 1, tick: 1, data: Bytes::new() };
    assert!(game.room.admit(&ended(input, CallEnd::OutOfFuel), &mut game.outputs).is_err());
    assert!(game.room.admit(&RoomEvent::Shown { player: player("ann") }, &mut game.outputs).is_err());
    let mut play = Play::begun(&[GOOD]);
    let twice = ended(RoomEvent::Started, CallEnd::OutOfFuel);
    assert!(play.room.admit(&twice, &mut play.outputs).is_err());
    let mut bytes = Vec::new();
    ended(ended(RoomEvent::Tick { number: 1, hash: None }, CallEnd::OutOfFuel), CallEnd::OutOfFuel)
        .encode(&mut bytes);
    assert!(RoomEvent::decode(&bytes).is_err());
}

#[test]
fn damaged_images_of_a_game_are_refused_or_lead_to_some_room() {
    let mut play = Play::begun(&[GOOD]);
    play.input(0, b"a\x01");
    play.tick();
    let image = play.room.image();
    for length in 0..image.len() {
        assert!(Room::restore(&image[..length], &play.modules).is_err());
    }
    for at in 0..image.len() {
        let mut damaged = image.clone();
        damaged[at] ^= 0xff;
        let _ = Room::restore(&damaged, &play.modules);
    }
}
