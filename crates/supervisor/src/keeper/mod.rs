//! When the server is started, asked to end, killed, started again: events and time in, commands out.

mod cause;
mod streak;
mod trial;

#[cfg(test)]
mod tests;

use std::time::Duration;

use clock::Moment;

pub use cause::{Cause, Ending};
pub use streak::{CrashLoop, Pause, Streak};
pub use trial::{Trial, Verdict};

/// What the supervisor waits for, and how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the start of a server to its `READY=1`.
    pub ready_within: Duration,
    /// The same for a version on trial.
    pub trial_ready_within: Duration,
    /// How long a version on trial has to stay well.
    pub trial: Duration,
    /// A server that is ready gives a sign of life within this time.
    pub watchdog: Duration,
    /// From SIGTERM to SIGKILL.
    pub stop_within: Duration,
    /// From the order to hand over to SIGKILL.
    pub hand_over_within: Duration,
    /// From SIGABRT, on which a crash report is written, to SIGKILL.
    pub report_within: Duration,
    /// So often in a row a probe has to fail.
    pub probe_failures: u32,
    /// A server that was ready for so long was well: what happens then is no part of a crash loop.
    pub steady_after: Duration,
    /// Crashes in a row that make a crash loop.
    pub crash_limit: u32,
    pub crash_loop: CrashLoop,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            ready_within: Duration::from_secs(60),
            trial_ready_within: Duration::from_secs(15),
            trial: Duration::from_secs(30),
            watchdog: Duration::from_secs(10),
            stop_within: Duration::from_secs(40),
            hand_over_within: Duration::from_secs(5),
            report_within: Duration::from_secs(2),
            probe_failures: 3,
            steady_after: Duration::from_secs(5),
            crash_limit: 5,
            crash_loop: CrashLoop::KeepTrying(Duration::from_secs(30)),
        }
    }
}

/// What happens to the supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<B> {
    /// `READY=1`.
    Ready,
    /// `WATCHDOG=1`.
    Alive,
    /// The server says why it is about to end, or has ended.
    Said(String),
    /// The server's process has ended, and has been waited for.
    Ended(Ending),
    /// The process could not be started at all.
    NotStarted(String),
    Probed {
        probe: &'static str,
        failure: Option<String>,
    },
    /// SIGTERM and its kin.
    Stop,
    /// To this version, which has been checked.
    Upgrade(B),
    /// Time has passed; nothing else.
    Time,
}

/// What the supervisor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<B> {
    Start(B),
    Send(Signal),
    /// The server is ready, after so long without one.
    Ready {
        down: Duration,
    },
    /// The server ended, or is made to end, for this reason; in `again_in` it is started again.
    Down {
        cause: Cause,
        again_in: Option<Duration>,
    },
    CrashLooping {
        crashes: u32,
    },
    /// The version on trial changed; to be written down before the next command is carried out.
    Trial(Verdict<B>),
    /// The supervisor's own end, with the server's exit code where it never came up.
    Exit(Exit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    End,
    /// SIGUSR1.
    HandOver,
    /// SIGABRT, and SIGCONT for a process that was stopped.
    Abort,
    /// SIGKILL.
    Kill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Stopped,
    /// The first start failed in a way that another would, too: this is its exit code.
    Refused(i32),
    CrashLoop,
}

/// The state machine. `B` names a version of the program.
#[derive(Debug)]
pub struct Keeper<B> {
    limits: Limits,
    phase: Phase,
    current: B,
    trial: Option<Trial<B>>,
    streak: Streak,
    /// Some run has been ready.
    was_ready: bool,
    /// When there was a server last; for the length of a pause.
    down_since: Option<Moment>,
    /// How often each probe failed since it went well.
    failures: Vec<(&'static str, u32)>,
    /// Why the process ends, as it says.
    last_words: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// No process.
    Waiting {
        until: Moment,
    },
    Starting {
        late_at: Moment,
    },
    Up {
        since: Moment,
        hung_at: Moment,
    },
    /// The process was told to end.
    Ending {
        why: Why,
        kill_at: Moment,
    },
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Stop,
    Upgrade,
    Sick(Cause),
    GoBack(Cause),
}

impl<B: Clone + PartialEq> Keeper<B> {
    pub fn new(limits: Limits, first: B, now: Moment) -> Keeper<B> {
        Keeper {
            limits,
            phase: Phase::Waiting { until: now },
            current: first,
            trial: None,
            streak: Streak::default(),
            was_ready: false,
            down_since: None,
            failures: Vec::new(),
            last_words: None,
        }
    }

    pub fn current(&self) -> &B {
        &self.current
    }

    pub fn trial(&self) -> Option<&Trial<B>> {
        self.trial.as_ref()
    }

    /// "starting", "ready" and so on, for people.
    pub fn state(&self) -> &'static str {
        match (&self.phase, &self.trial) {
            (Phase::Waiting { .. }, _) => "waiting",
            (Phase::Starting { .. }, None) => "starting",
            (Phase::Starting { .. }, Some(_)) => "starting on trial",
            (Phase::Up { .. }, None) => "ready",
            (Phase::Up { .. }, Some(_)) => "ready on trial",
            (Phase::Ending { .. }, _) => "ending",
            (Phase::Over, _) => "over",
        }
    }

    /// Crashes since a server was last well.
    pub fn crashes_in_a_row(&self) -> u32 {
        self.streak.crashes()
    }

    /// How long until the next start; `None` unless one is waited for.
    pub fn next_start_in(&self, now: Moment) -> Option<Duration> {
        match self.phase {
            Phase::Waiting { until } => Some(until.since(now)),
            _ => None,
        }
    }

    pub fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Up { .. })
    }

    /// When [`Event::Time`] is due, if nothing happens before.
    pub fn wake_at(&self) -> Option<Moment> {
        match &self.phase {
            Phase::Waiting { until } => Some(*until),
            Phase::Starting { late_at } => Some(*late_at),
            Phase::Up { hung_at, .. } => {
                let decided = self.trial.as_ref().and_then(|trial| trial.passed_at());
                Some(decided.map_or(*hung_at, |passed| passed.min(*hung_at)))
            }
            Phase::Ending { kill_at, .. } => Some(*kill_at),
            Phase::Over => None,
        }
    }

    /// The supervisor itself stood still for so long: what the server is given counts from now.
    pub fn forgive(&mut self, stood_still: Duration) {
        match &mut self.phase {
            Phase::Starting { late_at: at }
            | Phase::Up { hung_at: at, .. }
            | Phase::Ending { kill_at: at, .. } => *at = *at + stood_still,
            Phase::Waiting { .. } | Phase::Over => {}
        }
    }

    /// Why an upgrade cannot begin now; a sentence.
    pub fn may_upgrade(&self) -> Result<(), String> {
        match (&self.phase, &self.trial) {
            (_, Some(_)) => Err("another upgrade is under way".to_owned()),
            (Phase::Up { .. }, None) => Ok(()),
            _ => Err(format!("the server is {}; an upgrade needs one that is ready", self.state())),
        }
    }

    /// Does the next thing.
    pub fn on(&mut self, event: Event<B>, now: Moment) -> Vec<Command<B>> {
        match event {
            Event::Ready => self.ready(now),
            Event::Alive => self.alive(now),
            Event::Said(why) => {
                self.last_words = Some(why);
                Vec::new()
            }
            Event::Ended(ending) => self.ended(ending, now),
            Event::NotStarted(why) => self.down(Cause::NotStarted(why), now),
            Event::Probed { probe, failure } => self.probed(probe, failure, now),
            Event::Stop => self.stop(now),
            Event::Upgrade(to) => self.upgrade(to, now),
            Event::Time => self.time(now),
        }
    }

    fn ready(&mut self, now: Moment) -> Vec<Command<B>> {
        if !matches!(self.phase, Phase::Starting { .. }) {
            return Vec::new();
        }
        self.phase = Phase::Up { since: now, hung_at: now + self.limits.watchdog };
        self.was_ready = true;
        self.failures.clear();
        let down = self.down_since.take().map_or(Duration::ZERO, |since| now.since(since));
        let mut commands = vec![Command::Ready { down }];
        if let Some(trial) = &mut self.trial {
            trial.is_ready(now, self.limits.trial);
            commands.push(Command::Trial(Verdict::Ready { pause: down, well_for: self.limits.trial }));
        }
        commands
    }

    fn alive(&mut self, now: Moment) -> Vec<Command<B>> {
        if let Phase::Up { hung_at, .. } = &mut self.phase {
            *hung_at = now + self.limits.watchdog;
        }
        Vec::new()
    }

    fn ended(&mut self, ending: Ending, now: Moment) -> Vec<Command<B>> {
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        let said = self.last_words.take();
        match phase {
            Phase::Ending { why: Why::Stop, .. } => vec![Command::Exit(Exit::Stopped)],
            Phase::Ending { why: Why::Upgrade, .. } => self.begin_trial(now),
            Phase::Ending { why: Why::Sick(cause), .. } => self.down(cause, now),
            Phase::Ending { why: Why::GoBack(cause), .. } => self.go_back(cause, now),
            Phase::Starting { .. } | Phase::Up { .. } => {
                if let (Phase::Starting { .. }, Some(code)) = (&phase, ending.is_refusal())
                    && !self.was_ready
                    && self.trial.is_none()
                {
                    return vec![Command::Exit(Exit::Refused(code))];
                }
                if let Phase::Up { since, .. } = phase
                    && now.since(since) >= self.limits.steady_after
                {
                    self.streak.was_steady();
                }
                self.down(Cause::of(ending, said), now)
            }
            Phase::Waiting { .. } | Phase::Over => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    /// There is no process any more, or never was one.
    fn down(&mut self, cause: Cause, now: Moment) -> Vec<Command<B>> {
        self.down_since.get_or_insert(now);
        if self.trial.is_some() {
            return self.go_back(cause, now);
        }
        let pause = match cause.is_harmless() {
            true => Pause::None,
            false => self.streak.next(&self.limits),
        };
        let mut commands = Vec::new();
        let again_in = match pause {
            Pause::None => Duration::ZERO,
            Pause::Short(pause) => pause,
            Pause::Loop { crashes, again_in } => {
                commands.push(Command::CrashLooping { crashes });
                let Some(again_in) = again_in else {
                    self.phase = Phase::Over;
                    commands.insert(0, Command::Down { cause, again_in: None });
                    commands.push(Command::Exit(Exit::CrashLoop));
                    return commands;
                };
                again_in
            }
        };
        commands.insert(0, Command::Down { cause, again_in: Some(again_in) });
        self.phase = Phase::Waiting { until: now + again_in };
        if again_in.is_zero() {
            commands.extend(self.start(now));
        }
        commands
    }

    fn start(&mut self, now: Moment) -> Vec<Command<B>> {
        let within = match self.trial {
            Some(_) => self.limits.trial_ready_within,
            None => self.limits.ready_within,
        };
        self.phase = Phase::Starting { late_at: now + within };
        vec![Command::Start(self.current.clone())]
    }

    fn upgrade(&mut self, to: B, now: Moment) -> Vec<Command<B>> {
        if self.may_upgrade().is_err() {
            return Vec::new();
        }
        let from = self.current.clone();
        self.trial = Some(Trial::new(from.clone(), to.clone()));
        self.down_since = Some(now);
        self.phase = Phase::Ending { why: Why::Upgrade, kill_at: now + self.limits.hand_over_within };
        vec![Command::Trial(Verdict::Begun { from, to }), Command::Send(Signal::HandOver)]
    }

    /// The old version has handed over, or died on the way.
    fn begin_trial(&mut self, now: Moment) -> Vec<Command<B>> {
        if let Some(trial) = &self.trial {
            self.current = trial.to.clone();
        }
        let mut commands = vec![Command::Down { cause: Cause::Upgrade, again_in: Some(Duration::ZERO) }];
        commands.extend(self.start(now));
        commands
    }

    /// The version on trial has ended: back to the one before.
    fn go_back(&mut self, cause: Cause, now: Moment) -> Vec<Command<B>> {
        let Some(trial) = self.trial.take() else { return self.down(cause, now) };
        self.current = trial.from.clone();
        self.down_since.get_or_insert(now);
        let why = cause.to_string();
        let mut commands = vec![
            Command::Trial(Verdict::WentBack { to: trial.from, why }),
            Command::Down { cause: Cause::WentBack(Box::new(cause)), again_in: Some(Duration::ZERO) },
        ];
        commands.extend(self.start(now));
        commands
    }

    fn probed(&mut self, probe: &'static str, failure: Option<String>, now: Moment) -> Vec<Command<B>> {
        if !self.is_ready() {
            return Vec::new();
        }
        let count = match self.failures.iter_mut().find(|(name, _)| *name == probe) {
            Some((_, count)) => count,
            None => {
                self.failures.push((probe, 0));
                match self.failures.last_mut() {
                    Some((_, count)) => count,
                    None => return Vec::new(),
                }
            }
        };
        let Some(message) = failure else {
            *count = 0;
            return Vec::new();
        };
        *count += 1;
        if *count < self.limits.probe_failures {
            return Vec::new();
        }
        self.end_sick(Cause::Unhealthy { probe: probe.to_owned(), message }, now)
    }

    /// Its crash report shows where it hangs.
    fn end_sick(&mut self, cause: Cause, now: Moment) -> Vec<Command<B>> {
        if let Phase::Up { since, .. } = self.phase
            && now.since(since) >= self.limits.steady_after
        {
            self.streak.was_steady();
        }
        self.down_since.get_or_insert(now);
        let why = match self.trial {
            Some(_) => Why::GoBack(cause),
            None => Why::Sick(cause),
        };
        self.phase = Phase::Ending { why, kill_at: now + self.limits.report_within };
        vec![Command::Send(Signal::Abort)]
    }

    fn stop(&mut self, now: Moment) -> Vec<Command<B>> {
        // A version that was not confirmed is not the one to start with next time.
        let undecided = self.trial.take().map(|trial| {
            let why = "the supervisor was asked to stop before the trial was over".to_owned();
            Command::Trial(Verdict::WentBack { to: trial.from, why })
        });
        let mut commands: Vec<_> = undecided.into_iter().collect();
        match &self.phase {
            Phase::Waiting { .. } | Phase::Over => {
                self.phase = Phase::Over;
                commands.push(Command::Exit(Exit::Stopped));
            }
            // A second request changes nothing.
            Phase::Ending { why: Why::Stop, .. } => {}
            Phase::Ending { kill_at, .. } => {
                self.phase = Phase::Ending { why: Why::Stop, kill_at: *kill_at };
            }
            Phase::Starting { .. } | Phase::Up { .. } => {
                self.phase = Phase::Ending { why: Why::Stop, kill_at: now + self.limits.stop_within };
                commands.push(Command::Send(Signal::End));
            }
        }
        commands
    }

    fn time(&mut self, now: Moment) -> Vec<Command<B>> {
        if self.wake_at().is_none_or(|wake_at| now < wake_at) {
            return Vec::new();
        }
        match &mut self.phase {
            Phase::Waiting { .. } => self.start(now),
            Phase::Starting { .. } => self.end_sick(Cause::NotReady, now),
            Phase::Up { hung_at, .. } if now >= *hung_at => self.end_sick(Cause::Hung, now),
            Phase::Up { .. } => match self.trial.take() {
                Some(trial) => vec![Command::Trial(Verdict::Confirmed { version: trial.to })],
                None => Vec::new(),
            },
            Phase::Ending { kill_at, .. } => {
                // Nothing survives SIGKILL; asked again in case it was sent to nobody.
                *kill_at = now + self.limits.report_within;
                vec![Command::Send(Signal::Kill)]
            }
            Phase::Over => Vec::new(),
        }
    }
}
