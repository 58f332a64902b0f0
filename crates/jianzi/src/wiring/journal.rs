//! The journal in the data folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use journal_file::{FileJournal, OpenError};

use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Opens `journal/` of the data folder, under an epoch of its own. The failure names what is in the way.
pub fn open(config: &Config) -> Result<Arc<FileJournal>, Failure> {
    let folder = folder(config);
    let journal = FileJournal::open(&folder, config.journal()).map_err(|error| unusable(&folder, &error))?;
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
