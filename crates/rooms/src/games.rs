//! What authoritative rooms need of the rest of the server: modules, who chooses them, who watches them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{AppId, PlayerId, RoomId, RoomKey, Tick};
use protocol::{ErrorCode, Fault};
use room_core::LogicLoad;
use room_core::modules::{self, CallEnd, LogicRef, Modules};

/// Joined in the wiring. The default runs no games: authoritative rooms are refused.
#[derive(Clone)]
pub struct Games {
    pub modules: Arc<dyn Modules>,
    pub catalog: Arc<dyn LogicCatalog>,
    pub watch: Arc<dyn GameWatch>,
}

/// Which version of a game a room runs.
pub trait LogicCatalog: Send + Sync {
    /// What a new room begins with. Asked again for the same room, it may answer otherwise.
    ///
    /// Faults: `bad_spec` for a game that the app does not have.
    fn current(&self, app: &AppId, game: &str, room: &RoomId, founder: &PlayerId) -> Result<LogicRef, Fault>;

    /// Where a room has to go that was rebuilt on this version; `None`: it may stay.
    fn refuge(&self, app: &AppId, running: &LogicRef) -> Option<LogicRef> {
        let _ = (app, running);
        None
    }
}

/// Counts what becomes of the versions of games. Called on shards' threads: nothing here may wait.
pub trait GameWatch: Send + Sync {
    fn version(&self, app: &AppId, logic: &LogicRef) -> Arc<dyn VersionWatch>;
}

/// One version's part.
pub trait VersionWatch: Send + Sync {
    /// The room runs this version now.
    fn room_came(&self, room: &RoomKey);

    fn room_went(&self, room: &RoomKey);

    /// What the room's calls came to since the last time, and how long its ticks took.
    fn called(&self, room: &RoomKey, load: LogicLoad, busy: Duration);

    /// The room's ticks failed again and again.
    fn suspended(&self, room: &RoomKey, why: &CallEnd);

    /// The room's log has the effect. Room, tick and ordinal name it, should it be told twice.
    fn effect(&self, room: &RoomKey, effect: GameEffect);
}

/// Something that a game wants to take place outside of its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameEffect {
    pub tick: Tick,
    pub ordinal: u32,
    pub kind: String,
    pub data: Bytes,
}

impl Default for Games {
    fn default() -> Games {
        Games { modules: modules::none(), catalog: Arc::new(Nothing), watch: Arc::new(Nothing) }
    }
}

impl fmt::Debug for Games {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Games").finish_non_exhaustive()
    }
}

struct Nothing;

impl LogicCatalog for Nothing {
    fn current(&self, _: &AppId, game: &str, _: &RoomId, _: &PlayerId) -> Result<LogicRef, Fault> {
        Err(Fault::new(ErrorCode::BadSpec, format!("there is no game {game:?} here")))
    }
}

impl GameWatch for Nothing {
    fn version(&self, _: &AppId, _: &LogicRef) -> Arc<dyn VersionWatch> {
        Arc::new(Nothing)
    }
}

impl VersionWatch for Nothing {
    fn room_came(&self, _: &RoomKey) {}
    fn room_went(&self, _: &RoomKey) {}
    fn called(&self, _: &RoomKey, _: LogicLoad, _: Duration) {}
    fn suspended(&self, _: &RoomKey, _: &CallEnd) {}
    fn effect(&self, _: &RoomKey, _: GameEffect) {}
}
