//! How tickets end and are forgotten.

use clock::Moment;
use protocol::{ErrorCode, Fault};

use super::{Matcher, remove_from};
use crate::ticket::{State, Ticket, TicketKey};

impl Matcher {
    /// Patience is over, or it is time for a word.
    pub(super) fn ticket_due(&mut self, key: &TicketKey, now: Moment) {
        let Some(ticket) = self.tickets.get_mut(key) else { return };
        ticket.due = None;
        let is_waiting = ticket.state == State::Waiting;
        if is_waiting && now >= ticket.patience_ends {
            return self.patience_over(key, now);
        }
        let Some(ticket) = self.tickets.get(key) else { return };
        let found =
            if is_waiting { self.pools.found(&ticket.wish.pool) } else { ticket.wish.players as usize };
        let event = ticket.waiting_event(key, self.reason(ticket), found, now);
        let (session, patience_ends) = (ticket.session, ticket.patience_ends);
        self.tell(&session, event);
        let next = now + self.config.tell_every;
        self.set_timer(key, if is_waiting { next.min(patience_ends) } else { next });
    }

    /// Ends an active ticket without a word to its session.
    pub(super) fn end(&mut self, key: &TicketKey, state: State, reason: &str, now: Moment) {
        self.metrics.matchmaking.ended_total.of(&[reason]).increment();
        self.settle(key, state, now);
    }

    /// Ends an active ticket and tells its session why.
    pub(super) fn fail(&mut self, key: &TicketKey, fault: Fault, now: Moment) {
        let Some(ticket) = self.tickets.get(key).filter(|ticket| ticket.is_active()) else { return };
        let session = ticket.session;
        self.tell(&session, Ticket::failed_event(key, &fault));
        self.end(key, State::Failed(fault.clone()), fault.code.name(), now);
    }

    /// Takes an active ticket off every index and remembers its end.
    pub(super) fn settle(&mut self, key: &TicketKey, state: State, now: Moment) {
        let Some(ticket) = self.tickets.get_mut(key).filter(|ticket| ticket.is_active()) else { return };
        if ticket.state == State::Waiting {
            self.metrics.matchmaking.waiting.of(&[ticket.wish.mode()]).decrement();
            self.pools.remove(&ticket.wish.pool, ticket.number);
        }
        if let Some(due) = ticket.due.take() {
            self.timers.remove(due, ticket.number);
        }
        ticket.state = state;
        remove_from(&mut self.by_session, &ticket.session, key);
        remove_from(&mut self.by_player, &(key.app.clone(), key.player.clone()), key);
        self.ended.push_back((now, ticket.number, key.clone()));
    }

    pub(super) fn forget_ended(&mut self, now: Moment) {
        while let Some((ended_at, number, key)) = self.ended.front() {
            let is_old = *ended_at + self.config.remember <= now;
            if !is_old && self.ended.len() <= self.config.remembered {
                break;
            }
            if self.tickets.get(key).is_some_and(|ticket| ticket.number == *number) {
                self.tickets.remove(key);
            }
            self.ended.pop_front();
        }
    }

    fn patience_over(&mut self, key: &TicketKey, now: Moment) {
        let Some(ticket) = self.tickets.get(key) else { return };
        if ticket.wish.fill_with_bots {
            let tickets = self.pools.match_with_bots(&ticket.wish.pool, ticket.number);
            // Until its room answers, the ticket goes on hearing why it waits.
            self.set_timer(key, now + self.config.tell_every);
            self.decide(tickets, now);
        } else {
            self.fail(key, Fault::from(ErrorCode::MatchTimeout), now);
        }
    }
}
