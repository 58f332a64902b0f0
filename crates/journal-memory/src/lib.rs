//! The journal in process: gone with the process, and the only engine that never waits.
//!
//! Records are copied out of the batch into blocks of their own room, so that forgetting a room gives its memory back
//! whatever other rooms shared the batch.

mod log;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use journal::{Batch, Journal, JournalError, JournalEvent, Outcome, Record};
use model::{Epoch, Partition, Position, RoomKey};

use log::RoomLog;

/// Keeps everything until it is forgotten; answers before `submit` returns.
pub struct MemoryJournal {
    /// By partition, striped so that shards do not meet at one lock.
    stripes: Vec<Mutex<HashMap<Partition, PartitionLog>>>,
}

const STRIPES: usize = 64;

impl MemoryJournal {
    pub fn new() -> MemoryJournal {
        MemoryJournal { stripes: (0..STRIPES).map(|_| Mutex::default()).collect() }
    }

    /// How many rooms have records or an image here.
    pub fn rooms(&self) -> usize {
        let of_partition = |log: &PartitionLog| log.rooms.len();
        self.stripes.iter().map(|stripe| guard(stripe).values().map(of_partition).sum::<usize>()).sum()
    }

    /// Bytes held for records and images.
    pub fn bytes(&self) -> usize {
        let of_partition = |log: &PartitionLog| log.rooms.values().map(RoomLog::bytes).sum::<usize>();
        self.stripes.iter().map(|stripe| guard(stripe).values().map(of_partition).sum::<usize>()).sum()
    }

    fn with<T>(&self, partition: Partition, use_log: impl FnOnce(&mut PartitionLog) -> T) -> T {
        let mut stripe = guard(&self.stripes[usize::from(partition) % STRIPES]);
        use_log(stripe.entry(partition).or_default())
    }
}

impl Default for MemoryJournal {
    fn default() -> MemoryJournal {
        MemoryJournal::new()
    }
}

impl Journal for MemoryJournal {
    fn submit(&self, batch: Batch, outcome: Outcome) {
        let partition = batch.partition;
        let position = batch.records.last().map_or(Position::default(), |record| record.position);
        let written = self.with(partition, |log| log.write(partition, &batch.records));
        outcome(match written {
            Ok(position) => JournalEvent::DurableUpTo { partition, position },
            Err(error) => JournalEvent::Failed { partition, position, error },
        });
    }

    fn fence(&self, partition: Partition, epoch: Epoch) -> Result<Position, JournalError> {
        self.with(partition, |log| {
            if epoch < log.epoch {
                return Err(JournalError::Fenced { partition, epoch: log.epoch });
            }
            log.epoch = epoch;
            Ok(log.last)
        })
    }

    fn read(
        &self,
        partition: Partition,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError> {
        Ok(self.with(partition, |log| log.read(after, limit_bytes)))
    }

    fn read_room(
        &self,
        room: &RoomKey,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError> {
        self.with(room.room.partition(), |log| {
            Ok(log.rooms.get(room).map(|found| found.read(room, after, limit_bytes)).unwrap_or_default())
        })
    }

    fn rooms(&self, partition: Partition) -> Result<Vec<RoomKey>, JournalError> {
        let mut rooms: Vec<RoomKey> = self.with(partition, |log| log.rooms.keys().cloned().collect());
        rooms.sort_unstable();
        Ok(rooms)
    }

    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes) -> Result<(), JournalError> {
        self.with(room.room.partition(), |log| log.room(room).put_image(at, &image));
        Ok(())
    }

    fn image(&self, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError> {
        Ok(self.with(room.room.partition(), |log| log.rooms.get(room).and_then(RoomLog::image)))
    }

    fn trim(&self, room: &RoomKey, before: Position) -> Result<(), JournalError> {
        self.with(room.room.partition(), |log| {
            if let Some(found) = log.rooms.get_mut(room) {
                found.trim(before);
            }
        });
        Ok(())
    }

    fn forget(&self, room: &RoomKey) -> Result<(), JournalError> {
        self.with(room.room.partition(), |log| {
            log.rooms.remove(room);
            // A burst of rooms must not leave its table behind.
            if log.rooms.capacity() > 64 && log.rooms.len() * 4 < log.rooms.capacity() {
                log.rooms.shrink_to_fit();
            }
        });
        Ok(())
    }
}

#[derive(Default)]
struct PartitionLog {
    /// Batches below this epoch are refused.
    epoch: Epoch,
    last: Position,
    rooms: HashMap<RoomKey, RoomLog>,
}

impl PartitionLog {
    /// Writes what is not there yet; all or nothing.
    fn write(&mut self, partition: Partition, records: &[Record]) -> Result<Position, JournalError> {
        let Some(newest) = records.last() else { return Ok(self.last) };
        if newest.position.epoch < self.epoch {
            return Err(JournalError::Fenced { partition, epoch: self.epoch });
        }
        let new = &records[records.partition_point(|record| record.position <= self.last)..];
        self.check_order(new)?;
        for record in new {
            self.room(&record.room).append(record.position, &record.bytes);
            self.last = record.position;
            self.epoch = record.position.epoch;
        }
        Ok(self.last)
    }

    /// A hole would later be read as if nothing had happened there.
    fn check_order(&self, records: &[Record]) -> Result<(), JournalError> {
        let mut last = self.last;
        for record in records {
            let next = record.position;
            let follows = if next.epoch == last.epoch {
                next.sequence == last.sequence + 1
            } else {
                next.sequence == 1
            };
            if !follows || next.epoch < last.epoch {
                return Err(JournalError::Unavailable(format!("{next} does not follow {last}")));
            }
            last = next;
        }
        Ok(())
    }

    /// Each room's records are in order; the oldest of the rooms' next ones is the next of all.
    fn read(&self, after: Position, limit_bytes: usize) -> Vec<Record> {
        let next =
            |room: &RoomLog, index: usize| room.position(index).map(|position| Reverse((position, index)));
        let rooms: Vec<(&RoomKey, &RoomLog)> = self.rooms.iter().collect();
        let heads = rooms.iter().enumerate();
        let heads =
            heads.filter_map(|(at, (_, log))| next(log, log.first_after(after)).map(|head| (head, at)));
        let mut heads: BinaryHeap<_> = heads.collect();
        let (mut records, mut taken) = (Vec::new(), 0);
        while let Some((Reverse((_, index)), at)) = heads.pop() {
            let (key, log) = rooms[at];
            let Some(record) = log.record(key, index) else { continue };
            taken += record.bytes.len();
            if !records.is_empty() && taken > limit_bytes {
                break;
            }
            records.push(record);
            heads.extend(next(log, index + 1).map(|head| (head, at)));
        }
        records
    }

    fn room(&mut self, room: &RoomKey) -> &mut RoomLog {
        self.rooms.entry(room.clone()).or_default()
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
