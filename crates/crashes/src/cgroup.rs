//! Whether the kernel has killed something of this control group for want of memory.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// How often the kernel has killed in this process's control group (version 2), as far as it tells.
pub(crate) fn oom_kills() -> Option<u64> {
    let group = read_to_string("/proc/self/cgroup").unwrap_or_default();
    events_files(&group).iter().find_map(|file| count(&read_to_string(file).ok()?))
}

/// The group's own file first; in a container the group is often mounted at the root.
fn events_files(group: &str) -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let own = group.lines().find_map(|line| line.strip_prefix("0::"));
    let own = own.map(|path| root.join(path.trim_start_matches('/')).join("memory.events"));
    own.into_iter().chain([root.join("memory.events")]).collect()
}

fn count(events: &str) -> Option<u64> {
    events.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_is_read() {
        assert_eq!(count("low 0\nhigh 3\nmax 9\noom 2\noom_kill 5\noom_group_kill 0\n"), Some(5));
        assert_eq!(count("anon 3"), None);
        let files = events_files("0::/system.slice/jianzi.service\n");
        assert_eq!(files[0], Path::new("/sys/fs/cgroup/system.slice/jianzi.service/memory.events"));
        assert_eq!(files[1], Path::new("/sys/fs/cgroup/memory.events"));
    }
}
