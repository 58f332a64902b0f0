//! `cargo xtask check`: what a machine can say about a change before anybody reads it.

mod dependencies;
mod documents;
mod files;
mod locks;

use std::path::Path;

use anyhow::Result;

use crate::codegen;
use crate::floors;
use crate::guests;
use crate::npm;
use crate::steps::{Steps, execute};
use crate::workspace::{self, Metadata, cargo};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Without clippy and bundles.
    Fast,
    Everything,
}

pub fn run(extent: Extent) -> Result<()> {
    let mut steps = Steps::new();
    add_steps(&mut steps, &workspace::root(), extent);
    steps.finish("cargo xtask check")
}

/// Also the first part of `cargo xtask test`.
pub fn add_steps(steps: &mut Steps, root: &Path, extent: Extent) {
    steps.run("files: length, paths of machines, licence", || files::check(root));
    steps.run("lock files: known registries only", || locks::check(root));
    steps.run("documents: links, both languages, every requirement", || documents::check(root));
    steps.run("crates: floors and arrows", || floors::check(&Metadata::read(root)?));
    steps.run("crates: licences, sources, banned ones", || dependencies::check(&Metadata::read(root)?));
    steps.run("generated code: fresh", codegen::check);
    steps.run("Rust: formatting", || execute(cargo(root).args(["fmt", "--all", "--check", "--", "-l"])));
    steps.run("guests: formatting", || guests::check_formatting(root));
    if extent == Extent::Everything {
        steps.run("game modules: fresh", || guests::check_modules(root));
        steps.run("guests: clippy", || guests::check_lints(root));
        steps.run("bundles: fresh", || npm::check_bundles(root));
        steps.run("Rust: clippy", || {
            let arguments =
                ["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
            execute(cargo(root).args(arguments).env("PROTOC", "/nonexistent/protoc"))
        });
    }
}

/// One sentence for all complaints, or none.
fn verdict(complaints: Vec<String>) -> Result<()> {
    anyhow::ensure!(complaints.is_empty(), "{}", complaints.join("\n  "));
    Ok(())
}
