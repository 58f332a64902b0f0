//! The founding article's client (chapter 2.3), byte for byte: a 1024-byte buffer at `/`, zero padding after the body.

use prost::Message as _;
use protocol::{frames_in_message, messages, operation};
use testkit::Player;
use tungstenite::Message;

use crate::support::start;

#[test]
fn it_gets_a_login_answer() {
    let server = start();
    let mut socket = Player::open(server.address("http"), "/");
    let mut buffer = vec![0; 1024];
    buffer[0..2].copy_from_slice(&0x1234_u16.to_be_bytes());
    buffer[2] = 1;
    buffer[3] = 10;
    buffer[4..8].copy_from_slice(&16_u32.to_be_bytes());
    buffer[8..15].copy_from_slice(b"user123");
    socket.send(Message::binary(buffer)).unwrap();

    let answer = socket.read().unwrap().into_data();
    let frames: Vec<_> = frames_in_message(&answer, 1 << 16).collect::<Result<_, _>>().unwrap();
    let [(operation::WELCOME, body)] = frames[..] else { panic!("{frames:?}") };
    let welcome = messages::Welcome::decode(body).unwrap();
    assert!(!welcome.player.is_empty());

    let again = Player::open(server.address("http"), "/");
    drop(again);
}
