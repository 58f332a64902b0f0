//! The versions of every game, on disk and in memory.

mod modules;
mod state;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use clock::Clock;
use model::{AppId, PlayerId, RoomId};
use room_core::modules::{LogicRef, ModuleHash};

use self::modules::ModuleFiles;
use self::state::State;
pub use self::state::{GameVersions, Pin, Trial, TrialStage, Version, VersionState};
use crate::game::GameKey;
use crate::history::{
    BY_ITSELF, BadHistory, Entry, HistoryFile, LogFile, Origin, Read, RealFile, Step, VersionRecord,
};
use crate::module_hash;

/// Says which version a room runs. Asked by many threads without a lock; every change is in the history before it counts.
///
/// In its folder: `history.jsonl`, and `modules/<hash>.wasm` for every version that a room may need.
pub struct Catalog {
    state: ArcSwap<State>,
    writer: Mutex<Writer>,
    modules: ModuleFiles,
    history: PathBuf,
    clock: Clock,
}

struct Writer {
    history: HistoryFile,
    /// Steps that counted although they could not be written, as a rollback must; they are written first, later.
    owed: Vec<Entry>,
}

/// What was found when a catalog was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Bytes of an unfinished line that were cut off the history's end.
    pub torn: u64,
    /// Modules in use that are missing or damaged; publishing their bundle again puts them back.
    pub problems: Vec<String>,
}

/// Why the catalog cannot be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{path} cannot be used: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "the history {path} is damaged: {error}; put a copy from a backup in its place, or move it away and install the games \
         anew"
    )]
    Damaged { path: PathBuf, error: BadHistory },
    #[error(
        "the history {path} contradicts itself in line {line}: {why}; was it written by a newer version of this program?"
    )]
    Contradiction { path: PathBuf, line: u64, why: String },
    #[error(
        "the history {path} is missing or empty, but there are {modules} modules that it must have told of; put a copy from a \
         backup in its place, or move {folder} away and install the games anew", folder = .path.with_file_name("modules").display()
    )]
    Lost { path: PathBuf, modules: usize },
    #[error("{0}")]
    Refused(String),
}

const HISTORY: &str = "history.jsonl";
const MODULES: &str = "modules";

impl Catalog {
    /// Opens the catalog of a folder, or makes an empty one.
    ///
    /// # Errors
    /// When the folder cannot be used, or the history is damaged before its very end, or gone.
    pub fn open(folder: &Path, clock: Clock) -> Result<(Catalog, Opened), CatalogError> {
        let module_folder = folder.join(MODULES);
        let modules = ModuleFiles::open(&module_folder).map_err(at(&module_folder))?;
        let path = folder.join(HISTORY);
        let bytes = read_history(&path, &modules)?;
        let file = RealFile::open(&path).map_err(at(&path))?;
        modules::sync_folder(folder).map_err(at(folder))?;
        Catalog::from_parts(modules, path, Box::new(file), &bytes, clock)
    }

    /// What opening would find, and changes nothing; another process may use the folder meanwhile.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub fn look(folder: &Path) -> Result<Opened, CatalogError> {
        let modules = ModuleFiles::at(&folder.join(MODULES));
        let path = folder.join(HISTORY);
        let (read, state) = play(&path, &read_history(&path, &modules)?)?;
        Ok(Opened { torn: read.torn, problems: problems(&state, &modules) })
    }

    fn from_parts(
        modules: ModuleFiles,
        path: PathBuf,
        file: Box<dyn LogFile>,
        bytes: &[u8],
        clock: Clock,
    ) -> Result<(Catalog, Opened), CatalogError> {
        let (read, state) = play(&path, bytes)?;
        let history = HistoryFile::new(file, &read);
        let writer = Mutex::new(Writer { history, owed: Vec::new() });
        let catalog = Catalog { state: ArcSwap::from_pointee(state), writer, modules, history: path, clock };
        let torn = read.torn;
        if torn > 0 {
            let history = catalog.history.display();
            tracing::warn!(event = "history_end_cut", %history, bytes = torn, "its last line was not whole");
            catalog.note(&GameKey::new("", ""), Step::TailCut { bytes: torn })?;
        }
        catalog.note_restart()?;
        let problems = catalog.problems();
        Ok((catalog, Opened { torn, problems }))
    }

    /// What a room runs that is founded now; none for a game that is not there.
    pub fn current(
        &self,
        app: &AppId,
        game: &str,
        room: &RoomId,
        founder: Option<&PlayerId>,
    ) -> Option<LogicRef> {
        let state = self.state.load();
        let key = GameKey { app: app.clone(), game: game.to_owned() };
        let version = state.games.get(&key)?.current(room, founder)?;
        Some(version.logic(&key))
    }

    /// Where a room must go that still runs this version, as one that comes back after a crash may: nowhere, unless the version
    /// was taken back.
    pub fn refuge(&self, app: &AppId, running: &LogicRef) -> Option<LogicRef> {
        let state = self.state.load();
        let key = GameKey { app: app.clone(), game: running.game.clone() };
        let game = state.games.get(&key)?;
        let taken_back = !game.version(running.version)?.may_run();
        taken_back.then(|| game.stable().map(|stable| stable.logic(&key))).flatten()
    }

    /// Whether what this version wants outside of its rooms takes place: it does if the version was ever confirmed, and if
    /// nobody knows it. None while it is on trial; false for one that was taken back first.
    pub fn takes_place(&self, app: &AppId, game: &str, number: u32) -> Option<bool> {
        let state = self.state.load();
        let key = GameKey { app: app.clone(), game: game.to_owned() };
        let known = state.games.get(&key).and_then(|game| game.version(number));
        let Some(version) = known.filter(|version| !version.confirmed_once) else { return Some(true) };
        match version.state {
            VersionState::Published | VersionState::Canary => None,
            VersionState::Confirmed => Some(true),
            VersionState::RollingBack | VersionState::RolledBack | VersionState::Refused => Some(false),
        }
    }

    /// The versions of a game as they are now.
    pub fn game(&self, key: &GameKey) -> Option<GameVersions> {
        self.state.load().games.get(key).cloned()
    }

    /// All games, in order.
    pub fn games(&self) -> Vec<GameKey> {
        self.state.load().games.keys().cloned().collect()
    }

    /// The bytes of a module, compared with their hash.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn module(&self, hash: &ModuleHash) -> Result<Bytes, CatalogError> {
        self.modules.read(hash).map_err(|error| CatalogError::Refused(error.to_string()))
    }

    /// Puts in a module without a bundle: the server's own, or a developer's. The first of a game is stable at once; others
    /// become so by [`make_stable`](Catalog::make_stable). A module that is there already is only told.
    ///
    /// # Errors
    /// When it cannot be written; then nothing changed.
    pub fn install(
        &self,
        key: &GameKey,
        name: &str,
        live: bool,
        module: &[u8],
        by: &str,
    ) -> Result<LogicRef, CatalogError> {
        let hash = module_hash(module);
        // Over both: a module is not tidied away before its version is told.
        let mut writer = self.lock();
        self.keep(&hash, module)?;
        if let Some(there) = self.game(key).and_then(|game| game.by_module(&hash).cloned()) {
            return Ok(there.logic(key));
        }
        let version = self.next(key, name, hash, live, Origin::Unsigned);
        let logic = LogicRef { game: key.game.clone(), version: version.number, hash };
        self.record_by(&mut writer, by, key, Step::Installed { version })?;
        Ok(logic)
    }

    /// Makes a version the stable one without a trial; for developers and for what the server brings along.
    ///
    /// # Errors
    /// While another version is on trial, for one that was refused or rolled back, and for one whose module is gone.
    pub fn make_stable(&self, key: &GameKey, version: u32, by: &str) -> Result<(), CatalogError> {
        let mut writer = self.lock();
        let game = self.game(key).unwrap_or_default();
        if game.stable == Some(version) {
            return Ok(());
        }
        if game.trial.is_some() {
            let refused = "a version of this game is on trial; promote it or roll it back first";
            return Err(CatalogError::Refused(refused.to_owned()));
        }
        self.can_run(key, &game, version)?;
        self.record_by(&mut writer, by, key, Step::MadeStable { version })
    }

    /// Rooms that are founded from now on run this version, whatever is stable; `None` ends it.
    ///
    /// # Errors
    /// For a version that rooms may not run, or whose module is gone.
    pub fn pin(&self, key: &GameKey, pin: &Pin, version: Option<u32>, by: &str) -> Result<(), CatalogError> {
        let mut writer = self.lock();
        let Some(game) = self.game(key) else {
            return Err(CatalogError::Refused(format!("there is no game {key}")));
        };
        if let Some(number) = version {
            self.can_run(key, &game, number)?;
        }
        let step = match (pin, version) {
            (Pin::Room(room), Some(version)) => Step::PinnedRoom { room: room.to_string(), version },
            (Pin::Room(room), None) => Step::UnpinnedRoom { room: room.to_string() },
            (Pin::Player(player), Some(version)) => {
                Step::PinnedPlayer { player: player.to_string(), version }
            }
            (Pin::Player(player), None) => Step::UnpinnedPlayer { player: player.to_string() },
        };
        self.record_by(&mut writer, by, key, step)
    }

    /// The history's text, for audits.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn history(&self) -> Result<String, CatalogError> {
        // So that no line is read half written.
        let _writer = self.lock();
        std::fs::read_to_string(&self.history)
            .map_err(|error| CatalogError::Io { path: self.history.clone(), error })
    }

    /// Number and hash of the last entry.
    pub fn head(&self) -> (u64, String) {
        let link = self.lock().history.link().clone();
        (link.seq, link.hash)
    }

    /// Modules of versions that are stable, on trial or pinned, and that cannot be had.
    pub fn problems(&self) -> Vec<String> {
        problems(&self.state.load(), &self.modules)
    }

    /// Deletes modules that nothing can need any more, and says how many. Kept are those of versions that are stable, on
    /// trial or pinned, or were stable or on trial within the last three days; of the eight latest versions of each game;
    /// of the three that were stable before; of those that `runs` says a room runs. One that no version has is left alone:
    /// it may be about to be told. A bundle that is published again puts its module back.
    pub(crate) fn tidy(&self, runs: impl Fn(&GameKey, u32) -> bool) -> io::Result<usize> {
        // Nothing is installed, pinned or made stable meanwhile; whoever publishes keeps this from being called.
        let _writer = self.lock();
        let (state, now_ms) = (self.state.load_full(), self.clock.wall_ms());
        let mut needed: BTreeMap<ModuleHash, bool> = BTreeMap::new();
        for (key, game) in &state.games {
            for version in game.versions.values() {
                let may_need = game.may_need(version, now_ms) || runs(key, version.number);
                *needed.entry(version.module).or_default() |= may_need;
            }
        }
        let mut gone = 0;
        for module in self.modules.hashes()? {
            if needed.get(&module) == Some(&false) {
                self.modules.remove(&module)?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// Keeps a module, durably; one that is there and whole is left alone.
    pub(crate) fn keep(&self, hash: &ModuleHash, module: &[u8]) -> Result<(), CatalogError> {
        if self.modules.read(hash).is_ok() {
            return Ok(());
        }
        let path = self.history.with_file_name(MODULES);
        self.modules.write(hash, module).map_err(|error| CatalogError::Io { path, error })
    }

    /// The version that would be added to a game now.
    pub(crate) fn next(
        &self,
        key: &GameKey,
        name: &str,
        module: ModuleHash,
        live: bool,
        origin: Origin,
    ) -> VersionRecord {
        let number = self.state.load().games.get(key).map_or(1, GameVersions::next_number);
        VersionRecord { number, name: name.to_owned(), module, live, origin }
    }

    /// Writes a step, then lets it count.
    ///
    /// # Errors
    /// When it cannot be written or cannot happen now; then nothing changed.
    pub(crate) fn record(&self, by: &str, key: &GameKey, step: Step) -> Result<(), CatalogError> {
        self.record_by(&mut self.lock(), by, key, step)
    }

    fn record_by(
        &self,
        writer: &mut Writer,
        by: &str,
        key: &GameKey,
        step: Step,
    ) -> Result<(), CatalogError> {
        let entry = self.entry(by, key, step);
        let state = self.with(&entry)?;
        writer.write(entry).map_err(|error| CatalogError::Io { path: self.history.clone(), error })?;
        self.state.store(Arc::new(state));
        Ok(())
    }

    /// Lets a step count even where it cannot be written now; it is written as soon as that works again.
    ///
    /// # Errors
    /// The step counts all the same, unless it cannot happen now.
    pub(crate) fn record_anyway(&self, by: &str, key: &GameKey, step: Step) -> Result<(), CatalogError> {
        let mut writer = self.lock();
        let entry = self.entry(by, key, step);
        self.state.store(Arc::new(self.with(&entry)?));
        writer.write(entry.clone()).map_err(|error| {
            writer.owed.push(entry);
            CatalogError::Io { path: self.history.clone(), error }
        })
    }

    /// Writes what is owed; true when nothing is.
    pub(crate) fn settle(&self) -> bool {
        self.lock().settle().is_ok()
    }

    /// Under the writer's lock, so that the module does not go before the step counts for which it is needed.
    fn can_run(&self, key: &GameKey, game: &GameVersions, number: u32) -> Result<(), CatalogError> {
        let Some(version) = game.version(number).filter(|version| version.may_run()) else {
            let refused = format!("version {number} of {key} is not one that rooms may run");
            return Err(CatalogError::Refused(refused));
        };
        self.modules.read(&version.module).map(drop).map_err(|error| {
            let name = &version.name;
            CatalogError::Refused(format!(
                "{name} of {key}: {error}; publish its bundle again to put it back"
            ))
        })
    }

    fn entry(&self, by: &str, key: &GameKey, step: Step) -> Entry {
        let by = by.chars().filter(|char| !char.is_control()).take(100).collect();
        Entry { seq: 0, prev: String::new(), at_ms: self.clock.wall_ms(), by, game: key.clone(), step }
    }

    fn with(&self, entry: &Entry) -> Result<State, CatalogError> {
        let mut state = State::clone(&self.state.load());
        state.apply(entry).map_err(CatalogError::Refused)?;
        Ok(state)
    }

    /// A trial that the last process did not see to its end is told so, with how that process ended.
    fn note_restart(&self) -> Result<(), CatalogError> {
        let state = self.state.load_full();
        for (key, game) in &state.games {
            if let Some(trial) = &game.trial {
                let step = Step::Restarted { version: trial.version, orderly: trial.was_stopped() };
                self.note(key, step)?;
            }
        }
        Ok(())
    }

    /// What is found at the start. A disk that is full is no reason not to start: it is written later.
    fn note(&self, key: &GameKey, step: Step) -> Result<(), CatalogError> {
        match self.record_anyway(BY_ITSELF, key, step) {
            Err(error @ CatalogError::Io { .. }) => {
                tracing::error!(event = "history_not_written", %error, "it is written as soon as that is possible");
                Ok(())
            }
            noted => noted,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn write(&mut self, mut entry: Entry) -> io::Result<()> {
        self.settle()?;
        self.history.follow(&mut entry);
        self.history.append(&entry)
    }

    fn settle(&mut self) -> io::Result<()> {
        while let Some(entry) = self.owed.first_mut() {
            self.history.follow(entry);
            self.history.append(entry)?;
            self.owed.remove(0);
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CatalogError {
    let path = path.to_owned();
    move |error| CatalogError::Io { path, error }
}

/// The history's bytes; none for a new installation. The file is made before the first module, and a module is kept before
/// it is told: a crash of a first installation leaves one module that no line tells of, and never more.
fn read_history(path: &Path, modules: &ModuleFiles) -> Result<Vec<u8>, CatalogError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(at(path)(error)),
    };
    if bytes.as_ref().is_some_and(|bytes| bytes.contains(&b'\n')) {
        return Ok(bytes.unwrap_or_default());
    }
    let modules = modules.count().map_err(at(path))?;
    if modules > usize::from(bytes.is_some()) {
        return Err(CatalogError::Lost { path: path.to_owned(), modules });
    }
    if modules > 0 {
        let history = path.display();
        tracing::warn!(event = "history_empty", %history, "a module is there of which nothing is told: installing anew");
    }
    Ok(bytes.unwrap_or_default())
}

/// Entries, and what they add up to.
fn play(path: &Path, bytes: &[u8]) -> Result<(Read, State), CatalogError> {
    let path = || path.to_owned();
    let read = Read::of(bytes).map_err(|error| CatalogError::Damaged { path: path(), error })?;
    let mut state = State::default();
    for entry in &read.entries {
        let contradiction = |why| CatalogError::Contradiction { path: path(), line: entry.seq, why };
        state.apply(entry).map_err(contradiction)?;
    }
    Ok((read, state))
}

/// Modules of versions in use that cannot be had.
fn problems(state: &State, modules: &ModuleFiles) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, game) in &state.games {
        for version in game.in_use() {
            if let Err(error) = modules.read(&version.module) {
                let name = &version.name;
                problems.push(format!("{name} of {key}: {error}; publish its bundle again to put it back"));
            }
        }
    }
    problems.dedup();
    problems
}

#[cfg(test)]
mod tests;
