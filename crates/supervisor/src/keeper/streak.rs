//! Crashes in a row, and how long to wait after each.

use std::time::Duration;

use super::Limits;

/// What is done about a server that crashes again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashLoop {
    /// Started again, but only so often.
    KeepTrying(Duration),
    /// The supervisor ends, too, and whoever started it decides.
    Exit,
}

/// Crashes since a server was last well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Streak {
    crashes: u32,
}

/// What comes before the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Players wait.
    None,
    Short(Duration),
    /// `None`: there is no next start.
    Loop {
        crashes: u32,
        again_in: Option<Duration>,
    },
}

/// After the second crash; doubled with each one more.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

impl Streak {
    pub fn crashes(&self) -> u32 {
        self.crashes
    }

    pub fn was_steady(&mut self) {
        self.crashes = 0;
    }

    /// One more.
    pub fn next(&mut self, limits: &Limits) -> Pause {
        self.crashes = self.crashes.saturating_add(1);
        if self.crashes >= limits.crash_limit.max(1) {
            let again_in = match limits.crash_loop {
                CrashLoop::KeepTrying(pause) => Some(pause),
                CrashLoop::Exit => None,
            };
            return Pause::Loop { crashes: self.crashes, again_in };
        }
        match self.crashes {
            1 => Pause::None,
            more => {
                let longest = match limits.crash_loop {
                    CrashLoop::KeepTrying(pause) => pause,
                    CrashLoop::Exit => Duration::from_secs(30),
                };
                Pause::Short(FIRST_PAUSE.saturating_mul(1 << (more - 2).min(16)).min(longest))
            }
        }
    }
}
