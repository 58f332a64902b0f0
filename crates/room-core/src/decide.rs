//! Requests into events. Nothing changes here; a request that already holds leads to no event.

mod actions;
mod join;
mod times;

use protocol::{ErrorCode, Fault};

use crate::event::RoomEvent;
use crate::request::RoomRequest;
use crate::room::Room;
use crate::table::Phase;

type Decision = Result<Vec<RoomEvent>, Fault>;

impl Room {
    /// The events that a request leads to, with all that follows from them, in the order to be applied.
    pub fn decide(&self, request: &RoomRequest) -> Decision {
        if self.is_ended() {
            return self.decide_ended(request);
        }
        let mut events = self.decide_alone(request)?;
        if events.is_empty() {
            return Ok(events);
        }
        let (mut table, mut ignored) = (self.table.clone(), Vec::new());
        events.iter().for_each(|event| table.apply(event, &mut ignored));
        while let Some(event) = table.follow_up(self.spec()) {
            table.apply(&event, &mut ignored);
            events.push(event);
        }
        Ok(events)
    }

    fn decide_alone(&self, request: &RoomRequest) -> Decision {
        match request {
            RoomRequest::Join { player, session, session_number, name, build, spectate } => {
                let newcomer =
                    join::Newcomer { player, session, session_number: *session_number, name, build };
                if *spectate { self.join_as_spectator(newcomer) } else { self.join_seat(newcomer) }
            }
            RoomRequest::Leave { player } => Ok(self.leave(player)),
            RoomRequest::Kick { by, player, ban } => self.kick(by, player, *ban),
            RoomRequest::Ready { player, ready } => self.ready(player, *ready),
            RoomRequest::Start { by } => self.start(by),
            RoomRequest::SetRoom { by, properties } => self.set_room(by, properties),
            RoomRequest::SetSeat { player, properties } => self.set_seat(player, properties),
            RoomRequest::GiveOwner { by, player } => self.give_owner(by, player),
            RoomRequest::Reserve { by, player, until_ms } => self.reserve(by, player, *until_ms),
            RoomRequest::Result { player, result, hash, tick } => self.result(player, result, *hash, *tick),
            RoomRequest::Mute { player, muted } => self.mute(player, *muted),
            RoomRequest::Lost { session } => Ok(self.lost(session)),
            RoomRequest::Back { session } => Ok(self.back(session)),
            RoomRequest::Gone { session } => Ok(self.gone(session)),
            RoomRequest::TimeUp(deadline) => Ok(self.time_up(deadline)),
            RoomRequest::Close { reason } => Ok(vec![RoomEvent::Ended { reason: *reason }]),
        }
    }

    /// Facts and farewells come too late, requests in vain.
    fn decide_ended(&self, request: &RoomRequest) -> Decision {
        match request {
            RoomRequest::Leave { .. }
            | RoomRequest::Mute { .. }
            | RoomRequest::Lost { .. }
            | RoomRequest::Back { .. }
            | RoomRequest::Gone { .. }
            | RoomRequest::TimeUp(_)
            | RoomRequest::Close { .. } => Ok(Vec::new()),
            RoomRequest::Result { player, result, hash, tick } => {
                self.repeated_result(player, result, *hash, *tick)
            }
            _ => Err(ErrorCode::RoomEnded.into()),
        }
    }

    fn is_open(&self) -> bool {
        self.table.phase == Phase::Open
    }
}
