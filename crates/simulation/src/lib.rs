//! Whole matches under faults, in one thread and in simulated time: what a seed did once, it does again.
//!
//! The rooms are the real ones (`rooms::SteppedRooms`: the shards' own code without their threads), the journal is a
//! simulated disk that is slow, refuses, loses answers, and survives a kill or a power cut with what it had written or
//! synced by then ([`disk`]); players send numbered inputs, lose their connections, come back, and keep all that they
//! were told ([`player`]). Some rooms play lockstep, in others the rules of a game run ([`game`]), whose versions, good
//! and bad ones, are tried on live rooms, confirmed and taken back. [`run`] plays one seed and answers with the first
//! promise that was broken, if one was ([`judge`]):
//!
//! - an acknowledged input is in the room's history, once, in its sender's order, after every failure that the room's
//!   durability level covers;
//! - all players of a lockstep room hold the same history; what an authoritative room told is what its log means to a
//!   naive reader ([`model`]);
//! - within one run no tick is told twice with different bytes, and none is left out; only a lost log takes a room back;
//! - a room whose making was answered is there afterwards, and there once;
//! - every room ends on a version that was not taken back, and goes on;
//! - what the surviving log wants to take place outside is told, always under the same key with the same bytes; what a
//!   version wanted that was taken back unconfirmed is not;
//! - the log leads to the same room from its beginning and from the room's image.
//!
//! The shape follows FoundationDB's simulation testing (Zhou et al., SIGMOD 2021, section 4).

mod disk;
mod game;
mod judge;
mod model;
mod plan;
mod player;
mod world;

pub use plan::{Crash, Kind, Plan, RoomPlan};
pub use world::{Broken, Tale, run};

/// A sentence about a broken promise.
type Odd = String;
