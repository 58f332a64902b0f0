//! What games want to take place outside of their rooms. Effects of a version on trial wait until it is confirmed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::RoomKey;
use releases::GameKey;
use rooms::GameEffect;

/// So far effects are told to the log alone: `event="game_effect"`, one line each, with the key (room, tick, ordinal) by
/// which they are the same when told twice.
#[derive(Default)]
pub struct Effects {
    /// Of versions whose effects wait.
    held: Mutex<Held>,
}

type Held = BTreeMap<(GameKey, u32), Vec<(RoomKey, GameEffect)>>;

/// Of one version; more are dropped, which the log tells.
const HELD_MAX: usize = 100_000;

impl Effects {
    pub fn take(&self, game: &GameKey, version: u32, room: &RoomKey, effect: GameEffect) {
        let mut held = self.held();
        match held.get_mut(&(game.clone(), version)) {
            Some(waiting) if waiting.len() < HELD_MAX => waiting.push((room.clone(), effect)),
            Some(_) => {
                tracing::error!(event = "game_effect_dropped", %game, version, room = %room.room, kind = effect.kind);
            }
            None => happen(game, room, &effect),
        }
    }

    pub fn hold(&self, game: &GameKey, version: u32) {
        self.held().entry((game.clone(), version)).or_default();
    }

    pub fn release(&self, game: &GameKey, version: u32) {
        let waiting = self.held().remove(&(game.clone(), version)).unwrap_or_default();
        waiting.iter().for_each(|(room, effect)| happen(game, room, effect));
    }

    pub fn forget(&self, game: &GameKey, version: u32) {
        let dropped = self.held().remove(&(game.clone(), version)).map_or(0, |waiting| waiting.len());
        if dropped > 0 {
            tracing::info!(event = "game_effects_taken_back", %game, version, dropped);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn happen(game: &GameKey, room: &RoomKey, effect: &GameEffect) {
    let GameEffect { tick, ordinal, kind, data } = effect;
    tracing::info!(event = "game_effect", %game, room = %room.room, tick, ordinal, kind, bytes = data.len());
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use model::{AppId, RoomId};

    use super::*;

    #[test]
    fn effects_of_a_version_on_trial_wait_and_those_of_others_do_not() {
        let (effects, game) = (Effects::default(), GameKey::new("app", "game"));
        let room = RoomKey { app: AppId::new("app"), room: RoomId::from_name("somewhere") };
        let effect = |ordinal| GameEffect { tick: 7, ordinal, kind: "score".into(), data: Bytes::new() };
        let waiting = |version| effects.held().get(&(game.clone(), version)).map(Vec::len);
        effects.hold(&game, 2);
        effects.take(&game, 1, &room, effect(0));
        effects.take(&game, 2, &room, effect(0));
        effects.take(&game, 2, &room, effect(1));
        effects.hold(&game, 2);
        assert_eq!((waiting(1), waiting(2)), (None, Some(2)), "holding again keeps what waits");
        effects.release(&game, 2);
        assert_eq!(waiting(2), None);
        effects.hold(&game, 3);
        effects.take(&game, 3, &room, effect(0));
        effects.forget(&game, 3);
        assert_eq!(waiting(3), None);
    }
}
