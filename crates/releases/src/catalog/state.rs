//! What the history adds up to. Pure: entries in, versions out.

use std::collections::{BTreeMap, BTreeSet};

use model::{PlayerId, RoomId};
use room_core::modules::{LogicRef, ModuleHash};

use crate::game::{GameKey, Share};
use crate::history::{Entry, Origin, Step, VersionRecord};

/// All games.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub(super) games: BTreeMap<GameKey, GameVersions>,
}

/// The versions of one game.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GameVersions {
    pub versions: BTreeMap<u32, Version>,
    /// What rooms run that nothing else is said of.
    pub stable: Option<u32>,
    /// What was stable before, the latest last.
    pub stable_before: Vec<u32>,
    /// The version that is making its way, or its way back.
    pub trial: Option<Trial>,
    pub room_pins: BTreeMap<String, u32>,
    pub player_pins: BTreeMap<PlayerId, u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub number: u32,
    pub name: String,
    pub module: ModuleHash,
    /// Live rooms can be brought to it and back.
    pub live: bool,
    pub origin: Origin,
    pub state: VersionState,
    /// It is or was a stable version, whatever became of it later: what it wanted takes place.
    pub confirmed_once: bool,
    /// Milliseconds since 1970.
    pub since_ms: u64,
    /// Since when it is neither stable nor on trial, if it was. Milliseconds since 1970.
    pub idle_since_ms: Option<u64>,
    /// Why it is in that state, where there is a reason.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// On disk, and no player has met it.
    Published,
    Canary,
    /// It is or was the stable version.
    Confirmed,
    RollingBack,
    RolledBack,
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub version: u32,
    pub share: Share,
    pub stage: TrialStage,
    /// Starts of the server since the trial began that no orderly stop came before.
    pub crashes: u32,
    /// The last word about the server was an orderly stop.
    pub(super) stopped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialStage {
    Verifying,
    Canary,
    /// Stable, and still watched.
    Confirmed,
    RollingBack {
        to: u32,
    },
}

/// Rooms live for a day at most, and the journal of one that cannot be rebuilt is kept for two more.
const ROOMS_LAST_MS: u64 = 3 * 24 * 60 * 60 * 1000;
/// Versions that were stable before, to which there may be a way back.
const WAYS_BACK: usize = 3;
/// Of each game, whatever became of them.
const LATEST: usize = 8;

/// Which rooms are pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    Room(RoomId),
    /// Rooms that this player founds.
    Player(PlayerId),
}

impl State {
    /// # Errors
    /// When the entry cannot have happened after what happened before.
    pub(super) fn apply(&mut self, entry: &Entry) -> Result<(), String> {
        if let Step::TailCut { .. } | Step::PublishRefused { .. } = entry.step {
            return Ok(());
        }
        let game = self.games.entry(entry.game.clone()).or_default();
        game.apply(&entry.step, entry.at_ms)
    }
}

impl GameVersions {
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions.get(&number)
    }

    pub fn stable(&self) -> Option<&Version> {
        self.version(self.stable?)
    }

    /// The version of this module.
    pub fn by_module(&self, module: &ModuleHash) -> Option<&Version> {
        self.versions.values().find(|version| version.module == *module)
    }

    pub fn by_name(&self, name: &str) -> Option<&Version> {
        self.versions.values().find(|version| version.name == name)
    }

    /// What a room runs that is being founded now.
    pub fn current(&self, room: &RoomId, founder: Option<&PlayerId>) -> Option<&Version> {
        let pinned = self.room_pins.get(room.as_str());
        let pinned = pinned.or_else(|| self.player_pins.get(founder?));
        if let Some(version) =
            pinned.and_then(|number| self.version(*number)).filter(|version| version.may_run())
        {
            return Some(version);
        }
        if let Some(trial) = self.trial.as_ref().filter(|trial| trial.stage == TrialStage::Canary)
            && trial.share.includes(trial.version, room)
        {
            return self.version(trial.version);
        }
        self.stable()
    }

    /// Where a rollback of this version leads: to what is stable beside it, or was before it.
    pub fn back_from(&self, number: u32) -> Option<u32> {
        let fits = |candidate: &u32| {
            *candidate != number && self.version(*candidate).is_some_and(|version| version.may_run())
        };
        self.stable.filter(fits).or_else(|| self.stable_before.iter().rev().copied().find(fits))
    }

    /// What new rooms may be given: stable, on trial, or pinned.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &Version> {
        let pins = self.room_pins.values().chain(self.player_pins.values()).copied();
        let pins = pins.filter(|number| self.version(*number).is_some_and(Version::may_run));
        let trial = self.trial.as_ref().map(|trial| trial.version);
        let numbers: BTreeSet<u32> = self.stable.into_iter().chain(trial).chain(pins).collect();
        numbers.into_iter().filter_map(|number| self.version(number))
    }

    /// Whether a room may still need the version at this time, or may be brought to it.
    pub(super) fn may_need(&self, version: &Version, now_ms: u64) -> bool {
        let is_it = |number: &u32| *number == version.number;
        let mut pins = self.room_pins.values().chain(self.player_pins.values());
        version.idle_since_ms.is_none_or(|since| now_ms < since.saturating_add(ROOMS_LAST_MS))
            || self.stable_before.iter().rev().take(WAYS_BACK).any(is_it)
            || self.versions.keys().rev().take(LATEST).any(is_it)
            || pins.any(is_it)
    }

    /// The number of the version to come.
    pub(super) fn next_number(&self) -> u32 {
        self.versions.keys().next_back().map_or(1, |last| last.saturating_add(1))
    }

    fn apply(&mut self, step: &Step, at_ms: u64) -> Result<(), String> {
        match step {
            Step::Installed { version } => {
                self.add(version, VersionState::Confirmed, at_ms)?;
                if self.stable.is_none() {
                    self.stable = Some(version.number);
                }
            }
            Step::Published { version, share } => {
                if self.trial.is_some() {
                    return Err("a version is published while another is on trial".to_owned());
                }
                self.add(version, VersionState::Published, at_ms)?;
                let stage = TrialStage::Verifying;
                let share = *share;
                self.trial =
                    Some(Trial { version: version.number, share, stage, crashes: 0, stopped: false });
            }
            Step::Replayed { .. } | Step::Swapped { .. } => {}
            Step::TrialRefused { version, why } => {
                self.end_trial(*version)?;
                self.enter(*version, VersionState::Refused, why, at_ms)?;
            }
            Step::CanaryBegan { version, share } => {
                let trial = self.trial_of(*version)?;
                (trial.stage, trial.share) = (TrialStage::Canary, *share);
                self.enter(*version, VersionState::Canary, "", at_ms)?;
            }
            Step::Confirmed { version, .. } => {
                self.trial_of(*version)?.stage = TrialStage::Confirmed;
                self.enter(*version, VersionState::Confirmed, "", at_ms)?;
                self.make_stable(*version, at_ms);
            }
            Step::Settled { version } => self.end_trial(*version)?,
            Step::RollbackBegan { version, to, why } => self.begin_rollback(*version, *to, why, at_ms)?,
            Step::RolledBack { version, .. } => {
                let why = self.versions.get(version).map(|version| version.why.clone()).unwrap_or_default();
                self.end_trial(*version)?;
                self.enter(*version, VersionState::RolledBack, &why, at_ms)?;
                self.room_pins.retain(|_, pinned| pinned != version);
                self.player_pins.retain(|_, pinned| pinned != version);
            }
            Step::MadeStable { version } => {
                self.enter(*version, VersionState::Confirmed, "", at_ms)?;
                self.make_stable(*version, at_ms);
            }
            Step::PinnedRoom { room, version } => {
                self.known(*version)?;
                self.room_pins.insert(room.clone(), *version);
            }
            Step::PinnedPlayer { player, version } => {
                self.known(*version)?;
                self.player_pins.insert(PlayerId::new(player), *version);
            }
            Step::UnpinnedRoom { room } => drop(self.room_pins.remove(room)),
            Step::UnpinnedPlayer { player } => drop(self.player_pins.remove(&PlayerId::new(player))),
            Step::Stopped { version } => self.trial_of(*version)?.stopped = true,
            Step::Restarted { version, orderly } => {
                let trial = self.trial_of(*version)?;
                trial.stopped = false;
                trial.crashes += u32::from(!orderly);
            }
            Step::TailCut { .. } | Step::PublishRefused { .. } => {}
        }
        Ok(())
    }

    fn add(&mut self, record: &VersionRecord, state: VersionState, since_ms: u64) -> Result<(), String> {
        if record.number != self.next_number() {
            return Err(format!("version {} comes out of turn", record.number));
        }
        let VersionRecord { number, name, module, live, origin } = record.clone();
        let (confirmed_once, why) = (state == VersionState::Confirmed, String::new());
        let idle_since_ms = None;
        self.versions.insert(
            number,
            Version {
                number,
                name,
                module,
                live,
                origin,
                state,
                confirmed_once,
                since_ms,
                idle_since_ms,
                why,
            },
        );
        Ok(())
    }

    fn begin_rollback(&mut self, version: u32, to: u32, why: &str, at_ms: u64) -> Result<(), String> {
        self.known(to)?;
        let stage = TrialStage::RollingBack { to };
        match &mut self.trial {
            Some(trial) if trial.version == version => trial.stage = stage,
            Some(other) => {
                return Err(format!("version {version} goes back while {} is on trial", other.version));
            }
            None => {
                let share = Share::ALL;
                self.trial = Some(Trial { version, share, stage, crashes: 0, stopped: false });
            }
        }
        self.enter(version, VersionState::RollingBack, why, at_ms)?;
        self.stable_before.retain(|before| *before != version);
        if self.stable == Some(version) {
            self.stable_before.retain(|before| *before != to);
            self.stable = Some(to);
            if let Some(stable) = self.versions.get_mut(&to) {
                stable.idle_since_ms = None;
            }
        }
        Ok(())
    }

    fn make_stable(&mut self, version: u32, at_ms: u64) {
        if self.stable == Some(version) {
            return;
        }
        self.stable_before.retain(|before| *before != version);
        self.stable_before.extend(self.stable);
        if let Some(before) = self.stable.and_then(|stable| self.versions.get_mut(&stable)) {
            before.idle_since_ms = Some(at_ms);
        }
        self.stable = Some(version);
    }

    fn enter(&mut self, number: u32, state: VersionState, why: &str, at_ms: u64) -> Result<(), String> {
        self.known(number)?;
        if let Some(version) = self.versions.get_mut(&number) {
            (version.state, version.since_ms, version.why) = (state, at_ms, why.to_owned());
            version.confirmed_once |= state == VersionState::Confirmed;
            let is_over = matches!(state, VersionState::Refused | VersionState::RolledBack);
            version.idle_since_ms = is_over.then_some(at_ms);
        }
        Ok(())
    }

    fn trial_of(&mut self, version: u32) -> Result<&mut Trial, String> {
        let trial = self.trial.as_mut().filter(|trial| trial.version == version);
        trial.ok_or_else(|| format!("version {version} is not on trial"))
    }

    fn end_trial(&mut self, version: u32) -> Result<(), String> {
        self.trial_of(version)?;
        self.trial = None;
        Ok(())
    }

    fn known(&self, version: u32) -> Result<(), String> {
        self.version(version).map(|_| ()).ok_or_else(|| format!("there is no version {version}"))
    }
}

impl Version {
    /// As rooms name it.
    pub fn logic(&self, game: &GameKey) -> LogicRef {
        LogicRef { game: game.game.clone(), version: self.number, hash: self.module }
    }

    /// Whether new rooms may be given it.
    pub fn may_run(&self) -> bool {
        matches!(self.state, VersionState::Canary | VersionState::Confirmed)
    }
}

impl Trial {
    /// Whether the last process ended in an orderly way.
    pub(super) fn was_stopped(&self) -> bool {
        self.stopped
    }
}
