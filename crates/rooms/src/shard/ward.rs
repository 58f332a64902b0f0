//! What waits for one room in quarantine, and in which order it goes on.
//!
//! Inputs go along with the room when it leaves, for they call its game. Everything else is done at home. What came before
//! is done before: inputs take the room away for their own sake if anything but inputs waits behind them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use clock::Moment;
use link::ToRoom;
use model::{Position, RoomKey, Seat};
use protocol::{ErrorCode, Fault, messages};
use room_core::limits;

use super::RoomAt;
use super::letters::Input;
use super::moves::MoveRooms;
use super::partition::Held;
use super::request::Request;

pub(super) struct Ward {
    pub at: RoomAt,
    pub key: RoomKey,
    /// The room's game has yet to show what its ticks take.
    pub is_on_probation: bool,
    waiting: VecDeque<Waiting>,
    /// Inputs that wait or are under way, by seat.
    inputs: Vec<u8>,
    requests: usize,
    /// Somebody waits for the inputs to be done.
    pressed: bool,
    /// The room is to make its ticks from this one on.
    pub due: Option<Moment>,
    /// As it was when the room left.
    pub needs_journal: bool,
    /// What the journal has answered since the room left.
    pub released: Vec<(Position, Held)>,
}

/// What is done at home.
pub(super) enum Errand {
    /// About a session: lost, back, gone.
    Fact(ToRoom),
    Request(Request),
    Tell(messages::Notice),
    Move(Arc<MoveRooms>),
}

enum Waiting {
    Input(Input),
    Errand(Errand),
}

/// Of one room.
const MOST_REQUESTS: usize = 256;
/// Of one seat. More than it has for one tick: what is too much for that is the room's to refuse, as at home.
const MOST_INPUTS: u8 = 64;
/// What is asked again and again does not keep a room from its ticks.
const TICKS_WAIT: Duration = Duration::from_millis(50);
const RETRY: Duration = Duration::from_secs(1);

impl Ward {
    pub fn new(at: RoomAt, key: RoomKey, is_on_probation: bool) -> Ward {
        Ward {
            at,
            key,
            is_on_probation,
            waiting: VecDeque::new(),
            inputs: Vec::new(),
            requests: 0,
            pressed: false,
            due: None,
            needs_journal: false,
            released: Vec::new(),
        }
    }

    /// Whether something waits that comes before what is asked now.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// False if more wait than may: an input is as lost on the way, and comes again.
    pub fn keep_input(&mut self, input: Input) -> bool {
        let seat = input.seat;
        let Some(count) = self.count(seat) else { return false };
        if *count <= MOST_INPUTS {
            *count += 1;
            self.waiting.push_back(Waiting::Input(input));
            return true;
        }
        // The last one that came takes the last one's place: by it the room sees that others are missing and says so.
        let of_seat = |kept: &&mut Waiting| matches!(kept, Waiting::Input(input) if input.seat == seat);
        if let Some(last) = self.waiting.iter_mut().rev().find(of_seat) {
            *last = Waiting::Input(input);
        }
        false
    }

    pub fn keep(&mut self, errand: Errand) {
        if let Errand::Request(request) = errand {
            return self.keep_request(request);
        }
        self.waiting.push_back(Waiting::Errand(errand));
    }

    /// The inputs are to be done before anything else is.
    pub fn press(&mut self) {
        self.pressed = true;
    }

    /// Whether the room is to leave, and does not wait for its next tick.
    pub fn wants_to_leave(&self, ticks: bool) -> bool {
        let has_inputs = matches!(self.waiting.front(), Some(Waiting::Input(_)));
        let is_errand = |waiting: &Waiting| matches!(waiting, Waiting::Errand(_));
        let is_pressed = || self.pressed || self.waiting.iter().any(is_errand);
        self.due.is_some() || (has_inputs && (!ticks || is_pressed()))
    }

    /// The inputs that come before anything else; and the ticks, if nothing else comes before them or they have waited long.
    pub fn leave(&mut self, now: Moment) -> (VecDeque<Input>, Option<Moment>) {
        let mut inputs = VecDeque::new();
        // They count until it is known which of them were done.
        let is_input = |next: &mut Waiting| matches!(next, Waiting::Input(_));
        while let Some(Waiting::Input(input)) = self.waiting.pop_front_if(is_input) {
            inputs.push_back(input);
        }
        self.pressed = false;
        let is_free = self.waiting.is_empty();
        (inputs, self.due.take_if(|due| is_free || *due + TICKS_WAIT <= now))
    }

    /// What the room did not come to.
    pub fn come_back(&mut self, inputs: VecDeque<Input>, due: Option<Moment>) {
        self.due = self.due.or(due);
        for input in inputs.into_iter().rev() {
            self.waiting.push_front(Waiting::Input(input));
        }
        self.inputs.fill(0);
        for waiting in &self.waiting {
            if let Waiting::Input(input) = waiting
                && let Some(count) = self.inputs.get_mut(usize::from(input.seat))
            {
                *count += 1;
            }
        }
    }

    /// What is to be done now, with the room at home.
    pub fn next_errand(&mut self) -> Option<Errand> {
        match self.waiting.pop_front()? {
            Waiting::Errand(errand) => {
                self.requests -= usize::from(matches!(errand, Errand::Request(_)));
                Some(errand)
            }
            input => {
                self.waiting.push_front(input);
                None
            }
        }
    }

    /// Nobody will come back to what waits.
    pub fn abandon(self, fault: &Fault) {
        for waiting in self.waiting {
            if let Waiting::Errand(Errand::Request(request)) = waiting {
                request.refuse(fault.clone());
            }
        }
        for (_, held) in self.released {
            held.effects.into_iter().for_each(|effect| effect.abandon(fault));
        }
    }

    fn keep_request(&mut self, request: Request) {
        if self.requests >= MOST_REQUESTS {
            let busy = Fault::new(ErrorCode::Unavailable, "too many wait for this room");
            return request.refuse(busy.retry_after(RETRY));
        }
        self.requests += 1;
        self.waiting.push_back(Waiting::Errand(Errand::Request(request)));
    }

    fn count(&mut self, seat: Seat) -> Option<&mut u8> {
        let seat = usize::from(seat);
        if seat >= self.inputs.len() && seat < limits::SEATS as usize {
            self.inputs.resize(seat + 1, 0);
        }
        self.inputs.get_mut(seat)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use model::{AppId, RoomId, SessionId};

    use super::*;

    #[test]
    fn a_seat_has_no_more_inputs_for_each_time_that_the_room_leaves() {
        let at = RoomAt { index: 0, generation: 1 };
        let key = RoomKey { app: AppId::new("a"), room: RoomId::from_name("room_a") };
        let mut ward = Ward::new(at, key, false);
        let most = usize::from(MOST_INPUTS) + 1;
        for trip in 0..10 {
            let kept = (0..100).filter(|number| ward.keep_input(input(*number))).count();
            assert_eq!(kept, if trip == 0 { most } else { 1 });
            let (mut inputs, _) = ward.leave(Moment::ZERO);
            assert_eq!(inputs.len(), most);
            assert!(!(0..100).any(|number| ward.keep_input(input(number))), "those under way count");
            inputs.pop_front();
            ward.come_back(inputs, None);
        }
    }

    fn input(number: u32) -> Input {
        Input { session: SessionId::new("s"), seat: 3, number, tick: 0, data: Bytes::new() }
    }
}
