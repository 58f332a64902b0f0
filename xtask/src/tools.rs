//! What the tests need besides Rust, and how it is installed on Debian and its kin.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::steps::{execute, output};

/// A program and the Debian package that brings it.
struct Tool {
    program: &'static str,
    package: &'static str,
    what_for: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool { program: "cc", package: "gcc", what_for: "C code inside of Rust crates" },
    Tool { program: "git", package: "git", what_for: "the list of files" },
    Tool { program: "node", package: "nodejs", what_for: "the SDK, the game and their tests" },
    Tool { program: "npm", package: "npm", what_for: "the SDK, the game and their tests" },
    Tool { program: "chromium", package: "chromium", what_for: "the end-to-end tests in a browser" },
];

/// Installs what is missing, with `apt-get`.
pub fn install() -> Result<()> {
    let missing: Vec<&Tool> = TOOLS.iter().filter(|tool| !is_there(tool.program)).collect();
    if missing.is_empty() {
        println!("{} are there", names(TOOLS.iter().map(|tool| tool.program)));
        return Ok(());
    }
    for tool in &missing {
        println!("{} is missing; it is needed for {}", tool.program, tool.what_for);
    }
    if !is_there("apt-get") {
        bail!("there is no apt-get here; please install {}", names(missing.iter().map(|tool| tool.program)));
    }
    execute(as_root("apt-get").args(["update", "-q"]))?;
    execute(
        as_root("apt-get")
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .args(missing.iter().map(|tool| tool.package)),
    )
}

/// Adds rustfmt and clippy, which a toolchain that is not the pinned one may lack.
pub fn install_components() -> Result<()> {
    for component in ["rustfmt", "clippy"] {
        let program = if component == "clippy" { "cargo-clippy" } else { component };
        match output(Command::new(program).arg("--version")) {
            Ok(version) => println!("{}", version.trim()),
            Err(_) => execute(Command::new("rustup").args(["component", "add", component]))?,
        }
    }
    Ok(())
}

/// Adds the WASM target, for which game modules are built.
pub fn install_wasm_target() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let target_libraries =
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
    if target_libraries.is_ok_and(|folder| Path::new(folder.trim()).exists()) {
        println!("{TARGET} is there");
        return Ok(());
    }
    execute(Command::new("rustup").args(["target", "add", TARGET]))
}

fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn as_root(program: &str) -> Command {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = Command::new(if is_root { program } else { "sudo" });
    if !is_root {
        command.arg(program);
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
