//! A folder with a game in it, and the tools that build it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Language;
use crate::failure::{Exit, Failure};

pub struct Project {
    pub folder: PathBuf,
    pub language: Language,
}

const TARGET: &str = "wasm32-unknown-unknown";

impl Project {
    /// # Errors
    /// If there is no game in the folder.
    pub fn find(folder: &Path) -> Result<Project, Failure> {
        let has = |file: &str| folder.join(file).is_file();
        let language = match () {
            () if has("Cargo.toml") => Language::Rust,
            () if has("package.json") && has("asconfig.json") => Language::AssemblyScript,
            () => {
                let shown = folder.display();
                return Err(failed(format!(
                    "there is no game in {shown}: neither Cargo.toml nor asconfig.json (`jianzi game new` makes one)"
                )));
            }
        };
        Ok(Project { folder: folder.to_owned(), language })
    }

    /// Builds, and tells where the module is.
    pub fn build(&self) -> Result<PathBuf, Failure> {
        match self.language {
            Language::Rust => self.cargo_build(),
            Language::AssemblyScript => self.asc_build(),
        }
    }

    pub fn test(&self) -> Result<(), Failure> {
        match self.language {
            Language::Rust => self.execute(self.tool("cargo").arg("test")),
            Language::AssemblyScript => {
                self.install()?;
                self.execute(self.tool("npm").args(["run", "test"]))
            }
        }
    }

    fn cargo_build(&self) -> Result<PathBuf, Failure> {
        self.need_wasm_target()?;
        let mut command = self.tool("cargo");
        command.args(["build", "--release", "--target", TARGET, "--message-format=json-render-diagnostics"]);
        // Flags come from the game's .cargo/config.toml, so that the same sources give the same module.
        for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            command.env_remove(flags);
        }
        let output = command.stderr(Stdio::inherit()).output().map_err(|error| no_tool("cargo", &error))?;
        if !output.status.success() {
            return Err(failed(format!("{} could not be built", self.folder.display())));
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        let module = messages.lines().filter_map(wasm_artifact).next_back().map(from_here);
        module.ok_or_else(|| {
            let shown = self.folder.display();
            failed(format!("{shown} builds no module: its Cargo.toml needs `crate-type = [\"cdylib\", \"rlib\"]` in [lib]"))
        })
    }

    /// Without the target, cargo complains about a missing crate `core`, which helps nobody.
    fn need_wasm_target(&self) -> Result<(), Failure> {
        let asked = self.tool("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
        let output = asked.map_err(|error| no_tool("rustc", &error))?;
        let folder = String::from_utf8_lossy(&output.stdout);
        if output.status.success() && Path::new(folder.trim()).is_dir() {
            return Ok(());
        }
        Err(failed(format!(
            "Rust cannot build for WASM yet: run `rustup target add {TARGET}` in {}",
            self.folder.display()
        )))
    }

    fn asc_build(&self) -> Result<PathBuf, Failure> {
        self.install()?;
        self.execute(self.tool("npm").args(["run", "build"]))?;
        let path = self.folder.join("asconfig.json");
        let config: Option<Value> =
            std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let out = config.as_ref().and_then(|config| config.pointer("/targets/release/outFile")?.as_str());
        let out =
            out.ok_or_else(|| failed(format!("{} names no targets.release.outFile", path.display())))?;
        Ok(self.folder.join(out))
    }

    /// npm packages, unless they are there.
    fn install(&self) -> Result<(), Failure> {
        if self.folder.join("node_modules").is_dir() {
            return Ok(());
        }
        self.execute(self.tool("npm").args(["install", "--no-audit", "--no-fund"]))
    }

    fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        command
    }

    fn execute(&self, command: &mut Command) -> Result<(), Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let status = command.status().map_err(|error| no_tool(&program, &error))?;
        if status.success() {
            return Ok(());
        }
        let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        Err(failed(format!("`{program} {}` failed in {}", arguments.join(" "), self.folder.display())))
    }
}

/// As people write it who are here.
fn from_here(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)
}

/// The module that a message of cargo speaks of.
fn wasm_artifact(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    files.map(PathBuf::from).find(|path| path.extension().is_some_and(|extension| extension == "wasm"))
}

fn no_tool(program: &str, error: &std::io::Error) -> Failure {
    failed(format!("`{program}` does not start: {error}; a game in this language needs it"))
}

fn failed(message: String) -> Failure {
    Failure::new(Exit::Failed, message)
}
