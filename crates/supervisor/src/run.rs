//! The loop: hears what happens, asks the keeper, does what it says.

mod orders;
mod record;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use clock::{Clock, Moment};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::binary::{Binary, Unfit};
use crate::child::{self, Server};
use crate::control::{self, Answer, Ask};
use crate::keeper::{Event, Exit, Keeper};
use crate::notices::{Notice, Notices};
use crate::plan::Plan;
use crate::post::Post;
use crate::probe::{Probe, Subject};
use crate::sockets::Inheritance;

use record::Record;

/// How the supervisor ended, its server with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was asked to.
    Stopped,
    /// The server refused to start for the first time, with this exit code; another try would end the same way.
    Refused(i32),
    CrashLoop,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("signals cannot be heard: {0}")]
    Signals(io::Error),
    #[error("the sockets cannot be passed on: {0}")]
    Sockets(io::Error),
    #[error("cannot listen at {path}: {source}")]
    Listen { path: PathBuf, source: io::Error },
    #[error("threads cannot be started: {0}")]
    Threads(io::Error),
}

/// Looks after a server until it is told to stop. To be called by the program's first thread: the server ends with the
/// thread that started it.
pub fn run(post: Post, plan: Plan) -> Result<Outcome, StartError> {
    Supervisor::new(post, plan)?.run()
}

/// Everything the loop hears.
enum Input {
    Signal(i32),
    Notice(u32, Notice),
    Probed(u32, &'static str, Option<String>),
    Asked(Ask, Sender<Answer>),
    /// A file that is to be upgraded to has been looked at.
    Checked(Result<Binary, Unfit>, Sender<Answer>),
}

struct Supervisor {
    plan: Plan,
    post: Post,
    keeper: Keeper<Binary>,
    inputs: Receiver<Input>,
    tell: Sender<Input>,
    inheritance: Inheritance,
    notices: Notices,
    /// What the probes look at.
    subject: Subject,
    server: Option<Running>,
    record: Record,
    /// Who asked for the upgrade that is under way; an upgrade is being prepared while there is one.
    upgrading: Option<Sender<Answer>>,
    parent_hears_at: Moment,
    outcome: Option<Outcome>,
}

struct Running {
    server: Server,
    oom_kills_before: u64,
}

/// The loop looks around this often at least.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// What an ended process said has been sent before its end, and only has to be read.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(100);
/// Woken so much later than planned, the supervisor itself stood still, and the server is not to blame.
const STOOD_STILL: Duration = Duration::from_millis(500);

impl Supervisor {
    fn new(post: Post, plan: Plan) -> Result<Supervisor, StartError> {
        let (tell, inputs) = channel();
        let inheritance = Inheritance::new(&plan.sockets).map_err(StartError::Sockets)?;
        hear_signals(tell.clone()).map_err(StartError::Signals)?;
        let path = post.folder.socket("notify.sock");
        let hear = tell.clone();
        let notices = Notices::listen(path.clone(), move |process, notice| {
            let _ = hear.send(Input::Notice(process, notice));
        })
        .map_err(|source| StartError::Listen { path, source })?;
        let path = post.folder.socket("control.sock");
        let hear = tell.clone();
        control::listen(&path, move |ask, answer| {
            let _ = hear.send(Input::Asked(ask, answer));
        })
        .map_err(|source| StartError::Listen { path: path.clone(), source })?;

        let subject: Subject = Arc::new(AtomicU32::new(0));
        let mut record = Record::new(plan.sockets.addresses());
        for probe in Probe::all(&plan.probes, &plan.sockets.addresses()) {
            record.add_probe(probe.name());
            let hear = tell.clone();
            let hear = move |process, name, failure| {
                let _ = hear.send(Input::Probed(process, name, failure));
            };
            probe.watch(&plan.probes, subject.clone(), hear).map_err(StartError::Threads)?;
        }
        let own = || Binary::Own { version: plan.version.clone() };
        let first = post.saved.version.clone().unwrap_or_else(own);
        let now = Clock::System.now();
        let mut supervisor = Supervisor {
            keeper: Keeper::new(plan.limits.clone(), first, now),
            plan,
            post,
            inputs,
            tell,
            inheritance,
            notices,
            subject,
            server: None,
            record,
            upgrading: None,
            parent_hears_at: now,
            outcome: None,
        };
        supervisor.post.saved.control = path;
        Ok(supervisor)
    }

    fn run(mut self) -> Result<Outcome, StartError> {
        self.happened(Event::Time);
        let outcome = loop {
            if let Some(outcome) = self.outcome {
                break outcome;
            }
            let before = Clock::System.now();
            let wait = self.next_wake().map_or(LONGEST_WAIT, |at| at.since(before)).min(LONGEST_WAIT);
            let heard = self.inputs.recv_timeout(wait);
            let stood_still = Clock::System.now().since(before).saturating_sub(wait);
            if stood_still >= STOOD_STILL {
                tracing::warn!(event = "stood_still", for_ms = stood_still.as_millis() as u64);
                self.keeper.forgive(stood_still);
            }
            match heard {
                Ok(input) => self.hear(input),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            // What has arrived meanwhile comes before what should have arrived.
            while let Ok(input) = self.inputs.try_recv() {
                self.hear(input);
            }
            self.look_at_server();
            self.happened(Event::Time);
            self.tell_parent_alive();
        };
        self.save(crate::saved::Care::Synced);
        let _ = std::fs::remove_file(self.post.folder.socket("control.sock"));
        let _ = std::fs::remove_file(self.notices.path());
        Ok(outcome)
    }

    fn next_wake(&self) -> Option<Moment> {
        let parent = self.plan.parent_watchdog.map(|_| self.parent_hears_at);
        self.keeper.wake_at().into_iter().chain(parent).min()
    }

    fn hear(&mut self, input: Input) {
        let own = self.server.as_ref().map(|running| running.server.pid());
        match input {
            Input::Signal(SIGCHLD) => {
                self.look_at_server();
                child::reap_strangers();
            }
            Input::Signal(number) => {
                tracing::info!(event = "asked_to_stop", signal = number, "the server is to end");
                (self.plan.parent)("STOPPING=1");
                self.happened(Event::Stop);
            }
            // What a process said that has ended since is of no interest.
            Input::Notice(process, _) | Input::Probed(process, ..) if own != Some(process) => {}
            Input::Notice(_, Notice::Ready) => self.happened(Event::Ready),
            Input::Notice(_, Notice::Alive) => self.happened(Event::Alive),
            Input::Probed(_, probe, failure) => {
                self.record.probed(probe, failure.clone());
                if let Some(why) = &failure {
                    tracing::warn!(event = "probe_failed", probe, why);
                }
                self.happened(Event::Probed { probe, failure });
            }
            Input::Asked(Ask::Status, answer) => {
                let status = self.record.status(&self.keeper, own);
                let _ = answer.send(Answer::Status(Box::new(status)));
            }
            Input::Asked(Ask::Upgrade { file }, answer) => self.check_version(file, answer),
            Input::Checked(checked, answer) => self.begin_upgrade(checked, answer),
        }
    }

    fn look_at_server(&mut self) {
        let Some(running) = &mut self.server else { return };
        match running.server.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                let oom_kills = child::oom_kills().saturating_sub(running.oom_kills_before);
                let pid = running.server.pid();
                self.record.ended(pid, status);
                self.server = None;
                self.subject.store(0, Ordering::Relaxed);
                // Whoever ends by itself and not well has something to say.
                if status.code().is_some_and(|code| code != 0)
                    && let Some(why) = self.notices.why(pid, LAST_WORDS_WITHIN)
                {
                    self.happened(Event::Said(why));
                }
                self.happened(Event::Ended(child::ending(status, oom_kills)));
            }
            Err(error) => tracing::error!(event = "wait_failed", %error),
        }
    }

    /// On a thread of its own: versions are asked questions, and the server is to be looked after meanwhile.
    fn check_version(&mut self, file: PathBuf, answer: Sender<Answer>) {
        let may = match self.upgrading {
            Some(_) => Err("another upgrade is under way".to_owned()),
            None => self.keeper.may_upgrade(),
        };
        if let Err(why) = may {
            let _ = answer.send(Answer::Failed(why));
            return;
        }
        let shown = file.display().to_string();
        self.post.audit.write("asked", &shown, "");
        let _ = answer.send(Answer::Said(format!("checking {shown}")));
        self.upgrading = Some(answer.clone());
        let (versions, check) = (self.versions(), self.plan.check.clone());
        let tell = self.tell.clone();
        let lost = answer.clone();
        let checking = std::thread::Builder::new().name("check".to_owned()).spawn(move || {
            let _ = tell.send(Input::Checked(Binary::check(&file, &versions, &check), answer));
        });
        if let Err(error) = checking {
            self.upgrading = None;
            let _ = lost.send(Answer::Failed(format!("a thread cannot be started: {error}")));
        }
    }

    fn begin_upgrade(&mut self, checked: Result<Binary, Unfit>, answer: Sender<Answer>) {
        let checked = checked.map_err(|unfit| unfit.to_string());
        // The server may have crashed meanwhile.
        let fit = checked.and_then(|binary| self.keeper.may_upgrade().map(|()| binary));
        match fit {
            Ok(binary) => {
                self.post.audit.write("checked", &binary.shown(), "");
                let _ = answer.send(Answer::Said(format!("version {} fits; handing over", binary.shown())));
                self.happened(Event::Upgrade(binary));
            }
            Err(why) => {
                self.post.audit.write("refused", "", &why);
                self.upgrading = None;
                let _ = answer.send(Answer::Failed(why));
            }
        }
    }

    fn versions(&self) -> PathBuf {
        self.post.folder.versions()
    }

    fn tell_parent_alive(&mut self) {
        let Some(within) = self.plan.parent_watchdog else { return };
        let now = Clock::System.now();
        if now >= self.parent_hears_at {
            (self.plan.parent)("WATCHDOG=1");
            self.parent_hears_at = now + within / 3;
        }
    }

    fn happened(&mut self, event: Event<Binary>) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for command in self.keeper.on(event, Clock::System.now()) {
                events.extend(self.carry_out(command));
            }
        }
    }

    fn over(&mut self, exit: Exit) {
        self.outcome = Some(match exit {
            Exit::Stopped => Outcome::Stopped,
            Exit::Refused(code) => Outcome::Refused(code),
            Exit::CrashLoop => Outcome::CrashLoop,
        });
    }
}

fn hear_signals(tell: Sender<Input>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGCHLD])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if tell.send(Input::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
