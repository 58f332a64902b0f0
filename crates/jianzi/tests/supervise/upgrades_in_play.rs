//! What a player sees of an upgrade.

use std::process::Stdio;
use std::time::Duration;

use clock::Clock;
use prost::Message as _;
use protocol::messages::{self, Durability, LockstepSpec, RoomKind, RoomSpec, StartRule};
use protocol::operation;
use testkit::{Player, eventually};

use crate::stage::Options;
use crate::upgrades::copy;

#[test]
fn a_match_of_the_weakest_level_goes_on_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let supervised = Options::new(&["--trial", "200ms"]).ready();
    let (address, token) = (supervised.address("http"), supervised.http().token("one"));
    let mut player = Player::connect(address, &token);
    let spec = RoomSpec {
        kind: RoomKind::Lockstep.into(),
        seats: 1,
        start: StartRule::WhenFull.into(),
        durability: Durability::Async.into(),
        lockstep: Some(LockstepSpec { tick_hz: 20, seed: 7, ..Default::default() }),
        ..Default::default()
    };
    let create = messages::CreateRoom { room: String::new(), spec: Some(spec), join: true };
    let created: messages::Joined = player.call("rooms.create", &create).unwrap();
    let (room, channel) = (created.room.unwrap().room, created.channel);
    let _: messages::Joined =
        player.call("rooms.resume", &messages::ResumeRoom { channel, from_tick: 1 }).unwrap();

    let new = copy(folder.path()).display().to_string();
    let mut client = supervised.command(&["upgrade", &new]);
    let mut client = client.stdout(Stdio::null()).spawn().unwrap();
    // Plays with every frame until the connection ends, and keeps what was acknowledged.
    let (mut number, mut applied, mut last_tick) = (0, 0, 0);
    let mut last_heard = Clock::System.now();
    while let Some((operation, body)) = player.next_frame() {
        if operation != operation::FRAME {
            continue;
        }
        let frame = messages::Frame::decode(body).unwrap();
        last_heard = Clock::System.now();
        applied = applied.max(frame.applied);
        last_tick = frame.tick + frame.ticks.len() as u32 - 1;
        number += 1;
        let input = messages::Input { channel, number, tick: 0, data: vec![number as u8].into() };
        player.send(operation::INPUT, &input);
    }
    assert!(applied > 0, "it has played");

    let mut player = Player::connect(address, &token);
    let join = messages::JoinRoom { room, ..Default::default() };
    let joined: messages::Joined = player.call("rooms.join", &join).unwrap();
    assert_eq!((joined.seat, joined.room.unwrap().run), (Some(0), 2));
    assert!(joined.applied >= applied, "{} of {applied} acknowledged inputs", joined.applied);
    let resume = messages::ResumeRoom { channel: joined.channel, from_tick: last_tick + 1 };
    let _: messages::Joined = player.call("rooms.resume", &resume).unwrap();
    // No tick is missing, and the inputs that nobody had acknowledged come again.
    player.frames(last_tick + 1, last_tick + 1);
    let pause = Clock::System.now().since(last_heard);
    eprintln!("from the last frame of one version to the first of the other: {} ms", pause.as_millis());
    assert!(pause < Duration::from_secs(5), "{pause:?}");
    let next = joined.applied + 1;
    let input =
        messages::Input { channel: joined.channel, number: next, tick: 0, data: vec![next as u8].into() };
    player.send(operation::INPUT, &input);
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).unwrap();
        if frame.applied == next {
            break;
        }
    }
    let ended = eventually("the upgrade is confirmed", || client.try_wait().unwrap());
    assert!(ended.success());
}
