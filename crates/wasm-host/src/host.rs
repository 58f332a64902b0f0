//! The modules of this process and the rooms made of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ring::digest::{SHA256, digest};
use room_core::modules::{Guest, ModuleHash, Modules, NoModule};
use wasmtime::{Engine, Linker, Module};

use crate::cache::Cache;
use crate::config::{Limits, WasmConfig};
use crate::engine;
use crate::examine::examine;
use crate::guest::RoomGuest;
use crate::imports;
use crate::prepared::{Facts, Prepared};
use crate::refused::Refused;
use crate::slots::{Places, Slots};
use crate::state::State;
use crate::ticker::Ticker;

/// One for a process: its engine installs handlers of signals (SIGSEGV and others) and reserves address space. A crash
/// reporter that wants those signals installs its own handlers before; the engine passes on what is not a guest's.
pub struct WasmHost {
    limits: Limits,
    deadline: u64,
    linker: Linker<State>,
    cache: Option<Cache>,
    modules: RwLock<HashMap<ModuleHash, Arc<Prepared>>>,
    /// Held while a module is compiled: one after the other, and none twice.
    compiling: Mutex<()>,
    places: Arc<Places>,
    _ticker: Ticker,
    engine: Engine,
}

/// The host cannot be had with this configuration on this machine.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    #[error("the WASM engine cannot be set up for {rooms} rooms: {why}")]
    Engine { rooms: u32, why: String },
    #[error("the folder for compiled modules cannot be used: {0}")]
    Cache(std::io::Error),
    #[error("the WASM engine's clock cannot be started: {0}")]
    Ticker(std::io::Error),
}

/// By this name a module is known everywhere.
pub fn hash_of(module: &[u8]) -> ModuleHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, module).as_ref());
    ModuleHash(hash)
}

impl WasmHost {
    pub fn new(config: WasmConfig) -> Result<WasmHost, NotStarted> {
        let places = Places::new(config.rooms);
        let rooms = places.limit();
        let failed = |error: wasmtime::Error| NotStarted::Engine { rooms, why: format!("{error:#}") };
        let engine = engine::engine(&config, rooms).map_err(failed)?;
        let linker = imports::linker(&engine).map_err(failed)?;
        let cache = config.cache.map(|folder| Cache::open(&folder, &engine)).transpose();
        Ok(WasmHost {
            limits: config.limits,
            deadline: Ticker::epochs(config.interrupt_after),
            linker,
            cache: cache.map_err(NotStarted::Cache)?,
            modules: RwLock::default(),
            compiling: Mutex::default(),
            places: Arc::new(places),
            _ticker: Ticker::start(&engine).map_err(NotStarted::Ticker)?,
            engine,
        })
    }

    /// Makes a module known: checks it, compiles it (or takes it from the folder), and tries it out. Milliseconds for a
    /// small module, seconds for a large one; blocks. A module that is known already costs its hash.
    ///
    /// # Errors
    /// For the module's author.
    pub fn add(&self, module: &[u8]) -> Result<ModuleHash, Refused> {
        let hash = hash_of(module);
        if self.find(&hash).is_some() {
            return Ok(hash);
        }
        let _one_at_a_time = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        if self.find(&hash).is_none() {
            let prepared = self.prepare(hash, module)?;
            let mut modules = self.modules.write().unwrap_or_else(PoisonError::into_inner);
            modules.insert(hash, Arc::new(prepared));
        }
        Ok(hash)
    }

    /// Forgets a module. Rooms that run it go on; false if it was not known.
    pub fn remove(&self, module: &ModuleHash) -> bool {
        self.modules.write().unwrap_or_else(PoisonError::into_inner).remove(module).is_some()
    }

    /// What is known of a module; None if it was not added.
    pub fn facts(&self, module: &ModuleHash) -> Option<Facts> {
        self.find(module).map(|prepared| prepared.facts)
    }

    pub fn slots(&self) -> Slots {
        self.places.report()
    }

    fn find(&self, module: &ModuleHash) -> Option<Arc<Prepared>> {
        self.modules.read().unwrap_or_else(PoisonError::into_inner).get(module).cloned()
    }

    fn prepare(&self, hash: ModuleHash, bytes: &[u8]) -> Result<Prepared, Refused> {
        let instrumented = examine(bytes, &self.limits)?;
        let kept = self.cache.as_ref().and_then(|cache| cache.load(&self.engine, &hash));
        let is_kept = kept.is_some();
        let compiled = match kept {
            Some(kept) => kept,
            None => Module::new(&self.engine, &instrumented)
                .map_err(|error| Refused::Compile(format!("{error:#}")))?,
        };
        let prepared = Prepared::new(hash, &compiled, &self.linker, self.limits, self.deadline)?;
        if let Some(cache) = self.cache.as_ref().filter(|_| !is_kept) {
            cache.store(&hash, &compiled);
        }
        Ok(prepared)
    }
}

impl Modules for WasmHost {
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
        let cannot = |why: String| NoModule { module: *module, why };
        let prepared = self.find(module).ok_or_else(|| cannot("it was not added here".to_owned()))?;
        let slot = self.places.take().ok_or_else(|| cannot(self.places.why_full()))?;
        let guest = RoomGuest::new(prepared, self.limits, slot).map_err(|end| cannot(end.to_string()))?;
        Ok(Box::new(guest))
    }
}
