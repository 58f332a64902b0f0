//! Results, deadlines and the end.

use protocol::ErrorCode::*;
use protocol::messages::RoomSpec;
use room_core::{Deadline, Due, EndReason, Output, Phase, RoomRequest, limits};

use crate::kit::*;

fn empty_deadline(game: &Match) -> Option<(Deadline, Due)> {
    game.room.deadlines().into_iter().find(|(deadline, _)| matches!(deadline, Deadline::Empty { .. }))
}

fn has_results_deadline(game: &Match) -> bool {
    game.room.deadlines().contains(&(Deadline::Results, Due::In(limits::RESULT_GRACE_MS)))
}

#[test]
fn when_all_have_reported_the_room_is_finished() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.ticks(3);
    game.refused(result("eve", "x", 1), NotInRoom);
    game.refused(result("ann", "x", 4), BadRequest);
    game.ask(result("ann", "ann 3", 3));
    game.holds(result("ann", "ann 3", 3));
    game.refused(result("ann", "ann 9", 3), WrongPhase);
    game.ask(result("bob", "ann 3", 3));
    assert_eq!(game.outputs.last(), Some(&Output::Ended { reason: EndReason::Finished }));
    let ended = game.room.ended().unwrap();
    assert_eq!((ended.reason.as_str(), ended.last_tick, ended.agreed), ("finished", 3, true));
    assert_eq!(ended.results.len(), 2);
    // A lost answer may be asked for again.
    game.holds(result("bob", "ann 3", 3));
    game.refused(result("bob", "bob 3", 3), WrongPhase);
}

#[test]
fn unequal_results_end_the_room_and_are_not_agreed() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.ask(result("ann", "ann", 0));
    game.ask(result("bob", "bob", 0));
    assert!(!game.room.ended().unwrap().agreed);
}

#[test]
fn a_lost_player_is_awaited_and_a_gone_one_is_not() {
    let mut game = Match::playing(lockstep(3), &["ann", "bob", "cid"]);
    game.ask(lost("cid"));
    game.ask(result("ann", "x", 0));
    game.ask(result("bob", "x", 0));
    assert_eq!(game.room.phase(), Phase::Playing);
    game.ask(gone("cid"));
    assert_eq!(game.room.phase(), Phase::Ended(EndReason::Finished));
    assert!(game.room.ended().unwrap().agreed);
}

#[test]
fn a_player_who_reported_may_leave() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.ask(result("ann", "x", 0));
    game.ask(leave("ann"));
    assert_eq!(game.room.phase(), Phase::Playing);
    game.ask(result("bob", "y", 0));
    let ended = game.room.ended().unwrap();
    assert_eq!((ended.results.len(), ended.agreed), (2, false));
}

#[test]
fn the_rest_is_awaited_for_a_time_once_more_than_half_have_reported() {
    let mut game = Match::playing(lockstep(4), &["ann", "bob", "cid", "dan"]);
    game.holds(RoomRequest::TimeUp(Deadline::Results));
    game.ask(result("ann", "x", 0));
    game.ask(result("bob", "x", 0));
    assert!(!has_results_deadline(&game), "half is not most");
    game.holds(RoomRequest::TimeUp(Deadline::Results));
    game.ask(result("cid", "x", 0));
    assert!(has_results_deadline(&game));
    game.ask(RoomRequest::TimeUp(Deadline::Results));
    assert_eq!(game.room.phase(), Phase::Ended(EndReason::Finished));
    assert!(game.room.ended().unwrap().agreed, "three of four told the same");
}

#[test]
fn one_seat_ends_no_match_and_its_word_alone_is_not_agreed() {
    let spec = with_lockstep(RoomSpec { bots: 2, ..lockstep(4) }, |lockstep| lockstep.last_tick = 5);
    let mut game = Match::playing(spec, &["ann", "bob"]);
    game.ask(result("ann", "ann won", 0));
    assert!(!has_results_deadline(&game), "bots count for nothing");
    game.ticks(5);
    game.ask(RoomRequest::TimeUp(Deadline::Results));
    let ended = game.room.ended().unwrap();
    assert_eq!((ended.reason.as_str(), ended.results.len(), ended.agreed), ("last_tick", 1, false));
}

#[test]
fn who_is_out_of_play_neither_holds_up_the_end_nor_counts_for_most() {
    let mut game = Match::playing(lockstep(5), &["ann", "bob", "cid", "dan", "eve"]);
    game.ask(result("ann", "x", 0));
    game.ask(leave("ann"));
    game.ask(result("bob", "x", 0));
    assert!(!has_results_deadline(&game), "one of four in play");
    game.ask(gone("eve"));
    game.ask(result("cid", "y", 0));
    assert!(has_results_deadline(&game), "two of three in play");
    game.ask(leave("dan"));
    let ended = game.room.ended().unwrap();
    assert_eq!((ended.reason.as_str(), ended.results.len(), ended.agreed), ("finished", 3, false));
}

#[test]
fn one_who_differs_does_not_undo_what_most_seats_told() {
    let mut game = Match::playing(lockstep(3), &["ann", "bob", "cid"]);
    game.ask(result("ann", "x", 0));
    game.ask(result("bob", "x", 0));
    game.ask(result("cid", "cid won", 0));
    assert!(game.room.ended().unwrap().agreed);
    // Free seats count against a majority, not against what everybody in play told.
    for (third, agreed) in [("x", true), ("y", false)] {
        let mut game = Match::playing(lockstep(8), &["ann", "bob", "cid"]);
        game.ask(result("ann", "x", 0));
        game.ask(result("bob", "x", 0));
        game.ask(result("cid", third, 0));
        assert_eq!(game.room.ended().unwrap().agreed, agreed);
    }
}

#[test]
fn who_reports_and_leaves_while_the_other_is_away_has_agreed_with_nobody() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.ask(result("ann", "ann won", 0));
    game.ask(leave("ann"));
    game.ask(gone("bob"));
    assert!(!game.room.ended().unwrap().agreed);
}

#[test]
fn results_belong_to_the_match() {
    let mut game = Match::new(lockstep(2));
    game.ask(join("ann"));
    game.refused(result("ann", "x", 0), WrongPhase);
    game.ask(start("ann"));
    let long = RoomRequest::Result {
        player: player("ann"),
        result: vec![0; limits::RESULT_BYTES + 1].into(),
        hash: 0,
        tick: 0,
    };
    game.refused(long, BadRequest);
}

#[test]
fn after_the_last_tick_the_room_awaits_results_and_ends() {
    let spec = with_lockstep(lockstep(2), |lockstep| {
        lockstep.last_tick = 5;
        lockstep.ticks_per_message = 2;
    });
    let mut game = Match::playing(spec.clone(), &["ann"]);
    game.ticks(5);
    assert_eq!(game.played().len(), 5, "the last tick waits for no other");
    assert_eq!(game.room.next_tick(), None);
    game.input_refused(0, 0, b"x", protocol::messages::input_refused::Refusal::NotPlaying);
    game.ask(RoomRequest::TimeUp(Deadline::Results));
    assert_eq!(game.room.ended().unwrap().reason, "last_tick");

    let mut game = Match::playing(spec, &["ann"]);
    game.ticks(5);
    game.ask(result("ann", "x", 5));
    assert_eq!(game.room.ended().unwrap().reason, "finished");
}

#[test]
fn an_empty_room_lives_for_its_grace() {
    let mut game = Match::new(lockstep(2));
    let (abandoned, due) = empty_deadline(&game).unwrap();
    assert_eq!(due, Due::In(limits::ABANDONED_GRACE_MS));
    game.ask(join("ann"));
    assert_eq!(empty_deadline(&game), None);
    game.holds(RoomRequest::TimeUp(abandoned.clone()));
    game.ask(spectate("eve"));
    game.ask(lost("ann"));
    let (deadline, due) = empty_deadline(&game).unwrap();
    assert_eq!(due, Due::In(limits::EMPTY_GRACE_MS));
    // What others do meanwhile winds no clock back.
    game.ask(spectate("fay"));
    assert_eq!(empty_deadline(&game), Some((deadline.clone(), due)));
    // Back and lost again: the timer of the first time is void.
    game.ask(back("ann"));
    game.ask(lost("ann"));
    game.holds(RoomRequest::TimeUp(deadline));
    game.holds(RoomRequest::TimeUp(abandoned));
    // Left for good while away: the grace becomes the short one, with a timer of its own.
    let (deadline, _) = empty_deadline(&game).unwrap();
    game.ask(leave("ann"));
    game.holds(RoomRequest::TimeUp(deadline));
    let (deadline, due) = empty_deadline(&game).unwrap();
    assert_eq!(due, Due::In(limits::ABANDONED_GRACE_MS));
    game.ask(RoomRequest::TimeUp(deadline));
    assert_eq!(game.room.phase(), Phase::Ended(EndReason::Empty));
}

#[test]
fn a_match_that_all_have_left_ends_unless_others_may_come() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.ask(leave("ann"));
    game.ask(leave("bob"));
    assert_eq!(game.room.phase(), Phase::Ended(EndReason::Empty));
    let mut game = Match::playing(RoomSpec { late_join: true, ..lockstep(2) }, &["ann"]);
    game.ask(leave("ann"));
    assert_eq!(game.room.phase(), Phase::Playing);
    game.ask(join("bob"));
}

#[test]
fn the_life_limit_ends_every_room() {
    let mut game = Match::playing(RoomSpec { life_limit_s: 60, ..lockstep(2) }, &["ann"]);
    let due = Due::At(game.room.founding().wall_ms + 60_000);
    assert!(game.room.deadlines().contains(&(Deadline::LifeLimit, due)));
    game.ask(RoomRequest::TimeUp(Deadline::LifeLimit));
    assert_eq!(game.room.ended().unwrap().reason, "life_limit");
}

#[test]
fn an_ended_room_refuses_requests_and_ignores_facts() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.ask(RoomRequest::Close { reason: EndReason::Closed });
    assert_eq!(game.room.ended().unwrap().reason, "closed");
    assert!(game.room.is_ended() && game.room.deadlines().is_empty());
    for request in [join("cid"), spectate("cid"), ready("ann", true), start("ann"), kick("ann", "bob", false)]
    {
        game.refused(request, RoomEnded);
    }
    game.refused(result("ann", "x", 0), RoomEnded);
    for request in
        [leave("ann"), lost("bob"), back("bob"), gone("bob"), RoomRequest::TimeUp(Deadline::LifeLimit)]
    {
        game.holds(request);
    }
    game.holds(RoomRequest::Close { reason: EndReason::Closed });
    assert_eq!(game.room.next_tick(), None);
    assert!(!game.vote(0, 0, 1));
}
