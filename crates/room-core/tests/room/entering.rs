//! Joining, watching, leaving, being kicked, coming back.

use model::Build;
use model::SessionId;
use protocol::ErrorCode::*;
use room_core::{Output, RoomRequest, Why};

use crate::kit::*;

#[test]
fn players_get_the_lowest_free_seat_and_repeating_changes_nothing() {
    let mut game = Match::new(lockstep(3));
    ["ann", "bob", "cid"].iter().for_each(|name| game.ask(join(name)));
    game.ask(leave("bob"));
    game.ask(join("dan"));
    let seats = ["ann", "bob", "cid", "dan"].map(|name| game.room.seat_of(&player(name)));
    assert_eq!(seats, [Some(0), None, Some(2), Some(1)]);
    game.holds(join("dan"));
    game.holds(leave("bob"));
    assert_eq!(game.room.seated(1).unwrap().name, "DAN");
}

#[test]
fn a_full_room_is_full() {
    let mut game = Match::new(lockstep(2));
    game.ask(join("ann"));
    game.ask(join("bob"));
    game.refused(join("cid"), RoomFull);
}

#[test]
fn bots_have_the_last_seats() {
    let mut game = Match::new(protocol::messages::RoomSpec { bots: 2, ..lockstep(3) });
    game.ask(join("ann"));
    game.refused(join("bob"), RoomFull);
    let bots: Vec<bool> = game.room.view().seats.iter().map(|seat| seat.bot).collect();
    assert_eq!(bots, [false, true, true]);
}

#[test]
fn after_the_start_nobody_comes_in_unless_late_join_is_on() {
    let mut game = Match::playing(lockstep(3), &["ann"]);
    game.refused(join("bob"), RoomStarted);
    let mut game = Match::playing(protocol::messages::RoomSpec { late_join: true, ..lockstep(3) }, &["ann"]);
    game.ticks(5);
    game.ask(join("bob"));
    game.input(1, b"late");
    game.tick();
    assert_eq!(game.played()[5], [(1, b"late".to_vec())]);
}

#[test]
fn builds_meet_their_like_in_lockstep_only() {
    let other = RoomRequest::Join {
        player: player("bob"),
        session: session("bob", 1),
        session_number: 1,
        name: String::new(),
        build: Build::new("1.1"),
        spectate: false,
    };
    Match::new(lockstep(3)).refused(other.clone(), BuildDiffers);
    Match::new(relay(3)).ask(other);
}

#[test]
fn the_newer_session_wins() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.told();
    game.ask(join_as("bob", 5, false));
    assert_eq!(game.told()[0], Output::Detached { session: session("bob", 1) });
    game.refused(join_as("bob", 4, false), Replaced);
    game.refused(join_as("bob", 4, true), WrongPhase);
    // What the older session is late to tell is no news.
    game.holds(lost("bob"));
    game.holds(gone("bob"));
    assert_eq!(game.room.seat_of(&player("bob")), Some(1));
    assert!(game.room.seated(1).unwrap().online);
}

#[test]
fn a_session_of_the_same_number_but_another_id_is_refused() {
    let mut game = Match::new(lockstep(2));
    game.ask(join("bob"));
    let mut twin = join("bob");
    if let RoomRequest::Join { session, .. } = &mut twin {
        *session = SessionId::new("twin");
    }
    game.refused(twin, Replaced);
}

#[test]
fn lost_players_come_back_and_gone_ones_find_their_seat() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    game.told();
    game.ask(lost("bob"));
    game.holds(lost("bob"));
    game.ask(back("bob"));
    game.holds(back("bob"));
    game.ask(gone("bob"));
    game.holds(gone("bob"));
    game.holds(back("bob"));
    assert!(game.room.seated(1).is_some_and(|member| member.gone));
    game.ask(join_as("bob", 2, false));
    assert!(game.room.seated(1).is_some_and(|member| member.online && !member.gone));
    let whys: Vec<Why> = game.changes().into_iter().map(|(why, _)| why).collect();
    assert_eq!(whys, [Why::Lost, Why::Back, Why::Lost, Why::Back]);
}

#[test]
fn joining_again_is_a_way_to_be_back() {
    let mut game = Match::playing(lockstep(2), &["ann", "bob"]);
    for fact in [lost("bob"), gone("bob")] {
        game.ask(fact);
        game.ask(join("bob"));
        game.holds(join("bob"));
        assert!(game.room.seated(1).is_some_and(|member| member.online && !member.gone));
    }
}

#[test]
fn before_the_start_a_gone_session_gives_its_seat_up() {
    let mut game = Match::new(lockstep(2));
    game.ask(join("bob"));
    game.ask(gone("bob"));
    assert_eq!(game.room.seat_of(&player("bob")), None);
    assert!(game.told().contains(&Output::Detached { session: session("bob", 1) }));
}

#[test]
fn unknown_sessions_are_no_fault() {
    let mut game = Match::new(lockstep(2));
    [lost("x"), back("x"), gone("x")].into_iter().for_each(|request| game.holds(request));
}

#[test]
fn spectators_watch_up_to_their_limit_and_may_sit_down() {
    let mut game = Match::new(lockstep(2));
    game.ask(spectate("eve"));
    game.holds(spectate("eve"));
    game.ask(spectate("fay"));
    game.refused(spectate("gus"), SpectatorsFull);
    game.refused(join_as("eve", 0, true), Replaced);
    game.refused(join_as("eve", 0, false), Replaced);
    game.ask(join_as("eve", 2, true));
    assert_eq!(game.room.view().spectators, 2);
    game.told();
    game.ask(join_as("eve", 2, false));
    // The session moves from the stand to the seat and stays a member.
    assert!(!game.told().iter().any(|output| matches!(output, Output::Detached { .. })));
    assert_eq!(game.room.view().spectators, 1);
    assert_eq!(game.room.seat_of(&player("eve")), Some(0));
    game.refused(join_as("eve", 2, true), WrongPhase);
    game.ask(gone("fay"));
    assert_eq!(game.room.view().spectators, 0);
}

#[test]
fn kicked_players_may_return_and_banned_ones_may_not() {
    let mut game = Match::new(lockstep(3));
    ["ann", "bob", "cid"].iter().for_each(|name| game.ask(join(name)));
    game.refused(kick("bob", "cid", false), NotOwner);
    game.refused(kick("ann", "ann", false), BadRequest);
    game.refused(kick("ann", "", true), BadRequest);
    game.told();
    game.ask(kick("ann", "bob", false));
    assert_eq!(game.changes(), [(Why::Kicked, "bob".to_owned())]);
    game.holds(kick("ann", "bob", false));
    game.ask(join("bob"));
    game.ask(kick("ann", "bob", true));
    game.holds(kick("ann", "bob", true));
    game.refused(join("bob"), RoomBanned);
    game.refused(spectate("bob"), RoomBanned);
    // Also ahead of time.
    game.ask(kick("ann", "zoe", true));
    game.refused(join("zoe"), RoomBanned);
}

#[test]
fn bans_are_bounded() {
    let mut game = Match::new(lockstep(3));
    for number in 0..room_core::limits::BANNED {
        game.ask(kick("ann", &format!("p{number}"), true));
    }
    game.refused(kick("ann", "one-more", true), BadRequest);
}

#[test]
fn long_names_are_cut_between_characters_and_long_ids_refused() {
    let mut game = Match::new(lockstep(2));
    let long = |id: &str| RoomRequest::Join {
        player: player(id),
        session: session("bob", 1),
        session_number: 1,
        name: "毽".repeat(40),
        build: Build::new("1.0"),
        spectate: false,
    };
    game.ask(long("bob"));
    assert_eq!(game.room.seated(0).unwrap().name, "毽".repeat(21));
    game.refused(long(&"x".repeat(65)), BadRequest);
    game.refused(long(""), BadRequest);
}

#[test]
fn a_room_for_two_hundred_seats_them_all() {
    let mut game = Match::new(lockstep(200));
    game.ask(join("ann"));
    (1..200).for_each(|number| game.ask(join(&format!("p{number}"))));
    game.refused(join("one-more"), RoomFull);
    game.ask(start("ann"));
    for seat in 0..200 {
        game.input(seat, &[seat as u8; 8]);
    }
    game.tick();
    let expected: Vec<_> = (0..200).map(|seat| (seat, vec![seat as u8; 8])).collect();
    assert_eq!(game.played(), [expected]);
    assert_eq!(game.room.view().seats.len(), 200);
}
