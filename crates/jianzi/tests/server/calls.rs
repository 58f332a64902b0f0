//! Calls: one answer each, repeated from the cache, across a cut too.

use protocol::{ErrorCode, messages};

use crate::support::{create, player, relay_spec, resume_login, room_id, start};

#[test]
fn a_repeated_call_is_answered_and_not_made_again() {
    let server = start();
    let mut player = player(&server, "a");
    let create = messages::CreateRoom { spec: Some(relay_spec(2)), ..Default::default() };
    player.send_call(7, "rooms.create", &create);
    let first = player.answer(7);
    player.send_call(7, "rooms.create", &create);
    assert_eq!(player.answer(7), first);
    let list: messages::RoomList = player.call("rooms.list", &messages::ListRooms::default()).unwrap();
    assert_eq!(list.rooms.len(), 1, "one room, although asked twice");
}

#[test]
fn an_answer_lost_with_its_connection_comes_on_the_next() {
    let server = start();
    let mut before = player(&server, "a");
    let create = messages::CreateRoom { spec: Some(relay_spec(2)), ..Default::default() };
    before.send_call(1, "rooms.create", &create);
    let welcome = before.welcome.clone();
    let first = before.answer(1);
    drop(before);
    let login = resume_login(&server, "a", &welcome);
    let mut after = testkit::Player::try_log_in(server.address("http"), &login).unwrap();
    assert!(after.welcome.resumed);
    after.send_call(1, "rooms.create", &create);
    assert_eq!(after.answer(1), first);
}

#[test]
fn what_cannot_be_done_is_said() {
    let server = start();
    let mut player = player(&server, "a");
    let error = player.call::<messages::RoomView>("no.such", &messages::Notice::default()).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnknownMethod.number());
    for room in ["17-unknown77", "nonsense", ""] {
        let action = messages::RoomAction { room: room.into(), ..Default::default() };
        for method in ["rooms.get", "rooms.leave", "rooms.start", "rooms.ready", "rooms.kick", "rooms.owner"]
        {
            let error = player.call::<messages::RoomView>(method, &action).unwrap_err();
            let expected = if room.contains('-') { ErrorCode::RoomUnknown } else { ErrorCode::BadRequest };
            assert_eq!(error.code, expected.number(), "{method} {room:?}: {}", error.message);
        }
    }
    let room = room_id(&create(&mut player, relay_spec(2)));
    let view: messages::RoomView =
        player.call("rooms.get", &messages::RoomAction { room: room.clone(), ..Default::default() }).unwrap();
    assert_eq!(view.room, room);
}
