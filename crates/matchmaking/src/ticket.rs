//! A ticket: who wants what since when, and how far it is.

use std::sync::Arc;
use std::time::Duration;

use clock::Moment;
use model::{AppId, Build, PlayerId, RoomKey, SessionId, TicketId};
use protocol::messages::{self, MatchTicket, match_ticket};
use protocol::{ErrorCode, Fault};

use crate::wish::Wish;

/// Who asks, as the gateway knows it.
#[derive(Clone, Debug)]
pub struct Asking {
    pub app: AppId,
    pub player: PlayerId,
    pub session: SessionId,
    pub build: Build,
}

/// What a ticket is filed under: clients choose the id, so it counts within the player.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TicketKey {
    pub app: AppId,
    pub player: PlayerId,
    pub ticket: TicketId,
}

#[derive(Debug)]
pub(crate) struct Ticket {
    /// Rises from ticket to ticket and orders them.
    pub number: u64,
    pub session: SessionId,
    pub wish: Arc<Wish>,
    pub started_at: Moment,
    pub patience_ends: Moment,
    /// When the timer of this ticket rings next, while it has one.
    pub due: Option<Moment>,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Waiting,
    /// Matched; the room is being made.
    Pending(RoomKey),
    Matched(RoomKey),
    Cancelled,
    Failed(Fault),
}

/// Why a ticket waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    FewPlayers,
    /// Others want the same with another build of the game.
    OtherBuilds,
    /// Others want this mode with another number of players or another kind of room.
    OtherSizes,
    RoomPending,
}

impl Ticket {
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Waiting | State::Pending(_))
    }

    /// `reason` matters only while it waits.
    pub fn view(&self, key: &TicketKey, reason: Reason, now: Moment) -> MatchTicket {
        let (state, room, reason) = match &self.state {
            State::Waiting | State::Pending(_) => (match_ticket::State::Waiting, "", reason.as_str()),
            State::Matched(room) => (match_ticket::State::Matched, room.room.as_str(), ""),
            State::Cancelled => (match_ticket::State::Cancelled, "", ""),
            State::Failed(fault) => (match_ticket::State::Failed, "", fault.code.name()),
        };
        MatchTicket {
            ticket: key.ticket.to_string(),
            state: state.into(),
            room: room.to_owned(),
            reason: reason.to_owned(),
            waited_ms: milliseconds(now.since(self.started_at)),
        }
    }

    pub fn waiting_event(&self, key: &TicketKey, reason: Reason, found: usize, now: Moment) -> Event {
        Event::MatchWaiting(messages::MatchWaiting {
            ticket: key.ticket.to_string(),
            reason: reason.as_str().to_owned(),
            players_found: found as u32,
            players_wanted: self.wish.players,
            waited_ms: milliseconds(now.since(self.started_at)),
        })
    }

    pub fn failed_event(key: &TicketKey, fault: &Fault) -> Event {
        let error = Some(fault.to_message());
        Event::MatchFailed(messages::MatchFailed { ticket: key.ticket.to_string(), error })
    }

    pub fn matched_event(key: &TicketKey, room: &RoomKey) -> Event {
        Event::Matched(messages::Matched { ticket: key.ticket.to_string(), room: room.room.to_string() })
    }
}

pub(crate) use messages::push::Event;

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Reason::FewPlayers => "few_players",
            Reason::OtherBuilds => "other_builds",
            Reason::OtherSizes => "other_sizes",
            Reason::RoomPending => "room_pending",
        }
    }
}

impl TicketKey {
    /// The fault is `bad_request`.
    pub fn new(app: &AppId, player: &PlayerId, ticket: &str) -> Result<TicketKey, Fault> {
        if ticket.is_empty() || ticket.len() > 64 {
            return Err(Fault::new(ErrorCode::BadRequest, "A ticket's id has 1 to 64 bytes."));
        }
        Ok(TicketKey { app: app.clone(), player: player.clone(), ticket: TicketId::new(ticket) })
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
