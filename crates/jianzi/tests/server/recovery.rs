//! The server is killed in the middle of matches and started again on the same data folder.

use std::path::Path;

use prost::Message as _;
use protocol::messages::{self, Durability, LockstepSpec, RoomSpec};
use protocol::{ErrorCode, operation};
use tempfile::TempDir;
use testkit::{Frames, Player, Server};

use crate::support::{
    create, input, join, lockstep_spec, options, player, relay_spec, resume, room_id, two_in_lockstep,
};

/// Shards before and after.
const SHARDS: [(&str, &str); 3] = [("1", "1"), ("1", "3"), ("4", "2")];

#[test]
fn killed_in_a_match_nothing_acknowledged_is_lost_and_the_match_goes_on() {
    for (before, after) in SHARDS {
        let data = TempDir::new().unwrap();
        let server = start_on(data.path(), before);
        let ([mut one, mut two], channels, room) = two_in_lockstep(&server, lockstep_spec(2));
        for number in 1..=40 {
            input(&mut one, channels[0], number, &[1, number as u8]);
            input(&mut two, channels[1], number, &[2, number as u8]);
        }
        // Until both were told that all is applied; then no moment is left for anything orderly.
        let seen = [until_applied(&mut one, 40), until_applied(&mut two, 40)];
        drop(server);

        let server = start_on(data.path(), after);
        let (mut again, joined) = back(&server, "one", &room);
        let view = joined.room.clone().unwrap();
        assert_eq!((joined.seat, joined.applied, view.run), (Some(0), 40, 2));
        let told = seen.iter().map(|frames| frames.last().unwrap().0).max().unwrap();
        assert!(view.tick >= told, "{} of the {told} ticks that were told", view.tick);
        resume(&mut again, joined.channel, 1);
        let (mut other, joined_other) = back(&server, "two", &room);
        resume(&mut other, joined_other.channel, 1);
        input(&mut again, joined.channel, 41, &[1, 41]);
        input(&mut other, joined_other.channel, 41, &[2, 41]);
        let until = view.tick + 60;
        let (by_one, by_two) = (again.frames(1, until), other.frames(1, until));
        assert_eq!(by_one, by_two);
        for frames in &seen {
            assert_eq!(by_one[..frames.len()], frames[..], "what was told is what happened");
        }
        for seat in [0, 1] {
            let of_seat = by_one.iter().flat_map(|(_, inputs)| inputs).filter(|(from, _)| *from == seat);
            let numbers: Vec<_> = of_seat.map(|(_, data)| data[1]).collect();
            assert_eq!(numbers, (1..=41).collect::<Vec<u8>>(), "each input once, in order");
        }
        // The match ends with the right result.
        for player in [&mut again, &mut other] {
            let (result, hash) = (b"drawn".to_vec().into(), hash_of(&by_one));
            let report = messages::ReportResult { room: room.clone(), result, hash, tick: until };
            let _: messages::RoomView = player.call("rooms.result", &report).unwrap();
        }
        let ended = next_end(&mut again);
        assert_eq!((ended.reason.as_str(), ended.agreed), ("finished", true));
        let token = server.http().token("one");
        testkit::eventually("the replay", || {
            (server.http().get_as(&format!("/v1/replays/{room}.json"), &token).status == 200).then_some(())
        });
    }
}

#[test]
fn killed_again_and_again() {
    let data = TempDir::new().unwrap();
    let mut server = start_on(data.path(), "2");
    let ([mut one, _two], [channel, _], room) = two_in_lockstep(&server, lockstep_spec(2));
    input(&mut one, channel, 1, &[1]);
    let mut seen = until_applied(&mut one, 1);
    for round in 2..=6u32 {
        drop(server);
        server = start_on(data.path(), "2");
        let (mut one, joined) = back(&server, "one", &room);
        assert_eq!((joined.applied, joined.room.unwrap().run), (round - 1, round));
        resume(&mut one, joined.channel, 1);
        input(&mut one, joined.channel, round, &[round as u8]);
        let frames = until_applied(&mut one, round);
        assert_eq!(frames[..seen.len()], seen[..]);
        seen = frames;
    }
    let numbers: Vec<_> = seen.iter().flat_map(|(_, inputs)| inputs).map(|(_, data)| data[0]).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn an_orderly_stop_keeps_rooms_of_every_level_and_kind() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path(), "1");
    let mut rooms = Vec::new();
    for (name, durability) in [("a", Durability::Async), ("b", Durability::SemiSync), ("c", Durability::Sync)]
    {
        let mut player = player(&server, name);
        let joined = create(&mut player, RoomSpec { durability: durability.into(), ..lockstep_spec(1) });
        resume(&mut player, joined.channel, 1);
        input(&mut player, joined.channel, 1, name.as_bytes());
        let frames = until_applied(&mut player, 1);
        rooms.push((name, room_id(&joined), frames, player));
    }
    let mut owner = player(&server, "owner");
    let relay = room_id(&create(&mut owner, relay_spec(3)));
    server.terminate();
    assert!(server.wait().success());

    let server = start_on(data.path(), "1");
    for (name, room, frames, _) in rooms {
        let (mut player, joined) = back(&server, name, &room);
        assert_eq!(joined.applied, 1);
        resume(&mut player, joined.channel, 1);
        assert_eq!(player.frames(1, frames.len() as u32), frames);
    }
    let (_, joined) = back(&server, "owner", &relay);
    assert_eq!(joined.seat, Some(0));
    assert_eq!(joined.room.unwrap().owner, format!("{}", owner.welcome.player));
}

#[test]
fn a_room_whose_journal_is_damaged_ends_and_the_others_go_on() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path(), "1");
    let mut rooms = Vec::new();
    for name in ["a", "b", "c"] {
        let mut player = player(&server, name);
        let spec = RoomSpec {
            lockstep: Some(LockstepSpec { tick_hz: 60, ..Default::default() }),
            ..lockstep_spec(1)
        };
        let joined = create(&mut player, spec);
        resume(&mut player, joined.channel, 1);
        input(&mut player, joined.channel, 1, format!("the input of {name}").as_bytes());
        until_applied(&mut player, 1);
        rooms.push((name, room_id(&joined)));
    }
    drop(server);
    flip_a_bit(data.path(), b"the input of b");
    let server = start_on(data.path(), "1");
    for (name, room) in &rooms {
        let mut player = player(&server, name);
        let join = messages::JoinRoom { room: room.clone(), ..Default::default() };
        let joined = player.call::<messages::Joined>("rooms.join", &join);
        match *name {
            "b" => assert_eq!(joined.unwrap_err().code, ErrorCode::RoomEnded.number()),
            _ => assert_eq!(joined.unwrap().applied, 1),
        }
    }
    let told = server.events("room_damaged");
    assert!(told.len() == 1 && told[0].contains(&rooms[1].1), "{told:?}");
}

#[test]
fn a_second_process_on_the_folder_is_refused_and_told_who_has_it() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path(), "1");
    let mut second = std::process::Command::new(env!("CARGO_BIN_EXE_jianzi"));
    second.args(["dev", "--http", "127.0.0.1:0", "--tcp", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let ended = testkit::run(second.arg("--data").arg(data.path()));
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    for word in ["another process", &format!("process {}", server.pid()), "--data"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
    // The journal has a lock of its own, should somebody give it another data folder.
    let shared = TempDir::new().unwrap();
    std::os::unix::fs::symlink(data.path().join("journal"), shared.path().join("journal")).unwrap();
    let mut second = std::process::Command::new(env!("CARGO_BIN_EXE_jianzi"));
    second.args(["dev", "--http", "127.0.0.1:0", "--tcp", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let ended = testkit::run(second.arg("--data").arg(shared.path()));
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("in use by process {}", server.pid())), "{}", ended.stderr);
}

#[test]
fn a_journal_without_space_pauses_rooms_and_the_node_says_so() {
    let data = TempDir::new().unwrap();
    let unlimited = options().with("LIMITS__FRAMES", "unlimited").with("LIMITS__BYTES", "unlimited");
    let mut options = unlimited.with("JOURNAL__SEGMENT", "1MiB").with("JOURNAL__QUOTA", "2MiB");
    options.data = Some(data.path().to_owned());
    let server = Server::start(options);
    let ([mut one, _two], [channel, _], _) = two_in_lockstep(&server, lockstep_spec(2));
    assert_eq!(server.admin().get("/readyz").status, 200);
    let mut number = 0;
    let paused = loop {
        for _ in 0..16 {
            number += 1;
            input(&mut one, channel, number, &[7; 1000]);
        }
        if let Some(kind) = notice_before(&mut one, number) {
            break kind;
        }
        assert!(number < 4000, "the quota holds");
    };
    assert_eq!(paused, "room_paused");
    let not_ready = server.admin().get("/readyz");
    assert_eq!(not_ready.status, 503);
    assert!(not_ready.text.contains("journal"), "{}", not_ready.text);
    let mut three = player(&server, "three");
    let create = messages::CreateRoom { spec: Some(lockstep_spec(2)), ..Default::default() };
    let refused = three.call::<messages::Joined>("rooms.create", &create).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable.number());
}

/// Reads on until this input is acknowledged, or a notice comes first.
fn notice_before(player: &mut Player, number: u32) -> Option<String> {
    loop {
        match player.next_frame().expect("a connection") {
            (operation::FRAME, body) if messages::Frame::decode(body.clone()).unwrap().applied >= number => {
                return None;
            }
            (operation::PUSH, body) => {
                let push = messages::Push::decode(body).unwrap();
                if let Some(messages::push::Event::Notice(notice)) = push.event {
                    return Some(notice.kind);
                }
            }
            _ => {}
        }
    }
}

/// A server on this data folder, ready.
fn start_on(data: &Path, shards: &str) -> Server {
    let mut options = options().with("ROOMS__SHARDS", shards);
    options.data = Some(data.to_owned());
    Server::start(options)
}

/// Logged in again, and in the room again.
fn back(server: &Server, name: &str, room: &str) -> (Player, messages::Joined) {
    let mut player = player(server, name);
    let joined = join(&mut player, room);
    (player, joined)
}

/// The frames from tick 1 on until the player's input of this number is acknowledged.
fn until_applied(player: &mut Player, number: u32) -> Frames {
    let mut frames = Frames::new();
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).unwrap();
        for (tick, entry) in (frame.tick..).zip(&frame.ticks) {
            if tick as usize == frames.len() + 1 {
                let inputs = room_core::tick_entries(entry);
                let inputs = inputs.map(|(seat, data)| (u32::from(seat), data.to_vec().into()));
                frames.push((tick, inputs.collect()));
            }
        }
        if frame.applied >= number {
            return frames;
        }
    }
}

fn next_end(player: &mut Player) -> messages::RoomEnded {
    player.next_push(|event| match event {
        messages::push::Event::RoomEnded(ended) => Some(ended),
        _ => None,
    })
}

/// What a game would compute: a number that depends on every input and its tick.
fn hash_of(frames: &Frames) -> u32 {
    let inputs = frames.iter().flat_map(|(tick, inputs)| inputs.iter().map(move |input| (tick, input)));
    inputs.fold(7, |hash, (tick, (seat, data))| {
        let words = data.iter().map(|byte| u32::from(*byte)).chain([*tick, *seat]);
        words.fold(hash, |hash: u32, word| hash.rotate_left(5) ^ word.wrapping_mul(0x9E37_79B1))
    })
}

fn flip_a_bit(data: &Path, after: &[u8]) {
    let mut flipped = 0;
    for entry in std::fs::read_dir(data.join("journal")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(mut bytes) = std::fs::read(&path) else { continue };
        if let Some(at) = bytes.windows(after.len()).position(|window| window == after) {
            bytes[at] ^= 4;
            std::fs::write(&path, bytes).unwrap();
            flipped += 1;
        }
    }
    assert_eq!(flipped, 1);
}
