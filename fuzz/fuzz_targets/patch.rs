//! `cargo +nightly fuzz run patch` explores; the committed corpus is replayed by `cargo test -p releases`.
#![no_main]

#[path = "../exercise_patch.rs"]
mod exercise_patch;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise_patch::bundle(bytes));
