//! What a process has used, read from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Processor time of all threads, user and system. The kernel counts it in ticks of 10 ms.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    parse_cpu_time(&stat).with_context(|| format!("{path} has an unknown form"))
}

/// A process's memory at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Pages in memory (`VmRSS`).
    pub resident: u64,
    /// Pages that belong to no file (`Anonymous` of `smaps_rollup`): heap and stacks.
    pub anonymous: u64,
}

pub fn memory(pid: u32) -> Result<Memory> {
    let read = |file: &str, field: &str| -> Result<u64> {
        let path = format!("/proc/{pid}/{file}");
        let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        kilobytes(&text, field).map(|number| number * 1024).with_context(|| format!("{path} has no {field}"))
    };
    Ok(Memory { resident: read("status", "VmRSS:")?, anonymous: read("smaps_rollup", "Anonymous:")? })
}

/// The process that this one has started last, of those that live.
pub fn newest_child(pid: u32) -> Result<Option<u32>> {
    let mut newest = None;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let children = fs::read_to_string(task?.path().join("children"))?;
        newest = newest.max(children.split_whitespace().filter_map(|child| child.parse().ok()).max());
    }
    Ok(newest)
}

/// The most files that this process may open.
pub fn file_limit() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// The fields after the command name in brackets, which may itself hold spaces and brackets.
fn parse_cpu_time(stat: &str) -> Option<Duration> {
    const MS_PER_TICK: u64 = 10;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * MS_PER_TICK))
}

fn kilobytes(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_do_not_shift_the_fields() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194304 100 0 0 0 250 30 0 0 20 0 1 0 100 1000 10";
        assert_eq!(parse_cpu_time(stat), Some(Duration::from_millis(2800)));
        assert_eq!(parse_cpu_time("17 (x) S 1 2"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let pid = std::process::id();
        cpu_time(pid).unwrap();
        let memory = memory(pid).unwrap();
        assert!(memory.resident > 100 * 1024 && memory.anonymous > 0, "{memory:?}");
        assert!(file_limit().unwrap() > 10);
    }
}
