//! What rooms and gateways say to each other.
//!
//! A gateway hands inputs to rooms through an [`Inbox`]; a room speaks to its members through a [`RoomPort`] that the
//! node's [`RoomLink`] opened for it. On one node the link is a function call ([`LocalLink`]); between nodes it will be
//! a stream. This crate knows no sockets and no rooms.

mod local;

use std::sync::Arc;

use bytes::Bytes;
use model::{RoomKey, Run, Seat, SessionId, Tick};
use protocol::messages;

pub use local::{Consumers, LocalLink};

/// Opens ports; one per node.
pub trait RoomLink: Send + Sync {
    /// A room's way to its members. Members are known to the port alone; dropping it forgets them.
    fn open(&self, room: &RoomKey) -> Arc<dyn RoomPort>;
}

/// One room's way to its members. Never blocks.
pub trait RoomPort: Send + Sync {
    /// Adds a member, or replaces one of the same session. A member starts without frames, see [`RoomPort::listen`].
    fn attach(&self, member: Member);

    /// From now on the member receives what is published (until then only what is sent to it alone).
    fn listen(&self, session: &SessionId);

    /// Stops live delivery to the member, which stays attached: its connection is gone, or it is catching up.
    fn silence(&self, session: &SessionId);

    fn detach(&self, session: &SessionId);

    /// To every listening member of the audience. The body is encoded once; each receives its own tail.
    fn publish(&self, publication: Publication<'_>);

    /// To one member, listening or not.
    fn send_to(&self, session: &SessionId, publication: Publication<'_>);

    /// A numbered push to one member, kept across its cuts.
    fn push(&self, session: &SessionId, push: messages::push::Event);

    /// Bytes waiting to be taken by the member's connection; `None` if it has none. Backfill waits for this to fall.
    fn backlog(&self, session: &SessionId) -> Option<usize>;
}

/// Somebody who hears a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub session: SessionId,
    /// None for a spectator.
    pub seat: Option<Seat>,
    /// The room's number in the member's session.
    pub channel: u32,
}

/// One message of a room.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// See `protocol::operation`.
    pub operation: u8,
    /// The body, encoded, without the fields that differ from member to member.
    pub body: &'a [u8],
    /// The highest input number applied, by seat; empty where the message has no such field.
    pub applied: &'a [u32],
    pub audience: Audience<'a>,
    /// What a slow connection may do with it.
    pub class: Class,
}

#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    All,
    /// All but the one in this seat: what a seat sends does not come back to it.
    Except(Seat),
    Seats(&'a [Seat]),
}

impl Audience<'_> {
    pub fn includes(&self, seat: Option<Seat>) -> bool {
        match self {
            Audience::All => true,
            Audience::Except(sender) => seat != Some(*sender),
            Audience::Seats(seats) => seat.is_some_and(|seat| seats.contains(&seat)),
        }
    }
}

/// The rule for a message when the receiver's queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The connection is cut; the client comes back and catches up.
    Reliable,
    /// A newer message with the same key replaces it.
    /// Keys are the room's own: its senders' seats.
    LatestOnly { key: u16 },
}

/// A session as the link sees it: something that takes messages. Never blocks.
pub trait Consumer: Send + Sync {
    /// Sends one message with its tail: fields 14 (channel) and 15 (applied, left out when zero).
    fn deliver(&self, operation: u8, body: &[u8], tail: Tail, class: Class);

    fn push(&self, event: messages::push::Event);

    fn backlog(&self) -> Option<usize>;

    /// The room has let the session go: it left, was shut out, or a newer session has its seat.
    fn left(&self, room: &RoomKey, channel: u32) {
        let _ = (room, channel);
    }
}

/// The fields that differ from member to member, encoded behind the shared body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    pub channel: u32,
    pub applied: u32,
}

impl Tail {
    pub const MAX_BYTES: usize = 12;

    /// Fields 14 and 15 as Protobuf varints, defaults left out; returns the bytes used.
    pub fn encode(self, into: &mut [u8; Tail::MAX_BYTES]) -> usize {
        let mut length = 0;
        for (tag, value) in [(14 << 3, self.channel), (15 << 3, self.applied)] {
            if value != 0 {
                into[length] = tag;
                length += 1 + encode_varint(value, &mut into[length + 1..]);
            }
        }
        length
    }
}

fn encode_varint(mut value: u32, into: &mut [u8]) -> usize {
    let mut length = 0;
    while value >= 0x80 {
        into[length] = (value as u8) | 0x80;
        value >>= 7;
        length += 1;
    }
    into[length] = value as u8;
    length + 1
}

/// What gateways say to rooms while they play. Never blocks; a full inbox drops and counts.
pub trait Inbox: Send + Sync {
    fn send(&self, room: &RoomKey, message: ToRoom);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToRoom {
    Input {
        session: SessionId,
        seat: Seat,
        number: u32,
        tick: Tick,
        data: Bytes,
    },
    StateHash {
        session: SessionId,
        seat: Seat,
        tick: Tick,
        hash: u32,
    },
    /// The member's connection is gone; its session may come back.
    Lost {
        session: SessionId,
    },
    /// The session has come back; it asks for frames by itself.
    Back {
        session: SessionId,
    },
    /// The session is over.
    Gone {
        session: SessionId,
    },
}

/// Where a session's messages about a room go; the room's answer to a join.
#[derive(Clone)]
pub struct RoomRoute {
    pub key: RoomKey,
    pub seat: Option<Seat>,
    pub channel: u32,
    pub run: Run,
    /// Relay messages are forwarded at once, from the gateway's own thread.
    pub relay: Option<Arc<dyn RoomPort>>,
    pub inbox: Arc<dyn Inbox>,
}
