//! What the writer, the keeper and the readers share.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Partition;

use crate::FileJournalConfig;
use crate::blocks::Blocks;
use crate::entry::State;
use crate::folder::Folder;
use crate::index::{Filed, Index};
use crate::manifest::Manifest;
use crate::segment::Segment;

/// Locks are taken in the order of the fields, and none but `tidying` is held while anything is written, except that
/// the manifest is written under its own.
pub struct Log {
    pub folder: Arc<dyn Folder>,
    pub config: FileJournalConfig,
    /// One at a time makes new segments of old ones.
    pub tidying: Mutex<()>,
    pub manifest: Mutex<Manifest>,
    pub index: Mutex<Index>,
    /// Segments of which not all is known to have reached the disk, the one being written last.
    pub unsynced: Mutex<Vec<Arc<Segment>>>,
    pub blocks: Blocks,
    /// No name of a segment is used twice, or a manifest that was half written could name the wrong one.
    pub last_generation: AtomicU32,
    /// This process has not written anything yet: the disk was full.
    pub waits_for_space: AtomicBool,
    /// What was found damaged at the start, for people.
    pub damage: String,
}

impl Log {
    pub fn index(&self) -> MutexGuard<'_, Index> {
        guard(&self.index)
    }

    pub fn next_generation(&self) -> u32 {
        self.last_generation.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Makes everything written so far outlive the power.
    pub fn sync(&self) -> io::Result<()> {
        let segments = guard(&self.unsynced).clone();
        segments.iter().try_for_each(|segment| segment.sync())
    }

    /// Begins a segment behind all others; returns its length as well.
    pub fn begin_segment(
        &self,
        number: u32,
        before: u32,
        states: Vec<(Partition, State)>,
    ) -> io::Result<(Arc<Segment>, u32)> {
        let (segment, length) = Segment::create(self.folder.as_ref(), number, 0, before, states)?;
        self.folder.sync()?;
        self.change_manifest(|manifest| manifest.segments.push((number, 0)))?;
        let segment = Arc::new(segment);
        let filed = Filed { segment: segment.clone(), length, heads: length, live: 0 };
        // In this order: what is in the index and not here is taken for sealed.
        guard(&self.unsynced).push(segment.clone());
        self.index().segments.insert(number, filed);
        Ok((segment, length))
    }

    /// After an error the folder may hold either manifest, so files that one of them names must stay.
    pub fn change_manifest(&self, change: impl FnOnce(&mut Manifest)) -> io::Result<()> {
        let mut manifest = guard(&self.manifest);
        let mut changed = manifest.clone();
        change(&mut changed);
        let written = changed.write(self.folder.as_ref());
        manifest.version = changed.version;
        written.map(|()| *manifest = changed)
    }
}

pub fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
