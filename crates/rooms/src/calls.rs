//! What is asked of rooms, and the form of the answers.

use link::RoomRoute;
use model::{AppId, Build, PlayerId, RoomId, RoomKey, SessionId};
use protocol::{Fault, messages};

/// Receives an answer, once, on one of the rooms' own threads: it must not block.
///
/// What changes a room is answered when the room's durability level is reached.
pub type Done<T> = Box<dyn FnOnce(Result<T, Fault>) + Send>;

/// Makes a room. Repeated with the same id and spec it answers with the room that is there.
#[derive(Clone, Debug)]
pub struct CreateRoom {
    pub app: AppId,
    /// `None`: a new id is drawn.
    pub room: Option<RoomId>,
    pub spec: messages::RoomSpec,
    /// Becomes the owner; takes no seat by this.
    pub founder: PlayerId,
    pub build: Build,
}

/// Takes a seat, or a place among the spectators. Who is in already gets the same place again.
#[derive(Clone, Debug)]
pub struct JoinRoom {
    pub door: Door,
    pub who: Member,
    pub spectate: bool,
    /// The number that the room shall have in the member's session.
    pub channel: u32,
    /// The highest kind of room that the member's client knows, as a number.
    pub knows_kind: u32,
}

/// How the room is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    Room(RoomKey),
    Invite { app: AppId, code: String },
}

/// Who joins.
#[derive(Clone, Debug)]
pub struct Member {
    pub player: PlayerId,
    pub session: SessionId,
    /// Of two sessions of a player the one with the higher number has the seat.
    pub session_number: u32,
    /// For the other players' eyes.
    pub name: String,
    pub build: Build,
}

/// The answer to a join: for the client, and for the gateway.
#[derive(Clone)]
pub struct JoinedRoom {
    pub joined: messages::Joined,
    pub route: RoomRoute,
}
