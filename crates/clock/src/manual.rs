//! A clock that a test moves by hand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Moment;

/// Stands still until [`advance`](ManualClock::advance) is called.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicU64,
    wall_start_ms: u64,
}

impl ManualClock {
    /// Begins at moment zero, with the given wall time in milliseconds since 1970.
    pub fn new(wall_start_ms: u64) -> ManualClock {
        ManualClock { micros: AtomicU64::new(0), wall_start_ms }
    }

    /// Moves both the monotonic and the wall time forward.
    pub fn advance(&self, duration: Duration) {
        self.micros.fetch_add(duration.as_micros() as u64, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::from_micros(self.micros.load(Ordering::SeqCst))
    }

    pub(crate) fn wall_ms(&self) -> u64 {
        self.wall_start_ms + self.micros.load(Ordering::SeqCst) / 1000
    }
}
