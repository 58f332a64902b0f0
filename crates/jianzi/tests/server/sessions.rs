//! Sessions outlive their connections.

use protocol::{ErrorCode, messages, operation};
use testkit::{Player, eventually};

use crate::support::{input, lockstep_spec, options, player, resume, resume_login, start, two_in_lockstep};

#[test]
fn the_welcome_may_be_lost_ten_times_in_a_row() {
    let server = start();
    let first = player(&server, "a");
    let session = first.welcome.session.clone();
    let token = first.welcome.clone();
    drop(first);
    let mut last = None;
    for _ in 0..10 {
        // The client never sees these welcomes: it comes with the same token again.
        let login = resume_login(&server, "a", &token);
        let again = Player::try_log_in(server.address("http"), &login).unwrap();
        assert!(again.welcome.resumed);
        assert_eq!(again.welcome.session, session);
        last = Some(again);
    }
    // It has spoken on the newest: only that token is good now.
    let mut last = last.unwrap();
    last.send(operation::HEARTBEAT, &messages::Heartbeat { echo: 1, ..Default::default() });
    last.next_of(operation::HEARTBEAT);
    let spent =
        Player::try_log_in(server.address("http"), &resume_login(&server, "a", &token)).err().unwrap();
    assert_eq!(spent.0, Some(ErrorCode::ResumeSpent));
    let newest = resume_login(&server, "a", &last.welcome);
    assert!(Player::try_log_in(server.address("http"), &newest).unwrap().welcome.resumed);
}

#[test]
fn the_newer_login_wins_and_the_older_is_told() {
    let server = start();
    let mut older = player(&server, "a");
    let newer = player(&server, "a");
    assert!(newer.welcome.session_number > older.welcome.session_number);
    let goodbye = <messages::Goodbye as prost::Message>::decode(older.next_of(operation::GOODBYE)).unwrap();
    assert_eq!(ErrorCode::from_number(goodbye.code), Some(ErrorCode::Replaced));
    assert!(older.next_frame().is_none());
    let back = Player::try_log_in(server.address("http"), &resume_login(&server, "a", &older.welcome));
    assert_eq!(back.err().unwrap().0, Some(ErrorCode::Replaced));
}

#[test]
fn a_session_that_nobody_resumes_ends_and_frees_all() {
    let server = testkit::Server::start(options().with("GATEWAY__RESUME_WINDOW", "1s"));
    let player = player(&server, "a");
    let welcome = player.welcome.clone();
    eventually("one session", || (server.metric("jianzi_gateway_sessions") == 1.0).then_some(()));
    drop(player);
    eventually("no session", || (server.metric("jianzi_gateway_sessions") == 0.0).then_some(()));
    let again = Player::try_log_in(server.address("http"), &resume_login(&server, "a", &welcome)).unwrap();
    assert!(!again.welcome.resumed, "a new session for the same player");
    assert_eq!(again.welcome.player, welcome.player);
}

#[test]
fn a_match_goes_on_across_a_cut_without_gap_or_repeat() {
    let server = start();
    let ([mut one, mut two], [channel, _], room) = two_in_lockstep(&server, lockstep_spec(2));
    input(&mut one, channel, 1, b"before");
    let seen = one.frames(1, 10);
    let (welcome, last_call) = (one.welcome.clone(), one.last_call);
    drop(one);
    two.frames(1, 30);
    let login = resume_login(&server, "one", &welcome);
    let mut one = Player::try_log_in(server.address("http"), &login).unwrap();
    one.last_call = last_call;
    assert_eq!(one.welcome.rooms.len(), 1);
    assert_eq!(one.welcome.rooms[0].room.as_ref().unwrap().room, room);
    let joined = resume(&mut one, channel, 11);
    assert_eq!(joined.applied, 1);
    // The input that was acknowledged is not applied twice, the next one is.
    input(&mut one, channel, 1, b"before");
    input(&mut one, channel, 2, b"after");
    let rest = one.frames(11, 80);
    let said: Vec<_> =
        seen.iter().chain(&rest).flat_map(|(_, inputs)| inputs).map(|(_, data)| &data[..]).collect();
    assert_eq!(said, [&b"before"[..], b"after"]);
}

#[test]
fn a_silent_client_is_asked_and_then_let_go() {
    let server = testkit::Server::start(options().with("GATEWAY__HEARTBEAT", "1s"));
    let mut player = player(&server, "a");
    player.next_of(operation::HEARTBEAT);
    let goodbye = <messages::Goodbye as prost::Message>::decode(player.next_of(operation::GOODBYE)).unwrap();
    assert_eq!(ErrorCode::from_number(goodbye.code), Some(ErrorCode::Idle));
    // The session waits all the same.
    let again =
        Player::try_log_in(server.address("http"), &resume_login(&server, "a", &player.welcome)).unwrap();
    assert!(again.welcome.resumed);
}

#[test]
fn an_orderly_goodbye_ends_the_session() {
    let server = start();
    let mut player = player(&server, "a");
    let welcome = player.welcome.clone();
    player.send(operation::GOODBYE, &messages::Goodbye::default());
    assert!(player.next_frame().is_none());
    let again = Player::try_log_in(server.address("http"), &resume_login(&server, "a", &welcome)).unwrap();
    assert!(!again.welcome.resumed);
}
