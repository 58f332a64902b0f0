//! Everything that can happen to a room. Exactly these are journaled, in the order applied.

use bytes::Bytes;
use model::{Build, PlayerId, RoomKey, Run, Seat, SessionId, Tick};
use protocol::messages::input_refused::Refusal;

use crate::modules::{CallEnd, LogicRef};
use crate::spec::RoomSpec;

/// How a room begins: the log's first record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    pub key: RoomKey,
    /// With a seed, if the room plays by one.
    pub spec: RoomSpec,
    /// Owns the room at first, seated or not. Empty: the first player to sit down.
    pub founder: PlayerId,
    pub build: Build,
    pub invite: String,
    /// 1.
    pub run: Run,
    /// Milliseconds since 1970, UTC; deadlines count from here.
    pub wall_ms: u64,
    /// What an authoritative room begins with. Present exactly there.
    pub logic: Option<LogicRef>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    Founded(Box<Founding>),
    /// Also when a player's newer session takes the seat over.
    SeatTaken {
        seat: Seat,
        player: PlayerId,
        session: SessionId,
        session_number: u32,
        name: String,
    },
    SpectatorCame {
        player: PlayerId,
        session: SessionId,
        session_number: u32,
        name: String,
    },
    Left {
        player: PlayerId,
        why: LeftWhy,
    },
    Banned {
        player: PlayerId,
    },
    /// The connection is gone; the session may come back.
    Lost {
        player: PlayerId,
    },
    Back {
        player: PlayerId,
    },
    /// The session is over. During play the seat is kept for the player's next one.
    Gone {
        player: PlayerId,
    },
    /// Inputs of this seat are refused from now on, or again taken.
    Muted {
        seat: Seat,
        muted: bool,
    },
    Ready {
        seat: Seat,
        ready: bool,
    },
    /// Of the room, or of a seat. An empty value removes.
    Properties {
        seat: Option<Seat>,
        changes: Vec<(String, String)>,
    },
    Owner {
        player: PlayerId,
    },
    /// A seat is kept until this time (milliseconds since 1970).
    Reserved {
        player: PlayerId,
        until_ms: u64,
    },
    ReservationOver {
        player: PlayerId,
    },
    Started,
    /// `tick` is the one that the input takes effect in, always still to come.
    Input {
        seat: Seat,
        number: u32,
        tick: Tick,
        data: Bytes,
    },
    /// The number counts as applied.
    Refused {
        seat: Seat,
        number: u32,
        reason: Refusal,
    },
    /// Every 20th carries the hash of the room's state just before it.
    Tick {
        number: Tick,
        hash: Option<u32>,
    },
    /// A seat's own hash of the game's state after a tick.
    StateHash {
        seat: Seat,
        tick: Tick,
        hash: u32,
    },
    Result {
        seat: Seat,
        result: Bytes,
        hash: u32,
        tick: Tick,
    },
    RunBegan {
        run: Run,
        continues_at: Tick,
        reason: RunReason,
    },
    /// A member asked for the state of an authoritative room.
    Shown {
        player: PlayerId,
    },
    /// In place of an event whose call into the game ended badly. The rest of that event holds, the call was not made.
    CallEnded {
        event: Box<RoomEvent>,
        end: CallEnd,
    },
    /// Another version of the game took over what the one before saved.
    Swapped {
        to: LogicRef,
        from_version: u32,
        save: Bytes,
    },
    /// It was to take over, and could not.
    SwapFailed {
        to: LogicRef,
        why: String,
    },
    /// An earlier version has the room again: its state as if it had run all along.
    RolledBack {
        to: LogicRef,
        state: Bytes,
    },
    Ended {
        reason: EndReason,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeftWhy {
    Left,
    Kicked,
    /// The session ended where no seat is kept for it.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunReason {
    Recovery,
    HandOver,
    Rollback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The seats reported their results.
    Finished,
    Empty,
    LifeLimit,
    LastTick,
    Closed,
    /// The room's log has come to its limit.
    LogFull,
    /// The game of an authoritative room cannot be run on.
    LogicFailed,
    /// The room's log cannot be read on.
    Damaged,
    /// The room's log could not be written for longer than is waited for.
    Unrecorded,
}

impl RunReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            RunReason::Recovery => "recovery",
            RunReason::HandOver => "hand_over",
            RunReason::Rollback => "rollback",
        }
    }
}

impl EndReason {
    /// As in `RoomEnded.reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            EndReason::Finished => "finished",
            EndReason::Empty => "empty",
            EndReason::LifeLimit => "life_limit",
            EndReason::LastTick => "last_tick",
            EndReason::Closed => "closed",
            EndReason::LogFull => "log_full",
            EndReason::LogicFailed => "logic_failed",
            EndReason::Damaged => "damaged",
            EndReason::Unrecorded => "unrecorded",
        }
    }
}
