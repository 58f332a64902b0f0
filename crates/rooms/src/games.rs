//! What authoritative rooms need of the rest of the server: modules, who chooses them, who watches them, and who does
//! what games want to take place outside of their rooms.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{AppId, PlayerId, RoomId, RoomKey, Tick};
use protocol::{ErrorCode, Fault};
use room_core::modules::{self, CallEnd, LogicRef, Modules};
use room_core::{LogicLoad, Output};

/// Joined in the wiring. The default runs no games: authoritative rooms are refused.
#[derive(Clone)]
pub struct Games {
    pub modules: Arc<dyn Modules>,
    pub catalog: Arc<dyn LogicCatalog>,
    pub watch: Arc<dyn GameWatch>,
    pub outbox: Arc<dyn Outbox>,
}

/// Which version of a game a room runs, and what becomes of what versions want.
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

    /// What becomes of the effects that a version wanted. Once it is not [`Fate::Wait`] it stays so.
    fn fate(&self, app: &AppId, game: &str, version: u32) -> Fate {
        let _ = (app, game, version);
        Fate::Happen
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Happen,
    /// The version is on trial.
    Wait,
    /// It was taken back before anybody confirmed it.
    Never,
}

/// Counts what becomes of the versions of games. Called on the threads on which rooms play: nothing here may wait.
pub trait GameWatch: Send + Sync {
    fn version(&self, app: &AppId, logic: &LogicRef) -> Arc<dyn VersionWatch>;
}

/// One version's part.
pub trait VersionWatch: Send + Sync {
    /// The room runs this version now.
    fn room_came(&self, room: &RoomKey);

    fn room_went(&self, room: &RoomKey);

    /// A call into the room's game begins on this thread, and is over. Between the two the game has the thread.
    fn begins(&self) {}

    fn ends(&self) {}

    /// What the room's calls came to since the last time, and how long its ticks took.
    fn called(&self, room: &RoomKey, load: LogicLoad, busy: Duration);

    /// The room's ticks failed again and again.
    fn suspended(&self, room: &RoomKey, why: &CallEnd);
}

/// Takes what games want to take place outside of their rooms. Called on shards' threads: nothing here may wait.
pub trait Outbox: Send + Sync {
    /// The room's log has the effect, and nobody will take its version back unconfirmed. Each effect is told at least once;
    /// what has the same key (room, tick, ordinal) is the same effect, and counts once. `again`: the process has ended
    /// since, and it may have been told before.
    ///
    /// In `async` rooms it is told before the log has it: a crash may lose it, or the tick that it was of.
    fn tell(&self, room: &RoomKey, game: &str, effect: &GameEffect, again: bool);
}

/// Something that a game wants to take place outside of its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameEffect {
    /// Of the game, which wanted it.
    pub version: u32,
    pub tick: Tick,
    pub ordinal: u32,
    pub kind: String,
    pub data: Bytes,
}

impl GameEffect {
    /// Of one that this version of a room's game wanted.
    pub(crate) fn of(version: u32, output: &Output) -> Option<GameEffect> {
        let Output::Effect { tick, ordinal, kind, data } = output else { return None };
        let (tick, ordinal, kind, data) = (*tick, *ordinal, kind.clone(), data.clone());
        Some(GameEffect { version, tick, ordinal, kind, data })
    }

    /// Of the effects of its room.
    pub fn key(&self) -> (Tick, u32) {
        (self.tick, self.ordinal)
    }
}

impl Default for Games {
    fn default() -> Games {
        Games {
            modules: modules::none(),
            catalog: Arc::new(Nothing),
            watch: Arc::new(Nothing),
            outbox: Arc::new(Nothing),
        }
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
}

impl Outbox for Nothing {
    fn tell(&self, _: &RoomKey, _: &str, _: &GameEffect, _: bool) {}
}
