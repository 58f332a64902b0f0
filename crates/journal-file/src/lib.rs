//! The journal on disk: one log for a whole data folder, written by one thread.
//!
//! ```text
//!  submit ─► queue ─► writer: one write, one sync if somebody asks ─► outcomes
//!                        │                                   ┌─► index (memory): room → places
//!                        ▼                                   │
//!              00000007-0.log  the active segment ───────────┘
//!              00000006-0.log, .index   sealed   ◄── keeper: sync, index, compaction
//!              segments, segments.copy  which segments there are
//! ```
//!
//! Records, images, trims and forgettings are entries of the same log (`entry`), each behind its checksum and naming its
//! room. Only the writer appends; only whoever holds `tidying` replaces segments. What a file system must be able to do
//! is the trait [`Folder`]; [`testing::SimFolder`] does it in memory and breaks it on purpose.

mod config;
mod disk;
mod folder;

mod entry;
mod manifest;
mod part;
mod places;
mod scan;
mod segment;
mod varint;

mod blocks;
mod compaction;
mod group;
mod index;
mod keeper;
mod log;
mod losses;
mod opening;
mod queue;
mod reading;
mod writer;

pub mod testing;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use journal::{Batch, Journal, JournalError, JournalEvent, Outcome, Record};
use model::{Epoch, Partition, Position, RoomKey};

pub use config::{FileJournalConfig, Look, OpenError};
pub use folder::{File, Folder};

use disk::DiskFolder;
use keeper::Keeper;
use log::Log;
use opening::Opened;
use queue::{Answer, NotTaken, Order, Question, Queue};
use writer::Writer;

/// Writes what it was given before it goes away.
pub struct FileJournal {
    log: Arc<Log>,
    queue: Arc<Queue>,
    keeper: Arc<Keeper>,
    threads: Vec<JoinHandle<()>>,
    epoch: Epoch,
}

impl FileJournal {
    /// Opens the journal in a folder, which is made if there is none. A second process is refused.
    ///
    /// On a full disk it is opened all the same: everything can be read, what is to be written is refused as `Full`, and
    /// it goes on by itself when there is space.
    pub fn open(folder: &Path, config: FileJournalConfig) -> Result<FileJournal, OpenError> {
        FileJournal::open_in(Arc::new(DiskFolder::open(folder)?), config)
    }

    /// Opens the journal in anything that behaves like a folder.
    pub fn open_in(folder: Arc<dyn Folder>, config: FileJournalConfig) -> Result<FileJournal, OpenError> {
        const MOST: u64 = 1 << 30;
        let config = FileJournalConfig { segment_bytes: config.segment_bytes.min(MOST), ..config };
        let Opened { log, states, first, epoch } = opening::open(folder, config)?;
        let queue = Arc::new(Queue::new(log.config.queue_bytes));
        let keeper = Arc::new(Keeper::default());
        let mut journal = FileJournal { log, queue, keeper, threads: Vec::new(), epoch };
        let writer = Writer::new(journal.log.clone(), journal.keeper.clone(), states, first);
        let queue = journal.queue.clone();
        journal.spawn("journal-writer", move || writer.run(&queue))?;
        if journal.log.config.tidies_itself {
            let (keeper, log) = (journal.keeper.clone(), journal.log.clone());
            journal.spawn("journal-keeper", move || keeper.run(&log))?;
        }
        Ok(journal)
    }

    /// What an opening would find in a folder, without changing anything; another process may use it meanwhile.
    /// `None` where there is no journal yet.
    ///
    /// # Errors
    /// What would keep the journal from being opened.
    pub fn look(folder: &Path) -> Result<Option<Look>, OpenError> {
        DiskFolder::only_to_read(folder).map(|folder| opening::look(&folder)).transpose()
    }

    /// One more than at the last opening that could write.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// It was opened on a full disk, and nothing could be written since. To be asked now and then: the writer then tries
    /// again, though nobody else wants anything of it.
    pub fn waits_for_space(&self) -> bool {
        let waits = self.log.waits_for_space.load(Ordering::Relaxed);
        if waits {
            // Nobody waits for the answer; a queue that is full makes the writer try anyway.
            let _ = self.queue.push(Order::Ask(Question::Nothing, sync_channel(1).0));
        }
        waits
    }

    /// Does what the keeper does in idle time, now.
    pub fn tidy(&self) -> Result<(), JournalError> {
        keeper::tidy(&self.log, &|| false).map_err(|error| JournalError::Unavailable(error.to_string()))
    }

    /// Bytes of all segments, and of those the ones that are still needed.
    pub fn bytes(&self) -> (u64, u64) {
        let index = self.log.index();
        let sum = |(all, live), filed: &index::Filed| (all + u64::from(filed.length), live + filed.live);
        index.segments.values().fold((0, 0), sum)
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let spawned = thread::Builder::new().name(name.into()).spawn(run);
        self.threads
            .push(spawned.map_err(|source| OpenError::Io { what: format!("thread {name}"), source })?);
        Ok(())
    }

    fn ask(&self, question: Question) -> Answer {
        let (sender, receiver) = sync_channel(1);
        match self.queue.push(Order::Ask(question, sender)) {
            Ok(()) => receiver.recv().unwrap_or_else(|_| Err(NotTaken::Closed.into())),
            Err((_, why)) => Err(why.into()),
        }
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        self.queue.close();
        self.keeper.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!(event = "journal_thread_panicked");
            }
        }
    }
}

impl Journal for FileJournal {
    fn submit(&self, batch: Batch, outcome: Outcome) {
        let partition = batch.partition;
        let position = batch.records.last().map_or(Position::default(), |record| record.position);
        if let Err((Order::Batch(_, outcome), why)) = self.queue.push(Order::Batch(batch, outcome)) {
            outcome(JournalEvent::Failed { partition, position, error: why.into() });
        }
    }

    fn fence(&self, partition: Partition, epoch: Epoch) -> Result<Position, JournalError> {
        self.ask(Question::Fence { partition, epoch })
    }

    fn read(
        &self,
        partition: Partition,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError> {
        reading::read(&self.log, partition, after, limit_bytes)
    }

    fn read_room(
        &self,
        room: &RoomKey,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError> {
        reading::read_room(&self.log, room, after, limit_bytes)
    }

    fn rooms(&self, partition: Partition) -> Result<Vec<RoomKey>, JournalError> {
        let index = self.log.index();
        let rooms = index.partitions.get(&partition).into_iter().flatten();
        let there = rooms.filter(|(_, room)| room.is_there()).map(|(key, _)| key.clone());
        let mut rooms: Vec<RoomKey> = there.collect();
        rooms.sort_unstable();
        Ok(rooms)
    }

    fn rooms_are_back(&self) {
        self.log.blocks.give_up();
    }

    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes) -> Result<(), JournalError> {
        self.ask(Question::Image { room: room.clone(), at, bytes: image }).map(|_| ())
    }

    fn image(&self, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError> {
        reading::image(&self.log, room)
    }

    fn trim(&self, room: &RoomKey, before: Position) -> Result<(), JournalError> {
        self.ask(Question::Trim { room: room.clone(), before }).map(|_| ())
    }

    fn forget(&self, room: &RoomKey) -> Result<(), JournalError> {
        self.ask(Question::Forget { room: room.clone() }).map(|_| ())
    }
}
