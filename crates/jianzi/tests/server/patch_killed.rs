//! kill -9 at every step of a patch's life, under live matches: afterwards every room runs the version that the history
//! names, and nothing acknowledged is lost.

use std::path::Path;
use std::process::Command;

use prost::Message as _;
use protocol::messages::{self, AuthoritativeSpec, RoomKind, RoomSpec, StartRule};
use protocol::operation;
use serde_json::json;
use tempfile::TempDir;
use testkit::{Ended, Player, Server, eventually};

use crate::support::{create, input, options, player, resume, room_id};

/// The step of the history after which the server is killed, what an operator does until then, and the version that all
/// rooms run in the end.
const STEPS: [(&str, &[&str], u64); 8] = [
    ("published", &[], 2),
    ("replayed", &[], 2),
    ("canary_began", &[], 2),
    ("swapped", &[], 2),
    ("confirmed", &["promote"], 2),
    ("settled", &["promote"], 2),
    ("rollback_began", &["promote", "rollback"], 1),
    ("rolled_back", &["rollback"], 1),
];

/// Of one player: a session has up to 8.
const ROOMS: usize = 6;
const INPUTS: u32 = 10;

#[test]
fn wherever_the_server_dies_all_rooms_come_to_one_version() {
    for (step, deeds, wanted) in STEPS {
        let data = TempDir::new().unwrap();
        let server = start_on(data.path());
        let rooms = rooms_under_way(&server);
        let published = server.http().post("/dev/patch", &json!({ "which": "v2" }));
        assert_eq!(published.status, 200, "{}", published.json());
        for deed in deeds {
            // The canary has begun and has its rooms; a version that is confirmed is on all of them.
            until_in_history(data.path(), "swapped");
            let done = eventually(deed, || {
                let ended = patch(&server, data.path(), &[deed, "--app", "jianzi-demo", "--game", "jianzi"]);
                (ended.code == Some(0)).then_some(ended)
            });
            assert!(done.stdout.contains("hotfix-1.0.0-v1"), "{step}: {done:?}");
        }
        until_in_history(data.path(), step);
        drop(server);

        let server = start_on(data.path());
        let mut one = player(&server, "one");
        eventually("all rooms run what the history names", || {
            let named = version_named(&server)?;
            rooms.iter().all(|room| version(&mut one, room) == named).then_some(named)
        });
        assert_eq!(version_named(&server), Some(wanted), "{step}");
        for room in &rooms {
            let joined = join(&mut one, room);
            assert_eq!(joined.applied, INPUTS, "{step}: nothing acknowledged is lost");
            resume(&mut one, joined.channel, 1);
            input(&mut one, joined.channel, INPUTS + 1, &[1]);
            until_applied(&mut one, joined.channel, INPUTS + 1);
        }
        let audit = patch(&server, data.path(), &["status", "--audit"]);
        assert!(audit.code == Some(0) && audit.stdout.contains("each linked"), "{step}: {audit:?}");
    }
}

/// Slow enough that a step waits for the next deed, and bears to be asked often.
fn start_on(data: &Path) -> Server {
    let slow = options().with("GAMES__QUIET", "1h").with("GAMES__WATCH_AFTER", "500ms");
    let mut options = slow.with("LIMITS__FRAMES", "unlimited");
    options.data = Some(data.to_owned());
    Server::start(options)
}

/// Each with all its inputs acknowledged.
fn rooms_under_way(server: &Server) -> Vec<String> {
    let mut one = player(server, "one");
    let spec = RoomSpec {
        kind: RoomKind::Authoritative.into(),
        seats: 1,
        start: StartRule::WhenFull.into(),
        authoritative: Some(AuthoritativeSpec { game: "jianzi".into(), ..Default::default() }),
        ..Default::default()
    };
    let begin = |_| {
        let joined = create(&mut one, spec.clone());
        resume(&mut one, joined.channel, 1);
        for number in 1..=INPUTS {
            input(&mut one, joined.channel, number, &[(number % 3) as u8]);
        }
        until_applied(&mut one, joined.channel, INPUTS);
        room_id(&joined)
    };
    (0..ROOMS).map(begin).collect()
}

fn until_applied(player: &mut Player, channel: u32, number: u32) {
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).expect("a frame");
        if frame.channel == channel && frame.applied >= number {
            return;
        }
    }
}

fn until_in_history(data: &Path, step: &str) {
    let wanted = format!("\"what\":\"{step}\"");
    eventually(step, || {
        let history = std::fs::read_to_string(data.join("games/history.jsonl")).unwrap();
        history.contains(&wanted).then_some(())
    });
}

/// What rooms are to run by the history; `None` while that is about to change.
fn version_named(server: &Server) -> Option<u64> {
    let game = server.http().get("/dev/games").json()["data"]["games"][0].clone();
    match game["trial"]["stage"].as_str() {
        // A developer's canary is all rooms.
        Some("canary") => game["trial"]["version"].as_u64(),
        Some("verifying") => None,
        Some(_) => game["stable"].as_u64(),
        None => game["trial"].is_null().then(|| game["stable"].as_u64()).flatten(),
    }
}

fn version(player: &mut Player, room: &str) -> u64 {
    let get = messages::RoomAction { room: room.to_owned(), ..Default::default() };
    let view: messages::RoomView = player.call("rooms.get", &get).expect("a view");
    view.logic.map_or(0, |logic| logic.version.into())
}

fn join(player: &mut Player, room: &str) -> messages::Joined {
    let knows_kind = RoomKind::Authoritative as u32;
    let join = messages::JoinRoom { room: room.to_owned(), knows_kind, ..Default::default() };
    player.call("rooms.join", &join).expect("a seat")
}

fn patch(server: &Server, data: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
    command.arg("patch").args(arguments).arg("--data").arg(data);
    testkit::run(command.env("JIANZI_SERVER__ADMIN", server.address("admin").to_string()))
}
