//! Rollouts step by step: events to the machine, its commands to the history, the rooms and the people.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, TryLockError};

use super::{Desk, News};
use crate::catalog::{CatalogError, GameVersions, Trial, TrialStage};
use crate::game::GameKey;
use crate::history::{BY_ITSELF, Step};
use crate::ports::RoomsDone;
use crate::rollout::{Command, Event, Measure, Plan, Rollout};

type Rollouts<'a> = MutexGuard<'a, BTreeMap<GameKey, Rollout>>;

impl Desk {
    /// Stable versions and those on trial are made ready; what cannot be is a problem that is told.
    pub(super) fn load_modules(&self) {
        for key in self.catalog.games() {
            let game = self.catalog.game(&key).unwrap_or_default();
            let in_use = game.stable.into_iter().chain(game.trial.as_ref().map(|trial| trial.version));
            for version in in_use.filter_map(|number| game.version(number)) {
                let module = self.catalog.module(&version.module).map_err(|error| error.to_string());
                if let Err(error) = module.and_then(|module| self.parts.loader.load(&module)) {
                    tracing::error!(event = "module_unusable", game = %key, name = version.name, "{error}");
                }
            }
        }
    }

    /// Goes on with what the history says is under way, as far as it can; true once all rooms can take part.
    pub(super) fn resume(&self) -> bool {
        let are_back = self.parts.rooms.are_back();
        for key in self.catalog.games() {
            self.begin(&key);
        }
        are_back
    }

    /// As [`begin_now`](Desk::begin_now), once all rooms can take part; until then nothing happens, and
    /// [`resume`](Desk::resume) comes back to it. A version that the server keeps dying of does not wait: it might never
    /// come to that. Rooms that come back later seek refuge by themselves.
    pub(super) fn begin(&self, key: &GameKey) {
        let trial = self.catalog.game(key).and_then(|game| game.trial);
        let died_too_often = trial.is_some_and(|trial| trial.crashes >= self.config.rollout.crashes);
        if died_too_often || self.parts.rooms.are_back() {
            self.begin_now(key);
        }
    }

    /// Begins, or goes on with, the rollout that the history says there is; a game's first version needs none.
    pub(super) fn begin_now(&self, key: &GameKey) {
        let game = self.catalog.game(key).unwrap_or_default();
        let Some(trial) = &game.trial else { return };
        let Some(plan) = plan(key, &game, trial) else {
            return self.first_of_its_game(key, trial);
        };
        let mut rollouts = self.lock();
        if rollouts.contains_key(key) {
            return;
        }
        let (now, config) = (self.parts.clock.now(), self.config.rollout.clone());
        let mut commands = Vec::new();
        let fresh = trial.stage == TrialStage::Verifying && trial.crashes == 0;
        let mut rollout = match fresh {
            true => Rollout::begin(plan, config, now, &mut commands),
            false => Rollout::resume(plan, config, now, trial.stage, trial.crashes, &mut commands),
        };
        rollout.except(self.pinned(key, trial.version));
        rollouts.insert(key.clone(), rollout);
        // What cannot be written is tried again later, from here.
        let _ = self.carry_out(&mut rollouts, key, commands, BY_ITSELF);
    }

    /// Modules that no room can need any more go. False while something is published, whose module may have no record yet
    /// or an old one; the thread has rollouts to watch and does not wait for it.
    pub(super) fn tidy(&self) -> bool {
        let _nothing_is_published = match self.publishing.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        let runs = |game: &GameKey, version| self.parts.gauges.counters(game, version).rooms > 0;
        match self.catalog.tidy(runs) {
            Ok(0) => {}
            Ok(gone) => {
                tracing::info!(event = "modules_tidied", gone, "modules that no room can need any more")
            }
            Err(error) => tracing::warn!(event = "modules_not_tidied", %error),
        }
        true
    }

    /// An answer of rooms or a replay; one for a version that is no longer the one is passed over.
    pub(super) fn happened(&self, key: &GameKey, version: u32, event: Event) {
        let mut rollouts = self.lock();
        if rollouts.get(key).is_some_and(|rollout| rollout.plan().trial.version == version) {
            let _ = self.step(&mut rollouts, key, event, BY_ITSELF);
        }
    }

    /// Looks at the gauges and at the time, for every rollout.
    pub(super) fn look(&self) {
        let _all_written = self.catalog.settle();
        let mut rollouts = self.lock();
        let keys: Vec<GameKey> = rollouts.keys().cloned().collect();
        for key in keys {
            let Some(rollout) = rollouts.get(&key) else { continue };
            let event = if rollout.is_watched() {
                Event::Measured(self.measure(rollout.plan()))
            } else {
                Event::Time
            };
            let _ = self.step(&mut rollouts, &key, event, BY_ITSELF);
        }
    }

    /// # Errors
    /// When a step cannot be written that must be; then the rollout stands where the history says.
    pub(super) fn step(
        &self,
        rollouts: &mut Rollouts<'_>,
        key: &GameKey,
        event: Event,
        by: &str,
    ) -> Result<(), CatalogError> {
        let Some(rollout) = rollouts.get_mut(key) else { return Ok(()) };
        rollout.except(self.pinned(key, rollout.plan().trial.version));
        let mut commands = Vec::new();
        rollout.on(self.parts.clock.now(), event, &mut commands);
        self.carry_out(rollouts, key, commands, by)
    }

    /// # Errors
    /// As [`step`](Desk::step).
    pub(super) fn carry_out(
        &self,
        rollouts: &mut Rollouts<'_>,
        key: &GameKey,
        commands: Vec<Command>,
        by: &str,
    ) -> Result<(), CatalogError> {
        let Some(rollout) = rollouts.get(key) else { return Ok(()) };
        let plan = rollout.plan().clone();
        for command in commands {
            match command {
                Command::Record { step, by_operator } => {
                    let by = if by_operator { by } else { BY_ITSELF };
                    self.record(&plan, step, by).inspect_err(|_| {
                        // Rooms are not touched by what a restart would not know of.
                        rollouts.remove(key);
                    })?;
                }
                command => self.carry_out_one(&plan, command),
            }
        }
        if rollouts.get(key).is_some_and(Rollout::is_over) {
            rollouts.remove(key);
        }
        Ok(())
    }

    pub(super) fn note_stop(&self) {
        for key in self.catalog.games() {
            let trial = self.catalog.game(&key).and_then(|game| game.trial);
            if let Some(Trial { version, .. }) = trial
                && let Err(error) = self.catalog.record(BY_ITSELF, &key, Step::Stopped { version })
            {
                tracing::error!(event = "history_not_written", %error);
            }
        }
    }

    fn carry_out_one(&self, plan: &Plan, command: Command) {
        let (rooms, game, version) = (&self.parts.rooms, &plan.game, plan.trial.version);
        match command {
            Command::Record { .. } => {}
            Command::Replay => {
                let (news, key) = (self.news.clone(), game.clone());
                let done = move |verdict| {
                    let _ = news.send(News::Happened(key, version, Event::Replayed(verdict)));
                };
                self.parts.replay.replay(game, &plan.stable, &plan.trial, Box::new(done));
            }
            Command::SettleEffects => rooms.settle_effects(),
            Command::Swap(selector) => rooms.swap(&selector, &plan.trial, self.answer(plan, Event::Swapped)),
            Command::Back(step) => {
                let done = self.answer(plan, move |rooms| Event::Back(step, rooms));
                rooms.back(step, game, version, &plan.stable, done);
            }
            Command::ForgetWayBack => rooms.forget_way_back(game, version),
            Command::Report(report) => (self.parts.reports)(&report),
        }
    }

    /// # Errors
    /// When the rollout cannot go on without the record.
    fn record(&self, plan: &Plan, step: Step, by: &str) -> Result<(), CatalogError> {
        let log = |error: &CatalogError| {
            tracing::error!(event = "history_not_written", game = %plan.game, %error);
        };
        if matches!(step, Step::CanaryBegan { .. } | Step::Confirmed { .. }) {
            return self.catalog.record(by, &plan.game, step).inspect_err(log);
        }
        // The way back does not wait for a disk, and what has happened has happened.
        match self.catalog.record_anyway(by, &plan.game, step).inspect_err(log) {
            Err(CatalogError::Io { .. }) => Ok(()),
            recorded => recorded,
        }
    }

    fn answer(
        &self,
        plan: &Plan,
        event: impl FnOnce(RoomsDone) -> Event + Send + 'static,
    ) -> Box<dyn FnOnce(RoomsDone) + Send> {
        let (news, key, version) = (self.news.clone(), plan.game.clone(), plan.trial.version);
        Box::new(move |rooms| {
            // Fails only when the server is stopping.
            let _ = news.send(News::Happened(key, version, event(rooms)));
        })
    }

    fn measure(&self, plan: &Plan) -> Measure {
        let (gauges, version) = (&self.parts.gauges, plan.trial.version);
        let (cpu_us, processors) = gauges.cpu();
        Measure {
            trial: gauges.counters(&plan.game, version),
            stable: gauges.counters(&plan.game, plan.stable.version),
            cpu_us,
            processors,
            silent_for: gauges.silent_for(&plan.game, version),
        }
    }

    /// There is nothing to compare it with and nothing to go back to.
    fn first_of_its_game(&self, key: &GameKey, trial: &Trial) {
        let version = trial.version;
        let confirmed =
            (trial.stage == TrialStage::Verifying).then_some(Step::Confirmed { version, automatic: true });
        for step in confirmed.into_iter().chain([Step::Settled { version }]) {
            if let Err(error) = self.catalog.record(BY_ITSELF, key, step) {
                tracing::error!(event = "history_not_written", game = %key, %error);
                return;
            }
        }
    }
}

fn plan(key: &GameKey, game: &GameVersions, trial: &Trial) -> Option<Plan> {
    let back_to = match trial.stage {
        TrialStage::RollingBack { to } => to,
        _ => game.back_from(trial.version)?,
    };
    let version = game.version(trial.version)?;
    Some(Plan {
        game: key.clone(),
        trial: version.logic(key),
        name: version.name.clone(),
        stable: game.version(back_to)?.logic(key),
        share: trial.share,
        live: version.live,
    })
}
