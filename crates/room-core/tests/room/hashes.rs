//! State hashes of the seats: agreement, desync, bounded memory.

use protocol::messages::RoomSpec;
use room_core::Output;

use crate::kit::*;

fn three() -> Match {
    let spec = with_lockstep(lockstep(4), |lockstep| lockstep.hash_every = 10);
    let mut game = Match::playing(RoomSpec { bots: 1, ..spec }, &["ann", "bob", "cid"]);
    game.ticks(200);
    game.told();
    game
}

#[test]
fn equal_hashes_are_silent_and_a_minority_is_named() {
    let mut game = three();
    (0..3).for_each(|seat| assert!(game.vote(seat, 10, 111)));
    assert!(game.told().is_empty());
    assert!(game.vote(0, 20, 1));
    assert!(game.vote(1, 20, 2));
    assert!(game.told().is_empty(), "one vote is still awaited");
    assert!(game.vote(2, 20, 2));
    assert_eq!(game.told(), [Output::Desync { tick: 20, seats: vec![0], last_agreed: 10 }]);
}

#[test]
fn with_no_majority_the_lowest_seat_is_right() {
    let mut game = three();
    (0..3).for_each(|seat| assert!(game.vote(seat, 10, 9 - u32::from(seat))));
    assert_eq!(game.told(), [Output::Desync { tick: 10, seats: vec![1, 2], last_agreed: 0 }]);
}

#[test]
fn votes_count_once_at_their_tick_and_in_time() {
    let mut game = three();
    assert!(!game.vote(0, 11, 1), "no tick to vote on");
    assert!(!game.vote(0, 210, 1), "not yet played");
    assert!(!game.vote(3, 10, 1), "a bot");
    assert!(!game.vote(9, 10, 1), "no seat");
    assert!(!game.vote(0, 0, 1), "before the start");
    assert!(game.vote(0, 10, 1));
    assert!(!game.vote(0, 10, 2), "twice");
    (1..3).for_each(|seat| assert!(game.vote(seat, 10, 1)));
    assert!(!game.vote(0, 10, 1), "settled");
    (0..3).for_each(|seat| assert!(game.vote(seat, 30, 1)));
    assert!(!game.vote(0, 20, 1), "a later tick is settled");
}

#[test]
fn who_is_lost_is_not_awaited() {
    let mut game = three();
    assert!(game.vote(0, 10, 1));
    assert!(game.vote(1, 10, 2));
    game.ask(lost("cid"));
    assert!(game.told().contains(&Output::Desync { tick: 10, seats: vec![1], last_agreed: 0 }));
    assert!(!game.vote(2, 20, 1));
}

#[test]
fn a_seat_that_never_votes_holds_nobody_up() {
    let mut game = three();
    for tick in (10..=80).step_by(10) {
        assert!(game.vote(0, tick, 1) && game.vote(1, tick, 2));
    }
    assert!(game.told().is_empty(), "eight ticks are kept open");
    game.vote(0, 90, 1);
    assert_eq!(game.told(), [Output::Desync { tick: 10, seats: vec![1], last_agreed: 0 }]);
    let open = game.room.image().len();
    for tick in (100..=200).step_by(10) {
        game.vote(0, tick, 1);
    }
    assert!(game.room.image().len() <= open + 8, "what is kept is bounded");
    // One vote of three is no agreement.
    game.told();
    game.ask(lost("ann"));
    (1..3).for_each(|seat| assert!(game.vote(seat, 200, u32::from(seat))));
    let last = game.told().pop();
    assert_eq!(last, Some(Output::Desync { tick: 200, seats: vec![2], last_agreed: 0 }));
}
