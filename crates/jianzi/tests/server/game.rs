//! `jianzi game`: from an empty folder to a room in the engine.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::Ended;

fn game(arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
    testkit::run(command.arg("game").args(arguments))
}

fn module(name: &str) -> String {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../games/jianzi/room/dist");
    modules.join(name).to_str().unwrap().to_owned()
}

fn went_well(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    &ended.stdout
}

fn failed(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?} in {ended:?}");
    }
}

fn contains(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} in {text}");
    }
}

#[test]
fn a_new_game_passes_its_tests_is_built_and_played() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("tug");
    let tug = folder.to_str().unwrap();
    contains(went_well(&game(&["new", tug])), &["src/lib.rs", "jianzi game build"]);
    contains(went_well(&game(&["test", tug])), &["test result: ok. 3 passed"]);
    contains(
        went_well(&game(&["build", tug])),
        &["tug.wasm", "ABI 1", "view; save and load (version 1)", "sha256"],
    );

    let played = game(&["run", tug, "--seats", "3", "--bots", "1", "--input", "01"]);
    contains(
        went_well(&played),
        &[
            "tick 0, info: Player 0 pulls to the left",
            "ended   at tick",
            "said and cost the same",
            "shows the same view",
        ],
    );
    // The same module, given as a file, and a game that goes on.
    let built = folder.join("target/wasm32-unknown-unknown/release/tug.wasm");
    let played = game(&["run", built.to_str().unwrap(), "--ticks", "50", "--activity", "0"]);
    contains(went_well(&played), &["50 ticks and 0 inputs", "ended   not yet"]);
}

#[test]
fn an_assemblyscript_game_is_written_whole() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("tug");
    went_well(&game(&["new", folder.to_str().unwrap(), "--lang", "assemblyscript"]));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    assert!(read("package.json").contains("\"name\": \"tug\""));
    for path in ["assembly/index.ts", "assembly/jianzi.ts", "testing/room.mjs", "test/tug_of_war.test.mjs"] {
        assert!(!read(path).is_empty(), "{path}");
    }
}

#[test]
fn a_folder_that_holds_something_stays_as_it_is() {
    let parent = TempDir::new().unwrap();
    std::fs::write(parent.path().join("mine"), "dear").unwrap();
    let held = |name: &str| -> PathBuf { parent.path().join(name) };
    failed(&game(&["new", held("mine").to_str().unwrap()]), &["is there already"]);
    std::fs::create_dir(held("full")).unwrap();
    std::fs::write(held("full/Cargo.toml"), "dear").unwrap();
    failed(&game(&["new", held("full").to_str().unwrap()]), &["is there already", "nothing was changed"]);
    assert_eq!(std::fs::read_to_string(held("full/Cargo.toml")).unwrap(), "dear");
    failed(&game(&["new", held("毽子").to_str().unwrap()]), &["cannot be a game"]);
    failed(&game(&["build", parent.path().to_str().unwrap()]), &["there is no game in", "jianzi game new"]);
}

#[test]
fn the_demo_game_is_played_to_its_end() {
    let arguments = ["--seats", "4", "--bots", "2", "--input", "03", "--input", "02", "--input", "0464"];
    let played = game(&[&["run", &module("jianzi-v1.wasm")], &arguments[..]].concat());
    contains(
        went_well(&played),
        &[
            "1260 broadcasts",
            "2 effects (6 bytes)",
            "ended   at tick 1260, result of 12 bytes",
            "shows the same view",
        ],
    );
}

#[test]
fn a_module_that_traps_is_told_with_call_and_place() {
    let played = game(&["run", &module("jianzi-v3-bad.wasm")]);
    failed(&played, &["jz_tick of tick 60 ended badly", "trap"]);
    contains(&played.stdout, &["tick 60, error: panic at src/lib.rs:"]);
}

#[test]
fn what_is_no_module_is_refused_with_a_reason() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("game.wasm");
    std::fs::write(&path, "not a module").unwrap();
    failed(&game(&["run", path.to_str().unwrap()]), &["game.wasm is refused", "not a WebAssembly module"]);
    let whole = std::fs::read(module("jianzi-v1.wasm")).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    failed(&game(&["run", path.to_str().unwrap()]), &["is refused"]);
    let ended = game(&["run", &module("jianzi-v1.wasm"), "--seats", "2", "--bots", "3"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
