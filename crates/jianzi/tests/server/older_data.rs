//! What an older program left behind is gone on with: `tests/fixtures/data-*` are data folders as programs of those days
//! left them at `kill -9`: a room of each kind in the middle of its play, with images, one of them on a patch that was
//! still on trial.
//!
//! To add one for a version that is about to be exchanged: set `JIANZI_OLD` to its program and `JIANZI_FIXTURE` to the new
//! folder's name, and run `cargo test -p jianzi --test server -- --ignored write_a_data_folder`.

use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;
use protocol::messages::{self, AuthoritativeSpec, LockstepSpec, Property, RoomKind, RoomSpec, StartRule};
use protocol::operation;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Player, Server, ServerOptions, eventually};

use crate::support::{create, input, lockstep_spec, options, player, relay_spec, resume, room_id};

const INPUTS: u32 = 30;

/// The same events, the same images and the same modules lead to the same states, whichever program plays them.
#[test]
fn rooms_that_an_older_program_left_are_played_on_as_they_were() {
    for folder in fixtures() {
        let shown = folder.display();
        let told = std::fs::read_to_string(folder.join("told.jsonl")).unwrap();
        let data = TempDir::new().unwrap();
        copy(&folder.join("data"), data.path());
        let found = replay(Path::new(env!("CARGO_BIN_EXE_jianzi")), data.path());
        assert_eq!(found, rooms_in(&told), "{shown}: the states that the older program came to");
        assert!(found.len() >= 3 && found.iter().any(|room| room["image_tick"].is_u64()), "{shown}");
    }
}

/// Those whose time was over by the wall clock end then, as they would have.
#[test]
fn a_server_takes_all_rooms_of_an_older_program_over() {
    for folder in fixtures() {
        let shown = folder.display();
        let rooms = std::fs::read_to_string(folder.join("told.jsonl")).unwrap().lines().count();
        let data = TempDir::new().unwrap();
        copy(&folder.join("data"), data.path());
        let mut options = options();
        options.data = Some(data.path().to_owned());
        let server = Server::start(options);
        eventually("the rooms are back", || {
            let recovered = server.metric("jianzi_rooms_recovered_total") as usize;
            (recovered == rooms && server.admin().get("/readyz").status == 200).then_some(())
        });
        assert_eq!(server.metric("jianzi_rooms_not_recovered_total"), 0.0, "{shown}");
        for bad in ["room_damaged", "journal_damaged", "game_incomplete"] {
            assert!(server.events(bad).is_empty(), "{shown}: {}", server.log());
        }
    }
}

#[test]
#[ignore = "writes a folder of fixtures with an older program"]
fn write_a_data_folder() {
    let (Ok(program), Ok(name)) = (std::env::var("JIANZI_OLD"), std::env::var("JIANZI_FIXTURE")) else {
        panic!("JIANZI_OLD and JIANZI_FIXTURE say with what and where");
    };
    let data = TempDir::new().unwrap();
    // Images as soon as there is something to keep.
    let mut options = ServerOptions::new(&program)
        .with("JOURNAL__SEGMENT", "1MiB")
        .with("ROOMS__REBUILD_THOUSAND", "10ms")
        .with("GAMES__QUIET", "1h");
    options.data = Some(data.path().to_owned());
    let server = Server::start(options);
    let mut one = player(&server, "one");

    let spec = RoomSpec {
        lockstep: Some(LockstepSpec { tick_hz: 60, seed: 7, ..Default::default() }),
        ..lockstep_spec(1)
    };
    let lockstep = create(&mut one, spec);
    resume(&mut one, lockstep.channel, 1);
    for number in 1..=INPUTS {
        input(&mut one, lockstep.channel, number, &[number as u8]);
        one.frames(number * 4 - 3, number * 4);
    }

    let garden = Property { key: "place".into(), value: "garden".into() };
    create(&mut one, RoomSpec { properties: vec![garden], ..relay_spec(3) });

    let spec = RoomSpec {
        kind: RoomKind::Authoritative.into(),
        seats: 1,
        start: StartRule::WhenFull.into(),
        authoritative: Some(AuthoritativeSpec { game: "jianzi".into(), ..Default::default() }),
        ..Default::default()
    };
    let authoritative = create(&mut one, spec);
    resume(&mut one, authoritative.channel, 1);
    for number in 1..=INPUTS {
        input(&mut one, authoritative.channel, number, &[(number % 3) as u8]);
    }
    until_applied(&mut one, authoritative.channel, INPUTS);
    assert_eq!(server.http().post("/dev/patch", &json!({ "which": "v2" })).status, 200);
    eventually("the room runs the patch", || {
        let get = messages::RoomAction { room: room_id(&authoritative), ..Default::default() };
        let view: messages::RoomView = one.call("rooms.get", &get).unwrap();
        view.logic.filter(|logic| logic.version == 2)
    });
    eventually("both rooms that tick have an image", || {
        let rooms = replay(Path::new(&program), data.path());
        (rooms.iter().filter(|room| room["image_tick"].is_u64()).count() >= 2).then_some(())
    });
    drop(server);

    let folder = folder_of_fixtures().join(name);
    for part in ["journal", "games"] {
        copy(&data.path().join(part), &folder.join("data").join(part));
    }
    // Read last: a program that looks at a journal tidies it.
    let told: String =
        replay(Path::new(&program), data.path()).iter().map(|room| format!("{room}\n")).collect();
    std::fs::write(folder.join("told.jsonl"), told).unwrap();
}

fn folder_of_fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixtures() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(folder_of_fixtures()).unwrap().map(|folder| folder.unwrap().path());
    let folders: Vec<_> = folders.collect();
    assert!(!folders.is_empty());
    folders
}

/// What `jianzi room replay` finds: for each room the tick and the state's hash, and what is wrong.
fn replay(program: &Path, data: &Path) -> Vec<Value> {
    let mut command = Command::new(program);
    let ended = testkit::run(command.args(["room", "replay", "--json", "--data"]).arg(data));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    rooms_in(&ended.stdout)
}

fn rooms_in(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A file, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        let entries = std::fs::read_dir(from).unwrap().map(Result::unwrap);
        for entry in entries.filter(|entry| entry.file_name() != "lock") {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

fn until_applied(player: &mut Player, channel: u32, number: u32) {
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).expect("a frame");
        if frame.channel == channel && frame.applied >= number {
            return;
        }
    }
}
