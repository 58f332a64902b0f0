//! Live rooms whose rules run in the server: patched, taken back, killed.

use std::path::Path;

use prost::Message as _;
use protocol::messages::{self, AuthoritativeSpec, RoomKind, RoomSpec, StartRule};
use protocol::operation;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Player, Server};

use crate::support::{create, input, options, player, resume, room_id};

/// 毽子's rules, all seats taken by players.
fn spec(seats: u32) -> RoomSpec {
    RoomSpec {
        kind: RoomKind::Authoritative.into(),
        seats,
        start: StartRule::WhenFull.into(),
        authoritative: Some(AuthoritativeSpec { game: "jianzi".into(), ..Default::default() }),
        ..Default::default()
    }
}

/// As a client that knows rooms of this kind.
fn join(player: &mut Player, room: &str) -> messages::Joined {
    let knows_kind = RoomKind::Authoritative as u32;
    let join = messages::JoinRoom { room: room.to_owned(), knows_kind, ..Default::default() };
    player.call("rooms.join", &join).expect("a seat")
}

/// The next frame of the room.
fn next(player: &mut Player) -> messages::Frame {
    messages::Frame::decode(player.next_of(operation::FRAME)).expect("a frame")
}

/// Reads frames until one has this property; each tick of a run comes once, in order.
fn until(player: &mut Player, mut wanted: impl FnMut(&messages::Frame) -> bool) -> messages::Frame {
    let mut before: Option<messages::Frame> = None;
    loop {
        let frame = next(player);
        if let Some(before) = before.filter(|before| before.run == frame.run) {
            assert_eq!(frame.tick, before.tick + before.ticks.len() as u32, "a tick left out or told twice");
        }
        if wanted(&frame) {
            return frame;
        }
        before = Some(frame);
    }
}

fn version(player: &mut Player, room: &str) -> u32 {
    let get = messages::RoomAction { room: room.to_owned(), ..Default::default() };
    let view: messages::RoomView = player.call("rooms.get", &get).expect("a view");
    version_of(&view)
}

fn version_of(view: &messages::RoomView) -> u32 {
    view.logic.as_ref().map_or(0, |logic| logic.version)
}

fn publish(server: &Server, which: &str) -> u32 {
    let answer = server.http().post("/dev/patch", &json!({ "which": which }));
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()["data"][0]["version"].as_u64().expect("a version") as u32
}

/// What `/dev/games` says of the demo game.
fn game(server: &Server) -> Value {
    server.http().get("/dev/games").json()["data"]["games"][0].clone()
}

fn state_of(server: &Server, version: u32) -> String {
    let game = game(server);
    let versions = game["versions"].as_array().expect("versions").clone();
    let found = versions.into_iter().find(|known| known["number"] == version).expect("the version");
    found["state"].as_str().expect("a state").to_owned()
}

fn start_on(data: &Path) -> Server {
    let mut options = options();
    options.data = Some(data.to_owned());
    Server::start(options)
}

#[test]
fn a_patch_reaches_a_live_match_and_a_bad_one_takes_itself_back() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path());
    let (mut one, mut two) = (player(&server, "one"), player(&server, "two"));
    let created = create(&mut one, spec(2));
    let room = room_id(&created);
    let joined = join(&mut two, &room);
    resume(&mut one, created.channel, 1);
    resume(&mut two, joined.channel, 1);
    until(&mut one, |frame| frame.tick >= 10);
    assert_eq!(version(&mut one, &room), 1);

    // The good one: no tick is left out, no input is lost, the run stays.
    let good = publish(&server, "v2");
    for number in 1..=40 {
        input(&mut one, created.channel, number, &[(number % 3) as u8]);
    }
    let frame = until(&mut one, |frame| frame.applied == 40);
    assert_eq!(frame.run, 1);
    testkit::eventually("the room runs the patch", || (version(&mut two, &room) == good).then_some(()));
    testkit::eventually("it is confirmed", || (state_of(&server, good) == "confirmed").then_some(()));
    testkit::eventually("its trial is over", || game(&server)["trial"].is_null().then_some(()));

    // The bad one fails in front of the players, and is gone two seconds later.
    let bad = publish(&server, "bad");
    testkit::eventually("the room runs it", || (version(&mut two, &room) == bad).then_some(()));
    let frame = until(&mut one, |frame| frame.run == 2);
    assert_eq!(state_of(&server, bad), "rolled_back");
    let back = until(&mut one, |later| later.tick > frame.tick + 20);
    assert_eq!((back.run, version(&mut one, &room)), (2, good));
    input(&mut one, created.channel, 41, &[1]);
    until(&mut one, |frame| frame.applied == 41);
    // An operator hears of it.
    assert!(server.log().contains("was rolled back within"), "{}", server.log());
}

#[test]
fn a_killed_server_goes_on_with_its_authoritative_rooms() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path());
    let mut one = player(&server, "one");
    let created = create(&mut one, spec(1));
    let room = room_id(&created);
    resume(&mut one, created.channel, 1);
    for number in 1..=30 {
        input(&mut one, created.channel, number, &[(number % 3) as u8]);
    }
    let told = until(&mut one, |frame| frame.applied == 30);
    drop(server);

    let server = start_on(data.path());
    let mut one = player(&server, "one");
    let joined = join(&mut one, &room);
    let view = joined.room.clone().expect("a view");
    assert_eq!((joined.applied, view.run, version_of(&view)), (30, 2, 1));
    assert!(view.tick >= told.tick, "tick {} after {}", view.tick, told.tick);
    resume(&mut one, joined.channel, told.tick + 1);
    let state = messages::RoomState::decode(one.next_of(operation::ROOM_STATE)).expect("a state");
    assert!(!state.data.is_empty() && state.tick >= told.tick, "{state:?}");
    input(&mut one, joined.channel, 31, &[1]);
    until(&mut one, |frame| frame.applied == 31);
}

#[test]
fn what_a_page_may_do_to_a_developers_server_nobody_may_elsewhere() {
    let server = Server::start(options());
    let refused = server.http().post("/dev/kill", &json!({}));
    assert_eq!(refused.status, 403, "nobody would start it again");
    assert_eq!(server.http().post("/dev/patch", &json!({ "which": "worse" })).status, 422);
}
