//! A player's numbered inputs, as the SDK sends them: kept until acknowledged, and sent again.

use std::collections::VecDeque;

use bytes::Bytes;
use link::{RoomRoute, ToRoom};
use model::SessionId;
use protocol::messages;
use protocol::messages::input_refused::Refusal;

use crate::Odd;

pub struct Inputs {
    /// Sent, and not acknowledged.
    pending: VecDeque<Input>,
    /// Acknowledged: numbers go up without a hole.
    kept: Vec<Input>,
    next_number: u32,
    next_value: u32,
}

#[derive(Clone)]
pub struct Input {
    pub number: u32,
    pub value: u32,
    pub refused: bool,
}

const MOST_PENDING: usize = 24;

impl Inputs {
    /// Values go up from the first one.
    pub fn new(first_value: u32) -> Inputs {
        Inputs { pending: VecDeque::new(), kept: Vec::new(), next_number: 1, next_value: first_value }
    }

    pub fn are_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// The first that waits to be acknowledged.
    pub fn oldest(&self) -> Option<u32> {
        self.pending.front().map(|input| input.number)
    }

    /// What the room has acknowledged.
    pub fn kept(&self) -> &[Input] {
        &self.kept
    }

    /// Sends one more, if few enough wait.
    pub fn act(&mut self, route: &RoomRoute, session: SessionId) {
        if self.pending.len() >= MOST_PENDING {
            return;
        }
        let value = self.next_value;
        self.next_value += 1;
        self.send_one(route, session, value);
    }

    /// Sends this one, which is not one of those that go up.
    pub fn send_one(&mut self, route: &RoomRoute, session: SessionId, value: u32) {
        let input = Input { number: self.next_number, value, refused: false };
        self.next_number += 1;
        send(route, session, &input);
        self.pending.push_back(input);
    }

    pub fn acknowledge(&mut self, applied: u32) {
        let reached = self.pending.iter().take_while(|input| input.number <= applied).count();
        self.kept.extend(self.pending.drain(..reached));
    }

    pub fn refused(&mut self, refused: &messages::InputRefused) {
        // A gap does not count: the number is still expected, and `resend` sees to it.
        if refused.reason == i32::from(Refusal::Gap) {
            return;
        }
        for input in self.pending.iter_mut().chain(&mut self.kept) {
            if input.number == refused.number {
                input.refused = true;
            }
        }
    }

    /// The room stands at `applied`: what came after goes again, acknowledged or not, without a hole in the numbers.
    pub fn resend(
        &mut self,
        route: &RoomRoute,
        session: SessionId,
        applied: u32,
        may_lose: bool,
    ) -> Result<(), Odd> {
        let acknowledged = self.kept.last().map_or(0, |input| input.number);
        if applied < acknowledged && !may_lose {
            return Err(format!("the room stands at input {applied}, and had acknowledged {acknowledged}"));
        }
        let stays = self.kept.iter().take_while(|input| input.number <= applied).count();
        let mut again: VecDeque<Input> = self.kept.drain(stays..).chain(self.pending.drain(..)).collect();
        let reached = again.iter().take_while(|input| input.number <= applied).count();
        self.kept.extend(again.drain(..reached));
        for (input, number) in again.iter_mut().zip(applied + 1..) {
            input.number = number;
            input.refused = false;
            send(route, session, input);
        }
        self.next_number = applied + 1 + again.len() as u32;
        self.pending = again;
        Ok(())
    }
}

impl Input {
    pub fn data(&self) -> Bytes {
        Bytes::copy_from_slice(&self.value.to_be_bytes())
    }
}

fn send(route: &RoomRoute, session: SessionId, input: &Input) {
    let Some(seat) = route.seat else { return };
    let message = ToRoom::Input { session, seat, number: input.number, tick: 0, data: input.data() };
    route.inbox.send(&route.key, message);
}
