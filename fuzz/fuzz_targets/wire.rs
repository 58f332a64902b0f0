//! `cargo +nightly fuzz run wire` explores; the committed corpus is replayed by `cargo test -p protocol`.
#![no_main]

#[path = "../exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::wire(bytes));
