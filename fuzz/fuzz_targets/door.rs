//! `cargo +nightly fuzz run door` explores what a connection may begin with and go on with.
#![no_main]

#[path = "../exercise_door.rs"]
mod exercise_door;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise_door::head(bytes);
    exercise_door::frames(bytes);
});
