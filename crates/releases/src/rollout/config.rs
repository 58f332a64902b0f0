//! How much, how long, how fast.

use std::time::Duration;

/// The defaults are those of a game with thousands of players; a demonstration shortens the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutConfig {
    /// For the trial replay.
    pub replay_within: Duration,
    /// For bringing live rooms over.
    pub swap_within: Duration,

    /// A canary without a bad sign for this long is confirmed by itself …
    pub quiet: Duration,
    /// … if its rooms have made this many calls; none: only an operator confirms.
    pub calls_to_confirm: Option<u64>,
    /// A confirmed version is watched for this long.
    pub watch_after: Duration,

    /// Calls that end badly, in thousandths of all, above which the version goes back.
    pub errors_per_mille: u64,
    /// Looked at over this time, or over a longer one if calls are rare.
    pub errors_window: Duration,
    /// Fewer calls say nothing.
    pub errors_calls: u64,
    /// Calls of fewer rooms say nothing, unless there are no more.
    pub errors_rooms: u32,
    /// A rise to so many times the stable version's share of bad calls is one sign more, from a fifth of
    /// `errors_per_mille` on.
    pub rise: u64,
    /// So many bad calls within a second, more than half of all, need no more looking.
    pub storm_calls: u64,

    /// Processor use above this, in thousandths …
    pub cpu_per_mille: u64,
    /// … for this long.
    pub cpu_for: Duration,
    /// No sign of life for this long.
    pub silence: Duration,
    /// Ends of the process that were not orderly, during one trial.
    pub crashes: u32,

    /// The way back takes no longer after errors …
    pub back_after_errors: Duration,
    /// … and after anything else.
    pub back_after_load: Duration,
}

impl Default for RolloutConfig {
    fn default() -> RolloutConfig {
        RolloutConfig {
            replay_within: Duration::from_secs(60),
            swap_within: Duration::from_secs(10),
            quiet: Duration::from_secs(600),
            calls_to_confirm: Some(10_000),
            watch_after: Duration::from_secs(600),
            errors_per_mille: 50,
            errors_window: Duration::from_secs(5),
            errors_calls: 200,
            errors_rooms: 3,
            rise: 5,
            storm_calls: 20,
            cpu_per_mille: 900,
            cpu_for: Duration::from_secs(60),
            silence: Duration::from_secs(3),
            crashes: 2,
            back_after_errors: Duration::from_secs(15),
            back_after_load: Duration::from_secs(30),
        }
    }
}
