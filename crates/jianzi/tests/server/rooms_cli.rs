//! `jianzi room` and `jianzi crash reproduce`, on data folders that real servers wrote.

use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;
use protocol::messages::{self, AuthoritativeSpec, RoomKind, RoomSpec, StartRule};
use protocol::operation;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Ended, Player, Server};

use crate::support::{create, input, lockstep_spec, options, player, resume, room_id, two_in_lockstep};

pub fn authoritative_spec(game: &str, seats: u32) -> RoomSpec {
    RoomSpec {
        kind: RoomKind::Authoritative.into(),
        seats,
        start: StartRule::WhenFull.into(),
        authoritative: Some(AuthoritativeSpec { game: game.into(), tick_hz: 60, seed: 5 }),
        ..Default::default()
    }
}

pub fn jianzi(arguments: &[&str], data: &Path, environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
    command.args(arguments).arg("--data").arg(data).envs(environment.iter().copied());
    testkit::run(&mut command)
}

pub fn went_well(ended: Ended) -> String {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

fn start_on(data: &Path, environment: &[(&str, &str)]) -> Server {
    let mut options = options();
    options.data = Some(data.to_owned());
    options.environment.extend(environment.iter().map(|(key, value)| ((*key).into(), (*value).into())));
    Server::start(options)
}

/// Reads frames until this input is acknowledged; the last tick of that frame.
fn until_applied(player: &mut Player, number: u32) -> u32 {
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).unwrap();
        if frame.applied >= number {
            return frame.tick + frame.ticks.len() as u32 - 1;
        }
    }
}

fn until_tick(player: &mut Player, tick: u32) {
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).unwrap();
        if frame.tick >= tick {
            return;
        }
    }
}

pub fn lines(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn module(name: &str) -> String {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../games/jianzi/room/dist");
    modules.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_match_is_listed_dumped_stepped_and_played_again() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path(), &[]);
    let ([mut one, mut two], channels, room) = two_in_lockstep(&server, lockstep_spec(2));
    for number in 1..=5 {
        input(&mut one, channels[0], number, &[0xab, number as u8]);
        input(&mut two, channels[1], number, &[0xcd, number as u8]);
    }
    let told = until_applied(&mut one, 5);
    until_applied(&mut two, 5);
    until_tick(&mut one, 10);
    // While the server is at work, a copy is read.
    let live = jianzi(&["room", "list", "--json"], data.path(), &[]);
    assert!(live.stderr.contains("a copy of its journal is read"), "{live:?}");
    let listed = lines(&went_well(live));
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(
        [&listed[0]["room"], &listed[0]["kind"], &listed[0]["phase"]],
        [room.as_str(), "lockstep", "playing"]
    );
    assert!(listed[0]["tick"].as_u64().unwrap() >= told.into() && listed[0]["members"] == 2, "{listed:?}");
    drop(server);

    let dumped = lines(&went_well(jianzi(&["room", "dump", &room, "--json"], data.path(), &[])));
    assert_eq!(dumped[0]["event"], "founded");
    let inputs: Vec<&str> = dumped
        .iter()
        .filter(|line| line["event"] == "input" && line["seat"] == 0)
        .map(|line| line["data"].as_str().unwrap())
        .collect();
    assert_eq!(inputs, ["ab01", "ab02", "ab03", "ab04", "ab05"]);
    let some = went_well(jianzi(&["room", "dump", "--from", "3", "--to", "4"], data.path(), &[]));
    let ticks = some.lines().filter(|line| line.contains("  tick  number ")).count();
    assert_eq!(ticks, 2, "{some}");

    let text = went_well(jianzi(&["room", "replay"], data.path(), &[]));
    assert!(text.contains("good") && text.contains("1 room(s) played again, all as they were"), "{text}");

    let stepped = went_well(jianzi(&["room", "step", "--to", "4", "--json"], data.path(), &[]));
    let state = &lines(&stepped)[0];
    assert_eq!((&state["tick"], &state["run"]), (&4.into(), &1.into()));
    assert!(state["told"].as_array().unwrap().iter().any(|told| told["told"] == "frame"), "{state:#}");
    let stepped = went_well(jianzi(&["room", "step", "--to", &told.to_string()], data.path(), &[]));
    assert!(
        stepped.contains("applied      5") && stepped.contains(&format!("tick         {told}\n")),
        "{stepped}"
    );

    let compared = jianzi(&["room", "compare", "--on", "1"], data.path(), &[]);
    assert!(compared.code == Some(1) && compared.stderr.contains("runs no game"), "{compared:?}");
    let missing = jianzi(&["room", "dump", "nowhere"], data.path(), &[]);
    assert!(missing.code == Some(1) && missing.stderr.contains("no room nowhere"), "{missing:?}");
    // A bit of an input, flipped: the room is told to be damaged, and the folder not to be good.
    flip_a_bit(data.path(), &[0xab, 3]);
    let damaged = jianzi(&["room", "replay"], data.path(), &[]);
    assert!(damaged.code == Some(1) && damaged.stdout.contains("WRONG"), "{damaged:?}");
}

#[test]
fn a_game_is_compared_with_other_versions_of_its_rules() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path(), &[]);
    let mut one = player(&server, "one");
    let joined = create(&mut one, authoritative_spec("jianzi", 1));
    let room = room_id(&joined);
    resume(&mut one, joined.channel, 1);
    input(&mut one, joined.channel, 1, &[3]);
    until_applied(&mut one, 1);
    until_tick(&mut one, 80);
    server.terminate();
    assert!(server.wait().success());

    let listed = lines(&went_well(jianzi(&["room", "list", "--json"], data.path(), &[])));
    assert_eq!((&listed[0]["kind"], &listed[0]["logic"]["version"]), (&"authoritative".into(), &1.into()));
    let replayed = went_well(jianzi(&["room", "replay", &room], data.path(), &[]));
    assert!(replayed.contains("good"), "{replayed}");
    let stepped = went_well(jianzi(&["room", "step", "--to", "80", "--json"], data.path(), &[]));
    let state = &lines(&stepped)[0];
    assert_eq!(state["tick"], 80);
    assert!(!state["view"].as_str().unwrap().is_empty(), "{state:#}");

    // The same rules in another file: nothing differs.
    let same = data.path().join("same.wasm");
    let mut bytes = std::fs::read(module("jianzi-v1.wasm")).unwrap();
    bytes.extend([0, 2, 1, b'x']);
    std::fs::write(&same, bytes).unwrap();
    let same = jianzi(&["room", "compare", "--on", same.to_str().unwrap()], data.path(), &[]);
    let text = went_well(same);
    assert!(text.contains("nowhere") && text.contains("saves compared"), "{text}");
    let own = jianzi(&["room", "compare", "--on", "1"], data.path(), &[]);
    assert!(own.code == Some(1) && own.stderr.contains("runs this very version"), "{own:?}");
    let bad = jianzi(&["room", "compare", "--on", &module("jianzi-v3-bad.wasm")], data.path(), &[]);
    assert!(bad.code == Some(1) && bad.stderr.contains("the other version fails: at tick"), "{bad:?}");
    let none = jianzi(&["room", "compare", "--on", "hotfix-9"], data.path(), &[]);
    assert!(none.code == Some(1) && none.stderr.contains("there are 1 (release-1.0.0)"), "{none:?}");
}

#[test]
fn the_replay_of_a_game_is_verified_with_the_modules_of_its_data_folder() {
    let (data, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let server = start_on(data.path(), &[]);
    let mut one = player(&server, "one");
    let joined = create(&mut one, RoomSpec { life_limit_s: 2, ..authoritative_spec("jianzi", 1) });
    resume(&mut one, joined.channel, 1);
    input(&mut one, joined.channel, 1, &[3]);
    let ended = one.next_push(|event| match event {
        messages::push::Event::RoomEnded(ended) => Some(ended),
        _ => None,
    });
    assert!(ended.reason == "life_limit" && ended.last_tick > 20, "{ended:?}");
    let file = testkit::eventually("the replay", || replay_in(&data.path().join("replays")));
    let replayed = |file: &Path, more: &[&str]| {
        testkit::run(Command::new(env!("CARGO_BIN_EXE_jianzi")).arg("replay").arg(file).args(more))
    };
    let text = went_well(replayed(&file, &[]));
    assert!(text.contains("is true") && text.contains(&format!("{} ticks", ended.last_tick)), "{text}");

    let copy = elsewhere.path().join("copy.jzrp");
    std::fs::copy(&file, &copy).unwrap();
    let without = replayed(&copy, &[]);
    assert!(without.code == Some(1) && without.stderr.contains("--data FOLDER"), "{without:?}");
    assert_eq!(went_well(replayed(&copy, &["--data", data.path().to_str().unwrap()])), text);
}

/// A file in one of the folder's folders, each of which is an app's.
fn replay_in(folder: &Path) -> Option<PathBuf> {
    let apps = std::fs::read_dir(folder).ok()?.flatten();
    let files = apps.filter_map(|app| std::fs::read_dir(app.path()).ok()).flatten().flatten();
    files.map(|file| file.path()).find(|file| file.extension().is_some_and(|end| end == "jzrp"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_that_a_room_caused_is_reproduced_and_another_is_not() {
    let data = TempDir::new().unwrap();
    let server = start_on(data.path(), &[("JIANZI_CRASH_AT", "*:50")]);
    let ([mut one, mut two], channels, room) = two_in_lockstep(&server, lockstep_spec(2));
    input(&mut one, channels[0], 1, &[1]);
    input(&mut two, channels[1], 1, &[2]);
    assert!(!server.wait().success());

    // The next process makes the report, and the room plays on: the log does not end where the crash was.
    let server = start_on(data.path(), &[]);
    testkit::eventually("the report", || server.events("crash_found").pop());
    let mut back = player(&server, "one");
    let join = messages::JoinRoom { room: room.clone(), ..Default::default() };
    let joined: messages::Joined = back.call("rooms.join", &join).unwrap();
    resume(&mut back, joined.channel, 1);
    until_tick(&mut back, 100);

    let wanted = [("JIANZI_CRASH_AT", "*:50")];
    let shown = went_well(jianzi(&["crash", "reproduce", "latest"], data.path(), &wanted));
    for part in
        ["SIGSEGV", &format!("{room} dies the same way (segv) after tick 49, in tick 50"), "fault_on_purpose"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(shown.contains("attempt  1:") && !shown.contains("attempt  2:"), "{shown}");
    let not_shown = jianzi(&["crash", "reproduce", "--times", "2"], data.path(), &[]);
    assert_eq!(not_shown.code, Some(1), "{not_shown:?}");
    assert!(
        not_shown.stderr.contains("did not show") && not_shown.stdout.contains("attempt  2:"),
        "{not_shown:?}"
    );
    drop(server);
}

fn flip_a_bit(data: &Path, needle: &[u8]) {
    let files = std::fs::read_dir(data.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|end| end == "log")) {
        let mut bytes = std::fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(needle.len()).position(|window| window == needle) {
            bytes[at] ^= 4;
            std::fs::write(&path, bytes).unwrap();
            return;
        }
    }
    panic!("the input is in the journal");
}
