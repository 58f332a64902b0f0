//! What operators ask for once a version is there.

use super::{Desk, News, PatchFault, Patches};
use crate::catalog::{Pin, VersionState};
use crate::game::GameKey;
use crate::rollout::{Event, Plan, Rollout, Stage};

impl Patches {
    /// Gives the version on trial to all rooms.
    ///
    /// # Errors
    /// When none is in its canary.
    pub fn promote(&self, game: &GameKey, by: &str) -> Result<(), PatchFault> {
        self.desk.known(game)?;
        self.desk.ask(game, Stage::Canary, Event::Promote, by)
    }

    /// Takes a version back: the one on trial, or else the stable one to what was stable before it.
    ///
    /// # Errors
    /// When there is nothing to go back to.
    pub fn roll_back(&self, game: &GameKey, why: &str, by: &str) -> Result<(), PatchFault> {
        self.desk.known(game)?;
        let why = why.chars().filter(|char| !char.is_control()).take(400).collect::<String>();
        self.desk.roll_back(game, &why, by)
    }

    /// Rooms that are founded from now on run this version; `None` ends it.
    ///
    /// # Errors
    /// For a version that rooms may not run.
    pub fn pin(&self, game: &GameKey, pin: &Pin, version: Option<u32>, by: &str) -> Result<(), PatchFault> {
        self.desk.known(game)?;
        Ok(self.desk.catalog.pin(game, pin, version, by)?)
    }
}

impl Desk {
    pub(super) fn known(&self, game: &GameKey) -> Result<(), PatchFault> {
        let there = self.catalog.game(game).is_some();
        there.then_some(()).ok_or_else(|| PatchFault::UnknownGame(game.to_string()))
    }

    fn ask(&self, game: &GameKey, wanted: Stage, event: Event, by: &str) -> Result<(), PatchFault> {
        let mut rollouts = self.lock();
        let stage = rollouts.get(game).map(Rollout::stage);
        if stage != Some(wanted) {
            let now = match stage {
                Some(Stage::Verifying) => "is still being verified",
                Some(Stage::Confirmed) => "is confirmed already",
                Some(Stage::RollingBack(_)) => "is going back",
                // Not resumed yet.
                _ if self.catalog.game(game).is_some_and(|game| game.trial.is_some()) => {
                    "waits for the rooms of the last process, which are being rebuilt; ask again in a moment"
                }
                _ => return Err(PatchFault::NotNow(format!("no version of {game} is on trial"))),
            };
            return Err(PatchFault::NotNow(format!("the version of {game} on trial {now}")));
        }
        let stepped = self.step(&mut rollouts, game, event, by);
        self.wake(rollouts);
        Ok(stepped?)
    }

    fn roll_back(&self, game: &GameKey, why: &str, by: &str) -> Result<(), PatchFault> {
        // One whose steps could not be written stands still until it is begun again, and one that waits for rooms does not
        // keep the operator waiting.
        self.begin_now(game);
        let mut rollouts = self.lock();
        let stepped = match rollouts.get(game).map(Rollout::stage) {
            Some(Stage::RollingBack(_)) => {
                return Err(PatchFault::NotNow(format!("the version of {game} is going back already")));
            }
            Some(_) => self.step(&mut rollouts, game, Event::RollBack { why: why.to_owned() }, by),
            None => {
                let plan = self.plan_back(game)?;
                let mut commands = Vec::new();
                let config = self.config.rollout.clone();
                let rollout = Rollout::take_back(plan, config, self.parts.clock.now(), why, &mut commands);
                rollouts.insert(game.clone(), rollout);
                self.carry_out(&mut rollouts, game, commands, by)
            }
        };
        self.wake(rollouts);
        Ok(stepped?)
    }

    fn plan_back(&self, key: &GameKey) -> Result<Plan, PatchFault> {
        let game = self.catalog.game(key).unwrap_or_default();
        let stable = game.stable().filter(|stable| stable.state == VersionState::Confirmed);
        let nothing = || PatchFault::NotNow(format!("no version of {key} is stable"));
        let stable = stable.ok_or_else(nothing)?;
        let to = game.back_from(stable.number).and_then(|number| game.version(number)).ok_or_else(|| {
            PatchFault::NotNow(format!(
                "{} is the first version of {key}: there is nothing to go back to",
                stable.name
            ))
        })?;
        Ok(Plan {
            game: key.clone(),
            trial: stable.logic(key),
            name: stable.name.clone(),
            stable: to.logic(key),
            share: crate::game::Share::ALL,
            live: stable.live,
        })
    }

    fn wake<T>(&self, guard: T) {
        drop(guard);
        // Fails only when the server is stopping.
        let _ = self.news.send(News::Look);
    }
}
