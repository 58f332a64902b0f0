//! What a rollout looks at: counts of versions, and the process's processor time.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use releases::{Counters, GameKey, Gauges, Tally};

use super::watch::Watch;
use crate::os;

pub struct ProcessGauges {
    tally: Arc<Tally>,
    watch: Arc<Watch>,
}

impl ProcessGauges {
    pub fn new(tally: Arc<Tally>, watch: Arc<Watch>) -> ProcessGauges {
        ProcessGauges { tally, watch }
    }
}

impl Gauges for ProcessGauges {
    fn counters(&self, game: &GameKey, version: u32) -> Counters {
        self.tally.counters(game, version)
    }

    fn cpu(&self) -> (u64, u32) {
        let processors = available_parallelism().map_or(1, |count| count.get() as u32);
        (os::cpu_time().as_micros() as u64, processors)
    }

    fn silent_for(&self, game: &GameKey, version: u32) -> Duration {
        self.watch.silent_for(game, version)
    }
}
