//! What the players do: one file per shape of load.

pub mod echo;
pub mod lockstep;
pub mod relay;
pub mod story;

use std::collections::BTreeMap;

use clock::Moment;
use hdrhistogram::Histogram;

use crate::engine::Play;
use crate::figures::micros_histogram;
use crate::lines::{Faults, Window};

use story::Story;

/// A play that can be measured.
pub trait Shape: Play + Send {
    /// Everybody is where the load needs them.
    fn ready(&self) -> bool;

    /// The load begins; what is sent within `window` counts, and after its end nothing more is sent.
    fn start(&mut self, now: Moment, window: Window);

    /// Everything that was sent has had its effect.
    fn settled(&self) -> bool;

    fn into_tally(self) -> Tally;
}

/// What one event loop has counted.
pub struct Tally {
    /// Microseconds from the moment at which a message was to be sent to the moment of its effect.
    pub latency: Histogram<u64>,
    /// Microseconds by which the generator itself was late in sending.
    pub lag: Histogram<u64>,
    /// Messages that were to be sent within the window.
    pub sent: u64,
    /// Messages that arrived within the window, whenever they were sent: what the server's work is divided by.
    pub arrived: u64,
    /// Effects of what was sent within the window: wanted and seen.
    pub wanted: u64,
    pub seen: u64,
    /// Things that must not happen, by name.
    pub mistakes: BTreeMap<&'static str, u64>,
    pub faults: Faults,
    pub story: Story,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            latency: micros_histogram(),
            lag: micros_histogram(),
            sent: 0,
            arrived: 0,
            wanted: 0,
            seen: 0,
            mistakes: BTreeMap::new(),
            faults: Faults::default(),
            story: Story::default(),
        }
    }
}

impl Tally {
    pub fn mistake(&mut self, name: &'static str) {
        *self.mistakes.entry(name).or_default() += 1;
    }

    pub fn record(&mut self, intended: Moment, now: Moment) {
        self.latency.saturating_record(now.since(intended).as_micros().max(1) as u64);
    }

    pub fn record_lag(&mut self, intended: Moment, now: Moment) {
        self.lag.saturating_record(now.since(intended).as_micros().max(1) as u64);
    }

    pub fn add(&mut self, other: Tally) {
        // Both have the same bounds, which is all that can fail here.
        let _ = self.latency.add(other.latency);
        let _ = self.lag.add(other.lag);
        self.sent += other.sent;
        self.arrived += other.arrived;
        self.wanted += other.wanted;
        self.seen += other.seen;
        for (name, count) in other.mistakes {
            *self.mistakes.entry(name).or_default() += count;
        }
        self.faults.add(other.faults);
        self.story.add(other.story);
    }
}
