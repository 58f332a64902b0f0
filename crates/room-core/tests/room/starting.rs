//! Who or what starts a room.

use protocol::ErrorCode::*;
use protocol::messages::{RoomSpec, StartRule};
use room_core::{Deadline, Due, EndReason, Output, Phase, RoomEvent, RoomRequest};

use crate::kit::*;

fn starting(start: StartRule, seats: u32, min_players: u32) -> Match {
    let start_after_ms = if start == StartRule::OnTime { 3000 } else { 0 };
    Match::new(RoomSpec { start: start.into(), start_after_ms, min_players, ..lockstep(seats) })
}

#[test]
fn when_everybody_is_ready_and_there_are_enough() {
    let mut game = starting(StartRule::WhenReady, 3, 2);
    game.ask(join("ann"));
    game.ask(ready("ann", true));
    game.refused(ready("eve", true), NotInRoom);
    assert_eq!(game.room.phase(), Phase::Open);
    game.ask(join("bob"));
    game.ask(ready("ann", false));
    game.ask(ready("bob", true));
    assert_eq!(game.room.next_tick(), None);
    game.ask(ready("ann", true));
    assert_eq!(game.room.phase(), Phase::Playing);
    assert!(game.told().contains(&Output::Started));
    game.holds(ready("ann", true));
    game.refused(ready("ann", false), WrongPhase);
    game.refused(join("cid"), RoomStarted);
}

#[test]
fn when_the_one_who_is_not_ready_leaves() {
    let mut game = starting(StartRule::WhenReady, 3, 1);
    ["ann", "bob"].iter().for_each(|name| game.ask(join(name)));
    game.ask(ready("ann", true));
    game.ask(leave("bob"));
    assert_eq!(game.room.phase(), Phase::Playing);
}

#[test]
fn when_the_owner_is_the_one_who_leaves_there_is_a_new_one_first() {
    let mut game = starting(StartRule::WhenReady, 3, 1);
    ["ann", "bob"].iter().for_each(|name| game.ask(join(name)));
    game.ask(ready("bob", true));
    let events = game.try_ask(leave("ann")).unwrap();
    let owner = RoomEvent::Owner { player: player("bob") };
    assert_eq!(events[1..], [owner, RoomEvent::Started]);
}

#[test]
fn as_soon_as_there_are_enough_bots_counted() {
    let mut game = starting(StartRule::WhenFull, 4, 0);
    ["ann", "bob", "cid"].iter().for_each(|name| game.ask(join(name)));
    game.refused(start("ann"), WrongPhase);
    assert_eq!(game.room.phase(), Phase::Open);
    game.ask(join("dan"));
    assert_eq!(game.room.phase(), Phase::Playing);
    let mut game = Match::new(RoomSpec { bots: 1, min_players: 0, start: 1, ..lockstep(2) });
    assert_eq!(game.room.phase(), Phase::Open);
    game.ask(join("ann"));
    assert_eq!(game.room.phase(), Phase::Playing);
}

#[test]
fn on_time_with_whoever_is_there() {
    let mut game = starting(StartRule::OnTime, 4, 4);
    let due = Due::At(game.room.founding().wall_ms + 3000);
    assert!(game.room.deadlines().contains(&(Deadline::StartTime, due)));
    game.ask(join("bob"));
    game.ask(RoomRequest::TimeUp(Deadline::StartTime));
    assert_eq!(game.room.phase(), Phase::Playing);
    game.holds(RoomRequest::TimeUp(Deadline::StartTime));
    let mut nobody = starting(StartRule::OnTime, 4, 4);
    nobody.ask(RoomRequest::TimeUp(Deadline::StartTime));
    assert_eq!(nobody.room.phase(), Phase::Ended(EndReason::Empty));
}

#[test]
fn by_the_owner_with_enough_players() {
    let mut game = starting(StartRule::ByOwner, 3, 2);
    game.refused(start("ann"), WrongPhase);
    game.ask(join("ann"));
    game.refused(start("ann"), WrongPhase);
    game.ask(join("bob"));
    game.refused(start("bob"), NotOwner);
    game.ask(start("ann"));
    game.holds(start("ann"));
    assert_eq!(game.room.phase(), Phase::Playing);
}

#[test]
fn bots_alone_do_not_start() {
    let mut game = Match::new(RoomSpec { bots: 2, min_players: 2, ..lockstep(3) });
    game.refused(start("ann"), WrongPhase);
}
