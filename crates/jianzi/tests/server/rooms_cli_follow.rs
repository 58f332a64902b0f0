//! `jianzi dev --game`: a live room follows the source of its game.

use std::path::Path;
use std::process::Command;

use prost::Message as _;
use protocol::{messages, operation};
use room_core::tick_entries;
use tempfile::TempDir;
use testkit::{Player, Server, eventually};

use crate::rooms_cli::{authoritative_spec, jianzi, lines, went_well};
use crate::support::{create, options, player, resume, room_id};

fn game(arguments: &[&str]) -> testkit::Ended {
    testkit::run(Command::new(env!("CARGO_BIN_EXE_jianzi")).arg("game").args(arguments))
}

/// Reads frames until the game broadcasts something of this length; no tick is missing on the way.
fn until_length(player: &mut Player, next: &mut u32, length: usize) {
    for _ in 0..4000 {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).unwrap();
        if *next > 0 {
            assert_eq!(frame.tick, *next, "ticks come in order, once");
        }
        *next = frame.tick + frame.ticks.len() as u32;
        let mut said = frame.ticks.iter().flat_map(|tick| tick_entries(tick));
        if said.any(|(_, data)| data.len() == length) {
            return;
        }
    }
    panic!("no broadcast of {length} bytes before tick {next}");
}

fn edit(path: &Path, from: &str, to: &str) {
    let source = std::fs::read_to_string(path).unwrap();
    assert!(source.contains(from), "{source}");
    std::fs::write(path, source.replacen(from, to, 1)).unwrap();
}

#[test]
fn an_edited_source_changes_a_live_room() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("tug");
    assert_eq!(game(&["new", folder.to_str().unwrap()]).code, Some(0));
    // The server waits for its first build; here so that nobody waits for the server.
    assert_eq!(game(&["build", folder.to_str().unwrap()]).code, Some(0));
    let data = TempDir::new().unwrap();
    let mut options = options();
    options.data = Some(data.path().to_owned());
    options.arguments = vec!["--game".into(), folder.to_str().unwrap().into()];
    let server = Server::start(options);
    assert_eq!(server.events("game_built").len(), 1, "{}", server.log());

    let mut one = player(&server, "one");
    let joined = create(&mut one, authoritative_spec("tug", 1));
    resume(&mut one, joined.channel, 1);
    // The rope and one seat's pulls.
    let mut next = 0;
    until_length(&mut one, &mut next, 8);

    let source = folder.join("src/lib.rs");
    let broadcast = "room.broadcast(&self.view(None));";
    edit(&source, broadcast, "room.broadcast(&[self.view(None), vec![7; 3]].concat());");
    until_length(&mut one, &mut next, 11);
    let view: messages::RoomView = one
        .call("rooms.get", &messages::RoomAction { room: room_id(&joined), ..Default::default() })
        .unwrap();
    let logic = view.logic.unwrap();
    assert_eq!((logic.game.as_str(), logic.version, view.run), ("tug", 2, 1));

    // What cannot be built is told, and the room goes on as it is.
    edit(&source, "vec![7; 3]", "vec![7; 3");
    eventually("it is told", || server.events("game_not_built").pop());
    until_length(&mut one, &mut next, 11);
    edit(&source, "vec![7; 3", "vec![7; 5]");
    until_length(&mut one, &mut next, 13);
    (0..5).for_each(|_| until_length(&mut one, &mut next, 13));
    drop(server);

    // The killed server's room, on the versions that it left behind.
    let room = lines(&went_well(jianzi(&["room", "list", "--json"], data.path(), &[]))).remove(0);
    assert_eq!(room["logic"]["version"], 3, "{room:#}");
    went_well(jianzi(&["room", "replay"], data.path(), &[]));
    let compared = jianzi(&["room", "compare", "--on", "2", "--json"], data.path(), &[]);
    assert!(
        compared.code == Some(1) && compared.stderr.contains("the versions part at tick"),
        "{compared:?}"
    );
    let found = &lines(&compared.stdout)[0];
    assert!(found["first_difference"].as_u64() > found["from_tick"].as_u64(), "{found:#}");
    assert!(found["how"].as_str().unwrap().starts_with("the frame: "), "{found:#}");
}
