//! The port's promises, on a real disk and in memory, with segments of all sizes.

use std::sync::Arc;

use journal::testing::{self, Unsteady};
use journal_file::testing::SimFolder;
use journal_file::{FileJournal, FileJournalConfig};
use tempfile::TempDir;

#[test]
fn a_journal_on_disk_keeps_the_ports_promises() {
    let folders = TempDir::new().unwrap();
    let number = std::cell::Cell::new(0);
    testing::conformance(|| {
        number.set(number.get() + 1);
        let folder = folders.path().join(number.get().to_string());
        Arc::new(FileJournal::open(&folder, FileJournalConfig::default()).unwrap())
    });
}

#[test]
fn so_it_does_with_segments_of_a_few_records_and_behind_the_unsteady_engine() {
    for segment_bytes in [1, 200, 5000] {
        testing::conformance(|| {
            let config = FileJournalConfig { segment_bytes, ..FileJournalConfig::default() };
            let journal = FileJournal::open_in(SimFolder::new(1).process(), config).unwrap();
            Arc::new(Unsteady::new(Arc::new(journal), 1))
        });
    }
}
