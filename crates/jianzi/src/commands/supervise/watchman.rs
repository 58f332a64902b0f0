//! What the supervisor saw, told to people: crash reports and alerts. On a thread of its own: neither may keep a server
//! from being started.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use alerts::{Alerts, Incident as Alert, Kind, Severity};
use clock::{Chance, Clock, Moment};
use supervisor::Incident;

use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::wiring::CRASHES;

/// The thread, and the way to it.
pub struct Watchman {
    tell: Sender<Incident>,
    thread: JoinHandle<()>,
}

/// What a stop waits for messages.
const LAST_WORDS: Duration = Duration::from_secs(3);

impl Watchman {
    /// A server that has been ready for `steady_after` is well again.
    pub fn start(config: &Config, steady_after: Duration) -> Result<Watchman, Failure> {
        let no_thread = |error| Failure::new(Exit::Failed, format!("threads cannot be started: {error}"));
        let alerts = Alerts::start(config.alerts(), Clock::System, Chance::system()).map_err(no_thread)?;
        let (tell, incidents) = channel();
        let watch = Watch { alerts, crashes: config.server.data.join(CRASHES), steady_after };
        let thread = std::thread::Builder::new().name("watchman".to_owned());
        let thread = thread.spawn(move || watch.run(&incidents)).map_err(no_thread)?;
        Ok(Watchman { tell, thread })
    }

    /// Never waits.
    pub fn ear(&self) -> Box<dyn Fn(&Incident) + Send> {
        let tell = self.tell.clone();
        Box::new(move |incident| {
            let _ = tell.send(incident.clone());
        })
    }

    /// Once every [`Watchman::ear`] is gone.
    pub fn stop(self) {
        drop(self.tell);
        let _ = self.thread.join();
    }
}

struct Watch {
    alerts: Alerts,
    crashes: PathBuf,
    steady_after: Duration,
}

impl Watch {
    fn run(&self, incidents: &Receiver<Incident>) {
        let mut steady_at: Option<Moment> = None;
        loop {
            let wait = steady_at.map_or(Duration::from_secs(3600), |at| at.since(Clock::System.now()));
            match incidents.recv_timeout(wait) {
                Ok(incident) => {
                    match &incident {
                        Incident::Ready { .. } => steady_at = Some(Clock::System.now() + self.steady_after),
                        Incident::Down { .. } => steady_at = None,
                        _ => {}
                    }
                    self.heard(incident);
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    if steady_at.take().is_some() {
                        self.alerts.resolve(Kind::Hang, SERVER);
                        self.alerts.resolve(Kind::CrashLoop, SERVER);
                    }
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        self.alerts.stop(LAST_WORDS);
    }

    fn heard(&self, incident: Incident) {
        match incident {
            Incident::Down { cause, why, status, .. } => self.down(&cause, &why, status),
            Incident::CrashLoop { crashes } => self.alerts.raise(Alert {
                kind: Kind::CrashLoop,
                fingerprint: SERVER.to_owned(),
                title: format!("服务器连续崩溃 {crashes} 次"),
                effect: "玩家进不来;按设定间隔重试,或由上一级处理".to_owned(),
                severity: Severity::Critical,
            }),
            Incident::UpgradeWentBack { why } => self.alerts.raise(Alert {
                kind: Kind::UpgradeFailed,
                fingerprint: SERVER.to_owned(),
                title: format!("升级已退回:新版本 {why}"),
                effect: "旧版本继续运行;对局停顿了两次".to_owned(),
                severity: Severity::Warning,
            }),
            Incident::Ready { .. } | Incident::UpgradeConfirmed { .. } => {}
        }
    }

    fn down(&self, cause: &str, why: &str, status: Option<i32>) {
        let report = status.and_then(|status| crashes::collect(&self.crashes, ExitStatus::from_raw(status)));
        if let Some(report) = &report {
            tracing::error!(event = "crash_report", report = report.id, "{}", report.headline());
        }
        let (kind, severity) = match (cause, &report) {
            // An upgrade's own end is told as such.
            ("upgrade" | "went_back", _) => return,
            ("hung", _) => (Kind::Hang, Severity::Critical),
            (_, Some(report)) => return self.alerts.raise(Alert::of_crash(report)),
            ("crashed" | "killed_for_memory", None) => (Kind::Crash, Severity::Critical),
            _ => (Kind::Restart, Severity::Warning),
        };
        self.alerts.raise(Alert {
            kind,
            fingerprint: if kind == Kind::Hang { SERVER.to_owned() } else { cause.to_owned() },
            title: format!("服务器被重启:{why}"),
            effect: "对局停顿,随后从日志恢复".to_owned(),
            severity,
        });
    }
}

/// There is one.
const SERVER: &str = "server";
