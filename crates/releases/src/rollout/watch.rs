//! Looks at the gauges and says when a version must go back.

use std::collections::VecDeque;
use std::time::Duration;

use clock::Moment;

use super::{Counters, Measure, RolloutConfig, Trigger};

/// Remembers what was measured since a version met its first players.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The oldest first; they reach back over [`MEMORY`].
    samples: VecDeque<Sample>,
    /// What was measured when the processors became busy, if they have been since.
    hot_since: Option<Sample>,
    first_calls: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Moment,
    measure: Measure,
}

/// What happened between two samples.
struct Between {
    time: Duration,
    trial: Counters,
    stable: Counters,
    cpu_us: u64,
}

const MEMORY: Duration = Duration::from_secs(60);
/// Samples closer than this replace each other, so that their number is bounded.
const APART: Duration = Duration::from_millis(40);
const SECOND: Duration = Duration::from_secs(1);

impl Watch {
    /// Calls of the trial version since the first look.
    pub(super) fn calls(&self) -> u64 {
        let now = self.samples.back().map_or(0, |sample| sample.measure.trial.calls);
        now.saturating_sub(self.first_calls.unwrap_or(now))
    }

    pub(super) fn look(&mut self, now: Moment, measure: Measure, config: &RolloutConfig) -> Option<Trigger> {
        self.remember(Sample { at: now, measure });
        let trial = &measure.trial;
        if measure.silent_for > config.silence {
            return Some(Trigger::Silent { ms: measure.silent_for.as_millis() as u64 });
        }
        let few = config.errors_rooms.min(trial.rooms.max(1));
        if trial.rooms_suspended >= few
            && u64::from(trial.rooms_suspended) * 1000 > config.errors_per_mille * u64::from(trial.rooms)
        {
            return Some(Trigger::Suspended { rooms: trial.rooms_suspended });
        }
        // What goes wrong in one room of many is that room's, or its players' doing.
        let several_fail = trial.rooms_failing >= 2.min(trial.rooms.max(1));
        let errors = || self.storm(config).or_else(|| self.errors(trial.rooms_called >= few, config));
        several_fail.then(errors).flatten().or_else(|| self.cpu(config))
    }

    fn storm(&self, config: &RolloutConfig) -> Option<Trigger> {
        let Counters { calls, ended, .. } = self.last(SECOND)?.trial;
        (ended >= config.storm_calls && ended * 2 > calls).then_some(Trigger::Storm { ended, calls })
    }

    fn errors(&self, enough_rooms: bool, config: &RolloutConfig) -> Option<Trigger> {
        let Between { trial, stable, .. } = self
            .last(config.errors_window)
            .filter(|between| between.trial.calls >= config.errors_calls)
            .or_else(|| {
                let enough = |between: &Between| between.trial.calls >= config.errors_calls;
                self.samples.iter().rev().map(|sample| self.since(sample)).find(enough)
            })?;
        let Counters { calls, ended, .. } = trial;
        if !enough_rooms {
            return None;
        }
        if ended * 1000 > config.errors_per_mille * calls {
            return Some(Trigger::Errors { ended, calls });
        }
        let (stable_ended, stable_calls) = (stable.ended, stable.calls);
        let risen = stable_calls >= config.errors_calls
            && ended * 5000 > config.errors_per_mille * calls
            && u128::from(ended) * u128::from(stable_calls)
                > u128::from(stable_ended * config.rise) * u128::from(calls);
        risen.then_some(Trigger::Rise { ended, calls, stable_ended, stable_calls })
    }

    fn cpu(&mut self, config: &RolloutConfig) -> Option<Trigger> {
        let last = self.last(SECOND)?;
        if last.time < SECOND - APART * 2 {
            return None;
        }
        let newest = *self.samples.back()?;
        if last.cpu_per_mille(newest.measure.processors) <= config.cpu_per_mille {
            self.hot_since = None;
            return None;
        }
        let hot = *self.hot_since.get_or_insert(newest);
        let between = self.since(&hot);
        if between.time < config.cpu_for {
            return None;
        }
        let per_mille = between.cpu_per_mille(newest.measure.processors);
        let without = between.without_excess(config).cpu_per_mille(newest.measure.processors);
        (without <= config.cpu_per_mille).then_some(Trigger::Cpu { per_mille })
    }

    fn remember(&mut self, sample: Sample) {
        self.first_calls.get_or_insert(sample.measure.trial.calls);
        let before_last = self.samples.len().checked_sub(2).and_then(|index| self.samples.get(index));
        if before_last.is_some_and(|before| sample.at.since(before.at) < APART) {
            self.samples.pop_back();
        }
        self.samples.push_back(sample);
        // One that is older stays, so that the whole span is covered.
        while self.samples.get(1).is_some_and(|second| sample.at.since(second.at) >= MEMORY) {
            self.samples.pop_front();
        }
    }

    /// From the oldest sample within `span` to the newest.
    fn last(&self, span: Duration) -> Option<Between> {
        let newest = self.samples.back()?;
        let index = self.samples.partition_point(|sample| newest.at.since(sample.at) > span);
        self.samples.get(index).map(|sample| self.since(sample))
    }

    fn since(&self, earlier: &Sample) -> Between {
        let newest = self.samples.back().unwrap_or(earlier);
        let difference = |now: &Counters, then: &Counters| Counters {
            calls: now.calls.saturating_sub(then.calls),
            ended: now.ended.saturating_sub(then.ended),
            busy_us: now.busy_us.saturating_sub(then.busy_us),
            ..*now
        };
        Between {
            time: newest.at.since(earlier.at),
            trial: difference(&newest.measure.trial, &earlier.measure.trial),
            stable: difference(&newest.measure.stable, &earlier.measure.stable),
            cpu_us: newest.measure.cpu_us.saturating_sub(earlier.measure.cpu_us),
        }
    }
}

impl Between {
    fn cpu_per_mille(&self, processors: u32) -> u64 {
        let capacity = self.time.as_micros() * u128::from(processors.max(1));
        (u128::from(self.cpu_us) * 1000).checked_div(capacity).unwrap_or(0) as u64
    }

    /// As it would be if the trial's calls cost what the stable version's do, or nothing if nobody knows those.
    fn without_excess(mut self, config: &RolloutConfig) -> Between {
        let usual = match self.stable.calls >= config.errors_calls {
            true => {
                u128::from(self.stable.busy_us) * u128::from(self.trial.calls) / u128::from(self.stable.calls)
            }
            false => 0,
        };
        let excess = u128::from(self.trial.busy_us).saturating_sub(usual) as u64;
        self.cpu_us = self.cpu_us.saturating_sub(excess);
        self
    }
}

#[cfg(test)]
mod tests;
