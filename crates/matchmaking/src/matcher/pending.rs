//! From tickets to a match, and from a match to its room.

use std::time::Duration;

use clock::Moment;
use model::{RoomId, RoomKey};
use protocol::messages::RoomKind;
use protocol::{ErrorCode, Fault, Retry};

use super::timers::Due;
use super::{Decision, Matcher, RoomOrder};
use crate::ticket::{State, Ticket, TicketKey};

/// A match whose room has not answered yet.
#[derive(Debug)]
pub(super) struct PendingMatch {
    number: u64,
    order: RoomOrder,
    tickets: Vec<TicketKey>,
    asked: u32,
    give_up_at: Moment,
    /// When the order is repeated.
    due: Moment,
}

impl Matcher {
    /// The room's answer: made, or why not. Answers that come late or twice change nothing.
    pub fn room_answered(&mut self, key: &RoomKey, answer: Result<(), Fault>, now: Moment) {
        match answer {
            Ok(()) => {
                for ticket in self.take_pending(key) {
                    self.room_made(&ticket, key, now);
                }
            }
            Err(fault) if fault.code.retry() == Retry::Never => self.give_up(key, fault, now),
            // The order stands and will be repeated.
            Err(fault) => {
                tracing::debug!(event = "match_room_delayed", room = %key.room, app = %key.app, %fault)
            }
        }
    }

    pub(super) fn match_pool_of(&mut self, key: &TicketKey, now: Moment) {
        let Some(wish) = self.tickets.get(key).map(|ticket| ticket.wish.clone()) else { return };
        while let Some(tickets) = self.pools.full_match(&wish.pool) {
            self.decide(tickets, now);
        }
    }

    /// The one step from tickets to a match: from here on their room has its id.
    pub(super) fn decide(&mut self, tickets: Vec<TicketKey>, now: Moment) {
        let Some(order) = self.order_for(&tickets) else { return };
        for key in &tickets {
            let Some(ticket) = self.tickets.get_mut(key) else { continue };
            ticket.state = State::Pending(order.key.clone());
            let (pool, number) = (ticket.wish.pool.clone(), ticket.number);
            self.metrics.matchmaking.waiting.of(&[ticket.wish.mode()]).decrement();
            self.pools.remove(&pool, number);
        }
        self.numbers += 1;
        self.metrics.matchmaking.rooms_pending.increment();
        let pending = PendingMatch {
            number: self.numbers,
            order: order.clone(),
            tickets,
            asked: 0,
            give_up_at: now + self.config.room_within,
            due: now,
        };
        self.timers.add(now, pending.number, Due::Room(order.key.clone()));
        self.pending.insert(order.key.clone(), pending);
        self.room_due(&order.key, now);
    }

    /// Asks for the room, again and again.
    pub(super) fn room_due(&mut self, key: &RoomKey, now: Moment) {
        let Some(pending) = self.pending.get_mut(key) else { return };
        if now >= pending.give_up_at {
            let message = "The match was found, but its room did not answer.";
            return self.give_up(key, Fault::new(ErrorCode::Unavailable, message), now);
        }
        if pending.asked > 0 {
            self.metrics.matchmaking.room_retries_total.increment();
        }
        self.timers.remove(pending.due, pending.number);
        pending.due = (now + ask_again_after(pending.asked)).min(pending.give_up_at);
        pending.asked += 1;
        self.timers.add(pending.due, pending.number, Due::Room(key.clone()));
        self.decisions.push(Decision::Make(Box::new(pending.order.clone())));
    }

    fn order_for(&mut self, tickets: &[TicketKey]) -> Option<RoomOrder> {
        let founder = tickets.first()?;
        let wish = self.tickets.get(founder)?.wish.clone();
        let mut spec = wish.spec.clone();
        let bots = wish.players.saturating_sub(tickets.len() as u32);
        spec.bots += bots;
        spec.reserved_for = tickets.iter().map(|key| key.player.to_string()).collect();
        if spec.kind == i32::from(RoomKind::Lockstep) {
            let lockstep = spec.lockstep.get_or_insert_default();
            if lockstep.seed == 0 {
                lockstep.seed = self.chance.u32().max(1);
            }
        }
        self.metrics.matchmaking.bots_total.add(bots.into());
        let key = RoomKey { app: wish.app().clone(), room: RoomId::from_name(&self.chance.name(16)) };
        Some(RoomOrder { key, spec, founder: founder.player.clone(), build: wish.build.clone() })
    }

    fn room_made(&mut self, key: &TicketKey, room: &RoomKey, now: Moment) {
        let Some(ticket) = self.tickets.get(key) else { return };
        let (session, mode) = (ticket.session, ticket.wish.mode());
        self.metrics.matchmaking.wait_seconds.observe(now.since(ticket.started_at));
        self.metrics.matchmaking.matched_total.of(&[mode]).increment();
        self.tell(&session, Ticket::matched_event(key, room));
        self.settle(key, State::Matched(room.clone()), now);
    }

    fn give_up(&mut self, key: &RoomKey, fault: Fault, now: Moment) {
        for ticket in self.take_pending(key) {
            self.fail(&ticket, fault.clone(), now);
        }
    }

    pub(super) fn take_pending(&mut self, key: &RoomKey) -> Vec<TicketKey> {
        let Some(pending) = self.pending.remove(key) else { return Vec::new() };
        self.timers.remove(pending.due, pending.number);
        self.metrics.matchmaking.rooms_pending.decrement();
        pending.tickets
    }
}

/// 0.5, 1, 2, 4, 5, 5 … seconds.
fn ask_again_after(asked: u32) -> Duration {
    Duration::from_millis(500 << asked.min(4)).min(Duration::from_secs(5))
}
