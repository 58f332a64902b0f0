//! What a room's game wants to take place outside of it: told once the journal has it, held while its version is on trial.
//!
//! What is held is part of the room's images; what the log has beyond the image, the room's replay says again. So a crash
//! loses none of it, and what it makes known twice has the same key.

use std::collections::BTreeMap;

use model::RoomKey;
use room_core::Room;

use crate::games::{Fate, GameEffect, Games};

use super::Shard;

/// One room's.
pub(super) struct Outside {
    games: Games,
    room: RoomKey,
    /// The game's name.
    game: String,
    held: Vec<GameEffect>,
    bytes: usize,
}

/// The room may not hold any more: the effect is lost.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuchHeld;

/// What became of the log of a room that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    Forgotten,
    Kept,
}

/// Rooms that have ended and hold effects. Their logs are kept as long.
#[derive(Default)]
pub(super) struct EndedRooms {
    rooms: BTreeMap<RoomKey, Outside>,
    bytes: usize,
}

/// What one room may hold.
const MOST_HELD_BYTES: usize = 1 << 20;
/// And all ended rooms of a shard.
const MOST_HELD_BY_ENDED_BYTES: usize = 64 << 20;
/// What an effect takes besides its kind and its data.
const EFFECT_BYTES: usize = size_of::<GameEffect>();

impl Outside {
    /// `None` for rooms without a game.
    pub fn of(room: &Room, games: &Games) -> Option<Outside> {
        let game = room.logic()?.game.clone();
        Some(Outside { games: games.clone(), room: room.key().clone(), game, held: Vec::new(), bytes: 0 })
    }

    pub fn held(&self) -> &[GameEffect] {
        &self.held
    }

    /// The journal has the effect: it is told, held or forgotten, as its version stands.
    pub fn take(&mut self, effect: GameEffect, again: bool) -> Result<(), TooMuchHeld> {
        match self.fate(effect.version) {
            Fate::Happen => {
                // What waits came before.
                self.settle(again);
                self.tell(&effect, again);
            }
            Fate::Wait => return self.hold(effect),
            Fate::Never => {
                tracing::debug!(event = "game_effect_taken_back", game = self.game, room = %self.room.room,
                version = effect.version, tick = effect.tick, ordinal = effect.ordinal)
            }
        }
        Ok(())
    }

    /// What the journal had when the room was rebuilt, in order. It may have been told before.
    pub fn take_again(&mut self, effects: Vec<GameEffect>) {
        for effect in effects {
            // More than fits was dropped in the last run, too.
            let _ = self.take(effect, true);
        }
    }

    /// There may be a verdict on what is held.
    pub fn settle(&mut self, again: bool) {
        if self.held.is_empty() {
            return;
        }
        let (mut known, mut taken_back) = (None, 0);
        for effect in std::mem::take(&mut self.held) {
            let fate = match known {
                Some((version, fate)) if version == effect.version => fate,
                _ => self.fate(effect.version),
            };
            known = Some((effect.version, fate));
            match fate {
                Fate::Happen => self.tell(&effect, again),
                Fate::Wait => self.held.push(effect),
                Fate::Never => taken_back += 1,
            }
        }
        self.bytes = self.held.iter().map(weight).sum();
        self.say_taken_back(taken_back);
    }

    /// The room was taken back from this version.
    pub fn forget(&mut self, version: u32) {
        self.settle(false);
        let before = self.held.len();
        self.held.retain(|effect| effect.version != version);
        self.bytes = self.held.iter().map(weight).sum();
        self.say_taken_back(before - self.held.len());
    }

    /// Whether nothing took place that this version wanted.
    pub fn is_untold(&self, version: u32) -> bool {
        self.fate(version) != Fate::Happen
    }

    fn hold(&mut self, effect: GameEffect) -> Result<(), TooMuchHeld> {
        if self.bytes + weight(&effect) > MOST_HELD_BYTES {
            let GameEffect { version, tick, ordinal, kind, .. } = effect;
            tracing::error!(event = "game_effect_dropped", app = %self.room.app, room = %self.room.room, game = self.game,
                version, tick, ordinal, kind, "the room holds as much as it may until its version is confirmed");
            return Err(TooMuchHeld);
        }
        self.bytes += weight(&effect);
        self.held.push(effect);
        Ok(())
    }

    fn tell(&self, effect: &GameEffect, again: bool) {
        self.games.outbox.tell(&self.room, &self.game, effect, again);
    }

    fn fate(&self, version: u32) -> Fate {
        self.games.catalog.fate(&self.room.app, &self.game, version)
    }

    fn say_taken_back(&self, effects: usize) {
        if effects > 0 {
            tracing::info!(event = "game_effects_taken_back", app = %self.room.app, room = %self.room.room,
                game = self.game, effects);
        }
    }
}

impl EndedRooms {
    pub fn has(&self, room: &RoomKey) -> bool {
        self.rooms.contains_key(room)
    }

    /// False if there are too many: what the room holds is lost.
    fn add(&mut self, room: RoomKey, outside: Outside) -> bool {
        if self.bytes + outside.bytes > MOST_HELD_BY_ENDED_BYTES {
            tracing::error!(event = "game_effects_dropped", app = %room.app, room = %room.room, game = outside.game,
                effects = outside.held.len(), "ended rooms hold as much as they may until their version is confirmed");
            return false;
        }
        self.bytes += outside.bytes;
        self.rooms.insert(room, outside);
        true
    }

    /// Those that hold nothing any more.
    fn settle(&mut self) -> Vec<RoomKey> {
        self.rooms.values_mut().for_each(|outside| outside.settle(false));
        self.bytes = self.rooms.values().map(|outside| outside.bytes).sum();
        self.rooms.extract_if(.., |_, outside| outside.held.is_empty()).map(|(room, _)| room).collect()
    }
}

impl Shard {
    /// Somebody was confirmed or taken back.
    pub(super) fn settle_effects(&mut self) {
        let games = self.rooms.iter_mut().filter_map(|(_, hosted)| hosted.game.as_mut());
        games.for_each(|game| game.outside.settle(false));
        self.ended.settle().into_iter().for_each(|room| self.clerk.forget(room));
    }

    /// The room is over: its log goes, unless it holds effects.
    pub(super) fn forget_log(&mut self, room: RoomKey, outside: Option<Outside>) -> Log {
        let holding = outside.filter(|outside| !outside.held.is_empty());
        if holding.is_some_and(|outside| self.ended.add(room.clone(), outside)) {
            return Log::Kept;
        }
        self.clerk.forget(room);
        Log::Forgotten
    }
}

fn weight(effect: &GameEffect) -> usize {
    EFFECT_BYTES + effect.kind.len() + effect.data.len()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use model::{AppId, PlayerId, RoomId};
    use protocol::Fault;
    use room_core::modules::LogicRef;

    use crate::games::{LogicCatalog, Outbox};

    use super::*;

    /// Version 1 is confirmed, 2 on trial, 3 was taken back.
    struct Judge(Mutex<Vec<(u32, u32)>>);

    impl LogicCatalog for Judge {
        fn current(&self, _: &AppId, _: &str, _: &RoomId, _: &PlayerId) -> Result<LogicRef, Fault> {
            Err(protocol::ErrorCode::BadSpec.into())
        }

        fn fate(&self, _: &AppId, _: &str, version: u32) -> Fate {
            [Fate::Never, Fate::Happen, Fate::Wait, Fate::Never][version as usize]
        }
    }

    impl Outbox for Judge {
        fn tell(&self, _: &RoomKey, _: &str, effect: &GameEffect, _: bool) {
            self.0.lock().unwrap().push((effect.version, effect.ordinal));
        }
    }

    fn outside() -> (Outside, Arc<Judge>) {
        let judge = Arc::new(Judge(Mutex::default()));
        let games = Games { catalog: judge.clone(), outbox: judge.clone(), ..Games::default() };
        let room = RoomKey { app: AppId::new("a"), room: RoomId::from_name("outside") };
        (Outside { games, room, game: "sum".into(), held: Vec::new(), bytes: 0 }, judge)
    }

    fn effect(version: u32, ordinal: u32, bytes: usize) -> GameEffect {
        GameEffect { version, tick: 7, ordinal, kind: "score".into(), data: Bytes::from(vec![1; bytes]) }
    }

    #[test]
    fn a_room_holds_so_much_and_what_is_told_meanwhile_is_not_in_its_way() {
        let (mut outside, judge) = outside();
        let mut taken = 0;
        while outside.take(effect(2, taken, 4000), false).is_ok() {
            taken += 1;
            assert!(taken < 300);
        }
        assert!((200..262).contains(&taken), "{taken}");
        assert_eq!(outside.take(effect(1, 0, 4000), false), Ok(()));
        assert_eq!(outside.take(effect(3, 0, 4000), false), Ok(()));
        assert_eq!(*judge.0.lock().unwrap(), [(1, 0)]);
        assert_eq!(outside.held().len() as u32, taken);
        outside.forget(2);
        assert_eq!((outside.held().len(), outside.bytes), (0, 0));
        assert_eq!(outside.take(effect(2, 1, 4000), false), Ok(()));
    }

    #[test]
    fn ended_rooms_hold_so_much_together() {
        let mut ended = EndedRooms::default();
        let mut kept = 0;
        loop {
            let (mut outside, _) = outside();
            (0..100).for_each(|ordinal| outside.take(effect(2, ordinal, 4000), false).unwrap());
            let room = RoomKey { app: AppId::new("a"), room: RoomId::from_name(&format!("outside{kept}")) };
            if !ended.add(room, outside) {
                break;
            }
            kept += 1;
        }
        assert!((150..=168).contains(&kept), "{kept}");
        assert_eq!((ended.settle().len(), ended.rooms.len()), (0, kept));
    }
}
