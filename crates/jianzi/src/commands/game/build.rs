//! `jianzi game build [FOLDER]`: the module, as the server would take it.

use std::path::Path;

use room_core::modules::ModuleHash;
use wasm_host::{Facts, WasmConfig, WasmHost};

use super::FolderArgs;
use super::project::Project;
use super::report::size;
use crate::commands::config::print_out;
use crate::failure::{Exit, Failure};

pub fn run(args: &FolderArgs) -> Result<(), Failure> {
    let module = Project::find(&args.folder)?.build()?;
    let Checked { hash, facts, bytes, .. } = check(&module, 1)?;
    print_out(&format!(
        "{}: {}, ABI {}, {} page(s) of memory\n  {}\n  sha256 {hash}\n",
        module.display(),
        size(bytes),
        facts.abi,
        facts.memory_pages,
        abilities(&facts),
    ))
}

/// A module that a room can run, and an engine with it.
pub struct Checked {
    pub host: WasmHost,
    pub hash: ModuleHash,
    pub facts: Facts,
    pub bytes: usize,
}

/// # Errors
/// If it is no module, or one that a server would refuse; the message is for its author.
pub fn check(module: &Path, rooms: u32) -> Result<Checked, Failure> {
    let shown = module.display();
    let bytes = std::fs::read(module).map_err(|error| failed(format!("{shown} cannot be read: {error}")))?;
    let host = WasmHost::new(WasmConfig::new(rooms)).map_err(|error| failed(error.to_string()))?;
    let hash = host.add(&bytes).map_err(|refused| failed(format!("{shown} is refused: {refused}")))?;
    let facts = host.facts(&hash).ok_or_else(|| failed(format!("{shown} was lost by the engine")))?;
    Ok(Checked { host, hash, facts, bytes: bytes.len() })
}

pub fn abilities(facts: &Facts) -> String {
    let view =
        if facts.view { "view" } else { "no view: who comes later sees nothing until the next broadcast" };
    let save = match (facts.save && facts.load, facts.save_version) {
        (true, Some(version)) => format!("save and load (version {version})"),
        (true, None) => "save and load".to_owned(),
        (false, _) => "no save and load: can be patched for new rooms only".to_owned(),
    };
    format!("{view}; {save}")
}

fn failed(message: String) -> Failure {
    Failure::new(Exit::Failed, message)
}
