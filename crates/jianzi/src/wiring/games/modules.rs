//! Modules and versions, as rooms and patches ask for them.

use std::sync::Arc;

use bytes::Bytes;
use model::{AppId, PlayerId, RoomId};
use protocol::{ErrorCode, Fault};
use releases::{Catalog, ModuleLoader};
use room_core::modules::{Guest, LogicRef, ModuleHash, Modules, NoModule};
use rooms::{Fate, LogicCatalog};
use wasm_host::WasmHost;

/// Instances of any version whose module is kept, as it is for all that a room may run. A rebuilt room may need one that
/// nobody else runs: it is compiled then, on the thread that rebuilds.
pub struct OnDemand {
    host: Arc<WasmHost>,
    catalog: Arc<Catalog>,
}

impl OnDemand {
    pub fn new(host: Arc<WasmHost>, catalog: Arc<Catalog>) -> OnDemand {
        OnDemand { host, catalog }
    }
}

impl Modules for OnDemand {
    fn instantiate(&self, module: &ModuleHash) -> Result<Box<dyn Guest>, NoModule> {
        if self.host.facts(module).is_none() {
            let missing = |why: String| NoModule { module: *module, why };
            let bytes = self.catalog.module(module).map_err(|error| missing(error.to_string()))?;
            self.host.add(&bytes).map_err(|error| missing(error.to_string()))?;
        }
        self.host.instantiate(module)
    }
}

/// Which version a room runs.
pub struct Versions {
    catalog: Arc<Catalog>,
}

impl Versions {
    pub fn new(catalog: Arc<Catalog>) -> Versions {
        Versions { catalog }
    }
}

impl LogicCatalog for Versions {
    fn current(&self, app: &AppId, game: &str, room: &RoomId, founder: &PlayerId) -> Result<LogicRef, Fault> {
        let founder = Some(founder).filter(|founder| !founder.as_str().is_empty());
        self.catalog
            .current(app, game, room, founder)
            .ok_or_else(|| Fault::new(ErrorCode::BadSpec, format!("the app {app} has no game {game:?}")))
    }

    fn refuge(&self, app: &AppId, running: &LogicRef) -> Option<LogicRef> {
        self.catalog.refuge(app, running)
    }

    fn fate(&self, app: &AppId, game: &str, version: u32) -> Fate {
        match self.catalog.takes_place(app, game, version) {
            Some(true) => Fate::Happen,
            None => Fate::Wait,
            Some(false) => Fate::Never,
        }
    }
}

/// Compiles a patch's module before any room asks for it.
pub struct Loader {
    host: Arc<WasmHost>,
}

impl Loader {
    pub fn new(host: Arc<WasmHost>) -> Loader {
        Loader { host }
    }
}

impl ModuleLoader for Loader {
    fn load(&self, module: &Bytes) -> Result<(), String> {
        self.host.add(module).map(drop).map_err(|error| error.to_string())
    }
}
