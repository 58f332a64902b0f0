//! The command line: exit codes and messages that an operator can act on.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::messages;
use tempfile::TempDir;
use testkit::{Ended, Server};

use crate::support::{input, lockstep_spec, options, start, two_in_lockstep};

fn jianzi(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
    command.args(arguments);
    command
}

pub fn run(arguments: &[&str]) -> Ended {
    testkit::run(&mut jianzi(arguments))
}

/// Starts a server that has a reason not to start.
pub fn start_in_vain(data: &Path, arguments: &[&str]) -> Ended {
    let free = "127.0.0.1:0";
    let given = |name: &str| arguments.contains(&name);
    let mut command = jianzi(&["dev", "--data", data.to_str().unwrap()]);
    for name in ["--http", "--tcp", "--admin"].into_iter().filter(|name| !given(name)) {
        command.args([name, free]);
    }
    testkit::run(command.args(arguments))
}

fn ended_with(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let last = ended.stderr.trim_end();
    for word in words {
        assert!(last.contains(word), "{word:?} in {last:?}");
    }
    assert!(!last.contains("panicked"), "{last}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--http", "--tcp", "--admin"] {
        let folder = TempDir::new().unwrap();
        let ended = start_in_vain(folder.path(), &[option, &address]);
        ended_with(&ended, 4, &["cannot listen on", &address, "in use"]);
    }
    let folder = TempDir::new().unwrap();
    // Not of this machine (RFC 5737).
    ended_with(&start_in_vain(folder.path(), &["--http", "192.0.2.1:7600"]), 4, &["192.0.2.1:7600"]);
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named() {
    let parent = TempDir::new().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below"), PathBuf::from("/proc/nothing/here")] {
        ended_with(&start_in_vain(&path, &[]), 5, &[path.to_str().unwrap(), "--data"]);
    }
    // Where a folder stands in the place of a file of ours.
    let blocked = parent.path().join("blocked");
    std::fs::create_dir_all(blocked.join("dev-keys.toml")).unwrap();
    ended_with(&start_in_vain(&blocked, &[]), 5, &["dev-keys.toml"]);
}

/// Files without a permission stop everybody but root, who runs the tests in many places.
#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o000)).unwrap();
    let may_anyway = std::fs::File::create(folder.path().join("try")).is_ok();
    if !may_anyway {
        ended_with(&start_in_vain(folder.path(), &[]), 5, &[folder.path().to_str().unwrap(), "--data"]);
    }
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_data_folder_belongs_to_one_process() {
    let folder = TempDir::new().unwrap();
    let mut first = options();
    first.data = Some(folder.path().to_owned());
    let first = Server::start(first);
    let holder = format!("process {}", first.pid());
    ended_with(&start_in_vain(folder.path(), &[]), 5, &["another process", &holder, "--data"]);
    // The first one has not noticed.
    let token = first.http().token("a");
    drop(first);
    // A killed process leaves nothing that has to be cleaned up, and its keys stay.
    let mut again = options();
    again.data = Some(folder.path().to_owned());
    let again = Server::start(again);
    assert_eq!(again.http().get_as("/v1/user/info", &token).status, 200);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("jianzi.toml");
    let file_name = file.to_str().unwrap();
    std::fs::write(&file, "[gateway]\n\nhearbeat = \"5s\"\n[lmits]\nframes = 1\n").unwrap();
    let words =
        [&format!("{file_name}:3"), "\"hearbeat\"", "\"heartbeat\"", &format!("{file_name}:4"), "\"limits\""];
    ended_with(&start_in_vain(folder.path(), &["--config", file_name]), 3, &words);
    ended_with(&run(&["serve", "--config", file_name]), 3, &words);
    ended_with(&run(&["config", "--check", file_name]), 3, &words);
    let mut command = jianzi(&["dev"]);
    let ended = testkit::run(command.env("JIANZI_GATEWAY__HEARBEAT", "5s"));
    ended_with(&ended, 3, &["JIANZI_GATEWAY__HEARBEAT", "\"heartbeat\""]);
    ended_with(&run(&["serve", "--config", "/nothing/here.toml"]), 3, &["/nothing/here.toml"]);
    ended_with(&run(&["serve"]), 2, &["--config"]);
    ended_with(&run(&["sevre"]), 2, &["serve"]);
}

const RESUME_KEY: &str = "q8ZrPk2vXw7TnB4mLd9JhF3sGc6YtR5a";
const JWT_KEY: &str = "0vXw7TnB4mLd9JhF3sGc6YtR5aPkq8Zr";

fn production(resume_key: &str, jwt_keys: &str) -> String {
    format!(
        "[server]\n{resume_key}\n[[apps]]\nid = \"game\"\nplatform = \"simulator\"\n{jwt_keys}\n\
         [cors]\norigins = [\"https://game.example\"]\n"
    )
}

#[test]
fn serve_refuses_absent_and_default_secrets() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("jianzi.toml");
    let good = (format!("resume_key = \"{RESUME_KEY}\""), format!("jwt_keys = [\"{JWT_KEY}\"]"));
    let check = |resume_key: &str, jwt_keys: &str| {
        std::fs::write(&file, production(resume_key, jwt_keys)).unwrap();
        let data = folder.path().join("data");
        let free = ["--http", "127.0.0.1:0", "--tcp", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        let mut command =
            jianzi(&["serve", "--config", file.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        let ended = testkit::run(command.args(free));
        assert!(!data.exists(), "nothing is touched before the configuration is good");
        ended
    };
    let fill = "resume_key = \"change-me-change-me-change-me-0123\"";
    ended_with(&check("", &good.1), 3, &["[server] resume_key", "missing"]);
    ended_with(&check(fill, &good.1), 3, &["[server] resume_key", "placeholder"]);
    ended_with(&check("resume_key = \"q8ZrPk2\"", &good.1), 3, &["[server] resume_key", "32"]);
    ended_with(&check(&good.0, ""), 3, &["game jwt_keys", "missing"]);
    ended_with(&check(&good.0, "jwt_keys = [\"\"]"), 3, &["game jwt_keys", "missing"]);
    ended_with(&check(&good.0, &format!("jwt_keys = [\"{RESUME_KEY}\"]")), 3, &["two places"]);
    let all = check("", "");
    ended_with(&all, 3, &["resume_key", "jwt_keys"]);
    assert!(!all.stderr.contains(JWT_KEY) && !check(fill, &good.1).stderr.contains("change-me-change"));

    // With good ones it starts, and keeps them to itself.
    std::fs::write(&file, production(&good.0, &good.1)).unwrap();
    let mut options = options();
    options.command = "serve";
    options.arguments = vec!["--config".into(), file.display().to_string()];
    let server = Server::start(options);
    assert_eq!(server.http().get("/v1/version").status, 200);
    assert_eq!(server.http().get("/play/").status, 404, "no demo game in production");
    let log = server.log();
    assert!(!log.contains(RESUME_KEY) && !log.contains(JWT_KEY));
}

#[test]
fn the_printed_configuration_can_be_used() {
    let folder = TempDir::new().unwrap();
    let printed = run(&["config", "--profile", "dev"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let file = folder.path().join("printed.toml");
    std::fs::write(&file, &printed.stdout).unwrap();
    let checked = run(&["config", "--check", file.to_str().unwrap()]);
    ended_with(&checked, 0, &[]);
    assert!(checked.stdout.contains("is good") && checked.stdout.contains("dev"), "{checked:?}");
    let mut with_file = options();
    with_file.arguments = vec!["--config".into(), file.display().to_string()];
    let server = Server::start(with_file);
    server.http().token("a");

    // What production needs besides is said, line by line, and nothing else is wrong with its file.
    std::fs::write(&file, run(&["config"]).stdout).unwrap();
    let ended = run(&["config", "--check", file.to_str().unwrap()]);
    ended_with(&ended, 3, &["resume_key", "[[apps]]"]);
    assert_eq!(ended.stderr.trim_end().lines().count(), 2, "{}", ended.stderr);
}

#[test]
fn version_and_help_tell_what_there_is() {
    let version = run(&["version"]);
    assert_eq!(version.code, Some(0));
    assert!(version.stdout.starts_with("jianzi ") && version.stdout.contains("protocol 1"), "{version:?}");
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for word in ["dev", "serve", "config", "replay", "bench", "Exit codes"] {
        assert!(help.stdout.contains(word), "{word}");
    }
}

/// A match played to its end over the wire; the bytes of its replay.
fn finished_match() -> Vec<u8> {
    let server = start();
    let ([mut one, mut two], [channel_one, channel_two], room) = two_in_lockstep(&server, lockstep_spec(2));
    for number in 1..=12 {
        input(&mut one, channel_one, number, &[1, number as u8]);
        input(&mut two, channel_two, number, &[2, number as u8]);
    }
    for (player, channel) in [(&mut one, channel_one), (&mut two, channel_two)] {
        player.frames(1, 30);
        let hash = messages::StateHash { channel, tick: 20, hash: 77 };
        player.send(protocol::operation::STATE_HASH, &hash);
    }
    for player in [&mut one, &mut two] {
        let result = b"seat 0 wins".to_vec().into();
        let report = messages::ReportResult { room: room.clone(), result, hash: 5, tick: 30 };
        let _: messages::RoomView = player.call("rooms.result", &report).unwrap();
    }
    let token = server.http().token("one");
    testkit::eventually("the replay", || server.http().get_bytes_as(&format!("/v1/replays/{room}"), &token))
}

#[test]
fn a_replay_verifies_and_flipped_bytes_are_found() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("match.replay");
    let file_name = file.to_str().unwrap();
    let good = finished_match();
    std::fs::write(&file, &good).unwrap();
    let verified = run(&["replay", file_name]);
    ended_with(&verified, 0, &[]);
    for word in ["The replay is true", "24 of them inputs", "seat 0", "seat 1", "finished"] {
        assert!(verified.stdout.contains(word), "{word:?} in {}", verified.stdout);
    }

    // Spread over the file, its first and last byte among them.
    for step in 0..24 {
        let place = step * (good.len() - 1) / 23;
        let mut flipped = good.clone();
        flipped[place] ^= 1 << (step % 8);
        std::fs::write(&file, &flipped).unwrap();
        ended_with(&run(&["replay", file_name]), 1, &["is not a true replay", file_name]);
    }
    for length in [0, 1, 7, good.len() / 2, good.len() - 1] {
        std::fs::write(&file, &good[..length]).unwrap();
        ended_with(&run(&["replay", file_name]), 1, &["is not a true replay"]);
    }
    std::fs::write(&file, [&good[..], b"x"].concat()).unwrap();
    ended_with(&run(&["replay", file_name]), 1, &["is not a true replay"]);
    ended_with(&run(&["replay", "/nothing/here.replay"]), 1, &["/nothing/here.replay"]);
}
