//! The fuzzer's corpus.

use std::fs;

use crate::{exercise, repository};

#[test]
fn the_committed_corpus_is_survived() {
    let mut replayed = 0;
    for entry in fs::read_dir(repository("fuzz/corpus/wire")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        println!("{}", path.display());
        exercise::wire(&bytes);
        exercise::any_message(&bytes);
        replayed += 1;
    }
    assert!(replayed > 50, "only {replayed} files");
}

/// Every message of the corpus cut at every byte, and with every byte damaged in a few ways.
#[test]
fn damaged_corpus_is_survived() {
    for entry in fs::read_dir(repository("fuzz/corpus/wire")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        if bytes.len() > 300 {
            continue;
        }
        for at in 0..bytes.len() {
            exercise::wire(&bytes[..at]);
            for change in [0x01, 0x08, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                exercise::wire(&damaged);
            }
        }
    }
}
