//! The journal's port: the ordered log from which any room can be rebuilt.
//!
//! Writing never blocks: [`Journal::submit`] hands a batch over and returns; the engine answers later, in its own time,
//! with a [`JournalEvent`]. Engines stand in crates of their own (`journal-memory`; files and Redis follow) and pass
//! the same conformance suite ([`testing::conformance`]). This crate does no I/O.

pub mod testing;

use bytes::Bytes;
use model::{Epoch, Partition, Position, RoomKey};

/// An engine that keeps journals.
pub trait Journal: Send + Sync {
    /// Hands a batch over. Never blocks; the outcome comes as an event to the batch's own [`Outcome`].
    ///
    /// Within an epoch sequences go up by one, from 1; a batch that would leave a hole is refused, so nothing after a
    /// failed batch becomes durable before that batch was submitted again. A lost answer is an *unknown* outcome:
    /// submitting the same positions again is harmless.
    fn submit(&self, batch: Batch, outcome: Outcome);

    /// Refuses every later batch of this partition with an epoch below `epoch`.
    fn fence(&self, partition: Partition, epoch: Epoch) -> Result<(), JournalError>;

    /// The records of one room after `after`, oldest first, about `limit_bytes` of them; empty at the end.
    ///
    /// May block: call it off the shard's thread.
    fn read_room(
        &self,
        room: &RoomKey,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError>;

    /// Keeps the state of a room as of a position, so that reading can begin there.
    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes) -> Result<(), JournalError>;

    /// The newest image of a room.
    fn image(&self, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError>;

    /// Forgets a room that has ended.
    fn forget(&self, room: &RoomKey) -> Result<(), JournalError>;
}

/// One thing that happened to one room. The bytes are the room's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub room: RoomKey,
    pub position: Position,
    pub bytes: Bytes,
}

/// What one turn of a shard did to one partition, in the order applied; positions ascend.
#[derive(Clone, Debug)]
pub struct Batch {
    pub partition: Partition,
    pub records: Vec<Record>,
}

/// Receives the outcome of a batch, on any thread, possibly before `submit` returns, possibly never.
pub type Outcome = Box<dyn FnOnce(JournalEvent) + Send>;

/// An engine's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEvent {
    /// Everything of this partition up to here is as durable as the engine makes it.
    DurableUpTo { partition: Partition, position: Position },
    /// The batch was not written, and the engine knows it.
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
