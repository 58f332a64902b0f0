//! The wire as `proto/golden/` and the fuzzer's corpus have it.

// A test stops where something is not as it must be.
#![allow(clippy::unwrap_used)]

#[path = "../../../../fuzz/exercise.rs"]
mod exercise;

mod corpus;
mod errors;
mod frames;
mod golden;
mod messages;
mod operations;

use std::path::{Path, PathBuf};

/// A path from the repository's root.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn from_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "half a byte in {hex}");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect(hex)).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
