//! The repository's own tools: `cargo xtask <command>`.

mod check;
mod codegen;
mod floors;
mod golden;
mod guests;
mod npm;
mod steps;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask test                everything: installs what is missing, checks, tests, browser end-to-end
cargo xtask check               formatting, lints, arrows between crates, licences, files, generated code, bundles
cargo xtask check --fast        the part of it that needs neither a compiler nor npm
cargo xtask bundles             rebuild the committed bundles of npm packages, and say which were stale
cargo xtask modules             rebuild the committed game modules, and say which were stale
cargo xtask codegen [--check]   write what is generated from proto/ (or say what is stale)
cargo xtask golden              fill in the bytes of new values in proto/golden/messages.json
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test::run(),
        ["check"] => check::run(check::Extent::Everything),
        ["check", "--fast"] => check::run(check::Extent::Fast),
        ["bundles"] => npm::check_bundles(&workspace::root()),
        ["modules"] => guests::check_modules(&workspace::root()),
        ["codegen"] => codegen::write(),
        ["codegen", "--check"] => codegen::check(),
        ["golden"] => golden::fill(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("unknown command `{}`\n\n{HELP}", other.join(" ")),
    }
}
