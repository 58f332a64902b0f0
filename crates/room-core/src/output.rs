//! What a room tells the world while events are applied to it.

use bytes::Bytes;
use model::{PlayerId, Run, Seat, SessionId, Tick};
use protocol::messages::input_refused::Refusal;

use crate::event::EndReason;
use crate::modules::{CallEnd, LogicRef};

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// For all: the body of a `messages::Frame` without its fields 14 and 15.
    Frame {
        body: Bytes,
        first_tick: Tick,
        last_tick: Tick,
    },
    /// For the seat alone.
    Refused {
        seat: Seat,
        number: u32,
        reason: Refusal,
    },
    /// The room's view is another one now; `RoomChanged` tells it.
    Changed {
        why: Why,
        player: PlayerId,
    },
    Started,
    /// For all: the seats outside the largest group of equal hashes.
    Desync {
        tick: Tick,
        seats: Vec<Seat>,
        last_agreed: Tick,
    },
    /// The session is no member any more: its player left, was kicked, or came with a newer session.
    Detached {
        session: SessionId,
    },
    /// For the session alone: the state as it may see it; frames of later ticks follow.
    State {
        session: SessionId,
        run: Run,
        tick: Tick,
        data: Bytes,
    },
    /// For the seat alone, said in this tick.
    Message {
        seat: Seat,
        run: Run,
        tick: Tick,
        data: Bytes,
    },
    /// To take place outside of the room, once. Room, tick and ordinal name it, also when it is told again.
    Effect {
        tick: Tick,
        /// From 0 in every tick.
        ordinal: u32,
        kind: String,
        data: Bytes,
    },
    /// `level`: 0 debug, 1 info, 2 warn, 3 error.
    Log {
        level: u8,
        text: String,
    },
    Metric {
        name: String,
        value: f64,
    },
    /// A call into the game counted as not made.
    CallEnded {
        call: &'static str,
        seat: Option<Seat>,
        end: CallEnd,
    },
    /// The game failed in too many ticks in a row: there are none until another version takes over.
    Suspended {
        end: CallEnd,
    },
    /// Another version of the game runs. Members are to be shown the state; an image is due.
    Swapped {
        from: LogicRef,
        to: LogicRef,
    },
    SwapFailed {
        to: LogicRef,
        why: String,
    },
    /// Nothing follows. `Room::ended` has the results.
    Ended {
        reason: EndReason,
    },
}

impl Output {
    /// Means nothing when it is told again: what a rebuilt room says of this kind was heard before, by people and
    /// meters that are not of the room.
    pub fn is_for_the_moment(&self) -> bool {
        matches!(
            self,
            Output::State { .. }
                | Output::Message { .. }
                | Output::Log { .. }
                | Output::Metric { .. }
                | Output::CallEnded { .. }
        )
    }
}

/// The field `why` of `RoomChanged`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    Joined,
    Left,
    Kicked,
    Lost,
    Back,
    Ready,
    Properties,
    Owner,
    Started,
    Spectators,
    /// Another version of the game runs, or it stands still.
    Logic,
}

impl Why {
    pub const fn as_str(self) -> &'static str {
        match self {
            Why::Joined => "joined",
            Why::Left => "left",
            Why::Kicked => "kicked",
            Why::Lost => "lost",
            Why::Back => "back",
            Why::Ready => "ready",
            Why::Properties => "properties",
            Why::Owner => "owner",
            Why::Started => "started",
            Why::Spectators => "spectators",
            Why::Logic => "logic",
        }
    }
}
