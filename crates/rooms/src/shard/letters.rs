//! What gateways say while rooms play.

use bytes::Bytes;
use link::ToRoom;
use model::{Seat, SessionId, Tick};
use protocol::messages::input_refused::Refusal;
use room_core::{InputDecision, RoomRequest};

use crate::mailbox::Address;

use super::effect::refuse;
use super::{RoomAt, Shard};

struct Input {
    session: SessionId,
    seat: Seat,
    number: u32,
    tick: Tick,
    data: Bytes,
}

impl Shard {
    /// Reads what is there now; what comes meanwhile is for the next turn.
    pub(super) fn read_letters(&mut self) {
        for _ in 0..self.mailbox.letters_waiting() {
            let Some(letter) = self.mailbox.take_letter() else { return };
            let at = match letter.to {
                Address::At(at) => at,
                Address::Key(key) => match self.by_key.get(&key) {
                    Some(at) => *at,
                    None => continue,
                },
            };
            match letter.message {
                ToRoom::Input { session, seat, number, tick, data } => {
                    self.take_input(at, Input { session, seat, number, tick, data });
                }
                ToRoom::StateHash { session, seat, tick, hash } => {
                    self.take_state_hash(at, &session, seat, tick, hash);
                }
                ToRoom::Lost { session } => self.session_lost(at, session),
                ToRoom::Back { session } => self.note_session(at, &RoomRequest::Back { session }),
                ToRoom::Gone { session } => self.session_gone(at, session),
            }
        }
    }

    fn take_input(&mut self, at: RoomAt, input: Input) {
        let Input { session, seat, number, tick, data } = input;
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        // Traffic is stopped: as if it were lost on the way, so that it comes again.
        if hosted.stands_still() {
            return;
        }
        // The seat may be another session's by now.
        if hosted.room.seated(seat).is_none_or(|member| member.session != session) {
            return;
        }
        // Not even the refusal fits the log: the room ends with this turn.
        let decision = match hosted.is_log_full(self.shared.config.log_bytes) {
            true => InputDecision::Reject(Refusal::TooMany),
            false => hosted.room.offer_input(seat, number, tick, &data),
        };
        match decision {
            InputDecision::Apply(event) => {
                self.tally.inputs += 1;
                hosted.apply(&event, &mut self.outputs);
                if hosted.is_log_full(self.shared.config.log_bytes) {
                    self.touch(at);
                }
            }
            InputDecision::Refuse(event) => {
                hosted.apply(&event, &mut self.outputs);
                self.touch(at);
            }
            InputDecision::Reject(reason) if hosted.may_tell_of_rejection(&session, self.now) => {
                refuse(hosted, seat, number, reason, &self.shared.metrics.rooms);
            }
            InputDecision::Reject(_) | InputDecision::Duplicate => {}
        }
    }

    fn take_state_hash(&mut self, at: RoomAt, session: &SessionId, seat: Seat, tick: Tick, hash: u32) {
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        if hosted.room.seated(seat).is_none_or(|member| member.session != *session) {
            return;
        }
        if hosted.is_log_full(self.shared.config.log_bytes) {
            return;
        }
        if let Some(event) = hosted.room.offer_state_hash(seat, tick, hash) {
            hosted.apply(&event, &mut self.outputs);
            self.touch(at);
        }
    }

    fn session_lost(&mut self, at: RoomAt, session: SessionId) {
        if let Some(hosted) = self.room(at) {
            hosted.silence(&session);
            self.note_session(at, &RoomRequest::Lost { session });
        }
    }

    fn session_gone(&mut self, at: RoomAt, session: SessionId) {
        self.note_session(at, &RoomRequest::Gone { session });
        if let Some(hosted) = self.room(at) {
            // Behind what was already decided: the session may be about to be attached.
            hosted.leaving.push(session);
            hosted.urgent = true;
            self.touch(at);
        }
    }

    /// Facts about sessions are taken in also while the journal is in trouble.
    fn note_session(&mut self, at: RoomAt, fact: &RoomRequest) {
        let Some(hosted) = self.room(at) else { return };
        match hosted.room.decide(fact) {
            Ok(events) => self.apply_all(at, &events),
            Err(fault) => tracing::debug!(event = "session_fact_refused", %fault),
        }
    }
}
