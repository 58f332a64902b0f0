//! Which limit the server meets first: said once at its start, so that nobody has to find out under load.

use std::fs::read_to_string;

use crate::os;

/// Estimated, with the kernel's buffers of an idle connection.
const BYTES_PER_CONNECTION: u64 = 12 * 1024;
/// Files that are not connections: listeners, the journal, the log, the standard streams.
const OTHER_FILES: u64 = 64;

/// How many connections each limit allows; `None` where it is unknown or does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub files: Option<u64>,
    pub memory: Option<u64>,
    /// From one other address, such as a proxy, to one of ours.
    pub ports: Option<u64>,
    /// `[limits] connections`.
    pub configured: Option<u64>,
}

impl Limits {
    /// Raises the file limit as far as it goes and asks the operating system for the rest. `configured` 0 is none.
    pub fn find(configured: u32) -> Limits {
        Limits {
            files: os::raise_file_limit().map(|files| files.saturating_sub(OTHER_FILES)),
            memory: memory_bytes().map(|bytes| bytes / BYTES_PER_CONNECTION),
            ports: read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
                .ok()
                .and_then(|range| ports(&range)),
            configured: (configured > 0).then_some(configured.into()),
        }
    }

    /// The lowest limit of all connections together. Ports are not among them: they count per address.
    pub fn binding(&self) -> Option<(&'static str, u64)> {
        let limits = [("files", self.files), ("memory", self.memory), ("configuration", self.configured)];
        limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))).min_by_key(|(_, limit)| *limit)
    }

    /// The line for the log.
    pub fn log(&self) {
        let (first, connections) = self.binding().unwrap_or(("none known", u64::MAX));
        tracing::info!(
            event = "limits",
            binds_first = first,
            connections,
            files = self.files,
            memory = self.memory,
            configured = self.configured,
            per_proxy_address = self.ports,
            "about {connections} connections, then {first} are used up"
        );
    }
}

/// What the machine has left, or the control group's limit if that is lower.
fn memory_bytes() -> Option<u64> {
    let available = read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = files.iter().find_map(|file| read_to_string(file).ok()?.trim().parse::<u64>().ok());
    available.into_iter().chain(group).min()
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn ports(range: &str) -> Option<u64> {
    let mut bounds = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (bounds.next()?.ok()?, bounds.next()?.ok()?);
    (last + 1).checked_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_limit_binds() {
        let limits =
            Limits { files: Some(20_000), memory: Some(500_000), ports: Some(28_000), configured: None };
        assert_eq!(limits.binding(), Some(("files", 20_000)));
        assert_eq!(Limits { configured: Some(100), ..limits }.binding(), Some(("configuration", 100)));
        assert_eq!(Limits { memory: Some(5), ..limits }.binding(), Some(("memory", 5)));
        let unknown = Limits { files: None, memory: None, ports: None, configured: None };
        assert_eq!(unknown.binding(), None);
    }

    #[test]
    fn what_the_system_tells_is_read() {
        assert_eq!(ports("32768\t60999\n"), Some(28_232));
        assert_eq!(ports(""), None);
        assert_eq!(available("MemTotal: 10 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        #[cfg(target_os = "linux")]
        {
            let limits = Limits::find(0);
            assert!(
                limits.files.is_some() && limits.memory.is_some() && limits.ports.is_some(),
                "{limits:?}"
            );
        }
    }
}
