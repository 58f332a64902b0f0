//! The fuzzer's corpus of bundles, replayed.

#[path = "../../../../fuzz/exercise_patch.rs"]
mod exercise_patch;

use std::fs;
use std::path::Path;

use exercise_patch::bundle;
use releases::Bundle;

#[test]
fn the_committed_corpus_is_survived_whole_cut_and_damaged() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/patch");
    let (mut replayed, mut good) = (0, 0);
    for entry in fs::read_dir(corpus).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bundle(&bytes);
        for at in 0..bytes.len() {
            bundle(&bytes[..at]);
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x81;
            bundle(&damaged);
        }
        replayed += 1;
        good += u32::from(Bundle::read(&bytes).is_ok());
    }
    assert!(replayed >= 10 && good >= 3, "{replayed} files, {good} good ones");
}

/// Writes the corpus anew; its files are committed.
#[test]
#[ignore = "run by hand when the format grows"]
fn write_the_corpus() {
    use crate::bench::{Bench, draft, module, module_with, signed};

    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/patch");
    let bench = Bench::new();
    let (one, two) = (module(1), module(2));
    let whole = bench.bundle("hotfix-1.0.0-v1", Some(&one), &two);
    let with_length = |at: usize, length: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        bytes
    };
    let mut format = whole.clone();
    format[7] = 2;
    let unsigned = Bundle::build(draft("demo", "release-1.0.0", None), one.clone()).unwrap().write();
    let not_wasm = signed(draft("demo", "release-1.0.0", None), b"text", &bench.alice);
    let bare = bench.bundle("release-1.0.0", None, &module_with(1, &[], ""));
    let manifest_only =
        [b"JZPATCH\x01".to_vec(), vec![0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0], b"{}".to_vec()].concat();
    for (name, bytes) in [
        ("hotfix", whole.clone()),
        ("unsigned-release", unsigned),
        ("bare-release", bare),
        ("module-is-text", not_wasm),
        ("module-alone", one),
        ("format-2", format),
        ("manifest-empty", manifest_only),
        ("manifest-length-zero", with_length(8, 0)),
        ("manifest-length-huge", with_length(8, u32::MAX)),
        ("signature-length-odd", with_length(12, 95)),
        ("module-length-huge", with_length(16, u32::MAX)),
        ("module-length-short", with_length(16, 3)),
        ("head-alone", whole[..20].to_vec()),
        ("empty", Vec::new()),
    ] {
        fs::write(corpus.join(name), bytes).unwrap();
    }
}
