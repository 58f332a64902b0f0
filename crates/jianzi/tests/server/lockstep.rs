//! Lockstep rooms over the wire.

use prost::Message as _;
use protocol::messages::{LateInput, LockstepSpec, input_refused::Refusal};
use protocol::{ErrorCode, messages, operation};
use testkit::Player;

use crate::support::{create, input, join, lockstep_spec, player, resume, room_id, start, two_in_lockstep};

#[test]
fn everybody_sees_the_same_inputs_in_the_same_ticks() {
    let server = start();
    let ([mut one, mut two], [channel_one, channel_two], _) = two_in_lockstep(&server, lockstep_spec(2));
    for number in 1..=20 {
        input(&mut one, channel_one, number, &[1, number as u8]);
        input(&mut two, channel_two, number, &[2, number as u8]);
    }
    let (seen_by_one, seen_by_two) = (one.frames(1, 60), two.frames(1, 60));
    assert_eq!(seen_by_one, seen_by_two);
    for seat in [0, 1] {
        let of_seat = seen_by_one.iter().flat_map(|(_, inputs)| inputs).filter(|(from, _)| *from == seat);
        let numbers: Vec<_> = of_seat.map(|(_, data)| data[1]).collect();
        assert_eq!(numbers, (1..=20).collect::<Vec<u8>>(), "each input once, in order");
    }
}

#[test]
fn inputs_are_acknowledged_and_repeats_ignored_and_gaps_refused() {
    let server = start();
    let ([mut one, _two], [channel, _], _) = two_in_lockstep(&server, lockstep_spec(2));
    input(&mut one, channel, 1, b"a");
    input(&mut one, channel, 1, b"a");
    input(&mut one, channel, 2, b"b");
    input(&mut one, channel, 5, b"skipped");
    let refused = messages::InputRefused::decode(one.next_of(operation::INPUT_REFUSED)).unwrap();
    assert_eq!((refused.number, refused.reason(), refused.channel), (5, Refusal::Gap, channel));
    loop {
        let frame = messages::Frame::decode(one.next_of(operation::FRAME)).unwrap();
        assert!(frame.applied <= 2);
        if frame.applied == 2 {
            break;
        }
    }
}

#[test]
fn a_late_joiner_and_a_spectator_get_every_tick_from_the_first() {
    let server = start();
    let mut spec = lockstep_spec(3);
    spec.min_players = 2;
    spec.late_join = true;
    spec.max_spectators = 1;
    let ([mut one, _two], [channel, _], room) = two_in_lockstep(&server, spec);
    input(&mut one, channel, 1, b"early");
    let seen = one.frames(1, 40);
    let mut late = player(&server, "late");
    let joined = join(&mut late, &room);
    assert_eq!(joined.seat, Some(2));
    resume(&mut late, joined.channel, 1);
    assert_eq!(late.frames(1, 40), seen);
    input(&mut late, joined.channel, 1, b"hello");
    late.frames(41, 60);

    let mut spectator = player(&server, "spectator");
    let spectate = messages::JoinRoom { room: room.clone(), spectate: true, ..Default::default() };
    let joined: messages::Joined = spectator.call("rooms.join", &spectate).unwrap();
    assert_eq!(joined.seat, None);
    resume(&mut spectator, joined.channel, 1);
    assert_eq!(spectator.frames(1, 40), seen);
    input(&mut spectator, joined.channel, 1, b"not allowed");
    let refused = messages::InputRefused::decode(spectator.next_of(operation::INPUT_REFUSED)).unwrap();
    assert_eq!(refused.reason(), Refusal::Spectator);
    let second = spectate;
    let mut another = player(&server, "another");
    let error = another.call::<messages::Joined>("rooms.join", &second).unwrap_err();
    assert_eq!(error.code, ErrorCode::SpectatorsFull.number());
}

#[test]
fn ticks_can_share_a_message() {
    let server = start();
    let mut spec = lockstep_spec(2);
    spec.lockstep = Some(LockstepSpec { ticks_per_message: 2, ..spec.lockstep.unwrap() });
    let ([mut one, _two], _, _) = two_in_lockstep(&server, spec);
    for _ in 0..10 {
        let frame = messages::Frame::decode(one.next_of(operation::FRAME)).unwrap();
        assert_eq!(frame.ticks.len() % 2, 0);
    }
}

#[test]
fn differing_states_are_told_with_tick_and_seats() {
    let server = start();
    let mut players: Vec<_> = ["a", "b", "c"].iter().map(|name| player(&server, name)).collect();
    let created = create(&mut players[0], lockstep_spec(3));
    let room = room_id(&created);
    let mut channels = vec![created.channel];
    for player in &mut players[1..] {
        channels.push(join(player, &room).channel);
    }
    for (player, channel) in players.iter_mut().zip(&channels) {
        resume(player, *channel, 1);
        player.frames(1, 40);
    }
    for (tick, hashes) in [(20, [7, 7, 7]), (40, [8, 9, 8])] {
        for ((player, channel), hash) in players.iter_mut().zip(&channels).zip(hashes) {
            player.send(operation::STATE_HASH, &messages::StateHash { channel: *channel, tick, hash });
        }
    }
    for player in &mut players {
        let desync = messages::Desync::decode(player.next_of(operation::DESYNC)).unwrap();
        assert_eq!((desync.tick, &desync.seats[..], desync.last_agreed_tick), (40, &[1][..], 20));
    }
}

#[test]
fn agreed_results_end_the_match_and_leave_a_replay() {
    let server = start();
    let ([mut one, mut two], [channel, _], room) = two_in_lockstep(&server, lockstep_spec(2));
    input(&mut one, channel, 1, b"win");
    one.frames(1, 30);
    for player in [&mut one, &mut two] {
        let result = b"seat 0 wins".to_vec().into();
        let report = messages::ReportResult { room: room.clone(), result, hash: 5, tick: 30 };
        let _: messages::RoomView = player.call("rooms.result", &report).unwrap();
    }
    let ended = |player: &mut Player| {
        player.next_push(|event| match event {
            messages::push::Event::RoomEnded(ended) => Some(ended),
            _ => None,
        })
    };
    for player in [&mut one, &mut two] {
        let ended = ended(player);
        assert_eq!(
            (ended.room.as_str(), ended.reason.as_str(), ended.agreed),
            (room.as_str(), "finished", true)
        );
        assert_eq!(ended.results.len(), 2);
    }
    let token = server.http().token("one");
    let replay = testkit::eventually("the replay", || {
        let answer = server.http().get_as(&format!("/v1/replays/{room}.json"), &token);
        (answer.status == 200).then(|| answer.json()["data"].clone())
    });
    let ticks = replay["ticks"].as_array().unwrap();
    assert!(ticks.iter().any(|tick| tick.as_array().is_some_and(|inputs| !inputs.is_empty())));
}

#[test]
fn a_dropped_late_input_is_refused() {
    let server = start();
    let mut spec = lockstep_spec(2);
    spec.lockstep = Some(LockstepSpec { late_input: LateInput::Drop.into(), ..spec.lockstep.unwrap() });
    let ([mut one, _two], [channel, _], _) = two_in_lockstep(&server, spec);
    one.frames(1, 10);
    let late = messages::Input { channel, number: 1, tick: 1, data: b"late".to_vec().into() };
    one.send(operation::INPUT, &late);
    let refused = messages::InputRefused::decode(one.next_of(operation::INPUT_REFUSED)).unwrap();
    assert_eq!((refused.number, refused.reason()), (1, Refusal::Late));
}

#[test]
fn a_hundred_seats_play_together() {
    let server = start();
    let names: Vec<_> = (0..100).map(|seat| format!("p{seat}")).collect();
    let mut players: Vec<_> = names.iter().map(|name| player(&server, name)).collect();
    let mut spec = lockstep_spec(100);
    spec.lockstep = Some(LockstepSpec { tick_hz: 10, ..Default::default() });
    let created = create(&mut players[0], spec);
    let room = room_id(&created);
    let mut channels = vec![created.channel];
    for player in &mut players[1..] {
        channels.push(join(player, &room).channel);
    }
    for (player, channel) in players.iter_mut().zip(&channels) {
        resume(player, *channel, 1);
        input(player, *channel, 1, b"hi");
    }
    for player in &mut players {
        loop {
            let frame = messages::Frame::decode(player.next_of(operation::FRAME)).unwrap();
            if frame.applied == 1 {
                break;
            }
        }
    }
}
