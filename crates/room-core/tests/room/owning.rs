//! What the owner may, and who the owner is.

use protocol::ErrorCode::*;
use room_core::{Deadline, Due, RoomRequest, Why};

use crate::kit::*;

fn give(by: &str, to: &str) -> RoomRequest {
    RoomRequest::GiveOwner { by: player(by), player: player(to) }
}

fn reserve(by: &str, name: &str, until_ms: Option<u64>) -> RoomRequest {
    RoomRequest::Reserve { by: player(by), player: player(name), until_ms }
}

fn owner(game: &Match) -> &str {
    game.room.owner().map_or("", |owner| owner.as_str())
}

#[test]
fn ownership_is_given_to_a_seated_player() {
    let mut game = Match::new(lockstep(3));
    game.ask(join("bob"));
    assert_eq!(owner(&game), "ann");
    game.refused(give("bob", "bob"), NotOwner);
    game.refused(give("ann", "cid"), NotInRoom);
    game.ask(give("ann", "bob"));
    game.holds(give("ann", "bob"));
    assert_eq!(owner(&game), "bob");
}

#[test]
fn an_owner_who_leaves_is_followed_by_the_lowest_seat_online() {
    let mut game = Match::new(lockstep(4));
    ["ann", "bob", "cid"].iter().for_each(|name| game.ask(join(name)));
    game.ask(lost("bob"));
    game.told();
    game.ask(leave("ann"));
    assert_eq!(owner(&game), "cid");
    assert_eq!(game.changes(), [(Why::Left, "ann".to_owned()), (Why::Owner, "cid".to_owned())]);
    game.ask(leave("cid"));
    assert_eq!(owner(&game), "bob");
    game.ask(leave("bob"));
    assert_eq!(owner(&game), "");
    game.ask(join("dan"));
    assert_eq!(owner(&game), "dan");
}

#[test]
fn a_room_founded_by_nobody_belongs_to_the_first_who_sits_down() {
    let mut founding = founding(lockstep(2));
    founding.founder = player("");
    let mut game = Match::of(founding);
    game.refused(start("ann"), NotOwner);
    game.ask(spectate("eve"));
    assert_eq!(owner(&game), "");
    game.ask(join("bob"));
    assert_eq!(owner(&game), "bob");
}

#[test]
fn an_owner_who_never_sat_down_may_leave_the_room_to_others() {
    let mut game = Match::new(lockstep(2));
    game.ask(leave("ann"));
    game.holds(leave("ann"));
    assert_eq!(owner(&game), "");
    game.ask(join("bob"));
    assert_eq!(owner(&game), "bob");
}

#[test]
fn reserved_seats_are_kept_for_their_players() {
    let mut game = Match::new(protocol::messages::RoomSpec {
        reserved_for: vec!["bob".into(), "cid".into()],
        ..lockstep(3)
    });
    game.ask(join("ann"));
    game.refused(join("dan"), RoomFull);
    game.refused(reserve("bob", "dan", Some(5)), NotOwner);
    game.refused(reserve("ann", "dan", Some(5)), RoomFull);
    game.refused(reserve("ann", "", Some(5)), BadRequest);
    game.ask(join("bob"));
    game.ask(reserve("ann", "cid", None));
    game.holds(reserve("ann", "cid", None));
    game.ask(join("dan"));
}

#[test]
fn a_reservation_runs_out() {
    let mut game = Match::new(lockstep(2));
    game.ask(join("ann"));
    game.ask(reserve("ann", "bob", Some(5000)));
    game.holds(reserve("ann", "bob", Some(5000)));
    game.refused(join("cid"), RoomFull);
    let deadline = Deadline::Reservation { player: player("bob"), until_ms: 5000 };
    assert!(game.room.deadlines().contains(&(deadline.clone(), Due::At(5000))));
    // A longer one makes the old timer void.
    game.ask(reserve("ann", "bob", Some(9000)));
    game.holds(RoomRequest::TimeUp(deadline));
    game.ask(RoomRequest::TimeUp(Deadline::Reservation { player: player("bob"), until_ms: 9000 }));
    game.ask(join("cid"));
    game.holds(reserve("ann", "cid", Some(1)));
}

#[test]
fn nobody_reserves_what_cannot_be_taken() {
    let mut game = Match::playing(lockstep(3), &["ann"]);
    game.refused(reserve("ann", "bob", Some(1)), RoomStarted);
    let mut game = Match::new(lockstep(3));
    game.ask(kick("ann", "bob", true));
    game.refused(reserve("ann", "bob", Some(1)), RoomBanned);
}
