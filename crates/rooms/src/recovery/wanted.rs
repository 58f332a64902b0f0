//! What a rebuilt room's game wanted outside of it, as far as image and log still say so.

use model::{RoomKey, Tick};
use room_core::{Checkpoint, Output, Room, RoomEvent, RunReason};

use crate::games::{Fate, GameEffect, Games};

/// What the image holds, then what the log behind it wants. The last run may have told some of it.
pub(super) struct Wanted<'a> {
    games: &'a Games,
    key: &'a RoomKey,
    effects: Vec<GameEffect>,
    /// The last one that the image holds.
    held_up_to: (Tick, u32),
    /// Versions that the room has left in this run; a way back may lead by way of another one.
    left: Vec<u32>,
}

impl<'a> Wanted<'a> {
    pub fn new(games: &'a Games, key: &'a RoomKey, held: Vec<GameEffect>) -> Wanted<'a> {
        let held_up_to = held.last().map_or((0, 0), GameEffect::key);
        Wanted { games, key, effects: held, held_up_to, left: Vec::new() }
    }

    pub fn into_effects(self) -> Vec<GameEffect> {
        self.effects
    }

    /// What is about to happen to the room. As its shard did: what a version wanted that the room was taken back from is
    /// forgotten, what the version before wants with the same inputs takes its place.
    pub fn follow(&mut self, room: &Room, event: &RoomEvent, way_back: Option<&Checkpoint>) {
        let Some(running) = room.logic() else { return };
        match event {
            RoomEvent::Swapped { .. } => self.left.push(running.version),
            RoomEvent::RolledBack { to, .. } => {
                self.left.push(running.version);
                if let Some(way_back) = way_back.filter(|_| self.is_untold(&running.game, running.version)) {
                    self.add_instead(to.version, way_back);
                }
            }
            RoomEvent::RunBegan { reason, .. } => {
                let mut left = std::mem::take(&mut self.left);
                left.retain(|version| {
                    *reason == RunReason::Rollback && self.is_untold(&running.game, *version)
                });
                self.effects.retain(|effect| !left.contains(&effect.version));
            }
            _ => {}
        }
    }

    /// What the room tells of what happened to it.
    pub fn add(&mut self, room: &Room, told: &Output) {
        let version = room.logic().map_or(0, |running| running.version);
        // A room that does not wait for its log may hold what only the log behind its image says.
        let is_held = |effect: &GameEffect| {
            let is_same = |held: &GameEffect| held.version == version && held.key() == effect.key();
            effect.key() <= self.held_up_to && self.effects.iter().any(is_same)
        };
        self.effects.extend(GameEffect::of(version, told).filter(|effect| !is_held(effect)));
    }

    fn add_instead(&mut self, version: u32, way_back: &Checkpoint) {
        let mut wanted = Vec::new();
        if let Err(error) = way_back.replay_as_it_was(&mut wanted) {
            tracing::error!(event = "game_effects_lost", app = %self.key.app, room = %self.key.room, %error);
        }
        self.effects.extend(wanted.iter().filter_map(|told| GameEffect::of(version, told)));
    }

    fn is_untold(&self, game: &str, version: u32) -> bool {
        self.games.catalog.fate(&self.key.app, game, version) != Fate::Happen
    }
}
