//! What gateways say while rooms play.

use bytes::Bytes;
use link::ToRoom;
use model::{Seat, SessionId, Tick};
use protocol::messages::input_refused::Refusal;
use room_core::{InputDecision, RoomRequest};

use crate::mailbox::Address;

use super::effect::refuse;
use super::hosted::Hosted;
use super::playing::Playing;
use super::ward::Errand;
use super::{RoomAt, Shard};

pub(super) struct Input {
    pub session: SessionId,
    pub seat: Seat,
    pub number: u32,
    pub tick: Tick,
    pub data: Bytes,
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
                fact => self.note_fact(at, fact),
            }
        }
    }

    /// Now, or once the room is home and what came before was done.
    fn note_fact(&mut self, at: RoomAt, fact: ToRoom) {
        if let Some(ward) = self.held_up(at) {
            return ward.keep(Errand::Fact(fact));
        }
        self.take_fact(at, fact);
    }

    /// What a gateway says of a session.
    pub(super) fn take_fact(&mut self, at: RoomAt, fact: ToRoom) {
        match self.put_off_fact(at, fact) {
            Some(ToRoom::Lost { session }) => self.session_lost(at, session),
            Some(ToRoom::Back { session }) => self.note_session(at, &RoomRequest::Back { session }),
            Some(ToRoom::Gone { session }) => self.session_gone(at, session),
            Some(ToRoom::Input { .. } | ToRoom::StateHash { .. }) | None => {}
        }
    }

    /// Inputs of a room in quarantine go along with it.
    fn take_input(&mut self, at: RoomAt, input: Input) {
        if let Some(ward) = self.rooms.ward_mut(at) {
            if !ward.keep_input(input) {
                self.shared.metrics.rooms.inbox_dropped_total.increment();
            }
            return;
        }
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        let mut playing = Playing {
            shared: &self.shared,
            now: self.now,
            outputs: &mut self.outputs,
            played: &mut self.tally.played,
        };
        if hosted.take_input(input, &mut playing) {
            self.touch(at);
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
    pub(super) fn note_session(&mut self, at: RoomAt, fact: &RoomRequest) {
        let Some(hosted) = self.room(at) else { return };
        match hosted.room.decide(fact) {
            Ok(events) => self.apply_all(at, &events),
            Err(fault) => tracing::debug!(event = "session_fact_refused", %fault),
        }
    }
}

impl Hosted {
    /// True if the room's record must not wait for a tick.
    pub(super) fn take_input(&mut self, input: Input, playing: &mut Playing<'_>) -> bool {
        let Input { session, seat, number, tick, data } = input;
        // Traffic is stopped: as if it were lost on the way, so that it comes again.
        if self.stands_still() {
            return false;
        }
        // The seat may be another session's by now.
        if self.room.seated(seat).is_none_or(|member| member.session != session) {
            return false;
        }
        let most_log = playing.shared.config.log_bytes;
        // Not even the refusal fits the log: the room ends with this turn.
        let decision = match self.is_log_full(most_log) {
            true => InputDecision::Reject(Refusal::TooMany),
            false => self.room.offer_input(seat, number, tick, &data),
        };
        match decision {
            InputDecision::Apply(event) => {
                playing.played.inputs += 1;
                self.apply(&event, playing.outputs);
                self.is_log_full(most_log)
            }
            InputDecision::Refuse(event) => {
                self.apply(&event, playing.outputs);
                true
            }
            InputDecision::Reject(reason) => {
                if self.may_tell_of_rejection(&session, playing.now) {
                    refuse(self, seat, number, reason, &playing.shared.metrics.rooms);
                }
                false
            }
            InputDecision::Duplicate => false,
        }
    }
}
