//! The journal in the data folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use journal_file::{FileJournal, OpenError};

use crate::config::Config;
use crate::failure::{Exit, Failure};

use super::memory_guard::Limit;

/// The part of the memory that the log may take while rooms are rebuilt.
const REBUILD_SHARE: usize = 8;

/// Opens `journal/` of the data folder, under an epoch of its own. The failure names what is in the way.
pub fn open(config: &Config) -> Result<Arc<FileJournal>, Failure> {
    let folder = folder(config);
    let mut settings = config.journal();
    if let Some(limit) = Limit::find(config.server.memory_limit.0 as u64) {
        settings.rebuild_bytes = settings.rebuild_bytes.min(limit.bytes() as usize / REBUILD_SHARE);
    }
    let journal = FileJournal::open(&folder, settings).map_err(|error| unusable(&folder, &error))?;
    let (bytes, needed) = journal.bytes();
    tracing::info!(event = "journal_opened", epoch = journal.epoch(), bytes, needed);
    Ok(Arc::new(journal))
}

pub fn folder(config: &Config) -> PathBuf {
    config.server.data.join("journal")
}

pub fn unusable(folder: &Path, error: &OpenError) -> Failure {
    Failure::new(Exit::DataFolder, format!("the journal in {} cannot be used: {error}", folder.display()))
}
