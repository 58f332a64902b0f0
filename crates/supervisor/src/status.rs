//! What `jianzi status` shows.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The answer of a supervisor. Times are UTC milliseconds since 1970 (`_at_ms`) or lengths (`_ms`, `_s`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub supervisor_pid: u32,
    pub supervisor_uptime_s: u64,
    pub server: ServerStatus,
    /// Name and address, in the order of the sockets.
    pub addresses: Vec<(String, SocketAddr)>,
    pub probes: Vec<ProbeStatus>,
    /// All since the supervisor began, upgrades included.
    pub restarts: u64,
    /// The last ones, oldest first.
    pub recent: Vec<RestartStatus>,
    pub upgrade: Option<UpgradeStatus>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// "ready", "starting", "waiting", "ending"; with "on trial" behind it during an upgrade.
    pub state: String,
    pub pid: Option<u32>,
    /// Of this process, since it was started.
    pub uptime_ms: Option<u64>,
    pub version: String,
    /// Resident.
    pub memory_bytes: Option<u64>,
    /// Since a server was last well.
    #[serde(default)]
    pub crashes_in_a_row: u32,
    /// While it waits: until the next one is started.
    #[serde(default)]
    pub next_start_in_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeStatus {
    pub probe: String,
    /// Times in a row that it failed.
    pub failures: u32,
    /// What it said when it last failed.
    pub message: Option<String>,
    /// `None` until it has looked at the server that there is now.
    pub looked_at_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartStatus {
    pub at_ms: u64,
    /// One word: `crashed`, `hung`, `upgrade` …
    pub cause: String,
    /// The same in a sentence.
    pub why: String,
    /// Until the next server was ready; `None` while there is none.
    pub down_ms: Option<u64>,
}

/// The last upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeStatus {
    pub version: String,
    /// "handing over", "on trial", "confirmed" or "went back: …".
    pub state: String,
    pub pause_ms: Option<u64>,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.server;
        write!(f, "server      {}", server.state)?;
        if let Some(pid) = server.pid {
            write!(f, ", process {pid}")?;
        }
        if let Some(uptime) = server.uptime_ms {
            write!(f, ", up {}", length(uptime))?;
        }
        if let Some(memory) = server.memory_bytes {
            write!(f, ", {} MiB", memory >> 20)?;
        }
        if let Some(next) = server.next_start_in_ms {
            let (crashes, next) = (server.crashes_in_a_row, length(next));
            write!(f, ": down after {crashes} crash(es) in a row; next try in {next}")?;
        }
        writeln!(f, "\nversion     {}", server.version)?;
        for (name, address) in &self.addresses {
            writeln!(f, "{name:<11} {address}")?;
        }
        let up = length(self.supervisor_uptime_s * 1000);
        writeln!(f, "supervisor  process {}, up {up}", self.supervisor_pid)?;
        for probe in &self.probes {
            write!(f, "probe       {}: ", probe.probe)?;
            match (&probe.message, probe.failures, probe.looked_at_ms) {
                (_, _, None) if server.pid.is_none() => writeln!(f, "there is no server to look at")?,
                (_, _, None) => writeln!(f, "not looked yet")?,
                (_, 0, _) => writeln!(f, "well")?,
                (message, failures, _) => {
                    writeln!(f, "failed {failures} time(s): {}", message.as_deref().unwrap_or_default())?;
                }
            }
        }
        if let Some(upgrade) = &self.upgrade {
            write!(f, "upgrade     {} {}", upgrade.version, upgrade.state)?;
            match upgrade.pause_ms {
                Some(pause) => writeln!(f, ", pause {pause} ms")?,
                None => writeln!(f)?,
            }
        }
        writeln!(f, "restarts    {}", self.restarts)?;
        for restart in self.recent.iter().rev().take(10) {
            let down = restart.down_ms.map_or("still down".to_owned(), |down| format!("down {down} ms"));
            writeln!(f, "  {}  {} ({down})", utc(restart.at_ms), restart.why)?;
        }
        Ok(())
    }
}

fn length(ms: u64) -> String {
    let time = Duration::from_millis(ms);
    match time.as_secs() {
        0 => format!("{ms} ms"),
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds if seconds < 172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Date and time of day, by the civil calendar (Howard Hinnant's algorithm of days).
fn utc(ms: u64) -> String {
    let (days, second) = (ms / 86_400_000, ms / 1000 % 86_400);
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_772_323_199_000), "2026-02-28 23:59:59 UTC");
        assert_eq!(utc(1_772_323_200_000), "2026-03-01 00:00:00 UTC");
        assert_eq!((length(17), length(61_000)), ("17 ms".to_owned(), "61 s".to_owned()));
    }
}
