//! Whether an input counts, and for which tick.

use bytes::Bytes;
use model::{Seat, Tick};
use protocol::messages::input_refused::Refusal;

use crate::event::RoomEvent;
use crate::room::Room;
use crate::table::Phase;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputDecision {
    /// To be journaled and applied.
    Apply(RoomEvent),
    /// Likewise: a `RoomEvent::Refused`. The number counts as applied.
    Refuse(RoomEvent),
    /// To be told to the sender and to be forgotten: the number does not count.
    Reject(Refusal),
    /// Applied or refused before; nothing is to be done.
    Duplicate,
}

impl Room {
    /// `tick` is the one that the input is meant for; 0 the next one.
    pub fn offer_input(&self, seat: Seat, number: u32, tick: Tick, data: &Bytes) -> InputDecision {
        let Some(chair) = self.table.seats.get(usize::from(seat)).filter(|chair| chair.member.is_some())
        else {
            return InputDecision::Reject(Refusal::Spectator);
        };
        let applied = self.applied(seat);
        if number <= applied {
            return InputDecision::Duplicate;
        }
        if number - applied > 1 {
            return InputDecision::Reject(Refusal::Gap);
        }
        match self.table.phase {
            Phase::Playing => {}
            Phase::Open => return refuse(seat, number, Refusal::NotPlaying),
            Phase::Ended(_) => return InputDecision::Reject(Refusal::NotPlaying),
        }
        if chair.muted {
            return refuse(seat, number, Refusal::Muted);
        }
        if self.is_poisoned() {
            return InputDecision::Reject(Refusal::Unknown);
        }
        match self.logic.place(self.tick, seat, tick, data) {
            Ok(tick) => InputDecision::Apply(RoomEvent::Input { seat, number, tick, data: data.clone() }),
            Err(reason) => refuse(seat, number, reason),
        }
    }

    /// A seat's hash of the game's state after a tick; `None` if it counts for nothing.
    pub fn offer_state_hash(&self, seat: Seat, tick: Tick, hash: u32) -> Option<RoomEvent> {
        let counts = self.spec().lockstep.is_some()
            && self.table.phase == Phase::Playing
            && tick <= self.tick
            && self.is_present(seat)
            && self.votes.wants(seat, tick);
        counts.then_some(RoomEvent::StateHash { seat, tick, hash })
    }
}

fn refuse(seat: Seat, number: u32, reason: Refusal) -> InputDecision {
    InputDecision::Refuse(RoomEvent::Refused { seat, number, reason })
}
