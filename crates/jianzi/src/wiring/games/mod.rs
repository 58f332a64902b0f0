//! Games whose rules run in the server: their modules, their versions, what is counted of them, and their patches.

mod demo;
mod effects;
mod follow;
mod gauges;
mod live;
mod matches;
mod modules;
mod watch;

use std::sync::Arc;

use alerts::{Alerts, Incident, Kind, Severity};
use clock::Clock;
use releases::{Catalog, Patches, PatchesConfig, PatchesParts, Report, ReportKind, Tally, TrialReplay};
use rooms::Rooms;
use wasm_host::{WasmConfig, WasmHost};

use crate::config::Config;
use crate::failure::{Exit, Failure};

pub use demo::Demo;
pub use follow::{Followed, Following};
pub use matches::LiveMatches;

use effects::EffectLog;
use gauges::ProcessGauges;
use live::LiveRooms;
use modules::{Loader, OnDemand, Versions};
use watch::Watch;

/// What rooms need of games, and what patches need of them later.
pub struct Games {
    host: Arc<WasmHost>,
    catalog: Arc<Catalog>,
    patches: PatchesConfig,
    tally: Arc<Tally>,
    watch: Arc<Watch>,
}

/// A room that changes its version has two instances for a moment, one that goes back by its inputs three; a few at a time.
const SPARE_INSTANCES: u32 = 64;

impl Games {
    /// Opens the catalog of the data folder and starts the engine. After `crashes::install`.
    pub fn open(config: &Config, clock: &Clock) -> Result<Games, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::DataFolder, error);
        let patches = config.patches();
        let (catalog, opened) =
            Patches::open_catalog(&patches, clock.clone()).map_err(|error| failed(&error))?;
        for problem in opened.problems {
            tracing::error!(event = "game_incomplete", "{problem}");
        }
        let wasm = WasmConfig {
            cache: Some(config.server.data.join("compiled")),
            interrupt_after: config.games.interrupt_after,
            ..WasmConfig::new(config.games.rooms + SPARE_INSTANCES)
        };
        let host = WasmHost::new(wasm).map(Arc::new).map_err(|error| failed(&error))?;
        let slots = host.slots();
        if let Some(possible) = slots.possible.filter(|possible| *possible < slots.configured) {
            tracing::warn!(
                event = "games_limited",
                possible,
                configured = slots.configured,
                "vm.max_map_count allows fewer rooms with rules of their own than [games] rooms says"
            );
        }
        let tally = Arc::new(Tally::default());
        let watch = Arc::new(Watch::new(tally.clone(), clock.clone()));
        Ok(Games { host, catalog, patches, tally, watch })
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    pub fn for_rooms(&self) -> rooms::Games {
        rooms::Games {
            modules: Arc::new(OnDemand::new(self.host.clone(), self.catalog.clone())),
            catalog: Arc::new(Versions::new(self.catalog.clone())),
            watch: self.watch.clone(),
            outbox: Arc::new(EffectLog),
        }
    }

    /// From here on patches can be published, and what was under way goes on.
    pub fn start_patches(
        self,
        rooms: Arc<Rooms>,
        replay: Arc<dyn TrialReplay>,
        alerts: Alerts,
        clock: Clock,
    ) -> Result<Arc<Patches>, Failure> {
        let parts = PatchesParts {
            clock,
            rooms: Arc::new(LiveRooms::new(rooms)),
            gauges: Arc::new(ProcessGauges::new(self.tally, self.watch)),
            replay,
            loader: Arc::new(Loader::new(self.host)),
            reports: Arc::new(move |report| tell(&alerts, report)),
        };
        Patches::start(self.patches, parts, self.catalog)
            .map(Arc::new)
            .map_err(|error| Failure::new(Exit::Failed, error))
    }
}

fn tell(alerts: &Alerts, report: &Report) {
    if !report.is_bad() {
        return tracing::info!(event = "patch", game = %report.game, version = report.version, "{report}");
    }
    tracing::warn!(event = "patch", game = %report.game, version = report.version, "{report}");
    let fingerprint = format!("{}/{}", report.game, report.name);
    if let ReportKind::RolledBack { .. } | ReportKind::RollbackLate { .. } = report.kind {
        alerts.raise(Incident {
            kind: Kind::PatchRolledBack,
            fingerprint,
            title: format!("{} of {} was taken back", report.name, report.game),
            effect: report.to_string(),
            severity: Severity::Warning,
        });
    }
}
