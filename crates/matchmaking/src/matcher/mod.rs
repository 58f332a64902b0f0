//! The decisions of quick match, pure.

mod ending;
mod pending;
mod pools;
mod timers;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use clock::{Chance, Moment};
use model::{AppId, Build, PlayerId, RoomKey, SessionId};
use protocol::messages::{MatchStart, MatchTicket, RoomSpec};
use protocol::{ErrorCode, Fault};
use telemetry::Metrics;

use crate::config::MatchConfig;
use crate::ticket::{Asking, Event, Reason, State, Ticket, TicketKey};
use crate::wish::Wish;
use pending::PendingMatch;
use pools::Pools;
use timers::{Due, Timers};

/// Holds the tickets. Methods change it and leave [`Decision`]s to be taken by [`Matcher::take_decisions`].
pub struct Matcher {
    config: MatchConfig,
    chance: Chance,
    metrics: Arc<Metrics>,
    tickets: HashMap<TicketKey, Ticket>,
    pools: Pools,
    pending: HashMap<RoomKey, PendingMatch>,
    /// Tickets not ended, by player and by session.
    by_player: HashMap<(AppId, PlayerId), Vec<TicketKey>>,
    by_session: HashMap<SessionId, Vec<TicketKey>>,
    /// Ended tickets with the number that tells them from later ones of the same id, oldest first.
    ended: VecDeque<(Moment, u64, TicketKey)>,
    timers: Timers,
    numbers: u64,
    decisions: Vec<Decision>,
}

/// What the matcher wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Ask for a room. Comes again for the same room until [`Matcher::room_answered`] was told its answer.
    Make(Box<RoomOrder>),
    /// Tell a session.
    Tell { session: SessionId, event: Box<Event> },
}

/// The room that a match is played in. Equal for every repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomOrder {
    pub key: RoomKey,
    /// With seed, with bots in the seats that nobody was found for, and reserved for the players.
    pub spec: RoomSpec,
    pub founder: PlayerId,
    pub build: Build,
}

impl Matcher {
    pub fn new(config: MatchConfig, chance: Chance, metrics: Arc<Metrics>) -> Matcher {
        Matcher {
            config,
            chance,
            metrics,
            tickets: HashMap::new(),
            pools: Pools::default(),
            pending: HashMap::new(),
            by_player: HashMap::new(),
            by_session: HashMap::new(),
            ended: VecDeque::new(),
            timers: Timers::default(),
            numbers: 0,
            decisions: Vec::new(),
        }
    }

    /// Makes a ticket, or tells how far it is when it was made before with equal wishes. `start` and `spec` as
    /// `wish::spec_of` and `RoomMaker::canonical` left them.
    pub fn start(
        &mut self,
        asking: &Asking,
        start: &MatchStart,
        spec: RoomSpec,
        now: Moment,
    ) -> Result<MatchTicket, Fault> {
        let key = TicketKey::new(&asking.app, &asking.player, &start.ticket)?;
        let wish = Wish::new(&asking.app, &asking.build, start, spec, &self.config);
        if let Some(ticket) = self.tickets.get(&key) {
            if *ticket.wish != wish {
                return Err(ErrorCode::TicketDiffers.into());
            }
            self.move_to_session(&key, &asking.session);
            return self.view(&key, now);
        }
        self.refuse_second_of_mode(asking, &wish, now)?;
        self.refuse_too_many(asking)?;
        self.add(&key, asking, wish, now);
        self.match_pool_of(&key, now);
        self.view(&key, now)
    }

    /// Takes a waiting ticket back. One that is already matched stays so: the answer tells its state.
    pub fn cancel(
        &mut self,
        app: &AppId,
        player: &PlayerId,
        ticket: &str,
        now: Moment,
    ) -> Result<MatchTicket, Fault> {
        let key = TicketKey::new(app, player, ticket)?;
        if self.tickets.get(&key).is_some_and(|ticket| ticket.state == State::Waiting) {
            self.end(&key, State::Cancelled, "cancelled", now);
        }
        self.view(&key, now)
    }

    pub fn status(
        &self,
        app: &AppId,
        player: &PlayerId,
        ticket: &str,
        now: Moment,
    ) -> Result<MatchTicket, Fault> {
        self.view(&TicketKey::new(app, player, ticket)?, now)
    }

    /// The session is over: its waiting tickets are cancelled. A lost connection alone is not the end of a session.
    pub fn gone(&mut self, session: &SessionId, now: Moment) {
        for key in self.by_session.remove(session).unwrap_or_default() {
            if self.tickets.get(&key).is_some_and(|ticket| ticket.state == State::Waiting) {
                self.end(&key, State::Cancelled, "session_gone", now);
            }
        }
    }

    /// Lets time pass: words to those who wait, bots, failures, orders repeated, ended tickets forgotten.
    pub fn advance(&mut self, now: Moment) {
        while let Some(due) = self.timers.pop(now) {
            match due {
                Due::Ticket(key) => self.ticket_due(&key, now),
                Due::Room(key) => self.room_due(&key, now),
            }
        }
        self.forget_ended(now);
    }

    /// When [`Matcher::advance`] has something to do next.
    pub fn next_due(&self) -> Option<Moment> {
        let forget = self.ended.front().map(|(at, ..)| *at + self.config.remember);
        self.timers.next().into_iter().chain(forget).min()
    }

    /// Everything decided since the last call, in order.
    pub fn take_decisions(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.decisions)
    }

    /// Fails every ticket that has no room yet: the server is about to stop.
    pub fn close(&mut self, now: Moment) {
        let active: Vec<TicketKey> = self.by_player.values().flatten().cloned().collect();
        for key in active {
            self.fail(&key, Fault::from(ErrorCode::Draining), now);
        }
        let pending: Vec<RoomKey> = self.pending.keys().cloned().collect();
        for key in pending {
            self.take_pending(&key);
        }
    }

    fn view(&self, key: &TicketKey, now: Moment) -> Result<MatchTicket, Fault> {
        let ticket = self.tickets.get(key).ok_or(Fault::from(ErrorCode::TicketUnknown))?;
        Ok(ticket.view(key, self.reason(ticket), now))
    }

    fn reason(&self, ticket: &Ticket) -> Reason {
        match ticket.state {
            State::Waiting => self.pools.reason(&ticket.wish.pool),
            _ => Reason::RoomPending,
        }
    }

    /// A player waits at most once in a mode. A ticket left behind by an older session gives way.
    fn refuse_second_of_mode(&mut self, asking: &Asking, wish: &Wish, now: Moment) -> Result<(), Fault> {
        let Some(other) = self
            .active_of(asking)
            .iter()
            .find(|key| self.tickets.get(key).is_some_and(|ticket| ticket.wish.mode() == wish.mode()))
        else {
            return Ok(());
        };
        let other = other.clone();
        let left_behind = self
            .tickets
            .get(&other)
            .is_some_and(|ticket| ticket.state == State::Waiting && ticket.session != asking.session);
        if left_behind {
            self.end(&other, State::Cancelled, "replaced", now);
            return Ok(());
        }
        let message =
            format!("Ticket {} already waits for mode {}; cancel it first.", other.ticket, wish.mode());
        Err(Fault::new(ErrorCode::BadRequest, message))
    }

    fn refuse_too_many(&self, asking: &Asking) -> Result<(), Fault> {
        if self.active_of(asking).len() >= self.config.per_player {
            let message = format!("At most {} tickets of one player may wait.", self.config.per_player);
            return Err(Fault::new(ErrorCode::TooManyRequests, message).retry_after(self.config.patience));
        }
        if self.pools.waiting() >= self.config.waiting {
            let fault = Fault::new(ErrorCode::Unavailable, "As many tickets wait as may wait.");
            return Err(fault.retry_after(self.config.patience));
        }
        Ok(())
    }

    fn active_of(&self, asking: &Asking) -> &[TicketKey] {
        self.by_player.get(&(asking.app.clone(), asking.player.clone())).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, key: &TicketKey, asking: &Asking, wish: Wish, now: Moment) {
        self.numbers += 1;
        let patience_ends = now + wish.patience;
        let ticket = Ticket {
            number: self.numbers,
            session: asking.session,
            wish: Arc::new(wish),
            started_at: now,
            patience_ends,
            due: None,
            state: State::Waiting,
        };
        self.metrics.matchmaking.waiting.of(&[ticket.wish.mode()]).increment();
        self.pools.add(&ticket.wish.pool, ticket.number, key.clone(), ticket.wish.fill_with_bots);
        self.by_player.entry((asking.app.clone(), asking.player.clone())).or_default().push(key.clone());
        self.by_session.entry(asking.session).or_default().push(key.clone());
        self.tickets.insert(key.clone(), ticket);
        self.set_timer(key, patience_ends.min(now + self.config.tell_every));
    }

    fn move_to_session(&mut self, key: &TicketKey, session: &SessionId) {
        let Some(ticket) = self.tickets.get_mut(key) else { return };
        if ticket.session == *session || !ticket.is_active() {
            return;
        }
        let before = std::mem::replace(&mut ticket.session, *session);
        remove_from(&mut self.by_session, &before, key);
        self.by_session.entry(*session).or_default().push(key.clone());
    }

    /// A ticket has one timer at a time.
    fn set_timer(&mut self, key: &TicketKey, at: Moment) {
        let Some(ticket) = self.tickets.get_mut(key) else { return };
        if let Some(before) = ticket.due.replace(at) {
            self.timers.remove(before, ticket.number);
        }
        self.timers.add(at, ticket.number, Due::Ticket(key.clone()));
    }

    fn tell(&mut self, session: &SessionId, event: Event) {
        self.decisions.push(Decision::Tell { session: *session, event: Box::new(event) });
    }
}

fn remove_from<K: std::hash::Hash + Eq>(index: &mut HashMap<K, Vec<TicketKey>>, owner: &K, key: &TicketKey) {
    if let Some(keys) = index.get_mut(owner) {
        keys.retain(|other| other != key);
        if keys.is_empty() {
            index.remove(owner);
        }
    }
}

#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod simulation_tests;
#[cfg(test)]
mod test_world;
