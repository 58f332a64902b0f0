//! The one thread that writes: all that waits goes out with one write and, if somebody asks for it, one sync.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use journal::{JournalError, JournalEvent, Level};
use model::Partition;

use crate::compaction;
use crate::entry::State;
use crate::group::{Change, Group, Waiting, Where};
use crate::index::Filed;
use crate::keeper::Keeper;
use crate::log::{Log, guard};
use crate::opening::First;
use crate::queue::{Order, Queue};
use crate::segment::Segment;

pub struct Writer {
    pub(crate) log: Arc<Log>,
    pub(crate) states: BTreeMap<Partition, State>,
    keeper: Arc<Keeper>,
    active: Active,
    /// Partitions with a batch that was to be synced and was not: an answer to a later batch would speak for it, too.
    owed: HashSet<Partition>,
    /// Something acknowledged cannot be read back; only opening the journal again can tell what there is.
    is_given_up: Option<String>,
}

/// The segment that is written.
enum Active {
    Begun(Tip),
    /// The disk was full at the start. The number of the segment to come, and the length of the one before it.
    ToCome {
        number: u32,
        before: u32,
    },
}

struct Tip {
    segment: Arc<Segment>,
    /// Bytes written, and how much of them has reached the disk, as was last written into it.
    length: u32,
    synced: u32,
    marked: u32,
    /// A write went wrong in the middle; what it left is cut off before the next one.
    is_torn: bool,
}

impl Writer {
    pub fn new(
        log: Arc<Log>,
        keeper: Arc<Keeper>,
        states: BTreeMap<Partition, State>,
        first: First,
    ) -> Writer {
        let active = match first {
            First::Begun(segment, length) => Active::Begun(Tip::new(segment, length)),
            First::Later { number, before } => Active::ToCome { number, before },
        };
        Writer { log, states, keeper, active, owed: HashSet::new(), is_given_up: None }
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
        let mut group = Group::new(self.place(), self.space());
        {
            let index = self.log.index();
            for order in orders.drain(..) {
                group.add(&mut self.states, &index, order);
            }
        }
        if group.has_news()
            && let Err(error) = self.append(&mut group)
        {
            return group.fail(&mut self.states, &to_error(&error));
        }
        self.answer(group);
    }

    fn place(&mut self) -> Where {
        let ready = self.make_ready();
        match (&self.active, ready) {
            (Active::Begun(tip), Ok(())) => Where::Behind { length: tip.length, mark: tip.mark() },
            (Active::Begun(_), Err(error)) => Where::Nowhere(error),
            (Active::ToCome { .. }, ready) => Where::Nowhere(ready.err().unwrap_or_else(no_segment)),
        }
    }

    /// Nothing may stand behind the last whole entry, and a full segment is closed.
    fn make_ready(&mut self) -> Result<(), JournalError> {
        if let Some(why) = &self.is_given_up {
            return Err(JournalError::Unavailable(why.clone()));
        }
        let wants_segment = match &mut self.active {
            Active::ToCome { .. } => true,
            Active::Begun(tip) => {
                tip.mend().map_err(|error| to_error(&error))?;
                u64::from(tip.length) >= self.log.config.segment_bytes
            }
        };
        if wants_segment {
            self.turn_over().map_err(|error| to_error(&error))?;
        }
        Ok(())
    }

    /// Goes on in a new segment; the keeper syncs the old one.
    fn turn_over(&mut self) -> io::Result<()> {
        let (number, before) = match &self.active {
            Active::Begun(tip) => (tip.segment.number + 1, tip.length),
            Active::ToCome { number, before } => (*number, *before),
        };
        let states = self.states.iter().map(|(partition, state)| (*partition, *state)).collect();
        let (segment, length) = self.log.begin_segment(number, before, states)?;
        if let Active::ToCome { .. } = self.active {
            self.log.waits_for_space.store(false, Ordering::Relaxed);
            tracing::info!(event = "journal_has_space", "there is space: it is written again");
        }
        self.active = Active::Begun(Tip::new(segment, length));
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

    /// An error leaves everything as it was.
    fn append(&mut self, group: &mut Group) -> io::Result<()> {
        let Active::Begun(tip) = &mut self.active else {
            return Err(io::Error::other(no_segment()));
        };
        if let Err(error) = tip.segment.file.write_all_at(u64::from(tip.length), &group.bytes) {
            tip.is_torn = true;
            return Err(error);
        }
        tip.length += group.bytes.len() as u32;
        tip.marked = group.mark.unwrap_or(tip.marked);
        let (number, length) = (tip.segment.number, tip.length);
        self.apply(group, number, length);
        Ok(())
    }

    fn apply(&self, group: &mut Group, number: u32, segment_length: u32) {
        let mut index = self.log.index();
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
            *length = segment_length;
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
        asks.into_iter().for_each(|asked| asked.sender.send(asked.answer).unwrap_or_default());
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
        if let Active::Begun(tip) = &mut self.active {
            tip.synced = tip.length;
        }
        Ok(())
    }

    /// After a failed sync nothing of the segment is believed to have reached the disk: what it holds is read back,
    /// entry by entry against the checksums, and written to a file of its own.
    fn write_again(&mut self) -> io::Result<()> {
        if matches!(&self.active, Active::Begun(tip) if tip.segment.is_suspect()) {
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

impl Tip {
    fn new(segment: Arc<Segment>, length: u32) -> Tip {
        Tip { segment, length, synced: length, marked: length, is_torn: false }
    }

    /// What is to be noted of what has reached the disk.
    fn mark(&self) -> Option<u32> {
        (self.synced > self.marked).then_some(self.synced)
    }

    fn mend(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.segment.file.set_length(u64::from(self.length))?;
            self.is_torn = false;
        }
        Ok(())
    }
}

fn no_segment() -> JournalError {
    JournalError::Unavailable("no segment has been begun".into())
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
