//! Every rule of quick match, one test each.

use model::{AppId, SessionId};
use protocol::messages::match_ticket::State;
use protocol::messages::{MatchStart, RoomKind, RoomSpec};
use protocol::{ErrorCode, Fault};

use super::test_world::{World, asking, duel};
use crate::config::MatchConfig;
use crate::ticket::Event;

fn world() -> World {
    World::new(MatchConfig::default())
}

#[test]
fn two_that_want_the_same_meet() {
    let mut world = world();
    let first = world.start("ann", duel("t1")).unwrap();
    assert_eq!((first.state(), first.reason.as_str()), (State::Waiting, "few_players"));
    let second = world.start("bob", duel("t2")).unwrap();
    assert_eq!((second.state(), second.reason.as_str()), (State::Waiting, "room_pending"));

    let [order] = &world.orders[..] else { panic!("one order: {:?}", world.orders) };
    let order = order.clone();
    assert_eq!(order.spec.reserved_for, ["ann", "bob"]);
    assert_eq!((order.spec.seats, order.spec.bots, order.spec.mode.as_str()), (2, 0, "duel"));
    assert_ne!(order.spec.lockstep.unwrap().seed, 0, "repetitions must name the same seed");
    assert_eq!((order.founder.as_str(), order.build.as_str()), ("ann", "1.0"));

    world.answer(&order.key, Ok(()));
    for (player, ticket) in [("ann", "t1"), ("bob", "t2")] {
        assert!(matches!(&world.events(player)[..], [Event::Matched(matched)]
            if matched.ticket == ticket && matched.room == order.key.room.as_str()));
        assert_eq!(world.status(player, ticket).unwrap().room, order.key.room.as_str());
    }
    assert_eq!(world.metrics.matchmaking.waiting.of(&["duel"]).get(), 0);
    assert_eq!(world.metrics.matchmaking.matched_total.of(&["duel"]).get(), 2);
}

#[test]
fn a_repeated_start_is_the_same_ticket_and_other_wishes_are_refused() {
    let mut world = world();
    world.start("ann", duel("t")).unwrap();
    world.pass_ms(100);
    let again = world.start("ann", duel("t")).unwrap();
    assert_eq!(again.waited_ms, 100);
    let fault = world.start("ann", MatchStart { players: 3, ..duel("t") }).unwrap_err();
    assert_eq!(fault.code, ErrorCode::TicketDiffers);
    let other_build = asking("ann", "2.0");
    assert_eq!(world.start_as(&other_build, duel("t")).unwrap_err().code, ErrorCode::TicketDiffers);
    assert!(world.orders.is_empty(), "nobody meets oneself");

    world.start("bob", duel("t")).unwrap();
    let room = world.orders[0].key.clone();
    world.answer(&room, Ok(()));
    assert_eq!(world.start("ann", duel("t")).unwrap().room, room.room.as_str(), "also after the match");
    assert_eq!(world.rooms().len(), 1);
}

#[test]
fn builds_meet_in_relay_rooms_and_not_in_lockstep() {
    let mut world = world();
    world.start_as(&asking("ann", "1.0"), duel("t")).unwrap();
    let waiting = world.start_as(&asking("bob", "1.1"), duel("t")).unwrap();
    assert_eq!(waiting.reason, "other_builds");
    assert!(world.orders.is_empty());

    let relay = |ticket: &str| MatchStart {
        mode: "chat".to_owned(),
        room: Some(RoomSpec { kind: RoomKind::Relay.into(), ..RoomSpec::default() }),
        ..duel(ticket)
    };
    world.start_as(&asking("ann", "1.0"), relay("r")).unwrap();
    world.start_as(&asking("bob", "1.1"), relay("r")).unwrap();
    assert_eq!(world.rooms().len(), 1);
}

#[test]
fn apps_modes_and_sizes_do_not_mix() {
    let mut world = world();
    world.start("ann", duel("t")).unwrap();
    let mut elsewhere = asking("bob", "1.0");
    elsewhere.app = AppId::new("other");
    assert_eq!(world.start_as(&elsewhere, duel("t")).unwrap().reason, "few_players");
    let trio = MatchStart { players: 3, ..duel("t") };
    assert_eq!(world.start("cat", trio).unwrap().reason, "other_sizes");
    let mode = MatchStart { mode: "race".to_owned(), ..duel("t") };
    assert_eq!(world.start("dan", mode).unwrap().reason, "few_players");
    let mut late = duel("t");
    late.room.as_mut().unwrap().late_join = true;
    assert_eq!(world.start("eve", late).unwrap().reason, "other_sizes");
    assert!(world.orders.is_empty());
    assert_eq!(world.status("ann", "t").unwrap().reason, "other_sizes");
    let stranger = world.matcher.status(&AppId::new("other"), &"ann".into(), "t", world.now);
    assert_eq!(stranger.unwrap_err().code, ErrorCode::TicketUnknown, "tickets belong to their app");
}

#[test]
fn bots_fill_up_when_patience_ends() {
    let mut world = world();
    let four = |ticket: &str, bots| MatchStart { players: 4, fill_with_bots: bots, ..duel(ticket) };
    world.start("ann", four("t", true)).unwrap();
    world.pass_ms(1_000);
    world.start("bob", four("t", false)).unwrap();
    world.start("cat", four("t", true)).unwrap();
    world.pass_ms(3_950);
    assert!(world.orders.is_empty());
    world.pass_ms(50);
    let order = world.orders[0].clone();
    assert_eq!(order.spec.reserved_for, ["ann", "cat"], "bob did not ask for bots");
    assert_eq!((order.spec.seats, order.spec.bots), (4, 2));
    world.answer(&order.key, Ok(()));
    world.pass_ms(1_000);
    assert_eq!(world.state("bob", "t"), State::Failed);
    assert!(matches!(world.events("bob").last(), Some(Event::MatchFailed(failed))
        if failed.error.as_ref().unwrap().code == ErrorCode::MatchTimeout.number()));
    assert_eq!(world.metrics.matchmaking.bots_total.get(), 2);
}

#[test]
fn those_who_wait_are_told_why_about_once_a_second() {
    let mut world = world();
    world.start("ann", MatchStart { players: 3, ..duel("t") }).unwrap();
    world.start("bob", MatchStart { players: 3, ..duel("t") }).unwrap();
    world.pass_ms(4_500);
    let events = world.events("ann");
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| matches!(event, Event::MatchWaiting(waiting)
        if waiting.reason == "few_players" && waiting.players_found == 2 && waiting.players_wanted == 3)));
    world.start("cat", MatchStart { players: 3, ..duel("t") }).unwrap();
    world.pass_ms(1_000);
    assert!(matches!(world.events("ann").last(), Some(Event::MatchWaiting(waiting))
        if waiting.reason == "room_pending" && waiting.players_found == 3));
}

#[test]
fn a_ticket_that_is_taken_back_is_never_matched() {
    let mut world = world();
    world.start("ann", duel("t")).unwrap();
    assert_eq!(world.cancel("ann", "t").unwrap().state(), State::Cancelled);
    world.start("bob", duel("t")).unwrap();
    assert!(world.orders.is_empty());
    assert_eq!(world.start("ann", duel("t")).unwrap().state(), State::Cancelled, "a new try has a new id");
    assert_eq!(world.cancel("ann", "x").unwrap_err().code, ErrorCode::TicketUnknown);

    world.start("cat", duel("t")).unwrap();
    assert_eq!(
        world.cancel("cat", "t").unwrap().state(),
        State::Waiting,
        "matched already; the room is coming"
    );
    let room = world.orders[0].key.clone();
    world.answer(&room, Ok(()));
    assert_eq!(world.cancel("cat", "t").unwrap().state(), State::Matched);
}

#[test]
fn tickets_end_with_their_session_and_not_with_its_connection() {
    let mut world = world();
    world.start("ann", duel("t")).unwrap();
    world.gone("ann");
    world.start("bob", duel("t")).unwrap();
    assert!(world.orders.is_empty());
    assert_eq!(world.state("ann", "t"), State::Cancelled);

    let mut newer = asking("bob", "1.0");
    newer.session = SessionId::new("bob-again");
    world.start_as(&newer, duel("t")).unwrap();
    world.gone("bob");
    assert_eq!(world.state("bob", "t"), State::Waiting, "the ticket moved to the newer session");
    world.start("cat", duel("t")).unwrap();
    let room = world.orders[0].key.clone();
    world.answer(&room, Ok(()));
    assert!(matches!(&world.events("bob-again")[..], [Event::Matched(_)]));
    assert!(world.events("bob").is_empty());
}

#[test]
fn a_player_waits_once_in_a_mode() {
    let mut world = world();
    world.start("ann", duel("one")).unwrap();
    let fault = world.start("ann", duel("two")).unwrap_err();
    assert_eq!(fault.code, ErrorCode::BadRequest);
    assert!(fault.message.contains("one"), "{fault}");

    let mut newer = asking("ann", "1.0");
    newer.session = SessionId::new("ann-again");
    world.start_as(&newer, duel("two")).unwrap();
    assert_eq!(world.state("ann", "one"), State::Cancelled, "left behind by the older session");
    for (number, mode) in ["a", "b", "c"].into_iter().enumerate() {
        world.start("ann", MatchStart { mode: mode.to_owned(), ..duel(&number.to_string()) }).unwrap();
    }
    let fault = world.start("ann", MatchStart { mode: "d".to_owned(), ..duel("d") }).unwrap_err();
    assert_eq!(fault.code, ErrorCode::TooManyRequests);
}

#[test]
fn the_room_is_asked_for_until_it_answers() {
    let mut world = world();
    world.start("ann", duel("t")).unwrap();
    world.start("bob", duel("t")).unwrap();
    let room = world.orders[0].key.clone();
    world.answer(&room, Err(Fault::from(ErrorCode::RoomPaused)));
    world.pass_ms(20_000);
    assert!(world.orders.len() >= 5, "{} orders", world.orders.len());
    assert!(world.orders.iter().all(|order| *order == world.orders[0]), "every repetition is equal");
    world.answer(&room, Ok(()));
    let orders = world.orders.len();
    world.answer(&room, Ok(()));
    world.answer(&room, Err(Fault::from(ErrorCode::BadSpec)));
    world.pass_ms(20_000);
    assert_eq!(world.orders.len(), orders);
    assert_eq!(world.state("ann", "t"), State::Matched);
    assert_eq!(world.events("ann").iter().filter(|event| matches!(event, Event::Matched(_))).count(), 1);
}

#[test]
fn a_stall_of_five_seconds_makes_no_second_room() {
    let mut world = world();
    world.start("ann", MatchStart { fill_with_bots: true, patience_ms: 4_000, ..duel("t") }).unwrap();
    // The process stands still: bob's request and the end of ann's patience are both in the past when it goes on.
    world.now = world.now + std::time::Duration::from_secs(5);
    world.start("bob", MatchStart { fill_with_bots: true, patience_ms: 4_000, ..duel("t") }).unwrap();
    world.matcher.advance(world.now);
    world.hear();
    assert_eq!(world.rooms().len(), 1);
    assert_eq!(world.orders[0].spec.reserved_for, ["ann", "bob"]);
    world.now = world.now + std::time::Duration::from_secs(5);
    world.matcher.advance(world.now);
    world.hear();
    assert_eq!(world.rooms().len(), 1);
}

#[test]
fn a_room_that_cannot_be_fails_its_tickets() {
    let mut world = world();
    world.start("ann", duel("t")).unwrap();
    world.start("bob", duel("t")).unwrap();
    let room = world.orders[0].key.clone();
    world.answer(&room, Err(Fault::from(ErrorCode::BadSpec)));
    for player in ["ann", "bob"] {
        assert_eq!(world.status(player, "t").unwrap().reason, "bad_spec");
        assert!(matches!(world.events(player).last(), Some(Event::MatchFailed(_))));
    }
    world.start("cat", duel("t")).unwrap();
    world.start("dan", duel("t")).unwrap();
    world.pass_ms(61_000);
    assert_eq!(world.status("cat", "t").unwrap().reason, "unavailable", "no answer for a minute");
}

#[test]
fn ended_tickets_are_forgotten_and_bounded() {
    let mut world = World::new(MatchConfig { remembered: 10, ..MatchConfig::default() });
    for number in 0..100 {
        world.start("ann", duel(&number.to_string())).unwrap();
        world.cancel("ann", &number.to_string()).unwrap();
        world.matcher.advance(world.now);
    }
    assert_eq!(world.matcher.tickets.len(), 10);
    assert_eq!(world.status("ann", "5").unwrap_err().code, ErrorCode::TicketUnknown);
    world.pass_ms(600_000);
    assert!(world.is_empty());
}

#[test]
fn wishes_that_make_no_sense_are_refused() {
    let mut world = world();
    let room = |spec: RoomSpec| MatchStart { room: Some(spec), ..duel("t") };
    let cases = [
        (MatchStart { ticket: String::new(), ..duel("t") }, ErrorCode::BadRequest),
        (MatchStart { ticket: "x".repeat(65), ..duel("t") }, ErrorCode::BadRequest),
        (MatchStart { mode: String::new(), ..duel("t") }, ErrorCode::BadRequest),
        (MatchStart { mode: "m".repeat(33), ..duel("t") }, ErrorCode::BadRequest),
        (MatchStart { room: None, ..duel("t") }, ErrorCode::BadRequest),
        (MatchStart { players: 0, ..duel("t") }, ErrorCode::BadSpec),
        (
            MatchStart { players: u32::MAX, ..room(RoomSpec { bots: 1, ..RoomSpec::default() }) },
            ErrorCode::BadSpec,
        ),
        (room(RoomSpec { seats: 1, ..RoomSpec::default() }), ErrorCode::BadSpec),
        (room(RoomSpec { seats: 3, bots: 2, ..RoomSpec::default() }), ErrorCode::BadSpec),
        (room(RoomSpec { mode: "race".to_owned(), ..RoomSpec::default() }), ErrorCode::BadSpec),
        (room(RoomSpec { reserved_for: vec!["ann".to_owned()], ..RoomSpec::default() }), ErrorCode::BadSpec),
    ];
    for (start, expected) in cases {
        let fault = world.start("ann", start.clone()).expect_err("refused");
        assert_eq!(fault.code, expected, "{start:?}");
    }
    let players_from_seats =
        MatchStart { players: 0, ..room(RoomSpec { seats: 4, bots: 1, ..RoomSpec::default() }) };
    world.start("ann", players_from_seats).unwrap();
    world.pass_ms(1_000);
    assert!(matches!(world.events("ann").last(), Some(Event::MatchWaiting(w)) if w.players_wanted == 3));
}

#[test]
fn closing_tells_everybody() {
    let mut world = world();
    world.start("ann", duel("t")).unwrap();
    world.start("bob", duel("t")).unwrap();
    world.start("cat", duel("t")).unwrap();
    world.matcher.close(world.now);
    world.hear();
    for player in ["ann", "bob", "cat"] {
        assert_eq!(world.status(player, "t").unwrap().reason, "draining");
    }
    world.pass_ms(600_000);
    assert!(world.is_empty());
    assert_eq!(world.metrics.matchmaking.rooms_pending.get(), 0);
}
