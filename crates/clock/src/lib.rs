//! Time and chance: the only door to both.
//!
//! Everything that reads a clock or draws a random number takes a [`Clock`] or a [`Chance`], so that a test can hold
//! both in its hand. `clippy.toml` bans the standard library's own doors everywhere else.

mod chance;
mod manual;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use chance::Chance;
pub use manual::ManualClock;

/// A point in monotonic time: microseconds since the process (or the simulation) began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    pub const ZERO: Moment = Moment(0);

    pub const fn from_micros(micros: u64) -> Moment {
        Moment(micros)
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_add(duration.as_micros() as u64))
    }
}

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clocks.
    #[default]
    System,
    /// A clock that stands still until a test moves it.
    Manual(Arc<ManualClock>),
}

impl Clock {
    /// The monotonic time.
    pub fn now(&self) -> Moment {
        match self {
            Clock::System => Moment(process_start().elapsed().as_micros() as u64),
            Clock::Manual(clock) => clock.now(),
        }
    }

    /// Milliseconds since 1970, UTC. May jump; for people and tokens, never for measuring.
    pub fn wall_ms(&self) -> u64 {
        match self {
            Clock::System => system_wall_ms(),
            Clock::Manual(clock) => clock.wall_ms(),
        }
    }

    /// Seconds since 1970, UTC.
    pub fn wall_s(&self) -> u64 {
        self.wall_ms() / 1000
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn process_start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn system_wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
