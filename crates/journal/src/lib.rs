//! The journal's port: the ordered log from which any room can be rebuilt.
//!
//! Writing never blocks: [`Journal::submit`] hands a batch over and returns; the engine answers later, in its own time,
//! with a [`JournalEvent`]. Engines stand in crates of their own (`journal-memory`, `journal-file`; Redis follows) and
//! pass the same conformance suite ([`testing::conformance`]). This crate does no I/O.

pub mod testing;

use bytes::Bytes;
use model::{Epoch, Partition, Position, RoomKey};

/// An engine that keeps journals.
pub trait Journal: Send + Sync {
    /// Hands a batch over. Never blocks; the outcome comes as an event to the batch's own [`Outcome`], once the batch
    /// has reached its level.
    ///
    /// Within an epoch sequences go up by one, from 1; a batch that would leave a hole is refused, so nothing after a
    /// failed batch becomes durable before that batch was submitted again. A lost answer is an *unknown* outcome:
    /// submitting the same positions again is harmless.
    fn submit(&self, batch: Batch, outcome: Outcome);

    /// Refuses every later batch of this partition with an epoch below `epoch`; answers the partition's last position,
    /// (0, 0) if it has none. A new owner fences first and reads then: nothing of the old owner comes after that.
    fn fence(&self, partition: Partition, epoch: Epoch) -> Result<Position, JournalError>;

    /// The records of all rooms of a partition after `after`, oldest first, about `limit_bytes` of them; empty at the
    /// end. May block.
    fn read(
        &self,
        partition: Partition,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError>;

    /// The records of one room after `after`, oldest first, about `limit_bytes` of them; empty at the end.
    ///
    /// May block: call it off the shard's thread.
    fn read_room(
        &self,
        room: &RoomKey,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError>;

    /// The rooms of a partition that have records or an image and were not forgotten, in the order of their keys.
    fn rooms(&self, partition: Partition) -> Result<Vec<RoomKey>, JournalError>;

    /// All rooms that were there at the start have been read: what helps to read them all may be given up.
    fn rooms_are_back(&self) {}

    /// Keeps the state of a room as of a position, so that reading can begin after it; an image older than the newest
    /// changes nothing. May block.
    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes) -> Result<(), JournalError>;

    /// The newest image of a room. May block.
    fn image(&self, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError>;

    /// Gives up the room's records at positions below `before`, but never those after its newest image: what was not
    /// trimmed still restores the room. May block.
    fn trim(&self, room: &RoomKey, before: Position) -> Result<(), JournalError>;

    /// Forgets a room that has ended. May block.
    fn forget(&self, room: &RoomKey) -> Result<(), JournalError>;
}

/// One thing that happened to one room. The bytes are the room's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub room: RoomKey,
    pub position: Position,
    pub bytes: Bytes,
}

/// How safe a batch has to be before the engine answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It outlives the process (files), the node (Redis).
    #[default]
    Written,
    /// It also outlives the machine's power (files), the primary (Redis).
    Synced,
}

/// What one turn of a shard did to one partition, in the order applied; positions ascend.
#[derive(Clone, Debug)]
pub struct Batch {
    pub partition: Partition,
    /// The strongest that one of the records needs.
    pub level: Level,
    pub records: Vec<Record>,
}

/// Receives the outcome of a batch, on any thread, possibly before `submit` returns, possibly never.
pub type Outcome = Box<dyn FnOnce(JournalEvent) + Send>;

/// An engine's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEvent {
    /// Every batch of this partition up to here has reached the level that it asked for.
    DurableUpTo { partition: Partition, position: Position },
    /// The batch has not reached its level. It may be there all the same; it is to be submitted again.
    Failed { partition: Partition, position: Position, error: JournalError },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("partition {partition} belongs to epoch {epoch} now")]
    Fenced { partition: Partition, epoch: Epoch },
    #[error("the journal has no room for more: {0}")]
    Full(String),
    #[error("the journal cannot be reached: {0}")]
    Unavailable(String),
    #[error("the journal is damaged: {0}")]
    Damaged(String),
}
