//! Whole matches under faults, in one thread and in simulated time: what a seed did once, it does again.
//!
//! The rooms are the real ones (`rooms::SteppedRooms`: the shards' own code without their threads), the journal is a
//! simulated disk that is slow, refuses, loses answers, and survives a kill or a power cut with what it had written or
//! synced by then ([`disk`]); players send numbered inputs, lose their connections, come back, and keep every tick they
//! were told ([`player`]). [`run`] plays one seed and answers with the first promise that was broken, if one was:
//!
//! - an acknowledged input is in the room's history, once, in its sender's order, after every failure that the room's
//!   durability level covers;
//! - all players of a room hold the same history;
//! - within one run no tick is told twice with different bytes, and none is left out;
//! - a room whose making was answered is there afterwards, and there once.
//!
//! The shape follows FoundationDB's simulation testing (Zhou et al., SIGMOD 2021, section 4).

mod disk;
mod plan;
mod player;
mod world;

pub use plan::{Crash, Plan};
pub use world::{Broken, Tale, run};
