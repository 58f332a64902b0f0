//! What the operating system says of this process, where it says it in `/proc`.

use crate::exposition::Exposition;

/// Read anew for each answer of `/metrics`.
#[derive(Debug, Default)]
pub(crate) struct ProcessMetrics {
    resident_bytes: Option<u64>,
    threads: Option<u64>,
    open_files: Option<u64>,
}

impl ProcessMetrics {
    pub(crate) fn read() -> ProcessMetrics {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        ProcessMetrics {
            resident_bytes: status_number(&status, "VmRSS:").map(|kib| kib * 1024),
            threads: status_number(&status, "Threads:"),
            open_files: std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64),
        }
    }

    pub(crate) fn expose(&self, out: &mut Exposition) {
        let gauges = [
            ("process_resident_memory_bytes", "Memory that the process holds.", self.resident_bytes),
            ("process_threads", "Threads of the process.", self.threads),
            ("process_open_fds", "Files and sockets that the process holds open.", self.open_files),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                out.describe(name, help, "gauge");
                out.sample(name, "", value);
            }
        }
    }
}

fn status_number(status: &str, key: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}
