//! Counts what the versions of games do, as patches are judged by it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use clock::{Clock, Moment};
use model::{AppId, RoomKey};
use releases::{GameKey, Tally, VersionTally};
use room_core::LogicLoad;
use room_core::modules::{CallEnd, LogicRef};
use rooms::{GameEffect, GameWatch, VersionWatch};

use super::effects::Effects;

/// All versions.
pub struct Watch {
    tally: Arc<Tally>,
    effects: Arc<Effects>,
    clock: Clock,
    versions: RwLock<BTreeMap<(GameKey, u32), Arc<Watched>>>,
}

/// One version.
struct Watched {
    game: GameKey,
    version: u32,
    tally: Arc<VersionTally>,
    effects: Arc<Effects>,
    clock: Clock,
    /// When a room of it was last heard of, µs.
    heard_at: AtomicU64,
}

impl Watch {
    pub fn new(tally: Arc<Tally>, effects: Arc<Effects>, clock: Clock) -> Watch {
        Watch { tally, effects, clock, versions: RwLock::default() }
    }

    /// Since any room of this version gave a sign of life; zero if none ever did.
    pub fn silent_for(&self, game: &GameKey, version: u32) -> Duration {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        versions.get(&(game.clone(), version)).map_or(Duration::ZERO, |watched| {
            let heard_at = Moment::from_micros(watched.heard_at.load(Ordering::Relaxed));
            self.clock.now().since(heard_at)
        })
    }
}

impl GameWatch for Watch {
    fn version(&self, app: &AppId, logic: &LogicRef) -> Arc<dyn VersionWatch> {
        let game = GameKey { app: app.clone(), game: logic.game.clone() };
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        let watched = versions.entry((game.clone(), logic.version)).or_insert_with(|| {
            Arc::new(Watched {
                tally: self.tally.of(&game, logic.version),
                effects: self.effects.clone(),
                clock: self.clock.clone(),
                heard_at: AtomicU64::new(self.clock.now().as_micros()),
                game,
                version: logic.version,
            })
        });
        watched.clone()
    }
}

impl Watched {
    fn heard(&self) {
        self.heard_at.store(self.clock.now().as_micros(), Ordering::Relaxed);
    }
}

impl VersionWatch for Watched {
    fn room_came(&self, _room: &RoomKey) {
        self.tally.room_came();
        self.heard();
    }

    fn room_went(&self, _room: &RoomKey) {
        self.tally.room_went();
    }

    fn called(&self, room: &RoomKey, load: LogicLoad, busy: Duration) {
        self.tally.add(&room.room, load.calls, load.ended, busy.as_micros() as u64);
        self.heard();
    }

    fn suspended(&self, room: &RoomKey, why: &CallEnd) {
        tracing::error!(
            event = "room_suspended", game = %self.game, version = self.version, app = %room.app, room = %room.room,
            why = why.text(), "the room stands still: its game's ticks fail"
        );
        self.tally.suspended(&room.room);
    }

    fn effect(&self, room: &RoomKey, effect: GameEffect) {
        self.effects.take(&self.game, self.version, room, effect);
    }
}
