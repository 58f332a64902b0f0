//! Stand-ins for what patches need of others, for tests above this crate.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use clock::Clock;
use room_core::modules::LogicRef;

use crate::game::GameKey;
use crate::patches::PatchesParts;
use crate::ports::{Done, Gauges, ModuleLoader, RoomsDone, RoomsOfVersion, TrialReplay, Verdicts};
use crate::rollout::{BackStep, Counters, ReplayVerdict, Selector};
use crate::tally::Tally;

/// Rooms, replays and an engine that do at once whatever they are asked, and remember it.
#[derive(Debug, Default)]
pub struct Obedient {
    pub tally: Tally,
    pub asked: Mutex<Vec<String>>,
}

impl Obedient {
    /// A service's parts, all of them this one.
    pub fn parts(self: &Arc<Obedient>, clock: Clock) -> PatchesParts {
        PatchesParts {
            clock,
            rooms: self.clone(),
            gauges: self.clone(),
            replay: self.clone(),
            loader: self.clone(),
            reports: Arc::new(|_| {}),
        }
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(what);
    }
}

impl RoomsOfVersion for Obedient {
    fn swap(&self, rooms: &Selector, to: &LogicRef, done: Done) {
        self.note(format!("swap {} to {}", rooms.share, to.version));
        done(RoomsDone::default());
    }

    fn are_back(&self) -> bool {
        true
    }

    fn settle_effects(&self) {
        self.note("settle effects".to_owned());
    }

    fn back(&self, step: BackStep, _: &GameKey, version: u32, stable: &LogicRef, done: Done) {
        self.note(format!("{step:?} {version} for {}", stable.version));
        done(RoomsDone::default());
    }

    fn forget_way_back(&self, _: &GameKey, version: u32) {
        self.note(format!("forget {version}"));
    }
}

impl TrialReplay for Obedient {
    fn replay(&self, _: &GameKey, from: &LogicRef, on: &LogicRef, done: Verdicts) {
        self.note(format!("replay {} on {}", from.version, on.version));
        done(ReplayVerdict { matches: 2, ticks: 1200, ..Default::default() });
    }
}

impl ModuleLoader for Obedient {
    fn load(&self, _: &Bytes) -> Result<(), String> {
        Ok(())
    }
}

impl Gauges for Obedient {
    fn counters(&self, game: &GameKey, version: u32) -> Counters {
        self.tally.counters(game, version)
    }

    fn cpu(&self) -> (u64, u32) {
        (0, 1)
    }

    fn silent_for(&self, _: &GameKey, _: u32) -> Duration {
        Duration::ZERO
    }
}
