//! The one thread that writes: all that waits goes out with one write and, if somebody asks for it, one sync.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;

use journal::{JournalError, JournalEvent, Level};
use model::Partition;

use crate::compaction;
use crate::entry::State;
use crate::group::{Change, Group, Waiting};
use crate::index::Filed;
use crate::keeper::Keeper;
use crate::log::{Log, guard};
use crate::queue::{Order, Queue};
use crate::segment::Segment;

pub struct Writer {
    pub(crate) log: Arc<Log>,
    pub(crate) states: BTreeMap<Partition, State>,
    keeper: Arc<Keeper>,
    active: Arc<Segment>,
    /// Of the active segment: bytes written, and how much of it has reached the disk, as was last written into it.
    length: u32,
    synced: u32,
    marked: u32,
    /// A write went wrong in the middle; what it left is cut off before the next one.
    has_torn_end: bool,
    /// Partitions with a batch that was to be synced and was not: an answer to a later batch would speak for it, too.
    owed: HashSet<Partition>,
    /// Something acknowledged cannot be read back; only opening the journal again can tell what there is.
    is_given_up: Option<String>,
}

impl Writer {
    pub fn new(
        log: Arc<Log>,
        keeper: Arc<Keeper>,
        states: BTreeMap<Partition, State>,
        active: (Arc<Segment>, u32),
    ) -> Writer {
        let (active, length) = active;
        Writer {
            log,
            states,
            keeper,
            active,
            length,
            synced: length,
            marked: length,
            has_torn_end: false,
            owed: HashSet::new(),
            is_given_up: None,
        }
    }

    /// Until the queue is closed and empty.
    pub fn run(mut self, queue: &Queue) {
        let _closing = queue.close_at_the_end();
        let mut orders = Vec::new();
        while queue.take(&mut orders) {
            self.write(&mut orders);
        }
        if let Err(error) = self.sync() {
            tracing::error!(event = "journal_sync_failed", %error);
        }
    }

    fn write(&mut self, orders: &mut Vec<Order>) {
        let ready = self.make_ready();
        let is_ready = ready.is_ok();
        let mark = (is_ready && self.synced > self.marked).then_some(self.synced);
        let mut group = Group::new(self.length, self.space(), ready.err(), mark);
        {
            let index = self.log.index();
            for order in orders.drain(..) {
                group.add(&mut self.states, &index, order);
            }
        }
        if group.has_news() {
            if let Err(error) = self.active.file.write_all_at(u64::from(self.length), &group.bytes) {
                self.has_torn_end = true;
                return group.fail(&mut self.states, &to_error(&error));
            }
            self.apply(&mut group);
        }
        self.answer(group);
    }

    /// Nothing may stand behind the last whole entry, and a full segment is closed.
    fn make_ready(&mut self) -> Result<(), JournalError> {
        if let Some(why) = &self.is_given_up {
            return Err(JournalError::Unavailable(why.clone()));
        }
        if self.has_torn_end {
            self.active.file.set_length(u64::from(self.length)).map_err(|error| to_error(&error))?;
            self.has_torn_end = false;
        }
        if u64::from(self.length) >= self.log.config.segment_bytes {
            self.turn_over().map_err(|error| to_error(&error))?;
        }
        Ok(())
    }

    /// Goes on in a new segment; the keeper syncs the old one.
    fn turn_over(&mut self) -> io::Result<()> {
        let states = self.states.iter().map(|(partition, state)| (*partition, *state)).collect();
        let (active, length) = self.log.begin_segment(self.active.number + 1, self.length, states)?;
        (self.active, self.length, self.synced, self.marked) = (active, length, length, length);
        self.keeper.wake();
        Ok(())
    }

    /// Bytes that the quota leaves. A little is kept free for what makes room: forgetting and trimming.
    fn space(&self) -> u64 {
        const MOST_KEPT_FREE: u64 = 1 << 20;
        let quota = self.log.config.quota_bytes;
        if quota == 0 {
            return u64::MAX;
        }
        let used = self.log.index().segments.values().map(|filed| u64::from(filed.length)).sum::<u64>();
        quota.saturating_sub(used + (quota / 16).min(MOST_KEPT_FREE))
    }

    fn apply(&mut self, group: &mut Group) {
        self.length += group.bytes.len() as u32;
        self.marked = group.mark.unwrap_or(self.marked);
        let mut index = self.log.index();
        let number = self.active.number;
        for change in group.changes.drain(..) {
            match change {
                Change::Record { room, position, offset, length } => {
                    index.record(&room, position, place(number, offset, length));
                }
                Change::Image { room, at, offset, length } => {
                    index.image(&room, at, place(number, offset, length));
                }
                Change::Trim { room, before, offset, length } => {
                    index.trim(&room, before, place(number, offset, length));
                }
                Change::Forget { room, offset, length } => index.forget(&room, place(number, offset, length)),
            }
        }
        if let Some(Filed { length, .. }) = index.segments.get_mut(&number) {
            *length = self.length;
        }
        let has_garbage = std::mem::take(&mut index.has_garbage);
        drop(index);
        if has_garbage {
            self.keeper.wake();
        }
    }

    /// Who asks for a sync waits for it, and so does everybody of the same partition.
    fn answer(&mut self, group: Group) {
        let Group { waiting, asks, .. } = group;
        asks.into_iter().for_each(|(answer, sender)| sender.send(answer).unwrap_or_default());
        let asks_sync = |waiting: &&Waiting| waiting.level == Level::Synced;
        self.owed.extend(waiting.iter().filter(asks_sync).map(|waiting| waiting.partition));
        let (synced, written): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|waiting| self.owed.contains(&waiting.partition));
        written.into_iter().for_each(|waiting| self.tell_durable(waiting));
        if synced.is_empty() {
            return;
        }
        match self.sync() {
            Ok(()) => {
                self.owed.clear();
                synced.into_iter().for_each(|waiting| self.tell_durable(waiting));
            }
            Err(error) => {
                tracing::error!(event = "journal_sync_failed", %error);
                let error = to_error(&error);
                synced.into_iter().for_each(|waiting| waiting.fail(error.clone()));
            }
        }
    }

    fn tell_durable(&self, waiting: Waiting) {
        let position = self.states.get(&waiting.partition).map(|state| state.last).unwrap_or_default();
        (waiting.outcome)(JournalEvent::DurableUpTo { partition: waiting.partition, position });
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.log.sync().is_err() {
            self.write_again()?;
            self.log.sync()?;
        }
        self.synced = self.length;
        Ok(())
    }

    /// After a failed sync nothing of the segment is believed to have reached the disk: what it holds is read back,
    /// entry by entry against the checksums, and written to a file of its own.
    fn write_again(&mut self) -> io::Result<()> {
        if self.active.is_suspect() {
            self.turn_over()?;
        }
        let _tidying = guard(&self.log.tidying);
        let suspects: Vec<_> =
            guard(&self.log.unsynced).iter().filter(|one| one.is_suspect()).cloned().collect();
        for segment in suspects {
            let number = segment.number;
            segment.tell_written_again();
            match compaction::write_again(&self.log, &segment) {
                Ok(()) => {}
                Err(compaction::Error::Io(error)) => return Err(error),
                Err(compaction::Error::Damaged(what)) => {
                    let why =
                        format!("what could not be synced cannot be read back ({what}); restart the server");
                    tracing::error!(event = "journal_given_up", segment = number, %why);
                    self.is_given_up = Some(why.clone());
                    return Err(io::Error::other(why));
                }
            }
        }
        Ok(())
    }
}

fn place(segment: u32, offset: u32, length: u32) -> crate::places::Place {
    crate::places::Place { segment, offset, length }
}

/// What went wrong, as the port tells it.
pub fn to_error(error: &io::Error) -> JournalError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            JournalError::Full(error.to_string())
        }
        _ => JournalError::Unavailable(error.to_string()),
    }
}
