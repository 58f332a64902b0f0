//! What has happened, for `jianzi status`.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use clock::{Clock, Moment};

use crate::binary::Binary;
use crate::keeper::{Cause, Keeper, Verdict};
use crate::status::{ProbeStatus, RestartStatus, ServerStatus, Status, UpgradeStatus};

/// Kept by the loop.
pub struct Record {
    began: Moment,
    addresses: Vec<(&'static str, SocketAddr)>,
    started: Option<Moment>,
    /// Number and wait status of a process that has ended and was not told of yet.
    last_ending: Option<(u32, i32)>,
    restarts: u64,
    recent: VecDeque<RestartStatus>,
    probes: Vec<ProbeStatus>,
    upgrade: Option<UpgradeStatus>,
}

const RECENT: usize = 32;

impl Record {
    pub fn new(addresses: Vec<(&'static str, SocketAddr)>) -> Record {
        Record {
            began: Clock::System.now(),
            addresses,
            started: None,
            last_ending: None,
            restarts: 0,
            recent: VecDeque::new(),
            probes: Vec::new(),
            upgrade: None,
        }
    }

    pub fn add_probe(&mut self, probe: &str) {
        let probe = probe.to_owned();
        self.probes.push(ProbeStatus { probe, failures: 0, message: None, looked_at_ms: None });
    }

    pub fn probed(&mut self, probe: &str, failure: Option<String>) {
        let Some(known) = self.probes.iter_mut().find(|known| known.probe == probe) else { return };
        known.looked_at_ms = Some(Clock::System.wall_ms());
        known.failures = if failure.is_some() { known.failures + 1 } else { 0 };
        known.message = failure.or(known.message.take());
    }

    pub fn started(&mut self) {
        self.started = Some(Clock::System.now());
        self.probes.iter_mut().for_each(|probe| probe.failures = 0);
    }

    pub fn ended(&mut self, pid: u32, status: ExitStatus) {
        self.started = None;
        // What was found of it says nothing about the next one.
        self.probes.iter_mut().for_each(|probe| (probe.failures, probe.looked_at_ms) = (0, None));
        self.last_ending = Some((pid, status.into_raw()));
    }

    pub fn take_ending(&mut self) -> Option<(u32, i32)> {
        self.last_ending.take()
    }

    pub fn down(&mut self, cause: &Cause) {
        self.restarts += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(RestartStatus {
            at_ms: Clock::System.wall_ms(),
            cause: cause.name().to_owned(),
            why: cause.to_string(),
            down_ms: None,
        });
    }

    pub fn ready(&mut self, down: Duration) {
        if let Some(last) = self.recent.back_mut() {
            last.down_ms.get_or_insert(down.as_millis() as u64);
        }
    }

    pub fn judged(&mut self, verdict: &Verdict<Binary>) {
        if let Verdict::Begun { to, .. } = verdict {
            let (version, state) = (to.shown(), "handing over".to_owned());
            self.upgrade = Some(UpgradeStatus { version, state, pause_ms: None });
        }
        let Some(upgrade) = &mut self.upgrade else { return };
        match verdict {
            Verdict::Begun { .. } => {}
            Verdict::Ready { pause, .. } => {
                upgrade.state = "on trial".to_owned();
                upgrade.pause_ms = Some(pause.as_millis() as u64);
            }
            Verdict::Confirmed { .. } => upgrade.state = "confirmed".to_owned(),
            Verdict::WentBack { why, .. } => upgrade.state = format!("went back: {why}"),
        }
    }

    pub fn status(&self, keeper: &Keeper<Binary>, pid: Option<u32>) -> Status {
        let now = Clock::System.now();
        Status {
            supervisor_pid: std::process::id(),
            supervisor_uptime_s: now.since(self.began).as_secs(),
            server: ServerStatus {
                state: keeper.state().to_owned(),
                pid,
                uptime_ms: self.started.map(|started| now.since(started).as_millis() as u64),
                version: keeper.current().shown(),
                memory_bytes: pid.and_then(resident_bytes),
                crashes_in_a_row: keeper.crashes_in_a_row(),
                next_start_in_ms: keeper.next_start_in(now).map(|time| time.as_millis() as u64),
            },
            addresses: self.addresses.iter().map(|(name, address)| ((*name).to_owned(), *address)).collect(),
            probes: self.probes.clone(),
            restarts: self.restarts,
            recent: self.recent.iter().cloned().collect(),
            upgrade: self.upgrade.clone(),
        }
    }
}

fn resident_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
