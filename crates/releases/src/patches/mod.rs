//! Patches at work: what operators ask for, and a thread that watches rollouts and does what they command.

mod fault;
mod operate;
mod publish;
mod status;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use clock::Clock;

use crate::catalog::{Catalog, Opened};
use crate::game::{GameKey, Share};
use crate::ports::{Gauges, ModuleLoader, RoomsOfVersion, TrialReplay};
use crate::rollout::{Event, Report, Rollout, RolloutConfig};

pub use fault::PatchFault;
pub use publish::{Published, Verdict};
pub use status::{GameStatus, TrialStatus, VersionStatus};

/// Publishes, watches and takes back.
pub struct Patches {
    desk: Arc<Desk>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Clone, Debug)]
pub struct PatchesConfig {
    /// Of the catalog.
    pub folder: PathBuf,
    /// Of the public keys; read anew at every publishing, so that a key can be added or taken away at any time.
    pub trust: PathBuf,
    /// Of the rooms that try a version first, unless the operator says another.
    pub share: Share,
    pub rollout: RolloutConfig,
}

/// What others do for patches.
#[derive(Clone)]
pub struct PatchesParts {
    pub clock: Clock,
    pub rooms: Arc<dyn RoomsOfVersion>,
    pub gauges: Arc<dyn Gauges>,
    pub replay: Arc<dyn TrialReplay>,
    pub loader: Arc<dyn ModuleLoader>,
    /// Told what people should know, for the log and for alerts; must not block.
    pub reports: Arc<dyn Fn(&Report) + Send + Sync>,
}

/// What operators' calls and the thread share.
struct Desk {
    config: PatchesConfig,
    parts: PatchesParts,
    catalog: Arc<Catalog>,
    /// Held over every step of a rollout. Rooms and replays answer by way of `news`, so they may do it at once.
    rollouts: Mutex<BTreeMap<GameKey, Rollout>>,
    /// Held over a publishing from its checks to its record.
    publishing: Mutex<()>,
    news: Sender<News>,
}

/// What the thread is woken by.
enum News {
    /// Something that rooms or a replay answered, for the rollout of this version.
    Happened(GameKey, u32, Event),
    Look,
    Stop,
}

/// Between two looks at the gauges while there is a rollout.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// And while there is none; also between two attempts to go on with one whose steps could not be written.
const IDLE: Duration = Duration::from_secs(5);

impl Patches {
    /// Goes on with what was under way when the last process ended. The catalog is the one that rooms ask.
    ///
    /// Modules that cannot be had are problems of their game, told by [`Patches::problems`], and keep nobody else from starting.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(config: PatchesConfig, parts: PatchesParts, catalog: Arc<Catalog>) -> io::Result<Patches> {
        let (patches, news) = Patches::without_thread(config, parts, catalog);
        let desk = patches.desk.clone();
        let thread = std::thread::Builder::new().name("patches".to_owned()).spawn(move || desk.run(&news))?;
        *patches.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(patches)
    }

    /// The catalog in the folder of this configuration.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub fn open_catalog(
        config: &PatchesConfig,
        clock: Clock,
    ) -> Result<(Arc<Catalog>, Opened), crate::catalog::CatalogError> {
        std::fs::create_dir_all(&config.folder)
            .map_err(|error| crate::catalog::CatalogError::Io { path: config.folder.clone(), error })?;
        let (catalog, opened) = Catalog::open(&config.folder, clock)?;
        Ok((Arc::new(catalog), opened))
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.desk.catalog
    }

    /// Why some game cannot be played as it should; empty when all is well.
    pub fn problems(&self) -> Vec<String> {
        self.desk.catalog.problems()
    }

    /// Notes in the history that the server stopped in an orderly way, and ends the thread.
    pub fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Fails when the thread is gone already.
        let _ = self.desk.news.send(News::Stop);
        if let Some(thread) = thread {
            if thread.join().is_err() {
                tracing::error!(event = "patches_thread_panicked");
            }
            self.desk.note_stop();
        }
    }

    fn without_thread(
        config: PatchesConfig,
        parts: PatchesParts,
        catalog: Arc<Catalog>,
    ) -> (Patches, Receiver<News>) {
        let (sender, news) = channel();
        let (rollouts, publishing) = (Mutex::default(), Mutex::default());
        let desk = Arc::new(Desk { config, parts, catalog, rollouts, publishing, news: sender });
        desk.load_modules();
        desk.resume();
        (Patches { desk, thread: Mutex::new(None) }, news)
    }
}

impl Drop for Patches {
    fn drop(&mut self) {
        // Without the note of an orderly stop: whoever stops in an orderly way says so.
        let _ = self.desk.news.send(News::Stop);
    }
}

impl Desk {
    fn run(&self, news: &Receiver<News>) {
        let mut resumed = self.parts.clock.now();
        // The first time may have been too early.
        let (mut rooms_are_back, mut is_tidy) = (false, false);
        loop {
            let busy = !rooms_are_back || !self.lock().is_empty();
            let first = news.recv_timeout(if busy { LOOK_EVERY } else { IDLE });
            for news in first.into_iter().chain(std::iter::from_fn(|| news.try_recv().ok())) {
                match news {
                    News::Happened(game, version, event) => self.happened(&game, version, event),
                    News::Look => {}
                    News::Stop => return,
                }
            }
            self.look();
            let now = self.parts.clock.now();
            if !rooms_are_back || now.since(resumed) >= IDLE {
                resumed = now;
                rooms_are_back = self.resume();
                // Once: from now on it is known which versions rooms run.
                is_tidy = is_tidy || rooms_are_back && self.tidy();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<GameKey, Rollout>> {
        self.rollouts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rooms that do not take part in a version's share.
    fn pinned(&self, game: &GameKey, version: u32) -> BTreeSet<String> {
        let pins = self.catalog.game(game).map(|game| game.room_pins).unwrap_or_default();
        pins.into_iter().filter(|(_, pinned)| *pinned != version).map(|(room, _)| room).collect()
    }
}
