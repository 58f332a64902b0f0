//! Numbers that order things.

use std::fmt;

/// A player's index in a room.
pub type Seat = u16;

/// One step of a room; the first is 1, and 0 means before the start.
pub type Tick = u32;

/// One uninterrupted history of a room; rises by one with every recovery, hand-over and rollback.
pub type Run = u32;

/// The unit of ownership: all rooms whose ids begin with this number.
pub type Partition = u16;

/// The fencing number of a partition's owner.
pub type Epoch = u32;

/// A place in a partition's journal. Ordered by epoch, then by sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub epoch: Epoch,
    pub sequence: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.sequence)
    }
}
