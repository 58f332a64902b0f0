//! Matches that are being played right now, tried on another version before any player meets it.

use std::sync::Arc;

use journal::Journal;
use model::{PARTITIONS, Partition, RoomKey};
use releases::{GameKey, ReplayVerdict, TrialReplay, Verdicts};
use room_core::modules::{LogicRef, Modules};
use rooms::NotTried;

/// Reads the journal beside the rooms that write it; a room that has just begun has little to tell.
pub struct LiveMatches {
    journal: Arc<dyn Journal>,
    modules: Arc<dyn Modules>,
    /// Of each match, at most.
    ticks: u64,
}

/// Of a game, at most.
const MATCHES_MAX: u32 = 20;

impl LiveMatches {
    pub fn new(journal: Arc<dyn Journal>, modules: Arc<dyn Modules>, ticks: u32) -> LiveMatches {
        LiveMatches { journal, modules, ticks: ticks.into() }
    }
}

impl TrialReplay for LiveMatches {
    fn replay(&self, game: &GameKey, _from: &LogicRef, on: &LogicRef, done: Verdicts) {
        let (journal, modules) = (self.journal.clone(), self.modules.clone());
        let (game, on) = (game.clone(), on.clone());
        let ticks = self.ticks;
        let run = move || done(replay(journal.as_ref(), &modules, &game, &on, ticks));
        if let Err(error) = std::thread::Builder::new().name("trial-replay".into()).spawn(run) {
            // The verdict does not come; the rollout has a time for it.
            tracing::error!(event = "trial_replay_not_started", %error);
        }
    }
}

fn replay(
    journal: &dyn Journal,
    modules: &Arc<dyn Modules>,
    game: &GameKey,
    on: &LogicRef,
    ticks: u64,
) -> ReplayVerdict {
    let mut verdict = ReplayVerdict::default();
    if ticks == 0 {
        return verdict;
    }
    for room in (0..PARTITIONS).flat_map(|partition| rooms_of(journal, partition as Partition, game)) {
        match rooms::try_on(journal, modules, &room, on, ticks) {
            // Not of this game, or ended meanwhile; or of a version that does not save, so that only new rooms get this one.
            Err(NotTried::NoGame | NotTried::Journal(_) | NotTried::NoSwap(_)) => continue,
            Err(NotTried::Damaged(damaged)) => {
                tracing::warn!(event = "trial_replay_skipped", app = %room.app, room = %room.room, %damaged);
                continue;
            }
            Err(NotTried::TakesOverBadly(why)) => {
                verdict.ended_badly = Some(format!("room {}: {why}", room.room));
            }
            Ok(tried) => {
                verdict.ticks += tried.ticks;
                let told = tried.first_difference.map(|tick| format!("room {}, tick {tick}", room.room));
                verdict.first_difference = verdict.first_difference.or(told);
                verdict.ended_badly = tried.ended_badly.map(|why| format!("room {}, {why}", room.room));
            }
        }
        verdict.matches += 1;
        if verdict.ended_badly.is_some() || verdict.matches == MATCHES_MAX {
            break;
        }
    }
    verdict
}

fn rooms_of(journal: &dyn Journal, partition: Partition, game: &GameKey) -> Vec<RoomKey> {
    let rooms = journal.rooms(partition).unwrap_or_default();
    rooms.into_iter().filter(|room| room.app == game.app).collect()
}
