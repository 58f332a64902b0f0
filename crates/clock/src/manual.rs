//! A clock that a test moves by hand.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::Moment;

/// Stands still until [`advance`](ManualClock::advance) is called.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicU64,
    wall_start_ms: u64,
    /// How far the wall clock was put forward, or back.
    jumped_ms: AtomicI64,
}

impl ManualClock {
    /// Begins at moment zero, with the given wall time in milliseconds since 1970.
    pub fn new(wall_start_ms: u64) -> ManualClock {
        ManualClock { micros: AtomicU64::new(0), wall_start_ms, jumped_ms: AtomicI64::new(0) }
    }

    /// Moves both the monotonic and the wall time forward.
    pub fn advance(&self, duration: Duration) {
        self.micros.fetch_add(duration.as_micros() as u64, Ordering::SeqCst);
    }

    /// Puts the wall clock forward, or back, as people and time servers do; the monotonic time goes on as if nothing had been.
    pub fn jump_wall(&self, by_ms: i64) {
        self.jumped_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::from_micros(self.micros.load(Ordering::SeqCst))
    }

    pub(crate) fn wall_ms(&self) -> u64 {
        let passed_ms = self.micros.load(Ordering::SeqCst) / 1000;
        (self.wall_start_ms + passed_ms).saturating_add_signed(self.jumped_ms.load(Ordering::SeqCst))
    }
}
