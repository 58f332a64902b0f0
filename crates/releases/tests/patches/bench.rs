//! A patch service whose rooms, replays and gauges a test holds in its hand.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use clock::{Chance, Clock, ManualClock};
use model::AppId;
use releases::{
    BackStep, Base, Bundle, Catalog, Counters, Done, Draft, GameKey, Gauges, ModuleLoader, Patches,
    PatchesConfig, PatchesParts, PrivateKey, Report, RolloutConfig, RoomsDone, RoomsOfVersion, Selector,
    Share, Tally, TrialReplay, TrustStore, Verdicts, module_hash,
};
use room_core::modules::LogicRef;
use tempfile::TempDir;

/// 2026-11-21, 00:00 UTC.
pub const TODAY_MS: u64 = 1_795_219_200_000;

pub struct Bench {
    pub folder: TempDir,
    pub clock: Arc<ManualClock>,
    pub alice: PrivateKey,
    pub world: Arc<World>,
    pub rollout: RolloutConfig,
}

/// What stands behind the ports.
#[derive(Default)]
pub struct World {
    /// What rooms were asked for, in words and in order.
    pub asked: Mutex<Vec<String>>,
    pub reports: Mutex<Vec<String>>,
    /// Answers that rooms have not given yet; while `hold` is set they wait here.
    pub waiting: Mutex<VecDeque<Done>>,
    pub hold: Mutex<bool>,
    /// Rooms of an earlier process are still to come.
    pub rooms_to_come: Mutex<bool>,
    pub verdicts: Mutex<Vec<Verdicts>>,
    /// Replays end well at once.
    pub replays_at_once: Mutex<bool>,
    pub tally: Tally,
    pub silent_for: Mutex<Duration>,
    /// What the engine says of modules that contain the text `refuse`.
    pub loaded: Mutex<Vec<usize>>,
}

impl Bench {
    pub fn new() -> Bench {
        let bench = Bench {
            folder: TempDir::new().unwrap(),
            clock: Arc::new(ManualClock::new(TODAY_MS)),
            alice: PrivateKey::draw("alice", &mut Chance::seeded(1)).unwrap(),
            world: Arc::default(),
            rollout: RolloutConfig::default(),
        };
        bench.trust(&bench.alice, &[], None, None);
        bench
    }

    /// Puts a key into the trust store.
    pub fn trust(&self, key: &PrivateKey, apps: &[&str], from: Option<&str>, until: Option<&str>) {
        let apps: Vec<AppId> = apps.iter().map(AppId::new).collect();
        let text = TrustStore::file(key.name(), key.public(), &apps, from, until).unwrap();
        let folder = self.folder.path().join("trust");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{}.toml", key.name())), text).unwrap();
    }

    pub fn start(&self) -> Patches {
        let config = self.config();
        let clock = Clock::Manual(self.clock.clone());
        let (catalog, _) = Patches::open_catalog(&config, clock.clone()).unwrap();
        let world = self.world.clone();
        let parts = PatchesParts {
            clock,
            rooms: self.world.clone(),
            gauges: self.world.clone(),
            replay: self.world.clone(),
            loader: self.world.clone(),
            reports: Arc::new(move |report: &Report| world.reports.lock().unwrap().push(report.to_string())),
        };
        Patches::start(config, parts, catalog).unwrap()
    }

    pub fn config(&self) -> PatchesConfig {
        PatchesConfig {
            folder: self.folder.path().join("games"),
            trust: self.folder.path().join("trust"),
            share: Share::per_mille(500).unwrap(),
            rollout: self.rollout.clone(),
        }
    }

    pub fn advance(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Until the service has heard of a promoted version's rooms. Time that passes before is a swap without end.
    pub fn until_swapped(patches: &Patches) {
        testkit::eventually("the rooms' answer is heard", || {
            let history = patches.catalog().history().ok()?;
            let (_, since) = history.rsplit_once("\"what\":\"confirmed\"")?;
            since.contains("\"what\":\"swapped\"").then_some(())
        });
    }

    /// A signed bundle's bytes.
    pub fn bundle(&self, name: &str, base: Option<&[u8]>, module: &[u8]) -> Vec<u8> {
        signed(draft("demo", name, base), module, &self.alice)
    }

    /// A service with release 1.0.0 stable and hotfix v1 in its canary.
    pub fn in_canary(&self) -> Patches {
        let patches = self.start();
        let (one, two) = (module(1), module(2));
        patches.publish(&self.bundle("release-1.0.0", None, &one), None, "alice").unwrap();
        patches.publish(&self.bundle("hotfix-1.0.0-v1", Some(&one), &two), None, "alice").unwrap();
        self.world.answer_replay();
        testkit::eventually("the canary begins", || {
            self.world.asked().contains(&"swap 50% to 2".to_owned()).then_some(())
        });
        patches
    }
}

impl World {
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub fn reported(&self, part: &str) -> bool {
        self.reports.lock().unwrap().iter().any(|report| report.contains(part))
    }

    /// The replay that was asked for ends well.
    pub fn answer_replay(&self) {
        let verdict = testkit::eventually("a replay is asked for", || self.verdicts.lock().unwrap().pop());
        verdict(Default::default());
    }

    pub fn calls(&self, version: u32, calls: u64, ended: u64) {
        let tally = self.tally.of(&game(), version);
        for room in ["roomaa", "roombb", "roomcc", "roomdd"] {
            tally.add(&model::RoomId::from_name(room), calls / 4, ended / 4, calls);
        }
    }

    fn ask(&self, what: String, done: Done) {
        self.asked.lock().unwrap().push(what);
        if *self.hold.lock().unwrap() {
            return self.waiting.lock().unwrap().push_back(done);
        }
        done(RoomsDone { done: 4, failed: 0 });
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

impl RoomsOfVersion for World {
    fn swap(&self, rooms: &Selector, to: &LogicRef, done: Done) {
        self.ask(format!("swap {} to {}", rooms.share, to.version), done);
    }

    fn are_back(&self) -> bool {
        !*self.rooms_to_come.lock().unwrap()
    }

    fn settle_effects(&self) {
        self.note("settle effects".to_owned());
    }

    fn back(&self, step: BackStep, _: &GameKey, version: u32, stable: &LogicRef, done: Done) {
        self.ask(format!("{step:?} {version} for {}", stable.version), done);
    }

    fn forget_way_back(&self, _: &GameKey, version: u32) {
        self.note(format!("forget {version}"));
    }
}

impl TrialReplay for World {
    fn replay(&self, _: &GameKey, from: &LogicRef, on: &LogicRef, done: Verdicts) {
        self.note(format!("replay {} on {}", from.version, on.version));
        if *self.replays_at_once.lock().unwrap() {
            return done(Default::default());
        }
        self.verdicts.lock().unwrap().push(done);
    }
}

impl ModuleLoader for World {
    fn load(&self, module: &Bytes) -> Result<(), String> {
        if module.windows(6).any(|part| part == b"refuse") {
            return Err("the function `tick` uses table.grow".to_owned());
        }
        self.loaded.lock().unwrap().push(module.len());
        Ok(())
    }
}

impl Gauges for World {
    fn counters(&self, game: &GameKey, version: u32) -> Counters {
        Counters { rooms: 4, ..self.tally.counters(game, version) }
    }

    fn cpu(&self) -> (u64, u32) {
        (0, 2)
    }

    fn silent_for(&self, _: &GameKey, _: u32) -> Duration {
        *self.silent_for.lock().unwrap()
    }
}

pub fn game() -> GameKey {
    GameKey::new("demo", "jianzi")
}

pub fn draft(app: &str, name: &str, base: Option<&[u8]>) -> Draft {
    let name: releases::PatchName = name.parse().unwrap();
    let version = name.line().to_owned();
    Draft {
        base: base.map(|module| Base { version, module: module_hash(module) }),
        name,
        app: AppId::new(app),
        game: "jianzi".into(),
        abi: 1,
        author: "Alice".into(),
        made_ms: TODAY_MS,
        notes: "Gravity is right again.\n".into(),
    }
}

pub fn signed(draft: Draft, module: &[u8], key: &PrivateKey) -> Vec<u8> {
    let mut bundle = Bundle::build(draft, module.to_vec()).unwrap();
    bundle.sign(key);
    bundle.write()
}

/// A module of ours; each number gives another.
pub fn module(number: u32) -> Vec<u8> {
    module_with(number, &["jz_save", "jz_load"], "")
}

pub fn module_with(number: u32, more: &[&str], text: &str) -> Vec<u8> {
    let calls = ["jz_alloc", "jz_init", "jz_join", "jz_leave", "jz_input", "jz_tick"];
    let calls: String = calls
        .iter()
        .chain(more)
        .map(|name| format!(r#"(func (export "{name}") (result i32) i32.const {number})"#))
        .collect();
    wat::parse_str(format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "{text}")
            (func (export "jz_abi") (result i32) i32.const 1) {calls})"#
    ))
    .unwrap()
}

/// What the catalog of a stopped service holds.
pub fn reopened(bench: &Bench) -> Catalog {
    let clock = Clock::Manual(bench.clock.clone());
    Catalog::open(&bench.config().folder, clock).unwrap().0
}
