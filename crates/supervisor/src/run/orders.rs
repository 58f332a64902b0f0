//! What the keeper commands, done.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Running, Supervisor};
use crate::binary::{self, Binary};
use crate::child::{self, Server, Start};
use crate::control::Answer;
use crate::keeper::{Cause, Command, Event, Verdict};
use crate::plan::Incident;
use crate::saved::{Care, Process};

impl Supervisor {
    /// Gives what happened by it at once, if anything.
    pub(super) fn carry_out(&mut self, command: Command<Binary>) -> Option<Event<Binary>> {
        match command {
            Command::Start(binary) => return self.start(&binary),
            Command::Send(signal) => {
                if let Some(running) = &self.server {
                    tracing::info!(event = "signal_sent", pid = running.server.pid(), signal = ?signal);
                    running.server.send(signal);
                }
            }
            Command::Ready { down } => self.ready(down),
            Command::Down { cause, again_in } => self.down(&cause, again_in),
            Command::CrashLooping { crashes } => {
                tracing::error!(event = "crash_loop", crashes, "the server crashed {crashes} times in a row");
                (self.plan.incidents)(&Incident::CrashLoop { crashes });
            }
            Command::Trial(verdict) => self.judged(verdict),
            Command::Exit(exit) => self.over(exit),
        }
        None
    }

    fn start(&mut self, binary: &Binary) -> Option<Event<Binary>> {
        let program = binary.program();
        let start = Start {
            program: &program,
            arguments: &self.plan.arguments,
            inheritance: &self.inheritance,
            notify: self.notices.path(),
            watchdog_micros: self.plan.limits.watchdog.as_micros(),
        };
        match Server::start(&start) {
            Ok(server) => {
                tracing::info!(event = "server_started", pid = server.pid(), version = binary.shown());
                self.record.started();
                self.server = Some(Running { server, oom_kills_before: child::oom_kills() });
                self.save(Care::Whole);
                None
            }
            Err(error) => Some(Event::NotStarted(format!("{}: {error}", program.display()))),
        }
    }

    fn ready(&mut self, down: Duration) {
        let Some(running) = &self.server else { return };
        let pid = running.server.pid();
        self.subject.store(pid, Ordering::Relaxed);
        let down_ms = down.as_millis() as u64;
        tracing::info!(event = "server_ready", pid, down_ms);
        self.record.ready(down);
        (self.plan.parent)(&format!("READY=1\nSTATUS=server {pid} is ready"));
        (self.plan.incidents)(&Incident::Ready { down });
    }

    fn down(&mut self, cause: &Cause, again_in: Option<Duration>) {
        let again_in_ms = again_in.map(|time| time.as_millis() as u64);
        match cause {
            Cause::Upgrade => tracing::info!(event = "server_down", cause = cause.name(), "{cause}"),
            _ => tracing::error!(
                event = "server_down",
                cause = cause.name(),
                again_in_ms,
                "the server {cause}"
            ),
        }
        self.record.down(cause);
        (self.plan.parent)(&format!("STATUS=the server {cause}"));
        let (pid, status) = self.record.take_ending().unzip();
        (self.plan.incidents)(&Incident::Down {
            cause: cause.name().to_owned(),
            why: cause.to_string(),
            pid,
            status,
        });
    }

    /// What is saved comes before what is told of it: who reads "confirmed" may rely on it.
    fn judged(&mut self, verdict: Verdict<Binary>) {
        self.record.judged(&verdict);
        match verdict {
            Verdict::Begun { from, to } => {
                let shown = to.shown();
                self.post.saved.trial = Some(to);
                self.save(Care::Synced);
                self.post.audit.write("begun", &shown, &format!("instead of {}", from.shown()));
            }
            Verdict::Ready { pause, well_for } => {
                let detail = format!("ready, pause {} ms", pause.as_millis());
                self.post.audit.write("on_trial", self.keeper.current().shown().as_str(), &detail);
                self.tell_asker(Answer::Said(format!("{detail}; on trial for {} s", well_for.as_secs_f64())));
            }
            Verdict::Confirmed { version } => {
                let before = self.post.saved.version.replace(version.clone());
                self.post.saved.instead_of = binary::own_fingerprint();
                self.post.saved.trial = None;
                self.save(Care::Synced);
                self.post.audit.write("confirmed", &version.shown(), "");
                let mut kept = vec![&version];
                kept.extend(&before);
                Binary::forget_all_but(&self.versions(), &kept);
                self.tell_asker(Answer::Done(format!("version {} is confirmed", version.shown())));
                self.upgrading = None;
                (self.plan.incidents)(&Incident::UpgradeConfirmed { version: version.shown() });
            }
            Verdict::WentBack { to, why } => {
                self.post.saved.trial = None;
                self.save(Care::Synced);
                self.post.audit.write("went_back", &to.shown(), &why);
                self.tell_asker(Answer::Failed(format!(
                    "went back to version {}: the new one {why}",
                    to.shown()
                )));
                self.upgrading = None;
                (self.plan.incidents)(&Incident::UpgradeWentBack { why });
            }
        }
    }

    fn tell_asker(&self, answer: Answer) {
        if let Some(asker) = &self.upgrading {
            // One that has left is told in vain; the upgrade goes on.
            let _ = asker.send(answer);
        }
    }

    /// What the next supervisor has to know.
    pub(super) fn save(&mut self, care: Care) {
        self.post.saved.server = self.server.as_ref().and_then(|running| {
            let pid = running.server.pid();
            Some(Process { pid, started: child::started_at(pid)? })
        });
        if let Err(error) = self.post.saved.write(self.post.folder.path(), care) {
            tracing::error!(event = "state_not_saved", %error, "after a crash of the supervisor this is missed");
        }
    }
}
