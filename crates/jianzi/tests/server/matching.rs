//! Quick match over the wire.

use protocol::ErrorCode;
use protocol::messages::{self, push::Event};
use testkit::{Player, Server};

use crate::support::{join, lockstep_spec, player, start};

fn wish(ticket: &str, players: u32) -> messages::MatchStart {
    messages::MatchStart {
        ticket: ticket.into(),
        mode: "duel".into(),
        players,
        patience_ms: 20_000,
        room: Some(lockstep_spec(players)),
        ..Default::default()
    }
}

fn matched(player: &mut Player) -> String {
    player.next_push(|event| match event {
        Event::Matched(matched) => Some(matched.room),
        _ => None,
    })
}

fn submit(player: &mut Player, wish: &messages::MatchStart) -> messages::MatchTicket {
    player.call("match.start", wish).unwrap()
}

#[test]
fn two_wishes_make_one_room() {
    let server = start();
    let [mut a, mut b] = ["a", "b"].map(|name| player(&server, name));
    submit(&mut a, &wish("t1", 2));
    submit(&mut a, &wish("t1", 2));
    submit(&mut b, &wish("t2", 2));
    let room = matched(&mut a);
    assert_eq!(matched(&mut b), room);
    for player in [&mut a, &mut b] {
        assert!(join(player, &room).seat.is_some());
    }
    let status: messages::MatchTicket =
        a.call("match.status", &messages::MatchStatus { ticket: "t1".into() }).unwrap();
    assert_eq!((status.state(), status.room), (messages::match_ticket::State::Matched, room));
}

#[test]
fn a_waiting_ticket_says_why_and_can_be_cancelled() {
    let server = start();
    let mut a = player(&server, "a");
    submit(&mut a, &wish("t1", 2));
    let waiting = a.next_push(|event| match event {
        Event::MatchWaiting(waiting) => Some(waiting),
        _ => None,
    });
    assert_eq!(
        (waiting.reason.as_str(), waiting.players_found, waiting.players_wanted),
        ("few_players", 1, 2)
    );
    let other = messages::MatchStart { players: 3, room: Some(lockstep_spec(3)), ..wish("t1", 3) };
    let error = a.call::<messages::MatchTicket>("match.start", &other).unwrap_err();
    assert_eq!(error.code, ErrorCode::TicketDiffers.number());
    let cancelled: messages::MatchTicket =
        a.call("match.cancel", &messages::MatchCancel { ticket: "t1".into() }).unwrap();
    assert_eq!(cancelled.state(), messages::match_ticket::State::Cancelled);
    let unknown = messages::MatchStatus { ticket: "t9".into() };
    let error = a.call::<messages::MatchTicket>("match.status", &unknown).unwrap_err();
    assert_eq!(error.code, ErrorCode::TicketUnknown.number());
}

#[test]
fn bots_fill_up_or_the_ticket_fails_when_patience_ends() {
    let server = start();
    let mut a = player(&server, "a");
    let with_bots = messages::MatchStart { fill_with_bots: true, patience_ms: 300, ..wish("bots", 3) };
    submit(&mut a, &with_bots);
    let room = matched(&mut a);
    let joined = join(&mut a, &room);
    let bots = joined.room.unwrap().seats.iter().filter(|seat| seat.bot).count();
    assert_eq!(bots, 2);

    let mut b = player(&server, "b");
    submit(&mut b, &messages::MatchStart { patience_ms: 300, ..wish("alone", 2) });
    let failed = b.next_push(|event| match event {
        Event::MatchFailed(failed) => failed.error,
        _ => None,
    });
    assert_eq!(failed.code, ErrorCode::MatchTimeout.number());
}

#[test]
fn two_builds_never_share_a_lockstep_room() {
    let server = start();
    let mut a = player(&server, "a");
    let mut b = connect_with_build(&server, "b", "2.0.0");
    submit(&mut a, &wish("t1", 2));
    submit(&mut b, &wish("t2", 2));
    let waiting = b.next_push(|event| match event {
        Event::MatchWaiting(waiting) => Some(waiting.reason),
        _ => None,
    });
    assert_eq!(waiting, "other_builds");
    let mut c = connect_with_build(&server, "c", "2.0.0");
    submit(&mut c, &wish("t3", 2));
    assert_eq!(matched(&mut b), matched(&mut c));
}

fn connect_with_build(server: &Server, name: &str, build: &str) -> Player {
    let login =
        messages::Login { token: server.http().token(name), build: build.into(), ..Default::default() };
    Player::try_log_in(server.address("http"), &login).unwrap()
}
