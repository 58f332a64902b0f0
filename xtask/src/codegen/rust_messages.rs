//! `crates/protocol/src/messages.rs`.

use std::path::Path;

use anyhow::{Result, ensure};
use prost_build::{Config, Module};

use super::Contract;
use crate::workspace;

const HEADER: &str = "\
// Generated from proto/ by `cargo xtask codegen`; do not edit.

//! The messages of `proto/jianzi/v1`; `docs/protocol.md` says which operation or method carries which.

// The contract's comments are for readers of the contract: not every field has or needs one.
#![allow(missing_docs)]
// prost's form, not ours.
#![allow(clippy::all)]

";

pub fn generate(root: &Path, contract: &Contract) -> Result<String> {
    let requests = contract
        .files
        .file
        .iter()
        .map(|file| (Module::from_protobuf_package_name(file.package()), file.clone()))
        .collect();
    let modules = Config::new().bytes(["."]).generate(requests)?;
    ensure!(modules.len() == 1, "proto/ holds more than one package; the Rust module is flat");
    let body: String = modules.into_values().collect();
    workspace::rustfmt(root, &format!("{HEADER}{body}"))
}
