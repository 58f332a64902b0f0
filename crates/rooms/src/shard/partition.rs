//! A partition's records on their way to the journal, and what waits for them.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use clock::Moment;
use journal::{Batch, Level, Record};
use model::{Epoch, Partition, Position, RoomKey};

use super::RoomAt;
use super::effect::Effect;
use super::images::Image;

/// Sequences go up by one, so a place in `held` follows from a sequence.
pub(super) struct PartitionLog {
    pub partition: Partition,
    epoch: Epoch,
    /// Everything of this epoch up to here is durable, and was let out.
    durable: u64,
    /// Everything up to here was handed to the journal.
    submitted: u64,
    /// Records after `durable`.
    held: VecDeque<Held>,
    pub trouble: Option<Trouble>,
    pub unsettled: bool,
}

/// A record that is not known to be durable, with what its room wants to do once it is.
pub(super) struct Held {
    pub at: RoomAt,
    pub key: RoomKey,
    pub bytes: Bytes,
    /// What the record has to reach before its effects happen.
    pub level: Level,
    /// The room right after this record: kept as soon as the record is.
    pub image: Option<Image>,
    pub effects: Vec<Effect>,
    /// Bytes that wait with it, and the number of frames in `effects`.
    pub weight: usize,
    pub frames: i64,
    pub since: Moment,
}

/// The journal does not take this partition's records.
pub(super) struct Trouble {
    pub why: String,
    /// Another node owns the partition now: there is nothing to wait for.
    pub is_final: bool,
    pub since: Moment,
    pub retry_at: Moment,
    backoff: Duration,
    /// The members were told.
    pub told: bool,
    /// It has lasted so long that the policy was applied.
    pub decided: bool,
}

/// Shorter than most ticks: what passes at once is not seen.
const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

impl PartitionLog {
    /// `last` is the position of the journal's last record; a new epoch begins at sequence 1.
    pub fn new(partition: Partition, epoch: Epoch, last: Position) -> PartitionLog {
        let written = if last.epoch == epoch { last.sequence } else { 0 };
        PartitionLog {
            partition,
            epoch,
            durable: written,
            submitted: written,
            held: VecDeque::new(),
            trouble: None,
            unsettled: false,
        }
    }

    /// Takes a record over; returns its sequence.
    pub fn hold(&mut self, held: Held) -> u64 {
        self.held.push_back(held);
        self.durable + self.held.len() as u64
    }

    /// What was held and not yet handed over. Nothing while there is trouble: the retry takes it all.
    pub fn next_batch(&mut self) -> Option<Batch> {
        if self.trouble.is_some() {
            return None;
        }
        self.batch_after(self.submitted)
    }

    /// Everything that is not durable, again.
    pub fn retry_batch(&mut self, now: Moment) -> Option<Batch> {
        if let Some(trouble) = &mut self.trouble {
            trouble.backoff = (trouble.backoff * 2).min(LONGEST_BACKOFF);
            trouble.retry_at = now + trouble.backoff;
        }
        self.batch_after(self.durable)
    }

    /// The effects of a record are added to, if it is still held.
    pub fn held(&mut self, sequence: u64) -> Option<&mut Held> {
        let index = sequence.checked_sub(self.durable + 1)?;
        self.held.get_mut(usize::try_from(index).ok()?)
    }

    /// Notes that everything up to here is durable. [`PartitionLog::pop_durable`] gives it out.
    pub fn durable_up_to(&self, position: Position) -> u64 {
        let last = self.durable + self.held.len() as u64;
        if position.epoch == self.epoch { position.sequence.min(last) } else { 0 }
    }

    /// The next record, with its position.
    pub fn pop_durable(&mut self, up_to: u64) -> Option<(Position, Held)> {
        if self.durable >= up_to {
            return None;
        }
        let held = self.held.pop_front()?;
        self.durable += 1;
        self.submitted = self.submitted.max(self.durable);
        Some((Position { epoch: self.epoch, sequence: self.durable }, held))
    }

    pub fn pop_any(&mut self) -> Option<Held> {
        self.held.pop_front()
    }

    /// Everything that waits, in order.
    pub fn all_held(&mut self) -> impl Iterator<Item = &mut Held> {
        self.held.iter_mut()
    }

    pub fn oldest(&self) -> Option<Moment> {
        self.held.front().map(|held| held.since)
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub fn get_into_trouble(&mut self, why: String, is_final: bool, now: Moment) {
        match &mut self.trouble {
            Some(trouble) => {
                trouble.is_final |= is_final;
                trouble.why = why;
            }
            None => {
                let backoff = FIRST_BACKOFF;
                let retry_at = now + backoff;
                self.trouble = Some(Trouble {
                    why,
                    is_final,
                    since: now,
                    retry_at,
                    backoff,
                    told: false,
                    decided: false,
                });
            }
        }
    }

    fn batch_after(&mut self, sequence: u64) -> Option<Batch> {
        let first = (sequence - self.durable) as usize;
        let to_record = |(sequence, held): (u64, &Held)| Record {
            room: held.key.clone(),
            position: Position { epoch: self.epoch, sequence },
            bytes: held.bytes.clone(),
        };
        let level = self.held.range(first..).map(|held| held.level).max().unwrap_or_default();
        let records: Vec<Record> = (sequence + 1..).zip(self.held.range(first..)).map(to_record).collect();
        self.submitted = self.durable + self.held.len() as u64;
        (!records.is_empty()).then_some(Batch { partition: self.partition, level, records })
    }
}
