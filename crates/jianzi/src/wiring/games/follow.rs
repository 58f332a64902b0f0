//! A game that follows its source: built at the start and whenever a file of it changes, live rooms going on with the
//! new rules. For developers: no trial, no signature, no way back but the source's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use model::RoomKey;
use releases::{Catalog, GameKey, ModuleLoader, module_hash};
use room_core::modules::LogicRef;
use rooms::{Moved, Rooms};

use super::Games;
use super::modules::Loader;
use crate::commands::game::Project;
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// The game of `--game`.
pub struct Followed {
    project: Project,
    /// The same game in every app.
    games: Vec<GameKey>,
    catalog: Arc<Catalog>,
    loader: Loader,
    /// As they were when the last build began.
    sources: Sources,
    /// What rooms are to run that do not yet.
    to_come: Vec<(GameKey, LogicRef)>,
}

/// Ends the following when dropped.
pub struct Following {
    _stop: Sender<()>,
}

/// Each file's time and length.
type Sources = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const BY: &str = "source";
/// Folders that builds write to, and files that they may write anew.
const BUILT: [&str; 6] = ["target", "dist", "build", "node_modules", "Cargo.lock", "package-lock.json"];

impl Followed {
    /// Builds the game that the configuration names, if it names one, and makes it what new rooms run.
    ///
    /// # Errors
    /// If there is no game in the folder. A build that fails is told, and tried again after the next change.
    pub fn begin(config: &Config, games: &Games) -> Result<Option<Followed>, Failure> {
        let Some(folder) = &config.game else { return Ok(None) };
        // Whoever builds changes into it.
        let folder = fs::canonicalize(folder)
            .map_err(|error| Failure::new(Exit::Failed, format!("{}: {error}", folder.display())))?;
        let project = Project::find(&folder)?;
        let name = name(&folder)?;
        let mut followed = Followed {
            project,
            games: config
                .apps
                .iter()
                .map(|app| GameKey { app: app.id.clone(), game: name.clone() })
                .collect(),
            catalog: games.catalog.clone(),
            loader: Loader::new(games.host.clone()),
            sources: Sources::new(),
            to_come: Vec::new(),
        };
        followed.build_or_tell();
        Ok(Some(followed))
    }

    /// From now on changes reach live rooms.
    pub fn follow(mut self, rooms: Arc<Rooms>) -> Result<Following, Failure> {
        let (stop, stopped) = channel();
        let run = move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                self.look(&rooms);
            }
        };
        let started = Builder::new().name("game-source".into()).spawn(run);
        started.map_err(|error| Failure::new(Exit::Failed, format!("threads cannot be started: {error}")))?;
        Ok(Following { _stop: stop })
    }

    fn look(&mut self, rooms: &Rooms) {
        if sources(&self.project.folder) != self.sources {
            self.build_or_tell();
        }
        // Rooms of an earlier process follow, too, once they are all back.
        if !self.to_come.is_empty() && rooms.is_ready().is_ok() {
            self.to_come.drain(..).for_each(|(game, logic)| swap(rooms, game, logic));
        }
    }

    fn build_or_tell(&mut self) {
        match self.build() {
            Ok(logics) => self.to_come = logics,
            Err(why) => self.tell(&why),
        }
    }

    /// What each app's rooms are to run now.
    fn build(&mut self) -> Result<Vec<(GameKey, LogicRef)>, String> {
        // Before the build: what changes meanwhile is built next.
        self.sources = sources(&self.project.folder);
        let path = self.project.build().map_err(|failure| failure.message)?;
        let module: Bytes =
            fs::read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?.into();
        // Refused here, with a reason for its author, or compiled before any room asks for it.
        self.loader.load(&module)?;
        let name = format!("source-{:.12}", module_hash(&module));
        let install = |game: &GameKey| {
            let logic =
                self.catalog.install(game, &name, true, &module, BY).map_err(|error| error.to_string())?;
            self.catalog.make_stable(game, logic.version, BY).map_err(|error| error.to_string())?;
            tracing::info!(event = "game_built", %game, version = logic.version, module = %format!("{:.12}", logic.hash));
            Ok((game.clone(), logic))
        };
        self.games.iter().map(install).collect()
    }

    fn tell(&self, why: &str) {
        let game = self.games.first().map(|game| game.game.as_str()).unwrap_or_default();
        tracing::error!(event = "game_not_built", game, why, "rooms stay with the version that they have");
    }
}

fn swap(rooms: &Rooms, game: GameKey, to: LogicRef) {
    let target = to.clone();
    let of = game.clone();
    let which = move |room: &RoomKey, running: &LogicRef| {
        room.app == of.app && running.game == of.game && *running != target
    };
    let version = to.version;
    let done = move |moved: Vec<Moved>| {
        for Moved { room, outcome } in &moved {
            if let Err(why) = outcome {
                tracing::warn!(event = "room_not_moved", app = %room.app, room = %room.room, why);
            }
        }
        let rooms = moved.iter().filter(|moved| moved.outcome.is_ok()).count();
        match moved.len() - rooms {
            0 => {
                tracing::info!(event = "game_followed", %game, version, rooms, "live rooms have the new rules")
            }
            // The same again would come to the same: rooms whose journal was in trouble were waited for.
            left => tracing::warn!(event = "game_followed", %game, version, rooms, left,
                "the rooms that are left keep the rules they have until the source changes again"),
        }
    };
    rooms.swap(Arc::new(which), to, Box::new(done));
}

/// As the game's manifest names it.
fn name(folder: &Path) -> Result<String, Failure> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    let in_cargo = || {
        let manifest: toml::Table = read("Cargo.toml")?.parse().ok()?;
        Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
    };
    let in_npm = || {
        let manifest: serde_json::Value = serde_json::from_str(&read("package.json")?).ok()?;
        Some(manifest.get("name")?.as_str()?.to_owned())
    };
    in_cargo().or_else(in_npm).ok_or_else(|| {
        Failure::new(Exit::Failed, format!("the manifest in {} does not name the game", folder.display()))
    })
}

/// All files but hidden ones and what builds write.
fn sources(folder: &Path) -> Sources {
    let mut sources = Sources::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // What cannot be read now may be in the making: the next look finds it.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || BUILT.contains(&name.as_ref()) {
                continue;
            }
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => drop(sources.insert(entry.path(), (found.modified().ok(), found.len()))),
                Err(_) => {}
            }
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_sources_are_seen_and_those_of_builds_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[package]\nname = \"snow-race\"\n");
        write("src/lib.rs", "one");
        assert_eq!(name(folder.path()).unwrap(), "snow-race");
        let before = sources(folder.path());
        assert_eq!(before.len(), 2);
        for built in ["target/release/a.wasm", "Cargo.lock", ".git/index", "dist/a", "node_modules/b/c"] {
            write(built, "built");
        }
        assert_eq!(sources(folder.path()), before);
        write("src/lib.rs", "another");
        assert_ne!(sources(folder.path()), before);
        let before = sources(folder.path());
        write("src/new.rs", "");
        assert_ne!(sources(folder.path()), before);
        write("package.json", "{\"name\": \"other\"}");
        fs::remove_file(folder.path().join("Cargo.toml")).unwrap();
        assert_eq!(name(folder.path()).unwrap(), "other");
    }
}
