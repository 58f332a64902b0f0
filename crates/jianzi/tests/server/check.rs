//! `--check` says what a start would, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::{Ended, Server};

use crate::commands::{run, start_in_vain};
use crate::support::{create, lockstep_spec, options, player};

#[test]
fn a_data_folder_that_is_not_there_is_not_made() {
    let parent = TempDir::new().unwrap();
    let data = parent.path().join("data");
    let checked = check(&data);
    assert_eq!((checked.code, checked.stdout.lines().count()), (Some(0), 1), "{checked:?}");
    assert!(!data.exists());
}

#[test]
fn rooms_and_damage_are_told_and_the_start_agrees() {
    let data = a_server_s_data_folder();
    let checked = check(data.path());
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.contains("the journal has 1 room(s) in 1 segment(s)"), "{checked:?}");
    assert!(!checked.stdout.contains("damaged"), "{checked:?}");

    let journal = data.path().join("journal");
    damaged(data.path(), &journal.join("00000001-0.log"), None, "segment 1 (00000001-0.log) is missing");
    damaged(data.path(), &journal.join("00000001-0.log"), Some(b""), "is missing");
    let mut flipped = fs::read(journal.join("00000001-0.log")).unwrap();
    let last = flipped.len() - 1;
    flipped[last / 2] ^= 1;
    let words = "segment 1 (00000001-0.log) is damaged from offset";
    damaged(data.path(), &journal.join("00000001-0.log"), Some(&flipped), words);
    let modules = fs::read_dir(data.path().join("games/modules")).unwrap();
    for module in modules.map(|entry| entry.unwrap().path()).collect::<Vec<_>>() {
        damaged(data.path(), &module, None, "release-1.0.0 of");
        damaged(data.path(), &module, Some(b"another"), "release-1.0.0 of");
    }
}

#[test]
fn what_would_keep_the_server_from_starting_is_said_in_the_same_words() {
    let data = a_server_s_data_folder();
    let history = data.path().join("games/history.jsonl");
    let whole = fs::read_to_string(&history).unwrap();
    fs::write(&history, whole.replace("demo", "mode")).unwrap();
    refused(data.path(), "line 1 was changed");
    fs::remove_file(&history).unwrap();
    refused(data.path(), "is missing or empty");
    fs::write(&history, &whole).unwrap();
    assert_eq!(check(data.path()).code, Some(0));

    let journal = data.path().join("journal");
    for list in ["segments", "segments.copy"] {
        fs::write(journal.join(list), "nonsense").unwrap();
    }
    refused(data.path(), "no copy of the list of segments");
}

#[test]
fn a_server_at_work_is_not_disturbed() {
    let data = TempDir::new().unwrap();
    let mut options = options();
    options.data = Some(data.path().to_owned());
    let server = Server::start(options);
    let mut one = player(&server, "one");
    for rooms in 1..=3 {
        create(&mut one, lockstep_spec(2));
        let checked = check(data.path());
        assert_eq!(checked.code, Some(0), "{checked:?}");
        let told = format!("the journal has {rooms} room(s)");
        assert!(checked.stdout.contains(&told) && !checked.stdout.contains("damaged"), "{checked:?}");
    }
}

/// Of a server that was killed, with a room.
fn a_server_s_data_folder() -> TempDir {
    let data = TempDir::new().unwrap();
    let mut options = options();
    options.data = Some(data.path().to_owned());
    let server = Server::start(options);
    create(&mut player(&server, "one"), lockstep_spec(2));
    drop(server);
    data
}

fn check(data: &Path) -> Ended {
    run(&["dev", "--check", "--data", data.to_str().unwrap()])
}

/// With these bytes in a file, or without it, the server would start and lack something.
fn damaged(data: &Path, file: &Path, bytes: Option<&[u8]>, words: &str) {
    let whole = fs::read(file).unwrap();
    match bytes {
        Some(bytes) => fs::write(file, bytes).unwrap(),
        None => fs::remove_file(file).unwrap(),
    }
    let before = files(data);
    let checked = check(data);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let told = checked.stdout.lines().any(|line| line.starts_with("  damaged: ") && line.contains(words));
    assert!(told, "{words:?} in {}", checked.stdout);
    assert!(files(data) == before, "a look changes nothing");
    fs::write(file, whole).unwrap();
}

fn refused(data: &Path, words: &str) {
    let before = files(data);
    let checked = check(data);
    assert!(files(data) == before, "a look changes nothing");
    assert_eq!(checked.code, Some(5), "{checked:?}");
    let said = checked.stderr.trim_end();
    assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    let started = start_in_vain(data, &[]);
    assert_eq!(started.code, Some(5), "{started:?}");
    assert!(started.stderr.contains(said), "{said}\nand the start:\n{}", started.stderr);
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => drop(files.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
    files
}
