//! One room as a deterministic state machine fed by an ordered log of events. No I/O, no clock, no chance.
//!
//! A [`RoomRequest`] is *decided* into [`RoomEvent`]s, which change nothing yet; events are *applied*, which is the only
//! way in which a [`Room`] changes, and which yields [`Output`]s. Given the events, the room is given.
//!
//! To add a room kind: write its `Logic` beside `lockstep.rs` and choose it in `logic.rs`.
//! To add an event: a variant in `event.rs`, a new tag in `event_codec.rs` (tags are never used again), a check in
//! `check.rs`, its effect in `table.rs` or `room.rs`.

mod spec;

mod event;
mod output;
mod request;
mod room;

mod game;
mod make;

mod check;
mod decide;
mod follow_up;
mod image;
mod input;
mod table;
mod view;

mod authoritative;
mod lockstep;
mod logic;
mod relay;
mod votes;

mod codec;
mod event_codec;
mod frames;

mod checkpoint;

pub mod limits;
pub mod modules;
pub mod replay;

pub use authoritative::{LogicLoad, NoSwap, NotFounded};
pub use checkpoint::Checkpoint;
pub use codec::Damaged;
pub use event::{EndReason, Founding, LeftWhy, RoomEvent, RunReason};
pub use frames::{ROOM_SEAT, TickEntries, as_backfill, as_first_backfill, tick_entries};
pub use input::InputDecision;
pub use output::{Output, Why};
pub use request::{Deadline, Due, RoomRequest};
pub use room::{NotMade, Room};
pub use spec::{AuthoritativeSpec, LockstepSpec, Properties, RoomSpec};
pub use table::{Member, Phase};
