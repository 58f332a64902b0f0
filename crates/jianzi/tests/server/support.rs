//! Short names for what nearly every test does.

use protocol::messages::{self, LockstepSpec, RoomKind, RoomSpec, StartRule};
use testkit::{Player, Server, ServerOptions};

pub fn options() -> ServerOptions {
    ServerOptions::new(env!("CARGO_BIN_EXE_jianzi"))
}

pub fn start() -> Server {
    Server::start(options())
}

pub fn player(server: &Server, name: &str) -> Player {
    Player::connect(server.address("http"), &server.http().token(name))
}

/// A login with the player's token and this resume token.
pub fn resume_login(server: &Server, name: &str, welcome: &messages::Welcome) -> messages::Login {
    messages::Login {
        token: server.http().token(name),
        resume: welcome.resume.clone(),
        build: "1.0.0".into(),
        ..Default::default()
    }
}

/// A relay room that takes players until its owner starts it.
pub fn relay_spec(seats: u32) -> RoomSpec {
    RoomSpec { kind: RoomKind::Relay.into(), seats, start: StartRule::ByOwner.into(), ..Default::default() }
}

/// A lockstep room that starts when every seat is taken.
pub fn lockstep_spec(seats: u32) -> RoomSpec {
    RoomSpec {
        kind: RoomKind::Lockstep.into(),
        seats,
        start: StartRule::WhenFull.into(),
        lockstep: Some(LockstepSpec { tick_hz: 60, seed: 7, ..Default::default() }),
        ..Default::default()
    }
}

pub fn create(player: &mut Player, spec: RoomSpec) -> messages::Joined {
    let create = messages::CreateRoom { room: String::new(), spec: Some(spec), join: true };
    player.call("rooms.create", &create).expect("a room")
}

pub fn join(player: &mut Player, room: &str) -> messages::Joined {
    let join = messages::JoinRoom { room: room.to_owned(), ..Default::default() };
    player.call("rooms.join", &join).expect("a seat")
}

pub fn resume(player: &mut Player, channel: u32, from_tick: u32) -> messages::Joined {
    player.call("rooms.resume", &messages::ResumeRoom { channel, from_tick }).expect("frames")
}

pub fn room_id(joined: &messages::Joined) -> String {
    joined.room.as_ref().expect("a view").room.clone()
}

/// Two players in a running lockstep room, frames flowing to both.
pub fn two_in_lockstep(server: &Server, spec: RoomSpec) -> ([Player; 2], [u32; 2], String) {
    let mut one = player(server, "one");
    let mut two = player(server, "two");
    let created = create(&mut one, spec);
    let room = room_id(&created);
    let joined = join(&mut two, &room);
    resume(&mut one, created.channel, 1);
    resume(&mut two, joined.channel, 1);
    ([one, two], [created.channel, joined.channel], room)
}

pub fn input(player: &mut Player, channel: u32, number: u32, data: &[u8]) {
    let input = messages::Input { channel, number, tick: 0, data: data.to_vec().into() };
    player.send(protocol::operation::INPUT, &input);
}
