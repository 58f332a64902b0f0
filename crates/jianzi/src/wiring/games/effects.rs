//! What games want to take place outside of their rooms.

use model::RoomKey;
use rooms::{GameEffect, Outbox};

/// So far effects are told to the log alone: `event="game_effect"`, one line each, with the key (room, tick, ordinal) by
/// which they are the same when they are told `again` after a crash.
pub struct EffectLog;

impl Outbox for EffectLog {
    fn tell(&self, room: &RoomKey, game: &str, effect: &GameEffect, again: bool) {
        let GameEffect { version, tick, ordinal, kind, data } = effect;
        tracing::info!(
            event = "game_effect", app = %room.app, game, room = %room.room, version, tick, ordinal, kind,
            bytes = data.len(), again
        );
    }
}
