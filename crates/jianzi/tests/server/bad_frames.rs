//! Bytes that are not what they should be: a code, a sentence, and nothing broken.

use prost::Message as _;
use protocol::{ErrorCode, Header, messages, operation};
use testkit::{Player, Raw, Server, frame};
use tungstenite::Message;

use crate::support::{options, player, start};

/// What the server says to these bytes on the TCP port before it hangs up.
fn error_on_tcp(server: &Server, bytes: &[u8]) -> ErrorCode {
    let mut raw = Raw::connect(server.address("tcp"));
    raw.send(bytes);
    let (operation, body) = raw.next_frame().expect("an error frame");
    assert_eq!(operation, operation::ERROR);
    let error = messages::Error::decode(body.as_slice()).unwrap();
    assert!(!error.message.is_empty());
    assert!(raw.read_to_end().is_empty(), "nothing after the error");
    ErrorCode::from_number(error.code).unwrap()
}

#[test]
fn what_is_no_frame_ends_the_connection_with_a_reason() {
    let mut server = start();
    let login = messages::Login { token: server.http().token("a"), ..Default::default() };
    let good = frame(operation::LOGIN, &login);
    let with = |index: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[index] = byte;
        bytes
    };
    assert_eq!(error_on_tcp(&server, &with(0, 0x13)), ErrorCode::BadMagic);
    assert_eq!(error_on_tcp(&server, &with(2, 9)), ErrorCode::BadVersion);
    assert_eq!(error_on_tcp(&server, &with(4, 0x7F)), ErrorCode::TooLong);
    assert_eq!(
        error_on_tcp(&server, &frame(operation::CALL, &messages::Call::default())),
        ErrorCode::NotLoggedIn
    );
    assert_eq!(error_on_tcp(&server, &frame(99, &messages::Call::default())), ErrorCode::NotLoggedIn);
    let garbage =
        [&Header { operation: operation::LOGIN, length: 3 }.encode()[..], &[0x0A, 0xFF, 0xFF]].concat();
    assert_eq!(error_on_tcp(&server, &garbage), ErrorCode::BadBody);
    assert!(server.is_alive());
    player(&server, "still-works");
}

#[test]
fn websocket_messages_are_binary_and_whole() {
    let server = start();
    let token = server.http().token("a");
    let login = frame(operation::LOGIN, &messages::Login { token, ..Default::default() });
    for (message, expected) in [
        (Message::text("hello"), ErrorCode::TextNotAllowed),
        (Message::binary(login[..login.len() - 1].to_vec()), ErrorCode::Truncated),
        (Message::binary(login[..5].to_vec()), ErrorCode::Truncated),
    ] {
        let mut socket = Player::open(server.address("http"), "/ws");
        socket.send(message).unwrap();
        let answer = socket.read().unwrap().into_data();
        let error = messages::Error::decode(&answer[8..]).unwrap();
        assert_eq!(ErrorCode::from_number(error.code), Some(expected));
        let Ok(Message::Close(Some(close))) = socket.read() else { panic!("a close frame") };
        assert_eq!(u16::from(close.code), expected.close_code());
    }
}

#[test]
fn an_unknown_operation_or_body_is_answered_and_the_connection_goes_on() {
    let server = start();
    let mut player = player(&server, "a");
    let error = |player: &mut Player| {
        let error = messages::Error::decode(player.next_of(operation::ERROR)).unwrap();
        ErrorCode::from_number(error.code).unwrap()
    };
    player.send(200, &messages::Call::default());
    assert_eq!(error(&mut player), ErrorCode::UnknownOperation);
    for operation in [operation::CALL, operation::INPUT, operation::RELAY, operation::HEARTBEAT] {
        let bytes = [&Header { operation, length: 2 }.encode()[..], &[0x0A, 0x7F]].concat();
        player.socket().send(Message::binary(bytes)).unwrap();
        assert_eq!(error(&mut player), ErrorCode::BadBody, "operation {operation}");
    }
    player.send(operation::INPUT, &messages::Input { channel: 9, number: 1, ..Default::default() });
    assert_eq!(error(&mut player), ErrorCode::NotInRoom);
    let echo: messages::Property =
        player.call("echo", &messages::Property { key: "k".into(), value: "v".into() }).unwrap();
    assert_eq!(echo.value, "v");
}

#[test]
fn a_client_may_split_and_join_as_it_likes() {
    let server = start();
    let token = server.http().token("a");
    let login = frame(operation::LOGIN, &messages::Login { token, ..Default::default() });
    let beat = frame(operation::HEARTBEAT, &messages::Heartbeat { echo: 5, ..Default::default() });
    // Byte by byte over TCP.
    let mut raw = Raw::connect(server.address("tcp"));
    for byte in login.iter().chain(&beat) {
        raw.send(&[*byte]);
    }
    assert_eq!(raw.next_frame().unwrap().0, operation::WELCOME);
    let (operation, body) = raw.next_frame().unwrap();
    assert_eq!(operation, operation::HEARTBEAT);
    assert_eq!(messages::Heartbeat::decode(body.as_slice()).unwrap().echo, 5);
    // Both in one WebSocket message, with padding behind.
    let mut socket = Player::open(server.address("http"), "/ws");
    socket.send(Message::binary([login, beat, vec![0; 30]].concat())).unwrap();
    assert_eq!(socket.read().unwrap().into_data()[3], operation::WELCOME);
    assert_eq!(socket.read().unwrap().into_data()[3], operation::HEARTBEAT);
}

#[test]
fn saying_nothing_again_and_again_is_a_flood() {
    let server = Server::start(options().with("LIMITS__FRAMES", "50/s burst 100"));
    for nothing in [vec![], vec![0; 10]] {
        let mut player = player(&server, "a");
        for _ in 0..300 {
            // The server hangs up on the way.
            if player.socket().send(Message::binary(nothing.clone())).is_err() {
                break;
            }
        }
        let error = messages::Error::decode(player.next_of(operation::ERROR)).unwrap();
        assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::Flood));
    }
}

#[test]
fn who_has_not_logged_in_has_no_long_messages_to_send() {
    let server = start();
    let long = Header { operation: operation::LOGIN, length: 20_000 }.encode();
    assert_eq!(error_on_tcp(&server, &long), ErrorCode::TooLong);
}
