//! The modules in a data folder, for rooms that are played again. The catalog is not opened: that would write to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::AppId;
use releases::module_hash;
use room_core::modules::{Guest, LogicRef, ModuleHash, Modules, NoModule};
use serde_json::Value;
use wasm_host::{WasmConfig, WasmHost};

use super::failed;
use crate::failure::Failure;

/// Any version whose module is still kept here, as it is for all that a room may run, and such as are given.
pub struct ModuleFolder {
    games: PathBuf,
    host: WasmHost,
    given: BTreeMap<ModuleHash, Vec<u8>>,
}

/// The room itself, another one to compare it with, and copies of both.
const GUESTS: u32 = 8;

impl ModuleFolder {
    pub fn of(data: &Path) -> Result<ModuleFolder, Failure> {
        let host = WasmHost::new(WasmConfig::new(GUESTS)).map_err(failed)?;
        Ok(ModuleFolder { games: data.join("games"), host, given: BTreeMap::new() })
    }

    /// A file with a module, or a version of a game by its number, its name, or the beginning of its hash.
    pub fn choose(&mut self, app: &AppId, running: &LogicRef, wanted: &str) -> Result<LogicRef, Failure> {
        let file = Path::new(wanted);
        if file.is_file() {
            let bytes = std::fs::read(file)
                .map_err(|error| failed(format!("{} cannot be read: {error}", file.display())))?;
            let hash = module_hash(&bytes);
            self.host
                .add(&bytes)
                .map_err(|refused| failed(format!("{} is refused: {refused}", file.display())))?;
            self.given.insert(hash, bytes);
            return Ok(LogicRef {
                hash,
                version: running.version.saturating_add(1),
                game: running.game.clone(),
            });
        }
        let versions = self.versions(app, &running.game)?;
        let is_wanted = |(number, name, hash): &&(u32, String, ModuleHash)| {
            number.to_string() == wanted
                || name == wanted
                || (wanted.len() >= 6 && hash.to_string().starts_with(wanted))
        };
        let found = versions.iter().find(is_wanted);
        let (version, _, hash) = found.ok_or_else(|| {
            let known: Vec<String> =
                versions.iter().map(|(number, name, _)| format!("{number} ({name})")).collect();
            failed(format!(
                "{wanted:?} is no file and no version of {}; there are {}",
                running.game,
                known.join(", ")
            ))
        })?;
        Ok(LogicRef { game: running.game.clone(), version: *version, hash: *hash })
    }

    /// Number, name and module of each version, from the catalog's history.
    fn versions(&self, app: &AppId, game: &str) -> Result<Vec<(u32, String, ModuleHash)>, Failure> {
        let path = self.games.join("history.jsonl");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| failed(format!("{} cannot be read: {error}", path.display())))?;
        let of_line = |line: &str| {
            let line: Value = serde_json::from_str(line).ok()?;
            let entry = &line["entry"];
            let is_of_game = entry["game"]["app"] == app.as_str() && entry["game"]["game"] == game;
            let version = entry["step"].get("version").filter(|_| is_of_game)?;
            let number = u32::try_from(version.get("number")?.as_u64()?).ok()?;
            let hash = version.get("module")?.as_str()?.parse().ok()?;
            Some((number, version.get("name")?.as_str()?.to_owned(), hash))
        };
        Ok(text.lines().filter_map(of_line).collect())
    }

    fn bytes(&self, module: &ModuleHash) -> Result<Vec<u8>, String> {
        if let Some(given) = self.given.get(module) {
            return Ok(given.clone());
        }
        let path = self.games.join("modules").join(format!("{module}.wasm"));
        let bytes =
            std::fs::read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        match module_hash(&bytes) == *module {
            true => Ok(bytes),
            false => Err(format!("{} is damaged", path.display())),
        }
    }
}

impl Modules for ModuleFolder {
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
        if self.host.facts(module).is_none() {
            let missing = |why: String| NoModule { module: *module, why };
            let bytes = self.bytes(module).map_err(missing)?;
            self.host.add(&bytes).map_err(|error| missing(error.to_string()))?;
        }
        self.host.instantiate(module)
    }
}
