//! What goes wrong while the server runs, and what the process before it left: to the people who should know.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::Duration;

use alerts::tracker::{Context, Tracker};
use alerts::{Alerts, Incident, Kind, Severity};
use clock::{Chance, Clock, Moment};
use crashes::{About, Kept};

use crate::config::Config;
use crate::failure::{Exit, Failure};

use super::disk_guard::{Disk, Trouble};

/// In the data folder.
pub const CRASHES: &str = "crashes";

/// Panics in these threads leave half a server: the process ends and is started again.
pub const VITAL_THREADS: crashes::Vital =
    &["rooms-", "gateway-", "matchmaking", "journal-", "patches", "crash-on-purpose"];

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A supervisor knows more of a crash, the exit status above all: it collects first.
const COLLECT_AFTER: Duration = Duration::from_secs(3);
const COLLECT_EVERY: Duration = Duration::from_secs(30);
/// At the disk, in looks.
const DISK_EVERY: u32 = 10;
/// Not being ready is told when it has lasted so long.
const NOT_READY_FOR: Duration = Duration::from_secs(5);
/// Longest pause between two tries with a tracker that does not answer.
const TRACKER_PAUSE_MAX: Duration = Duration::from_secs(600);
/// What a stop waits for messages.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Why the server takes no players right now.
pub type NotReady = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// Opens the file that a crash of this process is written to. Without it the server runs all the same.
pub fn keep_crashes(config: &Config) -> Option<Kept> {
    let about = About { version: env!("CARGO_PKG_VERSION"), profile: &config.profile.to_string() };
    crashes::keep_in(&config.server.data.join(CRASHES), &about)
        .inspect_err(|error| {
            tracing::warn!(event = "crashes_not_kept", %error, "a crash would leave no report");
        })
        .ok()
}

/// The way to people, for every part that has something to tell.
pub fn alerts(config: &Config, clock: &Clock) -> Result<Alerts, Failure> {
    Alerts::start(config.alerts(), clock.clone(), Chance::system()).map_err(no_thread)
}

fn no_thread(error: std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("threads cannot be started: {error}"))
}

/// The threads that watch.
pub struct Incidents {
    alerts: Alerts,
    /// Dropped to stop them.
    stop: Vec<Sender<()>>,
}

impl Incidents {
    pub fn start(
        config: &Config,
        clock: &Clock,
        alerts: Alerts,
        not_ready: NotReady,
        short_of_memory: Arc<AtomicBool>,
    ) -> Result<Incidents, Failure> {
        let (stop_watch, watch_stopped) = channel();
        let (stop_reports, reports_stopped) = channel();
        let disk = Disk::of(config);
        let watch = Watch { alerts: alerts.clone(), clock: clock.clone(), not_ready, short_of_memory, disk };
        Builder::new()
            .name("incidents".into())
            .spawn(move || watch.run(&watch_stopped))
            .map_err(no_thread)?;
        let reports = Reports {
            folder: config.server.data.join(CRASHES),
            alerts: alerts.clone(),
            tracker: tracker(config)?,
            clock: clock.clone(),
        };
        let run = move || reports.run(&reports_stopped);
        Builder::new().name("crash-reports".into()).spawn(run).map_err(no_thread)?;
        Ok(Incidents { alerts, stop: vec![stop_watch, stop_reports] })
    }

    /// The server is about to stop: that it takes no players is no incident.
    pub fn watch_no_more(&mut self) {
        self.stop.clear();
    }

    /// Sends what waits. `at_once`: somebody waits for the end of this process.
    pub fn stop(self, at_once: bool) {
        self.alerts.stop(if at_once { Duration::ZERO } else { LAST_WORDS });
    }
}

fn tracker(config: &Config) -> Result<Option<Tracker>, Failure> {
    let Some(dsn) = &config.crashes.dsn else { return Ok(None) };
    let bad = |error| Failure::new(Exit::Configuration, format!("[crashes] dsn: {error}"));
    let environment = match config.crashes.environment.as_str() {
        "" => config.profile.to_string(),
        named => named.to_owned(),
    };
    let context = Context { environment, server: config.node_name() };
    Ok(Some(Tracker::new(dsn.reveal().parse().map_err(bad)?, context)))
}

/// Readiness and memory, every second, and the disk now and then.
struct Watch {
    alerts: Alerts,
    clock: Clock,
    not_ready: NotReady,
    short_of_memory: Arc<AtomicBool>,
    disk: Disk,
}

impl Watch {
    fn run(&self, stopped: &Receiver<()>) {
        let mut not_ready_since: Option<Moment> = None;
        let mut short = false;
        let (mut looks, mut disk_is_short) = (0_u32, false);
        while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            let now = self.clock.now();
            let reasons = (self.not_ready)();
            match (reasons.is_empty(), not_ready_since) {
                (true, Some(_)) => {
                    not_ready_since = None;
                    self.alerts.resolve(Kind::NotReady, "readyz");
                    self.alerts.resolve(Kind::Journal, "readyz");
                }
                (true, None) => {}
                (false, since) => {
                    let since = *not_ready_since.get_or_insert(since.unwrap_or(now));
                    if now.since(since) >= NOT_READY_FOR {
                        self.alerts.raise(not_ready(&reasons));
                    }
                }
            }
            let is_short = self.short_of_memory.load(Ordering::Relaxed);
            if is_short != std::mem::replace(&mut short, is_short) {
                match is_short {
                    true => self.alerts.raise(memory()),
                    false => self.alerts.resolve(Kind::Memory, "limit"),
                }
            }
            if looks.is_multiple_of(DISK_EVERY) {
                let trouble = self.disk.trouble();
                match (&trouble, disk_is_short) {
                    (Some(trouble), _) => self.alerts.raise(disk(trouble, of_journal(&reasons))),
                    (None, true) => self.alerts.resolve(Kind::Disk, "space"),
                    (None, false) => {}
                }
                disk_is_short = trouble.is_some();
            }
            looks = looks.wrapping_add(1);
        }
    }
}

fn not_ready(reasons: &[String]) -> Incident {
    let is_journal = of_journal(reasons);
    let reasons = reasons.join(";");
    Incident {
        kind: if is_journal { Kind::Journal } else { Kind::NotReady },
        fingerprint: "readyz".to_owned(),
        title: format!("服务器没有就绪:{reasons}"),
        effect: "不接新玩家;房间可能停着".to_owned(),
        severity: Severity::Critical,
    }
}

/// Rooms that are being rebuilt from the journal are no trouble of the journal's.
fn of_journal(reasons: &[String]) -> bool {
    reasons.iter().any(|reason| reason.starts_with("journal: "))
}

fn memory() -> Incident {
    Incident {
        kind: Kind::Memory,
        fingerprint: "limit".to_owned(),
        title: "内存超过上限的 85%".to_owned(),
        effect: "新会话和新房间被拒绝;到 95% 时有序重启".to_owned(),
        severity: Severity::Warning,
    }
}

/// The journal stops a little before its quota, and says so itself.
fn disk(trouble: &Trouble, journal_fails: bool) -> Incident {
    let (effect, severity) = match trouble.nothing_left || journal_fails {
        true => ("日志写不进去:async 以上的房间停着,不开新房间", Severity::Critical),
        false => ("还没有影响;满了以后日志写不进去,房间会暂停", Severity::Warning),
    };
    Incident {
        kind: Kind::Disk,
        fingerprint: "space".to_owned(),
        title: trouble.what.clone(),
        effect: effect.to_owned(),
        severity,
    }
}

/// Crash reports: those that the process before left, and panics of this one.
struct Reports {
    folder: PathBuf,
    alerts: Alerts,
    tracker: Option<Tracker>,
    clock: Clock,
}

impl Reports {
    fn run(&self, stopped: &Receiver<()>) {
        let mut pause = COLLECT_AFTER;
        let mut ask_tracker_at = Moment::ZERO;
        let mut failures: u32 = 0;
        while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            pause = COLLECT_EVERY;
            for report in crashes::collect_left(&self.folder) {
                tracing::error!(event = "crash_found", report = report.id, "{}", report.headline());
            }
            tell(&self.alerts, &self.folder);
            if let Some(tracker) = self.tracker.as_ref().filter(|_| self.clock.now() >= ask_tracker_at) {
                let delivered = tracker.deliver(&self.folder, self.clock.wall_ms());
                failures = if delivered.again_after.is_some() { failures + 1 } else { 0 };
                let growing = COLLECT_EVERY * 2_u32.pow(failures.min(5));
                let wait = delivered.again_after.map(|wait| wait.max(growing).min(TRACKER_PAUSE_MAX));
                ask_tracker_at = self.clock.now() + wait.unwrap_or_default();
            }
        }
    }
}

/// Raises an alert for each report that nobody has raised one for.
fn tell(alerts: &Alerts, folder: &Path) {
    for mut report in crashes::list(folder).into_iter().filter(|report| !report.alerted) {
        alerts.raise(Incident::of_crash(&report));
        report.alerted = true;
        if let Err(error) = crashes::save(folder, &report) {
            tracing::warn!(event = "crash_not_marked", report = report.id, %error, "it is told again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_blamed_for_its_own_trouble_only() {
        let kind = |reason: &str| not_ready(&[reason.to_owned()]).kind;
        assert_eq!(kind("journal: no room for more"), Kind::Journal);
        assert_eq!(kind("7 rooms are being rebuilt from the journal"), Kind::NotReady);
        assert_eq!(kind("rooms are draining"), Kind::NotReady);
    }

    #[test]
    fn a_full_disk_is_not_said_to_have_no_effect_yet() {
        let with = |nothing_left, fails| disk(&Trouble { what: "x".into(), nothing_left }, fails);
        let nearly = with(false, false);
        assert!(nearly.effect.starts_with("还没有影响") && nearly.severity == Severity::Warning);
        for full in [with(true, false), with(false, true)] {
            assert!(full.effect.contains("停着") && full.severity == Severity::Critical, "{full:?}");
        }
    }
}
