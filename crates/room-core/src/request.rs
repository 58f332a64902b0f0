//! What is asked of a room. [`Room::decide`](crate::Room::decide) turns it into events or refuses it.

use bytes::Bytes;
use model::{Build, PlayerId, SessionId, Tick};

use crate::event::EndReason;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomRequest {
    Join {
        player: PlayerId,
        session: SessionId,
        /// The newer session of a player has the higher number, and takes the place over.
        session_number: u32,
        name: String,
        build: Build,
        spectate: bool,
    },
    Leave {
        player: PlayerId,
    },
    Kick {
        by: PlayerId,
        player: PlayerId,
        /// May not come back.
        ban: bool,
    },
    Ready {
        player: PlayerId,
        ready: bool,
    },
    Start {
        by: PlayerId,
    },
    /// An empty value removes the property.
    SetRoom {
        by: PlayerId,
        properties: Vec<(String, String)>,
    },
    SetSeat {
        player: PlayerId,
        properties: Vec<(String, String)>,
    },
    GiveOwner {
        by: PlayerId,
        player: PlayerId,
    },
    Reserve {
        by: PlayerId,
        player: PlayerId,
        /// Milliseconds since 1970; `None` gives the seat free.
        until_ms: Option<u64>,
    },
    Result {
        player: PlayerId,
        result: Bytes,
        hash: u32,
        tick: Tick,
    },
    /// By the server: inputs of this player are refused, or again taken.
    Mute {
        player: PlayerId,
        muted: bool,
    },
    /// Sessions that the room does not know are no fault: nothing happens.
    Lost {
        session: SessionId,
    },
    Back {
        session: SessionId,
    },
    Gone {
        session: SessionId,
    },
    /// A deadline that has gone by meanwhile is no fault: nothing happens.
    TimeUp(Deadline),
    Close {
        reason: EndReason,
    },
}

/// A time that the room waits for. Equal values mean the same occasion, so a timer that outlived it does no harm.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deadline {
    LifeLimit,
    /// Of the start rule `ON_TIME`.
    StartTime,
    /// Nobody who has a seat is online.
    Empty {
        occasion: u32,
    },
    Reservation {
        player: PlayerId,
        until_ms: u64,
    },
    /// The other seats' results, once more than half of those in play have reported, or after the last tick.
    Results,
}

/// When a deadline is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Due {
    /// Milliseconds since 1970.
    At(u64),
    /// Milliseconds from the moment at which the deadline was first seen, or from a recovery.
    In(u32),
}
