//! Every file: short, and about this project alone.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::verdict;
use crate::workspace;

const MAX_LINES: usize = 600;

/// Sources that people write and read.
const SOURCES: &[&str] = &["rs", "ts", "mts", "mjs", "cjs", "js", "css", "sh", "py", "proto"];

/// Written by machines, or lists by nature.
const MAY_BE_LONG: &[&str] =
    &["crates/protocol/src/messages.rs", "crates/protocol/src/errors.rs", "sdk/typescript/src/generated/"];

/// Folders of somebody's machine. Written in two halves, or this file would find itself.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("file:", "///")];

const NEEDED: &[&str] = &["LICENSE", "README.md", "README.zh-CN.md", "rust-toolchain.toml", "Cargo.lock"];

pub fn check(root: &Path) -> Result<()> {
    let files = workspace::files(root)?;
    let mut complaints = Vec::new();
    for needed in NEEDED {
        if !files.iter().any(|path| path == Path::new(needed)) {
            complaints.push(format!("{needed} is missing"));
        }
    }
    for path in &files {
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        for words in MACHINE_PATHS.iter().filter(|words| text.contains(**words)) {
            let line = text.lines().position(|line| line.contains(words)).unwrap_or(0) + 1;
            complaints.push(format!("{}:{line}: names a folder of one machine ({words})", path.display()));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES && is_source(path) {
            complaints.push(format!("{}: {lines} lines; {MAX_LINES} are the limit", path.display()));
        }
    }
    println!("{} files", files.len());
    verdict(complaints)
}

fn is_source(path: &Path) -> bool {
    let is_bundle = path.components().any(|part| part.as_os_str() == "dist");
    let is_listed = MAY_BE_LONG.iter().any(|long| path.starts_with(long) || path == Path::new(long));
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    SOURCES.contains(&extension) && !is_bundle && !is_listed
}
