//! Keeps the process below its memory limit, so that the kernel never has to kill it: close to the limit nobody new is
//! taken in, and at its edge the process ends in order and is started again.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::os::Asked;

/// Where the limit comes from, and with it what counts as used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of the process's control group (version 2) or one above it: the group's use without what the kernel can drop.
    Group { folder: PathBuf, bytes: u64 },
    /// As configured: the resident memory of the process.
    Process { bytes: u64 },
}

/// What is to be done about the memory in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Enough,
    /// Nobody new.
    Short,
    /// End now.
    Edge,
}

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// In percent of the limit. What was short stays short until there is some room again.
const SHORT: u64 = 85;
const ENOUGH_AGAIN: u64 = 80;
const EDGE: u64 = 95;

impl Limit {
    /// The configured one (0: none), or else the control group's.
    pub fn find(configured: u64) -> Option<Limit> {
        if configured > 0 {
            return Some(Limit::Process { bytes: configured });
        }
        let group = read_to_string("/proc/self/cgroup").ok()?;
        lowest(Path::new("/sys/fs/cgroup"), group_path(&group)?)
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Limit::Group { bytes, .. } | Limit::Process { bytes } => *bytes,
        }
    }

    pub fn used(&self) -> Option<u64> {
        match self {
            Limit::Group { folder, .. } => {
                let current = number(&folder.join("memory.current"))?;
                let stat = read_to_string(folder.join("memory.stat")).unwrap_or_default();
                Some(current.saturating_sub(line(&stat, "inactive_file ").unwrap_or(0)))
            }
            Limit::Process { .. } => {
                let status = read_to_string("/proc/self/status").ok()?;
                Some(line(&status, "VmRSS:")? * 1024)
            }
        }
    }
}

/// Watches for as long as the runtime runs. `short` is set while nobody new may come; `edge` hears once.
pub async fn watch(limit: Limit, short: Arc<AtomicBool>, edge: UnboundedSender<Asked>) {
    let bytes = limit.bytes();
    tracing::info!(
        event = "memory_limit",
        bytes,
        used = limit.used(),
        "memory is kept below {} MiB",
        bytes >> 20
    );
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        every.tick().await;
        let Some(used) = limit.used() else { continue };
        match judge(used, bytes, short.load(Ordering::Relaxed)) {
            Verdict::Edge => {
                tracing::error!(
                    event = "memory_edge",
                    used,
                    bytes,
                    "out of memory: ending in order, to be restarted"
                );
                let _ = edge.send(Asked::FreeMemory);
                return;
            }
            verdict => {
                let is_short = verdict == Verdict::Short;
                if short.swap(is_short, Ordering::Relaxed) != is_short {
                    tell(is_short, used, bytes);
                }
            }
        }
    }
}

fn tell(is_short: bool, used: u64, bytes: u64) {
    match is_short {
        true => tracing::warn!(event = "memory_short", used, bytes, "new sessions and rooms are refused"),
        false => {
            tracing::info!(event = "memory_enough", used, bytes, "new sessions and rooms are taken again")
        }
    }
}

fn judge(used: u64, limit: u64, was_short: bool) -> Verdict {
    let percent = u128::from(used) * 100 / u128::from(limit.max(1));
    let short = if was_short { ENOUGH_AGAIN } else { SHORT };
    match percent {
        percent if percent >= u128::from(EDGE) => Verdict::Edge,
        percent if percent >= u128::from(short) => Verdict::Short,
        _ => Verdict::Enough,
    }
}

/// The path in the line of version 2, `0::/path`.
fn group_path(groups: &str) -> Option<&str> {
    groups.lines().find_map(|line| line.strip_prefix("0::/"))
}

/// The lowest limit of a group and those above it. The root has none, but in a container what looks like it does.
fn lowest(root: &Path, group: &str) -> Option<Limit> {
    let folder = root.join(group);
    let above = folder.ancestors().take_while(|folder| folder.starts_with(root));
    let limits = above.filter_map(|folder| Some((number(&folder.join("memory.max"))?, folder)));
    let (bytes, folder) = limits.min_by_key(|(bytes, _)| *bytes)?;
    Some(Limit::Group { folder: folder.to_owned(), bytes })
}

/// `None` for "max".
fn number(file: &Path) -> Option<u64> {
    read_to_string(file).ok()?.trim().parse().ok()
}

fn line(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_limit_nobody_new_comes_and_at_its_edge_it_ends() {
        assert_eq!(judge(84, 100, false), Verdict::Enough);
        assert_eq!(judge(85, 100, false), Verdict::Short);
        assert_eq!(judge(81, 100, true), Verdict::Short);
        assert_eq!(judge(79, 100, true), Verdict::Enough);
        assert_eq!(judge(95, 100, true), Verdict::Edge);
        assert_eq!(judge(u64::MAX, u64::MAX, false), Verdict::Edge);
    }

    #[test]
    fn the_lowest_limit_above_the_process_counts_and_what_can_be_dropped_does_not() {
        let root = tempfile::tempdir().unwrap();
        let group = root.path().join("game.slice/jianzi.service");
        std::fs::create_dir_all(&group).unwrap();
        std::fs::write(group.join("memory.max"), "max\n").unwrap();
        assert_eq!(lowest(root.path(), "game.slice/jianzi.service"), None);
        let slice = root.path().join("game.slice");
        std::fs::write(slice.join("memory.max"), "1000\n").unwrap();
        std::fs::write(slice.join("memory.current"), "900\n").unwrap();
        std::fs::write(slice.join("memory.stat"), "anon 500\ninactive_file 300\n").unwrap();
        let limit =
            lowest(root.path(), group_path("1:cpu:/x\n0::/game.slice/jianzi.service\n").unwrap()).unwrap();
        assert_eq!(limit, Limit::Group { folder: slice, bytes: 1000 });
        assert_eq!(limit.used(), Some(600));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_configured_limit_counts_what_the_process_has() {
        let limit = Limit::find(1 << 40).unwrap();
        assert!((1 << 20..1 << 40).contains(&limit.used().unwrap()));
    }
}
