//! What operators are shown.

use serde::{Deserialize, Serialize};

use super::Patches;
use crate::catalog::{TrialStage, Version, VersionState};
use crate::game::{GameKey, Share};
use crate::history::Origin;
use crate::rollout::{Counters, Stage};

/// One game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GameStatus {
    pub app: String,
    pub game: String,
    pub stable: Option<u32>,
    pub trial: Option<TrialStatus>,
    /// The oldest first.
    pub versions: Vec<VersionStatus>,
    pub pinned_rooms: usize,
    pub pinned_players: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialStatus {
    pub version: u32,
    pub stage: Stage,
    /// Of the rooms.
    pub share: String,
    /// In this stage.
    pub seconds: u64,
    /// Unclean ends of the server since the trial began.
    pub crashes: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionStatus {
    pub number: u32,
    pub name: String,
    pub state: VersionState,
    /// Milliseconds since 1970.
    pub since_ms: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The module's hash, its first 12 digits.
    pub module: String,
    pub live: bool,
    /// Empty for what is not signed.
    pub signer: String,
    pub author: String,
    pub rooms: u32,
    pub calls: u64,
    pub ended: u64,
}

impl Patches {
    /// All games, or the one that is asked for.
    pub fn status(&self, only: Option<&GameKey>) -> Vec<GameStatus> {
        let keys = self.desk.catalog.games();
        keys.into_iter()
            .filter(|key| only.is_none_or(|only| only == key))
            .map(|key| self.game_status(&key))
            .collect()
    }

    fn game_status(&self, key: &GameKey) -> GameStatus {
        let game = self.desk.catalog.game(key).unwrap_or_default();
        let trial = game.trial.as_ref().map(|trial| {
            let rollouts = self.desk.lock();
            let rollout = rollouts.get(key);
            let now = self.desk.parts.clock.now();
            TrialStatus {
                version: trial.version,
                stage: rollout.map_or_else(|| stage(trial.stage), |rollout| rollout.stage()),
                share: share_text(trial.share),
                seconds: rollout.map_or(0, |rollout| rollout.in_stage(now).as_secs()),
                crashes: trial.crashes,
            }
        });
        let gauges = &self.desk.parts.gauges;
        let versions = game.versions.values().map(|version| {
            let counters = gauges.counters(key, version.number);
            version_status(version, counters)
        });
        GameStatus {
            app: key.app.to_string(),
            game: key.game.clone(),
            stable: game.stable,
            trial,
            versions: versions.collect(),
            pinned_rooms: game.room_pins.len(),
            pinned_players: game.player_pins.len(),
        }
    }
}

fn version_status(version: &Version, counters: Counters) -> VersionStatus {
    let (signer, author) = match &version.origin {
        Origin::Bundle { signer, author, .. } => (signer.clone(), author.clone()),
        Origin::Unsigned => Default::default(),
    };
    VersionStatus {
        number: version.number,
        name: version.name.clone(),
        state: version.state,
        since_ms: version.since_ms,
        why: version.why.clone(),
        module: format!("{:.12}", version.module),
        live: version.live,
        signer,
        author,
        rooms: counters.rooms,
        calls: counters.calls,
        ended: counters.ended,
    }
}

fn share_text(share: Share) -> String {
    share.to_string()
}

/// As far as the history knows it.
fn stage(stage: TrialStage) -> Stage {
    match stage {
        TrialStage::Verifying => Stage::Verifying,
        TrialStage::Canary => Stage::Canary,
        TrialStage::Confirmed => Stage::Confirmed,
        TrialStage::RollingBack { .. } => Stage::RollingBack(crate::rollout::BackStep::StopTraffic),
    }
}
