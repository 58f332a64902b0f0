//! The course of one patch, pure: events and time in, commands out.
//!
//! ```text
//! Verifying ─► Canary ─► Confirmed ─► Settled
//!     │           └──────────┴─► RollingBack ─► RolledBack
//!     └─► Refused
//! ```

mod config;
mod machine;
mod report;
mod trigger;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::RoomId;
use room_core::modules::LogicRef;
use serde::{Deserialize, Serialize};

pub use config::RolloutConfig;
pub use machine::Rollout;
pub use report::{Report, ReportKind};
pub use trigger::Trigger;

use crate::game::{GameKey, Share};
use crate::history::Step;
use crate::ports::RoomsDone;

/// What is to be rolled out, and where the way back leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub game: GameKey,
    pub trial: LogicRef,
    /// The version's name, for people.
    pub name: String,
    pub stable: LogicRef,
    /// Of the rooms that try it first.
    pub share: Share,
    /// Live rooms can be brought over; otherwise only new rooms get it.
    pub live: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Recent matches are replayed on it; no player has met it.
    Verifying,
    /// A share of the rooms runs it.
    Canary,
    /// All rooms run it, and it is still watched.
    Confirmed,
    RollingBack(BackStep),
    /// Over: it is the stable version.
    Settled,
    /// Over: its rooms are back on the version before.
    RolledBack,
    /// Over: no player has met it.
    Refused,
}

/// The way back, in its order; the report comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackStep {
    StopTraffic,
    Unload,
    BackToStable,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The answer to [`Command::Replay`].
    Replayed(ReplayVerdict),
    /// The answer to [`Command::Swap`].
    Swapped(RoomsDone),
    /// The answer to [`Command::Back`].
    Back(BackStep, RoomsDone),
    /// A look at the gauges; wanted several times a second while rooms run the version.
    Measured(Measure),
    /// An operator wants all rooms to run it.
    Promote,
    /// An operator wants it gone.
    RollBack { why: String },
    /// Time has passed.
    Time,
}

/// What is to be done. All of it may be asked for more than once and then does nothing new.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To the history, before anything that follows; what happened by an operator's word is marked so.
    Record {
        step: Step,
        by_operator: bool,
    },
    /// Replay recent matches of the game on the trial version.
    Replay,
    /// There is a verdict: effects that waited for it take place, or never will. Until a version is confirmed, its rooms hold
    /// theirs.
    SettleEffects,
    /// Bring live rooms to the trial version.
    Swap(Selector),
    /// One step of the way back, for all rooms of the trial version.
    Back(BackStep),
    /// What was kept for the way back is no longer needed.
    ForgetWayBack,
    Report(Report),
}

/// Which live rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    pub game: GameKey,
    /// Of the rooms of this game.
    pub share: Share,
    /// The version whose share it is.
    pub version: u32,
    /// Pinned to something else, by id.
    pub except: Arc<BTreeSet<String>>,
}

impl Selector {
    pub fn includes(&self, room: &RoomId) -> bool {
        self.share.includes(self.version, room) && !self.except.contains(room.as_str())
    }
}

/// How recent matches went on the trial version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayVerdict {
    pub matches: u32,
    pub ticks: u64,
    /// The first tick that tells players something else than it did: expected of a fix, and told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_difference: Option<String>,
    /// A call that ended badly and did not do so before: the version is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_badly: Option<String>,
}

/// Totals of one version since any moment before the rollout began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls into the module.
    pub calls: u64,
    /// Of these, the ones that ended badly.
    pub ended: u64,
    /// Time spent in them, µs.
    pub busy_us: u64,
    /// Rooms that run the version now.
    pub rooms: u32,
    /// Different rooms that made calls.
    pub rooms_called: u32,
    /// Different rooms with calls that ended badly.
    pub rooms_failing: u32,
    /// Rooms that were suspended because their ticks ended badly.
    pub rooms_suspended: u32,
}

/// One look at the gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    pub trial: Counters,
    pub stable: Counters,
    /// Processor time that the process has used since any moment before, µs.
    pub cpu_us: u64,
    /// How many processors it may use.
    pub processors: u32,
    /// How long a thread that runs the trial's rooms has been in one and the same call.
    pub silent_for: Duration,
}
