//! Rooms at work: shards that step them, journal what happens, and tell their members.
//!
//! [`Rooms`] is the way in, from any thread. Each shard is one thread with the partitions and rooms that are its own
//! (`shard/`); shards share nothing but the [directory](directory) of rooms. A shard works in turns: it takes what came
//! in, steps the rooms that are due, hands one batch for each partition to the journal, and lets out what the journal
//! has made durable. It never waits for anything but the next turn. What takes long (reading old ticks back, writing
//! replays and images) is done by one more thread (`clerk/`). Rooms outlive their process: at the start they are rebuilt
//! from the journal (`recovery/`).
//!
//! This crate knows no sockets and no engine: members are reached through `link`, records go to `journal`.

mod calls;
mod config;
mod crash_at;
mod games;
mod journaled;
mod rooms;
mod stepped;
mod trial;

mod directory;
mod mailbox;
mod mark;
mod quarantine;
mod ring;

mod image;
mod rebuild_cost;
mod record;
mod replaying;

mod clerk;
mod recovery;
mod shard;

pub use calls::{CreateRoom, Done, Door, JoinRoom, JoinedRoom, Member};
pub use config::{RECORD_BYTES, RoomsConfig, WithoutJournal};
pub use crash_at::{CrashAt, crash_at, crash_if_wanted};
pub use games::{Fate, GameEffect, GameWatch, Games, LogicCatalog, Outbox, VersionWatch};
pub use journaled::{Logged, Playback, RoomLog, Unplayable};
pub use quarantine::Detours;
pub use rooms::{Counts, Rooms};
pub use shard::{Moved, MovesDone, Which};
pub use stepped::SteppedRooms;
pub use trial::{NotTried, Tried, compare_on, try_on};
