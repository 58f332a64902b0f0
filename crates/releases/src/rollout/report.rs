//! What people are told.

use std::fmt;

use super::Plan;
use crate::game::GameKey;
use crate::ports::RoomsDone;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub game: GameKey,
    /// The version's name.
    pub name: String,
    pub version: u32,
    pub kind: ReportKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportKind {
    CanaryBegan,
    Confirmed {
        automatic: bool,
    },
    Refused {
        why: String,
    },
    RollbackBegan {
        why: String,
    },
    /// The way back takes longer than it may; it is tried on.
    RollbackLate {
        why: String,
        rooms: RoomsDone,
    },
    RolledBack {
        why: String,
        took_ms: u64,
        rooms: RoomsDone,
    },
}

impl Report {
    pub(super) fn new(plan: &Plan, kind: ReportKind) -> Report {
        Report { game: plan.game.clone(), name: plan.name.clone(), version: plan.trial.version, kind }
    }

    /// Whether somebody should be woken for it.
    pub fn is_bad(&self) -> bool {
        !matches!(self.kind, ReportKind::CanaryBegan | ReportKind::Confirmed { .. })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} ", self.name, self.game)?;
        match &self.kind {
            ReportKind::CanaryBegan => f.write_str("is tried in a share of the rooms"),
            ReportKind::Confirmed { automatic: true } => f.write_str("is confirmed after a quiet trial"),
            ReportKind::Confirmed { automatic: false } => f.write_str("is confirmed by an operator"),
            ReportKind::Refused { why } => write!(f, "is refused before any player met it: {why}"),
            ReportKind::RollbackBegan { why } => write!(f, "goes back: {why}"),
            ReportKind::RollbackLate { why, rooms } => write!(
                f,
                "should have gone back by now ({why}): {} rooms are back, {} failed, the rest do not answer",
                rooms.done, rooms.failed
            ),
            ReportKind::RolledBack { why, took_ms, rooms } => write!(
                f,
                "was rolled back within {took_ms} ms ({why}): {} rooms are back, {} could not be saved",
                rooms.done, rooms.failed
            ),
        }
    }
}
