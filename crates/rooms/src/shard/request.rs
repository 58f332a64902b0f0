//! What is asked of a shard.

use std::sync::Arc;

use model::{Build, PlayerId, RoomKey, SessionId, Tick};
use protocol::{Fault, messages};
use room_core::{RoomRequest, RoomSpec};

use crate::calls::{Done, JoinedRoom, Member};
use crate::clerk::Backfill;
use crate::recovery::Recovered;

use super::moves::MoveRooms;

pub(crate) enum Request {
    Create(Box<Create>, Done<messages::RoomView>),
    Join(Box<Join>, Done<JoinedRoom>),
    Resume(Resume, Done<messages::Joined>),
    Act(RoomKey, Box<RoomRequest>, Done<messages::RoomView>),
    View(RoomKey, Done<messages::RoomView>),
    /// To all members of all rooms.
    Tell(messages::Notice),
    /// To other versions of their games.
    Move(Arc<MoveRooms>),
    /// What rooms hold is told or forgotten, where there is a verdict.
    SettleEffects,
    /// From the clerk: a backfill stopped.
    Stopped(Box<Backfill>),
    /// From the recovery: a room of an earlier process.
    Recovered(Box<Recovered>),
}

pub(crate) struct Create {
    pub key: RoomKey,
    pub spec: RoomSpec,
    pub founder: PlayerId,
    pub build: Build,
    /// Is this one of the founder's own rooms, of which there may be so many?
    pub counts: bool,
    /// Only a room that is there already can be answered with.
    pub draining: bool,
}

pub(crate) struct Join {
    pub key: RoomKey,
    pub who: Member,
    pub spectate: bool,
    pub channel: u32,
    pub knows_kind: u32,
}

pub(crate) struct Resume {
    pub key: RoomKey,
    pub session: SessionId,
    pub from_tick: Tick,
}

impl Request {
    /// Of the server's own, and never refused.
    pub fn is_internal(&self) -> bool {
        matches!(
            self,
            Request::Tell(_)
                | Request::Move(_)
                | Request::SettleEffects
                | Request::Stopped(_)
                | Request::Recovered(_)
        )
    }

    /// The room that something is asked of, from outside.
    pub fn key(&self) -> Option<&RoomKey> {
        match self {
            Request::Create(create, _) => Some(&create.key),
            Request::Join(join, _) => Some(&join.key),
            Request::Resume(resume, _) => Some(&resume.key),
            Request::Act(key, ..) | Request::View(key, _) => Some(key),
            Request::Tell(_)
            | Request::Move(_)
            | Request::SettleEffects
            | Request::Stopped(_)
            | Request::Recovered(_) => None,
        }
    }

    pub fn refuse(self, fault: Fault) {
        match self {
            Request::Create(_, done) | Request::Act(_, _, done) | Request::View(_, done) => done(Err(fault)),
            Request::Join(_, done) => done(Err(fault)),
            Request::Resume(_, done) => done(Err(fault)),
            Request::Tell(_)
            | Request::Move(_)
            | Request::SettleEffects
            | Request::Stopped(_)
            | Request::Recovered(_) => {}
        }
    }
}
