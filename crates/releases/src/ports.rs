//! What patches need of the parts that run games; joined in the wiring.

use std::time::Duration;

use bytes::Bytes;
use room_core::modules::LogicRef;
use serde::{Deserialize, Serialize};

use crate::game::GameKey;
use crate::rollout::{BackStep, Counters, ReplayVerdict, Selector};

/// The rooms that run a version. No call waits for the rooms; each may be repeated and then does what is left to do.
pub trait RoomsOfVersion: Send + Sync {
    /// Brings live rooms to a version, each between two of its ticks, and keeps what the way back needs. Rooms that cannot be
    /// brought over go on as they are and count as failed; rooms that run the version already count as done.
    fn swap(&self, rooms: &Selector, to: &LogicRef, done: Done);

    /// Whether the rooms of an earlier process are all back. Before that no rollout begins or goes on, as it would pass them
    /// over, but for ways back: a room that comes back later asks the catalog for its refuge.
    fn are_back(&self) -> bool;

    /// What versions want outside of their rooms and waits takes place or is forgotten, as the catalog says by now. Rooms ask
    /// the catalog before each effect; this is for those that have to wait.
    fn settle_effects(&self);

    /// One step of the way back of all rooms of a version. `StopTraffic`: they stand still and take no inputs. `Unload`: their
    /// instances are gone. `BackToStable`: they go on with the stable version, by its `load` where that can be, else from what
    /// the swap kept and the same inputs; rooms that neither saves are ended, and count as failed.
    fn back(&self, step: BackStep, game: &GameKey, version: u32, stable: &LogicRef, done: Done);

    /// What swaps to this version kept for the way back can go.
    fn forget_way_back(&self, game: &GameKey, version: u32);
}

/// Called once, from any thread, at once or later.
pub type Done = Box<dyn FnOnce(RoomsDone) + Send>;

/// What became of the rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomsDone {
    pub done: u32,
    pub failed: u32,
}

/// Replays recent matches of a game on another version. May take long; does not block the caller.
pub trait TrialReplay: Send + Sync {
    fn replay(&self, game: &GameKey, from: &LogicRef, on: &LogicRef, done: Verdicts);
}

/// Called once, from any thread.
pub type Verdicts = Box<dyn FnOnce(ReplayVerdict) + Send>;

/// The engine that will run a module: says whether it can, and keeps it ready.
pub trait ModuleLoader: Send + Sync {
    /// May take seconds. A module that is ready already is only told.
    ///
    /// # Errors
    /// Why the module is refused, in a sentence for its author.
    fn load(&self, module: &Bytes) -> Result<(), String>;
}

/// What is measured of versions and of the process. Read several times a second.
pub trait Gauges: Send + Sync {
    /// Totals of a version; [`crate::Tally`] counts them.
    fn counters(&self, game: &GameKey, version: u32) -> Counters;

    /// Processor time of the process so far, µs, and how many processors it may use.
    fn cpu(&self) -> (u64, u32);

    /// How long a thread has been in one and the same call of this version; zero if none is in any.
    fn silent_for(&self, game: &GameKey, version: u32) -> Duration;
}
