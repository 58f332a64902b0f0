//! The fuzzer's corpus of request heads and WebSocket frames, replayed.

#[path = "../../../fuzz/exercise_door.rs"]
mod exercise_door;

use std::fs;
use std::path::Path;

#[test]
fn the_committed_corpus_is_survived_whole_cut_and_damaged() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/door");
    let mut replayed = 0;
    for entry in fs::read_dir(corpus).expect("the corpus") {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
        exercise(&bytes);
        for at in 0..bytes.len().min(300) {
            exercise(&bytes[..at]);
            let mut damaged = bytes[..bytes.len().min(400)].to_vec();
            damaged[at] ^= 0x81;
            exercise(&damaged);
        }
        replayed += 1;
    }
    assert!(replayed > 20, "only {replayed} files");
}

fn exercise(bytes: &[u8]) {
    exercise_door::head(bytes);
    exercise_door::frames(bytes);
}
