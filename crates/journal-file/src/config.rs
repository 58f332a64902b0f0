//! What can be chosen, and what can keep a journal from being opened.

use std::io;
use std::path::PathBuf;

/// How a journal on disk behaves.
#[derive(Clone, Debug)]
pub struct FileJournalConfig {
    /// A segment is closed when it holds as many bytes; at most 1 GiB.
    pub segment_bytes: u64,
    /// All segments together, 0 for no limit. Over it batches and images are refused as `Full`; a sixteenth, at most
    /// 1 MiB, stays free for forgetting and trimming.
    pub quota_bytes: u64,
    /// What may wait for the writer; over it batches are refused as `Unavailable`.
    pub queue_bytes: usize,
    /// What may be kept of the log in memory while rooms are rebuilt.
    pub rebuild_bytes: usize,
    /// Sealed segments are indexed and compacted by a thread of the journal's own; otherwise by `FileJournal::tidy`.
    pub tidies_itself: bool,
}

impl Default for FileJournalConfig {
    fn default() -> FileJournalConfig {
        FileJournalConfig {
            segment_bytes: 32 << 20,
            quota_bytes: 0,
            queue_bytes: 64 << 20,
            rebuild_bytes: 128 << 20,
            tidies_itself: true,
        }
    }
}

/// What a journal holds, as [`FileJournal::look`](crate::FileJournal::look) finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub segments: usize,
    /// Rooms that are not forgotten, and those of them that have lost something.
    pub rooms: usize,
    pub damaged_rooms: usize,
    /// What is damaged or missing, for people.
    pub damage: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the journal in {folder} is in use by {}", owner(.pid))]
    InUse { folder: PathBuf, pid: Option<u32> },
    #[error("the journal cannot be opened: {what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("segment {segment} of the journal has format {format}; this program reads {oldest} to {newest}")]
    Format { segment: u32, format: u16, oldest: u16, newest: u16 },
    #[error("the journal cannot be opened: {0}")]
    Damaged(String),
}

fn owner(pid: &Option<u32>) -> String {
    pid.map_or("another process".to_owned(), |pid| format!("process {pid}"))
}
