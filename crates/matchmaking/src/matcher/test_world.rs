//! A matcher with a hand on its clock and a look at everything it says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clock::{Chance, Moment};
use model::{AppId, Build, PlayerId, RoomKey, SessionId};
use protocol::Fault;
use protocol::messages::{LockstepSpec, MatchStart, MatchTicket, RoomKind, RoomSpec, match_ticket};
use telemetry::Metrics;

use super::{Decision, Matcher, RoomOrder};
use crate::config::MatchConfig;
use crate::ticket::{Asking, Event};
use crate::wish::spec_of;

pub struct World {
    pub matcher: Matcher,
    pub metrics: Arc<Metrics>,
    pub now: Moment,
    /// Every order, repetitions too.
    pub orders: Vec<RoomOrder>,
    pub told: Vec<(String, Event)>,
}

impl World {
    pub fn new(config: MatchConfig) -> World {
        let metrics = Arc::new(Metrics::default());
        let matcher = Matcher::new(config, Chance::seeded(1), metrics.clone());
        World { matcher, metrics, now: Moment::ZERO, orders: Vec::new(), told: Vec::new() }
    }

    pub fn start(&mut self, player: &str, start: MatchStart) -> Result<MatchTicket, Fault> {
        self.start_as(&asking(player, "1.0"), start)
    }

    pub fn start_as(&mut self, asking: &Asking, mut start: MatchStart) -> Result<MatchTicket, Fault> {
        let spec = spec_of(&mut start)?;
        let answer = self.matcher.start(asking, &start, spec, self.now);
        self.hear();
        answer
    }

    pub fn state(&self, player: &str, ticket: &str) -> match_ticket::State {
        self.status(player, ticket).unwrap().state()
    }

    pub fn status(&self, player: &str, ticket: &str) -> Result<MatchTicket, Fault> {
        self.matcher.status(&AppId::new("app"), &PlayerId::new(player), ticket, self.now)
    }

    pub fn cancel(&mut self, player: &str, ticket: &str) -> Result<MatchTicket, Fault> {
        let answer = self.matcher.cancel(&AppId::new("app"), &PlayerId::new(player), ticket, self.now);
        self.hear();
        answer
    }

    pub fn gone(&mut self, session: &str) {
        self.matcher.gone(&SessionId::new(session), self.now);
        self.hear();
    }

    /// Passes time in steps of at most `step`.
    pub fn pass(&mut self, time: Duration, step: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = end.min(self.now + step);
            self.matcher.advance(self.now);
            self.hear();
        }
    }

    pub fn pass_ms(&mut self, ms: u64) {
        self.pass(Duration::from_millis(ms), Duration::from_millis(50));
    }

    pub fn answer(&mut self, room: &RoomKey, answer: Result<(), Fault>) {
        self.matcher.room_answered(room, answer, self.now);
        self.hear();
    }

    /// The rooms asked for, without repetitions.
    pub fn rooms(&self) -> BTreeSet<&RoomKey> {
        self.orders.iter().map(|order| &order.key).collect()
    }

    pub fn events(&self, session: &str) -> Vec<&Event> {
        self.told.iter().filter(|(to, _)| to == session).map(|(_, event)| event).collect()
    }

    pub fn hear(&mut self) {
        for decision in self.matcher.take_decisions() {
            match decision {
                Decision::Make(order) => self.orders.push(*order),
                Decision::Tell { session, event } => self.told.push((session.to_string(), *event)),
            }
        }
    }

    /// Nothing is left of tickets that ended, once they are forgotten.
    pub fn is_empty(&self) -> bool {
        let Matcher { tickets, pools, pending, by_player, by_session, ended, timers, .. } = &self.matcher;
        tickets.is_empty()
            && pools.waiting() == 0
            && pending.is_empty()
            && by_player.is_empty()
            && by_session.is_empty()
            && ended.is_empty()
            && timers.len() == 0
    }
}

/// A duel in lockstep; patience 5 s, without bots.
pub fn duel(ticket: &str) -> MatchStart {
    MatchStart {
        ticket: ticket.to_owned(),
        mode: "duel".to_owned(),
        players: 2,
        fill_with_bots: false,
        patience_ms: 5_000,
        room: Some(RoomSpec {
            kind: RoomKind::Lockstep.into(),
            lockstep: Some(LockstepSpec::default()),
            ..RoomSpec::default()
        }),
    }
}

/// The player's session is called like the player.
pub fn asking(player: &str, build: &str) -> Asking {
    Asking {
        app: AppId::new("app"),
        player: PlayerId::new(player),
        session: SessionId::new(player),
        build: Build::new(build),
    }
}
