//! `cargo xtask test`: the README's second command.

use std::path::Path;

use anyhow::Result;

use crate::check;
use crate::guests;
use crate::npm;
use crate::steps::{Steps, execute};
use crate::tools;
use crate::workspace::{self, cargo};

/// Installs what is missing, then checks and tests everything. Later steps run also when earlier ones fail.
pub fn run() -> Result<()> {
    let root = workspace::root();
    let mut steps = Steps::new();

    steps.run("install programs that are missing (apt-get)", tools::install);
    steps.run("add rustfmt and clippy if they are missing (rustup)", tools::install_components);
    steps.run("add the WASM target if it is missing (rustup)", tools::install_wasm_target);
    steps.run("install npm packages that are missing (npm ci)", || {
        npm::FOLDERS.iter().try_for_each(|folder| npm::install(&root, folder))
    });
    check::add_steps(&mut steps, &root, check::Extent::Everything);

    steps.run("Rust: build the server, debug profile", || {
        execute(without_protoc(&root).args(["build", "--locked", "--package", "jianzi"]))
    });
    steps.run("Rust: all tests, the fuzzer's corpus included", || {
        execute(without_protoc(&root).args(["test", "--locked", "--workspace", "--quiet", "--no-fail-fast"]))
    });

    steps.run("guests: tests of the game packages", || guests::test(&root));

    let server = server_binary(&root);
    for folder in npm::FOLDERS {
        for script in folder.tests {
            steps.run(&format!("{}: npm run {script}", folder.path), || {
                npm::run(&root, folder, script, &[("JIANZI_BIN", &server)])
            });
        }
    }
    steps.finish("cargo xtask test")
}

/// Where the server's binary is after a debug build.
fn server_binary(root: &Path) -> std::path::PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |path| root.join(path));
    target.join("debug").join(format!("jianzi{}", std::env::consts::EXE_SUFFIX))
}

/// A cargo that would fail if a build script called `protoc`.
fn without_protoc(root: &Path) -> std::process::Command {
    let mut command = cargo(root);
    command.env("PROTOC", "/nonexistent/protoc");
    command
}
