//! Says when the disk comes to its end, or the journal to its part of it, before rooms have to stand still for it.

use std::path::PathBuf;

use crate::config::Config;

/// The data folder's disk.
pub struct Disk {
    data: PathBuf,
    /// In bytes; 0 for no limit.
    quota: u64,
}

/// What is nearly full, or full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// For people.
    pub what: String,
    pub nothing_left: bool,
}

/// As it is now, in bytes.
#[derive(Clone, Copy, Debug)]
struct Use {
    /// Of the whole disk, and what of it this process may still have.
    size: u64,
    free: u64,
    journal: u64,
}

/// In percent: of the disk what has to be free, of the journal's quota what may be used.
const FREE: u64 = 5;
const USED: u64 = 90;
/// So little is nothing.
const NOTHING: u64 = 1 << 20;
/// So much is enough however large the disk is.
const ENOUGH: u64 = 5 << 30;

impl Disk {
    pub fn of(config: &Config) -> Disk {
        Disk { data: config.server.data.clone(), quota: config.journal.quota.0 as u64 }
    }

    /// `None` while there is enough, or while that cannot be told.
    pub fn trouble(&self) -> Option<Trouble> {
        let disk = rustix::fs::statvfs(&self.data).ok()?;
        let journal = std::fs::read_dir(self.data.join("journal")).into_iter().flatten();
        let sizes = journal.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
        let now = Use {
            size: disk.f_blocks.saturating_mul(disk.f_frsize),
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            journal: sizes.sum(),
        };
        judge(now, self.quota)
    }
}

fn judge(now: Use, quota: u64) -> Option<Trouble> {
    let percent = |part: u64, whole: u64| (u128::from(part) * 100 / u128::from(whole.max(1))) as u64;
    let used = percent(now.journal, quota);
    let free = percent(now.free, now.size);
    let nothing_left = now.free < NOTHING || (quota > 0 && now.journal >= quota);
    if quota > 0 && used >= USED {
        return Some(Trouble { what: format!("日志用了配额的 {used}%"), nothing_left });
    }
    let what = || format!("磁盘只剩 {} MiB({free}%)", now.free >> 20);
    (free < FREE && now.free < ENOUGH).then(|| Trouble { what: what(), nothing_left })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn some(what: &str, nothing_left: bool) -> Option<Trouble> {
        Some(Trouble { what: what.to_owned(), nothing_left })
    }

    #[test]
    fn little_free_space_is_trouble_and_a_small_part_of_a_large_disk_is_not() {
        let with = |size, free| judge(Use { size, free, journal: 0 }, 0);
        assert_eq!(with(100 * GIB, 5 * GIB), None);
        assert_eq!(with(100 * GIB, 4 * GIB), some("磁盘只剩 4096 MiB(4%)", false));
        assert_eq!(with(1000 * GIB, 20 * GIB), None, "2 %, and more than is needed");
        assert!(with(1000 * GIB, 2 * GIB).is_some());
        assert_eq!(with(GIB, NOTHING), some("磁盘只剩 1 MiB(0%)", false));
        assert_eq!(with(GIB, NOTHING - 1), some("磁盘只剩 0 MiB(0%)", true));
        assert_eq!(with(GIB, 0), some("磁盘只剩 0 MiB(0%)", true));
    }

    #[test]
    fn a_journal_close_to_its_quota_is_trouble_without_a_quota_it_is_none() {
        let with = |journal, quota| judge(Use { size: 100 * GIB, free: 50 * GIB, journal }, quota);
        assert_eq!(with(8 * GIB, 10 * GIB), None);
        assert_eq!(with(9 * GIB, 10 * GIB), some("日志用了配额的 90%", false));
        assert_eq!(with(10 * GIB, 10 * GIB), some("日志用了配额的 100%", true));
        assert_eq!(with(90 * GIB, 0), None);
    }

    #[test]
    fn a_disk_that_is_there_is_looked_at_and_one_that_is_not_is_no_trouble() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("journal")).unwrap();
        std::fs::write(data.path().join("journal/1.log"), [7; 950]).unwrap();
        let full = Disk { data: data.path().to_owned(), quota: 1000 };
        assert_eq!(full.trouble().unwrap().what, "日志用了配额的 95%");
        assert_eq!(Disk { data: data.path().join("nowhere"), quota: 1 }.trouble(), None);
    }
}
