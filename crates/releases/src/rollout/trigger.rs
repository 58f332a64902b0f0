//! Why a version goes back.

use std::fmt;
use std::time::Duration;

use super::RolloutConfig;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Too many calls end badly.
    Errors {
        ended: u64,
        calls: u64,
    },
    /// Nearly all calls end badly at once.
    Storm {
        ended: u64,
        calls: u64,
    },
    /// Many more calls end badly than on the stable version.
    Rise {
        ended: u64,
        calls: u64,
        stable_ended: u64,
        stable_calls: u64,
    },
    /// Rooms stand still because their ticks end badly.
    Suspended {
        rooms: u32,
    },
    /// Rooms cannot be brought to the version.
    SwapsFailed {
        failed: u32,
        of: u32,
    },
    /// Nobody said that the rooms were brought over.
    SwapsSilent,
    /// The processors are busy, and would not be without the version.
    Cpu {
        per_mille: u64,
    },
    /// The rooms' threads give no sign of life.
    Silent {
        ms: u64,
    },
    /// The process died again and again during the trial.
    Crashes {
        times: u32,
    },
    ByOperator {
        why: String,
    },
}

impl Trigger {
    /// How long the way back may take.
    pub fn limit(&self, config: &RolloutConfig) -> Duration {
        match self {
            Trigger::Errors { .. }
            | Trigger::Storm { .. }
            | Trigger::Rise { .. }
            | Trigger::Suspended { .. }
            | Trigger::SwapsFailed { .. } => config.back_after_errors,
            Trigger::SwapsSilent
            | Trigger::Cpu { .. }
            | Trigger::Silent { .. }
            | Trigger::Crashes { .. }
            | Trigger::ByOperator { .. } => config.back_after_load,
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Errors { ended, calls } => write!(f, "{ended} of {calls} calls ended badly"),
            Trigger::Storm { ended, calls } => {
                write!(f, "{ended} of {calls} calls within a second ended badly")
            }
            Trigger::Rise { ended, calls, stable_ended, stable_calls } => write!(
                f,
                "{ended} of {calls} calls ended badly, on the stable version {stable_ended} of {stable_calls}"
            ),
            Trigger::Suspended { rooms } => {
                write!(f, "{rooms} rooms were suspended because their ticks end badly")
            }
            Trigger::SwapsFailed { failed, of } => {
                write!(f, "{failed} of {of} rooms could not be brought to the version")
            }
            Trigger::SwapsSilent => f.write_str("bringing the rooms over did not come to its end"),
            Trigger::Cpu { per_mille } => {
                write!(f, "the processors are {}% busy, and would not be without the version", per_mille / 10)
            }
            Trigger::Silent { ms } => write!(f, "no heartbeat of the rooms' threads for {ms} ms"),
            Trigger::Crashes { times } => write!(f, "the server died {times} times during the trial"),
            Trigger::ByOperator { why } if why.is_empty() => f.write_str("an operator asked for it"),
            Trigger::ByOperator { why } => write!(f, "an operator asked for it: {why}"),
        }
    }
}
