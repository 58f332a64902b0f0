//! What a room tells the world while events are applied to it.

use bytes::Bytes;
use model::{PlayerId, Seat, SessionId, Tick};
use protocol::messages::input_refused::Refusal;

use crate::event::EndReason;

#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Nothing follows. `Room::ended` has the results.
    Ended {
        reason: EndReason,
    },
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
        }
    }
}
