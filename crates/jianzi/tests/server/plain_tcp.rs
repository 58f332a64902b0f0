//! The same protocol without WebSocket: a match of two over plain TCP.

use bytes::Bytes;
use prost::Message;
use protocol::{messages, operation};
use testkit::{Raw, Server, frame};

use crate::support::{lockstep_spec, room_id, start};

/// The next body of this operation; what comes before is passed over.
fn next_of(player: &mut Raw, wanted: u8) -> Bytes {
    loop {
        let (operation, body) = player.next_frame().expect("the server goes on");
        if operation == wanted {
            return body.into();
        }
    }
}

fn call<A: Message + Default>(player: &mut Raw, id: u32, method: &str, body: &impl Message) -> A {
    let body = body.encode_to_vec().into();
    player.send(&frame(operation::CALL, &messages::Call { id, method: method.into(), deadline_ms: 0, body }));
    let answer = messages::Answer::decode(next_of(player, operation::ANSWER)).unwrap();
    assert_eq!((answer.id, &answer.error), (id, &None));
    A::decode(answer.body).unwrap()
}

fn log_in(server: &Server, name: &str) -> Raw {
    let mut player = Raw::connect(server.address("tcp"));
    let token = server.http().token(name);
    player
        .send(&frame(operation::LOGIN, &messages::Login { token, build: "1".into(), ..Default::default() }));
    next_of(&mut player, operation::WELCOME);
    player
}

#[test]
fn two_players_play_a_match_over_plain_tcp() {
    let server = start();
    let [mut one, mut two] = ["one", "two"].map(|name| log_in(&server, name));
    let create = messages::CreateRoom { spec: Some(lockstep_spec(2)), join: true, ..Default::default() };
    let created: messages::Joined = call(&mut one, 1, "rooms.create", &create);
    let room = room_id(&created);
    let join = messages::JoinRoom { room: room.clone(), ..Default::default() };
    let joined: messages::Joined = call(&mut two, 1, "rooms.join", &join);
    for (player, joined) in [(&mut one, &created), (&mut two, &joined)] {
        let resume = messages::ResumeRoom { channel: joined.channel, from_tick: 1 };
        let _: messages::Joined = call(player, 2, "rooms.resume", &resume);
        let data = joined.seat.unwrap().to_string().into();
        let input = messages::Input { channel: joined.channel, number: 1, tick: 0, data };
        player.send(&frame(operation::INPUT, &input));
    }
    for player in [&mut one, &mut two] {
        let mut ticks = Vec::new();
        while ticks.len() < 60 {
            let frame = messages::Frame::decode(next_of(player, operation::FRAME)).unwrap();
            assert_eq!(frame.tick as usize, ticks.len() + 1);
            ticks.extend(frame.ticks);
        }
        // varint seat, varint length, bytes: each seat's one input, somewhere.
        let played: Vec<_> = ticks.iter().flat_map(|tick| tick.chunks(3)).collect();
        assert!(played.contains(&&[0, 1, b'0'][..]) && played.contains(&&[1, 1, b'1'][..]), "{played:?}");
    }
    for (player, id) in [(&mut one, 3), (&mut two, 3)] {
        let report = messages::ReportResult { room: room.clone(), result: "draw".into(), hash: 1, tick: 60 };
        let _: messages::RoomView = call(player, id, "rooms.result", &report);
    }
    let ended = |player: &mut Raw| loop {
        let push = messages::Push::decode(next_of(player, operation::PUSH)).unwrap();
        if let Some(messages::push::Event::RoomEnded(ended)) = push.event {
            return ended;
        }
    };
    assert!(ended(&mut one).agreed && ended(&mut two).agreed);
}
