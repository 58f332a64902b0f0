//! The states and what leads from one to the next.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clock::Moment;

use super::watch::Watch;
use super::{
    BackStep, Command, Event, Measure, Plan, ReplayVerdict, Report, ReportKind, RolloutConfig, Selector,
    Stage, Trigger,
};
use crate::catalog::TrialStage;
use crate::game::Share;
use crate::history::Step;
use crate::ports::RoomsDone;

/// One version on its way.
#[derive(Debug)]
pub struct Rollout {
    plan: Plan,
    config: RolloutConfig,
    stage: Stage,
    /// When the stage began.
    since: Moment,
    watch: Watch,
    /// Live rooms are being brought over, since then.
    swapping: Option<Moment>,
    back: Option<WayBack>,
    pinned: Arc<BTreeSet<String>>,
}

#[derive(Debug)]
struct WayBack {
    why: Trigger,
    began: Moment,
    rooms: RoomsDone,
    late: bool,
    /// When the step under way was last asked for.
    asked: Moment,
}

/// A step of the way back that does not answer is asked for again this often once its time is over.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Rollout {
    /// A version that was just published.
    pub fn begin(plan: Plan, config: RolloutConfig, now: Moment, out: &mut Vec<Command>) -> Rollout {
        out.push(Command::Replay);
        Rollout::at(Stage::Verifying, plan, config, now)
    }

    /// Takes a settled version back because an operator wants it.
    pub fn take_back(
        plan: Plan,
        config: RolloutConfig,
        now: Moment,
        why: &str,
        out: &mut Vec<Command>,
    ) -> Rollout {
        let mut rollout = Rollout::at(Stage::Confirmed, plan, config, now);
        rollout.go_back(now, Trigger::ByOperator { why: why.to_owned() }, out);
        rollout
    }

    /// Goes on after a restart of the server, with what the history says. What may not have been done is asked for again.
    pub fn resume(
        plan: Plan,
        config: RolloutConfig,
        now: Moment,
        stage: TrialStage,
        crashes: u32,
        out: &mut Vec<Command>,
    ) -> Rollout {
        let died_too_often = crashes >= config.crashes;
        let reached = match stage {
            TrialStage::Verifying => Stage::Verifying,
            TrialStage::Canary => Stage::Canary,
            TrialStage::Confirmed => Stage::Confirmed,
            TrialStage::RollingBack { .. } => Stage::RollingBack(BackStep::StopTraffic),
        };
        let mut rollout = Rollout::at(reached, plan, config, now);
        let died = Trigger::Crashes { times: crashes };
        match stage {
            TrialStage::RollingBack { .. } => {
                let why = match died_too_often {
                    true => died,
                    false => Trigger::ByOperator { why: "begun before the server was restarted".to_owned() },
                };
                rollout.walk_back(now, why, out);
            }
            TrialStage::Verifying if died_too_often => rollout.refuse(now, &died.to_string(), out),
            TrialStage::Verifying => out.push(Command::Replay),
            _ if died_too_often => rollout.go_back(now, died, out),
            TrialStage::Canary => rollout.swap(now, rollout.plan.share, out),
            TrialStage::Confirmed => rollout.swap(now, Share::ALL, out),
        }
        rollout
    }

    /// What happens next, as commands.
    pub fn on(&mut self, now: Moment, event: Event, out: &mut Vec<Command>) {
        match (self.stage, event) {
            (Stage::Verifying, Event::Replayed(verdict)) => self.replayed(now, verdict, out),
            (Stage::Verifying, Event::RollBack { why }) => {
                self.refuse(now, &Trigger::ByOperator { why }.to_string(), out);
            }
            (Stage::Canary, Event::Promote) => self.confirm(now, false, out),
            (Stage::Canary | Stage::Confirmed, Event::Swapped(rooms)) => self.swapped(now, rooms, out),
            (Stage::Canary | Stage::Confirmed, Event::Measured(measure)) => self.measured(now, measure, out),
            (Stage::Canary | Stage::Confirmed, Event::RollBack { why }) => {
                self.go_back(now, Trigger::ByOperator { why }, out);
            }
            (Stage::RollingBack(step), Event::Back(done, rooms)) if step == done => {
                self.step_done(now, step, rooms, out);
            }
            // What comes too late, or was said already.
            _ => {}
        }
        self.pass_time(now, out);
    }

    pub fn stage(&self) -> Stage {
        self.stage
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Time in the stage.
    pub fn in_stage(&self, now: Moment) -> Duration {
        now.since(self.since)
    }

    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Settled | Stage::RolledBack | Stage::Refused)
    }

    /// Whether [`Event::Measured`] is wanted.
    pub fn is_watched(&self) -> bool {
        matches!(self.stage, Stage::Canary | Stage::Confirmed)
    }

    /// Rooms that keep the version they are pinned to.
    pub fn except(&mut self, pinned: BTreeSet<String>) {
        self.pinned = Arc::new(pinned);
    }

    fn at(stage: Stage, plan: Plan, config: RolloutConfig, now: Moment) -> Rollout {
        let watch = Watch::default();
        Rollout { plan, config, stage, since: now, watch, swapping: None, back: None, pinned: Arc::default() }
    }

    fn replayed(&mut self, now: Moment, verdict: ReplayVerdict, out: &mut Vec<Command>) {
        let version = self.plan.trial.version;
        let ended_badly = verdict.ended_badly.clone();
        out.push(record(Step::Replayed { version, verdict }));
        if let Some(why) = ended_badly {
            return self.refuse(now, &format!("the trial replay ended badly: {why}"), out);
        }
        self.enter(now, Stage::Canary);
        // First: no room is swapped before a restart would know of it.
        out.push(record(Step::CanaryBegan { version, share: self.plan.share }));
        self.swap(now, self.plan.share, out);
        self.report(ReportKind::CanaryBegan, out);
    }

    fn swap(&mut self, now: Moment, share: Share, out: &mut Vec<Command>) {
        if self.plan.live && share > Share::NONE {
            self.swapping = Some(now);
            let (game, version) = (self.plan.game.clone(), self.plan.trial.version);
            out.push(Command::Swap(Selector { game, share, version, except: self.pinned.clone() }));
        }
    }

    fn swapped(&mut self, now: Moment, rooms: RoomsDone, out: &mut Vec<Command>) {
        if self.swapping.take().is_none() {
            return;
        }
        let RoomsDone { done, failed } = rooms;
        out.push(record(Step::Swapped { version: self.plan.trial.version, rooms: done, failed }));
        let of = done.saturating_add(failed);
        let few = self.config.errors_rooms.min(of.max(1));
        if failed >= few && u64::from(failed) * 1000 > self.config.errors_per_mille * u64::from(of) {
            self.go_back(now, Trigger::SwapsFailed { failed, of }, out);
        }
    }

    fn measured(&mut self, now: Moment, measure: Measure, out: &mut Vec<Command>) {
        if let Some(trigger) = self.watch.look(now, measure, &self.config) {
            self.go_back(now, trigger, out);
        }
    }

    fn confirm(&mut self, now: Moment, automatic: bool, out: &mut Vec<Command>) {
        self.enter(now, Stage::Confirmed);
        let step = Step::Confirmed { version: self.plan.trial.version, automatic };
        out.push(Command::Record { step, by_operator: !automatic });
        out.push(Command::SettleEffects);
        self.swap(now, Share::ALL, out);
        self.report(ReportKind::Confirmed { automatic }, out);
    }

    fn refuse(&mut self, now: Moment, why: &str, out: &mut Vec<Command>) {
        self.enter(now, Stage::Refused);
        let why = why.to_owned();
        out.push(record(Step::TrialRefused { version: self.plan.trial.version, why: why.clone() }));
        self.report(ReportKind::Refused { why }, out);
    }

    fn go_back(&mut self, now: Moment, trigger: Trigger, out: &mut Vec<Command>) {
        let (version, to, why) = (self.plan.trial.version, self.plan.stable.version, trigger.to_string());
        let by_operator = matches!(trigger, Trigger::ByOperator { .. });
        // From here on new rooms run the stable version, also after a restart.
        out.push(Command::Record {
            step: Step::RollbackBegan { version, to, why: why.clone() },
            by_operator,
        });
        self.walk_back(now, trigger, out);
        // Behind the first step: the report must not keep the rooms waiting.
        self.report(ReportKind::RollbackBegan { why }, out);
    }

    fn walk_back(&mut self, now: Moment, why: Trigger, out: &mut Vec<Command>) {
        self.swapping = None;
        self.back = Some(WayBack { why, began: now, rooms: RoomsDone::default(), late: false, asked: now });
        self.ask(now, BackStep::StopTraffic, out);
    }

    fn ask(&mut self, now: Moment, step: BackStep, out: &mut Vec<Command>) {
        self.enter(now, Stage::RollingBack(step));
        if let Some(back) = &mut self.back {
            back.asked = now;
        }
        if step == BackStep::Unload {
            out.push(Command::SettleEffects);
        }
        out.push(Command::Back(step));
    }

    fn step_done(&mut self, now: Moment, step: BackStep, rooms: RoomsDone, out: &mut Vec<Command>) {
        let Some(back) = &mut self.back else { return };
        match step {
            BackStep::StopTraffic => self.ask(now, BackStep::Unload, out),
            BackStep::Unload => self.ask(now, BackStep::BackToStable, out),
            BackStep::BackToStable => {
                back.rooms = rooms;
                self.rolled_back(now, out);
            }
        }
    }

    fn rolled_back(&mut self, now: Moment, out: &mut Vec<Command>) {
        let Some(WayBack { why, began, rooms, late, .. }) = self.back.take() else { return };
        self.enter(now, Stage::RolledBack);
        let took_ms = now.since(began).as_millis() as u64;
        let late = late || now.since(began) > why.limit(&self.config);
        let (version, to) = (self.plan.trial.version, self.plan.stable.version);
        let RoomsDone { done, failed } = rooms;
        out.push(record(Step::RolledBack { version, to, took_ms, rooms: done, failed, late }));
        out.push(Command::ForgetWayBack);
        self.report(ReportKind::RolledBack { why: why.to_string(), took_ms, rooms }, out);
    }

    fn pass_time(&mut self, now: Moment, out: &mut Vec<Command>) {
        let in_stage = self.in_stage(now);
        match self.stage {
            Stage::Verifying if in_stage > self.config.replay_within => {
                self.refuse(now, "the trial replay did not come to its end", out);
            }
            Stage::Canary | Stage::Confirmed
                if self.swapping.is_some_and(|began| now.since(began) > self.config.swap_within) =>
            {
                self.go_back(now, Trigger::SwapsSilent, out);
            }
            Stage::Canary
                if self.swapping.is_none()
                    && in_stage >= self.config.quiet
                    && self.config.calls_to_confirm.is_some_and(|calls| self.watch.calls() >= calls) =>
            {
                self.confirm(now, true, out);
            }
            Stage::Confirmed if self.swapping.is_none() && in_stage >= self.config.watch_after => {
                self.enter(now, Stage::Settled);
                out.push(record(Step::Settled { version: self.plan.trial.version }));
                out.push(Command::ForgetWayBack);
            }
            Stage::RollingBack(step) => self.hurry(now, step, out),
            _ => {}
        }
    }

    /// A step that does not answer in its part of the limit is not waited for; the last one is asked for again.
    fn hurry(&mut self, now: Moment, step: BackStep, out: &mut Vec<Command>) {
        let Some(back) = &mut self.back else { return };
        let limit = back.why.limit(&self.config);
        let gone = now.since(back.began);
        match step {
            BackStep::StopTraffic if gone > limit / 5 => self.ask(now, BackStep::Unload, out),
            BackStep::Unload if gone > limit * 2 / 5 => self.ask(now, BackStep::BackToStable, out),
            BackStep::BackToStable if gone > limit * 3 / 5 && now.since(back.asked) >= ASK_AGAIN => {
                back.asked = now;
                out.push(Command::Back(BackStep::BackToStable));
            }
            _ => {}
        }
        let Some(back) = &mut self.back else { return };
        if gone > limit && !back.late {
            back.late = true;
            let kind = ReportKind::RollbackLate { why: back.why.to_string(), rooms: back.rooms };
            self.report(kind, out);
        }
    }

    fn enter(&mut self, now: Moment, stage: Stage) {
        (self.stage, self.since) = (stage, now);
    }

    fn report(&self, kind: ReportKind, out: &mut Vec<Command>) {
        out.push(Command::Report(Report::new(&self.plan, kind)));
    }
}

fn record(step: Step) -> Command {
    Command::Record { step, by_operator: false }
}

#[cfg(test)]
mod tests;
