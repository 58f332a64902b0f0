//! The server dies while the disk is full, and is started again before there is space.

use std::path::Path;

use protocol::ErrorCode;
use protocol::messages;
use tempfile::TempDir;
use testkit::{Player, Server, eventually};

use crate::support::{input, join, lockstep_spec, options, player, resume, two_in_lockstep};

#[test]
fn a_start_on_a_full_disk_waits_with_all_rooms_and_goes_on_when_there_is_space() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path(), false);
    let ([mut one, mut two], channels, room) = two_in_lockstep(&server, lockstep_spec(2));
    for number in 1..=20 {
        input(&mut one, channels[0], number, &[1, number as u8]);
        input(&mut two, channels[1], number, &[2, number as u8]);
    }
    let tick = [until_applied(&mut one, 20), until_applied(&mut two, 20)].into_iter().max().unwrap();
    drop(server);

    // Killed once more while it waits, it comes as far again.
    drop(waiting_on(data.path(), &room));
    let server = waiting_on(data.path(), &room);
    server.make_space();
    eventually("it is ready", || (server.admin().get("/readyz").status == 200).then_some(()));
    let mut one = player(&server, "one");
    let joined = join(&mut one, &room);
    let view = joined.room.clone().unwrap();
    assert_eq!((joined.seat, joined.applied, view.run), (Some(0), 20, 2));
    assert!(view.tick >= tick, "{} of {tick} ticks", view.tick);
    resume(&mut one, joined.channel, 1);
    input(&mut one, joined.channel, 21, &[1, 21]);
    until_applied(&mut one, 21);
    drop(server);

    // And what was written then is there.
    let server = start_on(data.path(), false);
    let joined = join(&mut player(&server, "one"), &room);
    assert_eq!((joined.applied, joined.room.unwrap().run), (21, 3));
}

#[test]
fn a_start_on_a_full_disk_without_rooms_is_not_ready_until_there_is_space() {
    let data = TempDir::new().unwrap();
    drop(start_on(data.path(), false));
    let server = start_on(data.path(), true);
    let answer = server.admin().get("/readyz");
    assert!(answer.status == 503 && answer.text.contains("full disk"), "{}", answer.text);
    server.make_space();
    eventually("it is ready", || (server.admin().get("/readyz").status == 200).then_some(()));
}

/// A server that found the disk full, told so, and tells players of the room.
fn waiting_on(data: &Path, room: &str) -> Server {
    let server = start_on(data, true);
    assert_eq!(server.events("journal_opened_full").len(), 1);
    let why = eventually("it says why it takes no players", || {
        let answer = server.admin().get("/readyz");
        (answer.status == 503 && answer.text.contains("journal: ")).then_some(answer.text)
    });
    assert!(why.contains("no room for more"), "{why}");
    let mut one = player(&server, "one");
    let wish = messages::JoinRoom { room: room.to_owned(), ..Default::default() };
    let refused = one.call::<messages::Joined>("rooms.join", &wish).unwrap_err();
    assert_eq!(refused.code, ErrorCode::RoomPaused.number(), "{refused:?}");
    let create = messages::CreateRoom { spec: Some(lockstep_spec(2)), ..Default::default() };
    let refused = one.call::<messages::Joined>("rooms.create", &create).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable.number(), "{refused:?}");
    server
}

fn start_on(data: &Path, is_disk_full: bool) -> Server {
    let mut options = options();
    (options.data, options.is_disk_full) = (Some(data.to_owned()), is_disk_full);
    Server::start(options)
}

/// Reads on until the input of this number is acknowledged; gives the tick.
fn until_applied(player: &mut Player, number: u32) -> u32 {
    use prost::Message as _;
    loop {
        let frame = messages::Frame::decode(player.next_of(protocol::operation::FRAME)).unwrap();
        if frame.applied >= number {
            return frame.tick;
        }
    }
}
