//! What runs inside of a room: packages outside of the workspace, and their committed modules.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::steps::execute;
use crate::workspace::cargo;

/// Folders with a `Cargo.toml` of their own.
const PACKAGES: &[&str] = &["sdk/game-rust", "sdk/game-rust/template", "games/jianzi/room"];

/// Committed, and equal to what the sources give.
const MODULES: &[Module] = &[
    Module { package: "games/jianzi/room", file: "jianzi-v1.wasm", feature: None },
    Module { package: "games/jianzi/room", file: "jianzi-v2.wasm", feature: Some("festival") },
    Module { package: "games/jianzi/room", file: "jianzi-v3-bad.wasm", feature: Some("mistake") },
];

const TARGET: &str = "wasm32-unknown-unknown";

struct Module {
    package: &'static str,
    /// In the package's `dist`.
    file: &'static str,
    feature: Option<&'static str>,
}

/// Builds the modules and fails if one was not what it is now.
pub fn check_modules(root: &Path) -> Result<()> {
    let mut stale = Vec::new();
    for module in MODULES {
        let path = root.join(module.package).join("dist").join(module.file);
        let built = build(root, module)?;
        if fs::read(&path).is_ok_and(|committed| committed == built) {
            continue;
        }
        if !is_reference_machine() {
            println!("{} differs here; modules are compared on x86-64 Linux", module.file);
            continue;
        }
        fs::create_dir_all(path.parent().context("a module lies in a folder")?)?;
        fs::write(&path, built)?;
        stale.push(format!("{}/dist/{}", module.package, module.file));
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!("modules were not what their sources give; commit them as they are now:\n  {}", stale.join("\n  "))
}

/// Formatting of all packages.
pub fn check_formatting(root: &Path) -> Result<()> {
    in_all(root, &["fmt", "--check", "--", "-l"])
}

pub fn check_lints(root: &Path) -> Result<()> {
    in_all(root, &["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"])?;
    in_all(root, &["clippy", "--quiet", "--target", TARGET, "--", "-D", "warnings"])
}

/// The rules' own tests, which run natively.
pub fn test(root: &Path) -> Result<()> {
    in_all(root, &["test", "--quiet", "--no-fail-fast"])
}

fn in_all(root: &Path, arguments: &[&str]) -> Result<()> {
    PACKAGES.iter().try_for_each(|package| execute(in_package(root, package).args(arguments)))
}

fn build(root: &Path, module: &Module) -> Result<Vec<u8>> {
    let mut command = in_package(root, module.package);
    command.args(["build", "--quiet", "--release", "--locked", "--target", TARGET]);
    command.args(module.feature.map(|feature| format!("--features={feature}")));
    execute(&mut command)?;
    let built = target_folder(root).join(TARGET).join("release/jianzi_room.wasm");
    fs::read(&built).with_context(|| format!("the build left no {}", built.display()))
}

/// Flags come from the package's `.cargo/config.toml` alone, or the module would be another one.
fn in_package(root: &Path, package: &str) -> Command {
    let mut command = cargo(&root.join(package));
    command.env("CARGO_TARGET_DIR", target_folder(root));
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        command.env_remove(flags);
    }
    command
}

fn target_folder(root: &Path) -> std::path::PathBuf {
    root.join("target/guests")
}

/// Names of functions, which stay in a module for the sake of its traps, contain a hash of the compiler's own platform.
fn is_reference_machine() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
}
