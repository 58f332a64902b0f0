//! `jianzi upgrade`: another version on trial, confirmed or taken back.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use protocol::messages::{self, LockstepSpec, RoomKind, RoomSpec, StartRule};
use testkit::{Ended, Player};

use crate::stage::{JIANZI, Options, Supervised, addresses_in, last_cause, pid_in, signal};

/// The same program in another file.
pub fn copy(folder: &Path) -> PathBuf {
    let file = folder.join("jianzi-new");
    std::fs::copy(JIANZI, &file).unwrap();
    file
}

/// A program that passes every check; what it does as a server is `body`.
pub fn pretender(folder: &Path, body: &str) -> PathBuf {
    let file = folder.join("jianzi-new");
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in version) echo 'jianzi 99.0.0 (protocol 1)'; exit;; *--check) exit;; esac\n{body}\n"
    );
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
    file
}

pub fn upgrade(supervised: &Supervised, file: &Path) -> Ended {
    testkit::run(&mut supervised.command(&["upgrade", &file.display().to_string()]))
}

fn steps(supervised: &Supervised) -> Vec<String> {
    supervised.audit().into_iter().map(|(step, _)| step).collect()
}

#[test]
fn a_good_version_takes_over_sockets_and_rooms_within_a_second_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervised = Options::new(&["--trial", "1s"]).ready();
    let before = supervised.status();
    let mut player = Player::connect(supervised.address("http"), &supervised.http().token("one"));
    let spec = RoomSpec {
        kind: RoomKind::Lockstep.into(),
        seats: 2,
        start: StartRule::WhenFull.into(),
        lockstep: Some(LockstepSpec { tick_hz: 20, seed: 7, ..Default::default() }),
        ..Default::default()
    };
    let create = messages::CreateRoom { room: String::new(), spec: Some(spec), join: true };
    let created: messages::Joined = player.call("rooms.create", &create).unwrap();
    let room = created.room.unwrap().room;

    let new = copy(folder.path());
    let Ended { code, stdout, stderr } = upgrade(&supervised, &new);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("fits") && stdout.contains("is confirmed"), "{stdout}");
    let pause =
        stdout.split_once("pause ").and_then(|(_, rest)| rest.split_once(" ms")).expect("the pause").0;
    eprintln!("pause: {pause} ms");
    assert!(pause.parse::<u64>().unwrap() < 5000, "{stdout}");
    let after = supervised.status();
    assert_ne!(pid_in(&after), pid_in(&before));
    assert_eq!(addresses_in(&after), addresses_in(&before));
    assert_ne!(after["server"]["version"], before["server"]["version"]);
    assert_eq!(after["upgrade"]["state"], "confirmed");
    assert_eq!(steps(&supervised), ["asked", "checked", "begun", "on_trial", "confirmed"]);

    // The room has come along.
    let mut other = Player::connect(supervised.address("http"), &supervised.http().token("two"));
    let join = messages::JoinRoom { room: room.clone(), ..Default::default() };
    let joined: messages::Joined = other.call("rooms.join", &join).unwrap();
    assert_eq!(joined.room.unwrap().room, room);

    // The version is kept although the file has gone.
    std::fs::remove_file(new).unwrap();
    signal(pid_in(&after).unwrap(), "-KILL");
    let again = supervised.until_restarted(2);
    assert_eq!(again["server"]["version"], after["server"]["version"]);

    // Even by another supervisor.
    signal(supervised.pid(), "-TERM");
    supervised.wait();
    let mut next = Options { data: Some(supervised.data.clone()), ..Options::new(&[]) }.ready();
    assert_eq!(next.until_ready()["server"]["version"], after["server"]["version"]);
}

#[test]
fn a_file_that_does_not_fit_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let supervised = Options::new(&[]).ready();
    let before = supervised.status();
    let garbage = folder.path().join("garbage");
    std::fs::write(&garbage, "garbage").unwrap();
    let picky = folder.path().join("picky");
    std::fs::write(&picky, "#!/bin/sh\ntest $1 = version && echo 'jianzi 9' || { echo 'cannot read the journal' >&2; exit 5; }\n")
        .unwrap();
    for (file, complaint) in [
        (garbage.as_path(), "cannot be run"),
        (picky.as_path(), "cannot read the journal"),
        (folder.path(), "not a file"),
        (Path::new("/bin/true"), "version` says"),
    ] {
        let Ended { code, stderr, .. } = upgrade(&supervised, file);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(complaint), "{complaint} in {stderr}");
    }
    assert_eq!(upgrade(&supervised, Path::new("/nowhere")).code, Some(1));
    let after = supervised.status();
    assert_eq!(pid_in(&after), pid_in(&before));
    assert_eq!(after["restarts"], 0);
    assert_eq!(steps(&supervised), ["asked", "refused"].repeat(4));
}

#[test]
fn a_version_that_is_not_well_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervised = Options::new(&["--trial-ready-within", "1s"]).ready();
    let before = supervised.status();
    for (number, (body, why)) in [
        ("exit 1".to_owned(), "ended with exit code 1"),
        ("kill -SEGV $$".to_owned(), "SIGSEGV"),
        ("exec sleep 1000".to_owned(), "was not ready in time"),
        // Ready, and then dead within its trial.
        (format!("(sleep 0.5; while ! kill -ABRT $$; do :; done) & exec '{}' \"$@\"", JIANZI), "SIGABRT"),
    ]
    .into_iter()
    .enumerate()
    {
        let new = pretender(folder.path(), &body);
        let Ended { code, stdout, stderr } = upgrade(&supervised, &new);
        assert_eq!(code, Some(1), "{body}: {stdout}{stderr}");
        assert!(stderr.contains("went back") && stderr.contains(why), "{body}: {stderr}");
        let status = supervised.until_ready();
        assert_eq!(last_cause(&status), "went_back");
        assert_eq!(status["server"]["version"], before["server"]["version"]);
        assert_eq!(addresses_in(&status), addresses_in(&before));
        assert_eq!(status["restarts"], 2 * (number as u64 + 1), "over to it and back");
        assert_eq!(supervised.http().get("/v1/version").status, 200);
    }
}

#[test]
fn one_upgrade_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let supervised = Options::new(&["--trial", "1h"]).ready();
    let new = copy(folder.path());
    let mut first = supervised.command(&["upgrade", &new.display().to_string()]).spawn().unwrap();
    supervised.until_step("on_trial");
    let second = upgrade(&supervised, &new);
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("another upgrade"), "{}", second.stderr);
    // Who asked may leave: the trial goes on.
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(supervised.status()["server"]["state"], "ready on trial");
}
