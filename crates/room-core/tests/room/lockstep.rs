//! Inputs, ticks and frames.

use bytes::Bytes;
use prost::Message;
use protocol::messages::input_refused::Refusal;
use protocol::messages::{Frame, LateInput, RoomSpec};
use room_core::{
    InputDecision, Output, Phase, RoomEvent, RoomRequest, RunReason, as_backfill, as_first_backfill,
};

use crate::kit::*;

fn late(policy: LateInput) -> RoomSpec {
    with_lockstep(lockstep(3), |lockstep| lockstep.late_input = policy.into())
}

#[test]
fn inputs_are_told_with_the_next_tick_in_order_of_application() {
    let mut game = Match::playing(lockstep(3), &["ann", "bob"]);
    game.input(1, b"b1");
    game.input(0, b"a1");
    game.input(1, b"b2");
    game.ticks(2);
    let first = [(1, b"b1".to_vec()), (0, b"a1".to_vec()), (1, b"b2".to_vec())];
    assert_eq!(game.played(), [first.to_vec(), vec![]]);
    assert_eq!(game.room.applied_all(), [1, 2, 0]);
}

#[test]
fn frames_are_what_protobuf_makes_of_them() {
    let spec = with_lockstep(lockstep(200), |lockstep| lockstep.ticks_per_message = 3);
    let mut game = Match::playing(RoomSpec { late_join: true, ..spec }, &["ann"]);
    (1..200).for_each(|number| game.ask(join(&format!("p{number}"))));
    for (tick, length) in [0, 1, 127, 128, 300, 1024].into_iter().enumerate() {
        for seat in [0, 127, 128, 199] {
            game.input(seat, &vec![tick as u8; length]);
        }
        game.ticks(2);
    }
    let bodies: Vec<&Bytes> = game
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Frame { body, .. } => Some(body),
            _ => None,
        })
        .collect();
    assert_eq!(bodies.len(), 4);
    for body in bodies {
        assert_eq!(Frame::decode(body.as_ref()).unwrap().encode_to_vec(), body.as_ref());
    }
    let frames = game.frames();
    assert_eq!(frames.iter().map(|frame| frame.tick).collect::<Vec<_>>(), [1, 4, 7, 10]);
    assert_eq!(frames.iter().map(|frame| frame.continues_at).collect::<Vec<_>>(), [1, 0, 0, 0]);
    assert!(frames.iter().all(|frame| frame.run == 1 && frame.ticks.len() == 3 && !frame.backfill));
}

#[test]
fn numbers_are_taken_once_and_in_order() {
    let mut game = Match::playing(lockstep(2), &["ann"]);
    game.input(0, b"1");
    assert_eq!(game.offer(0, 1, 0, b"1"), InputDecision::Duplicate);
    assert_eq!(game.offer(0, 0, 0, b"?"), InputDecision::Duplicate);
    assert_eq!(game.offer(0, 3, 0, b"3"), InputDecision::Reject(Refusal::Gap));
    assert_eq!(game.offer(0, u32::MAX, 0, b"3"), InputDecision::Reject(Refusal::Gap));
    assert_eq!(game.room.applied(0), 1);
    game.input(0, b"2");
    game.tick();
    assert_eq!(game.played()[0].len(), 2);
}

#[test]
fn only_seated_players_play() {
    let mut game = Match::playing(lockstep(3), &["ann"]);
    game.ask(spectate("eve"));
    for seat in [1, 3, u16::MAX] {
        assert_eq!(game.offer(seat, 1, 0, b"x"), InputDecision::Reject(Refusal::Spectator));
    }
}

#[test]
fn inputs_outside_of_play_are_refused() {
    let mut game = Match::new(lockstep(2));
    game.ask(join("ann"));
    game.input_refused(0, 0, b"x", Refusal::NotPlaying);
    game.ask(start("ann"));
    game.input(0, b"second");
    game.ask(RoomRequest::Close { reason: room_core::EndReason::Closed });
    assert_eq!(game.offer(0, 3, 0, b"x"), InputDecision::Reject(Refusal::NotPlaying));
    let mut game = Match::playing(relay(2), &["ann"]);
    assert_eq!(game.room.next_tick(), None);
    game.input_refused(0, 0, b"x", Refusal::NotPlaying);
}

#[test]
fn long_inputs_are_refused() {
    let mut game = Match::playing(lockstep(2), &["ann"]);
    game.input_refused(0, 0, &[0; 1025], Refusal::TooLong);
    game.input(0, &[0; 1024]);
}

#[test]
fn muted_players_are_refused_until_they_may_again() {
    let mut game = Match::playing(late(LateInput::RepeatLast), &["ann"]);
    let mute = |muted| RoomRequest::Mute { player: player("ann"), muted };
    game.refused(RoomRequest::Mute { player: player("eve"), muted: true }, protocol::ErrorCode::NotInRoom);
    game.input(0, b"go");
    game.tick();
    game.ask(mute(true));
    game.holds(mute(true));
    game.input_refused(0, 0, b"x", Refusal::Muted);
    game.tick();
    game.ask(mute(false));
    game.input(0, b"y");
    game.tick();
    assert_eq!(game.played(), [vec![(0, b"go".to_vec())], vec![], vec![(0, b"y".to_vec())]]);
}

#[test]
fn a_late_input_counts_for_the_next_frame_or_is_dropped() {
    let mut game = Match::playing(late(LateInput::NextFrame), &["ann"]);
    game.ticks(5);
    assert!(matches!(game.offer(0, 1, 3, b"x"), InputDecision::Apply(RoomEvent::Input { tick: 6, .. })));
    let mut game = Match::playing(late(LateInput::Drop), &["ann"]);
    game.ticks(5);
    game.input_refused(0, 5, b"x", Refusal::Late);
    assert!(matches!(game.offer(0, 2, 6, b"x"), InputDecision::Apply(RoomEvent::Input { tick: 6, .. })));
    game.input(0, b"any");
}

#[test]
fn a_silent_seat_repeats_its_last_input_until_it_is_gone() {
    let mut game = Match::playing(late(LateInput::RepeatLast), &["ann", "bob"]);
    game.tick();
    game.input(1, b"left");
    game.input(1, b"right");
    game.ticks(2);
    game.input(0, b"jump");
    game.tick();
    game.ask(lost("bob"));
    game.tick();
    game.ask(gone("bob"));
    game.tick();
    let (left, right, jump) = ((1, b"left".to_vec()), (1, b"right".to_vec()), (0, b"jump".to_vec()));
    let expected = [
        vec![],
        vec![left, right.clone()],
        vec![right.clone()],
        vec![jump.clone(), right.clone()],
        vec![jump.clone(), right],
        vec![jump],
    ];
    assert_eq!(game.played(), expected);
    assert_eq!(game.room.applied_all(), [1, 2, 0], "repeating counts for nothing");
}

#[test]
fn an_early_input_waits_for_its_tick_and_is_not_overtaken() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.offer(0, 1, 3, b"a3");
    game.offer(0, 2, 0, b"a after it");
    game.offer(1, 1, 0, b"b1");
    game.offer(1, 2, u32::MAX, b"far");
    game.ticks(65);
    let played = game.played();
    assert_eq!(played[0], [(1, b"b1".to_vec())]);
    assert_eq!(played[2], [(0, b"a3".to_vec()), (0, b"a after it".to_vec())]);
    assert_eq!(played[63], [(1, b"far".to_vec())]);
    assert_eq!(played.iter().map(Vec::len).sum::<usize>(), 4);
}

#[test]
fn a_room_grown_silent_after_a_new_run_says_where_it_goes_on() {
    let spec = with_lockstep(lockstep(2), |lockstep| lockstep.ticks_per_message = 4);
    let mut game = Match::playing(spec, &["ann"]);
    game.ticks(6);
    let event = game.room.new_run(RunReason::Recovery);
    assert_eq!(event, RoomEvent::RunBegan { run: 2, continues_at: 7, reason: RunReason::Recovery });
    game.apply(event);
    game.ticks(8);
    let told: Vec<_> = game
        .frames()
        .iter()
        .map(|frame| (frame.run, frame.tick, frame.ticks.len(), frame.continues_at))
        .collect();
    assert_eq!(told, [(1, 1, 4, 1), (1, 5, 2, 0), (2, 7, 4, 7), (2, 11, 4, 0)]);
    assert_eq!((game.room.run(), game.room.continues_at()), (2, 7));
}

#[test]
fn the_end_tells_what_was_held_back() {
    let spec = with_lockstep(lockstep(2), |lockstep| lockstep.ticks_per_message = 8);
    let mut game = Match::playing(spec, &["ann"]);
    game.input(0, b"x");
    game.ticks(3);
    assert!(game.frames().is_empty());
    game.ask(leave("ann"));
    assert_eq!(game.room.phase(), Phase::Ended(room_core::EndReason::Empty));
    assert_eq!(game.played(), [vec![(0, b"x".to_vec())], vec![], vec![]]);
    assert!(matches!(game.outputs.last(), Some(Output::Ended { .. })));
}

#[test]
fn backfill_tells_the_same_ticks_as_of_the_run() {
    let mut game = Match::playing(lockstep(2), &["ann"]);
    for number in 0..50_u8 {
        game.input(0, &[number; 20]);
        game.tick();
    }
    let bodies: Vec<&[u8]> = game
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Frame { body, .. } => Some(body.as_ref()),
            _ => None,
        })
        .collect();
    let messages = as_backfill(bodies.iter().copied(), 3, 11, 256).unwrap();
    assert!(messages.len() > 3 && messages.iter().all(|message| message.len() < 300));
    let mut tick = 11;
    for message in messages {
        let frame = Frame::decode(message.as_ref()).unwrap();
        assert_eq!(frame.encode_to_vec(), message.as_ref());
        assert_eq!((frame.run, frame.tick, frame.continues_at, frame.backfill), (3, tick, 0, true));
        for entry in &frame.ticks {
            assert_eq!(entry[2..], [tick as u8 - 1; 20]);
            tick += 1;
        }
    }
    assert_eq!(tick, 51);
    let first = as_first_backfill(bodies.iter().copied(), 3, 30, 11, 256).unwrap();
    let said: Vec<_> = first.iter().map(|body| Frame::decode(body.as_ref()).unwrap().continues_at).collect();
    assert_eq!(said[..2], [30, 0]);
    assert!(as_backfill([&b"\xff\xff"[..]], 1, 1, 100).is_err());
}
