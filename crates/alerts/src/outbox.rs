//! What one channel has still to say: within its rate, tried again when it fails, bounded. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use clock::{Chance, Moment};

use crate::message::{Message, State};

/// Messages that wait; beyond them the oldest go and are counted.
const WAITING_MAX: usize = 100;
/// Tries for one message; the pauses between them double from a second.
const TRIES_MAX: u32 = 6;
const MINUTE: Duration = Duration::from_secs(60);

/// The queue of one channel.
#[derive(Debug)]
pub struct Outbox {
    /// Messages a minute that the channel takes.
    per_minute: usize,
    waiting: VecDeque<Message>,
    /// Tries of the last minute.
    tried: VecDeque<Moment>,
    /// Tries of the first message.
    tries: u32,
    not_before: Moment,
    lost: u64,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this; then say [`Outbox::sent`] or [`Outbox::failed`].
    Send(Message),
    /// Nothing before then.
    At(Moment),
    /// Nothing at all.
    Idle,
}

impl Outbox {
    pub fn new(per_minute: usize) -> Outbox {
        Outbox {
            per_minute: per_minute.max(1),
            waiting: VecDeque::new(),
            tried: VecDeque::new(),
            tries: 0,
            not_before: Moment::ZERO,
            lost: 0,
        }
    }

    /// A message of an incident of which one waits already takes its place: the newer one says more.
    pub fn push(&mut self, message: Message) {
        let same = |old: &Message| {
            (old.incident.kind, &old.incident.fingerprint)
                == (message.incident.kind, &message.incident.fingerprint)
        };
        let older = self.waiting.iter().rposition(same);
        match older.and_then(|at| self.waiting.get_mut(at)) {
            Some(old) if old.state != State::Resolved && message.state != State::Opened => {
                // Nobody has heard of it yet: it is opened with the newer count.
                let state = match (old.state, message.state) {
                    (State::Opened, State::Again) => State::Opened,
                    (_, newer) => newer,
                };
                *old = Message { state, ..message };
            }
            _ => self.waiting.push_back(message),
        }
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
            self.tries = 0;
            self.lost += 1;
        }
    }

    pub fn next(&mut self, now: Moment) -> Next {
        while self.tried.front().is_some_and(|tried| now.since(*tried) >= MINUTE) {
            self.tried.pop_front();
        }
        let Some(first) = self.waiting.front() else { return Next::Idle };
        let full_until = if self.tried.len() >= self.per_minute {
            self.tried.front().map(|tried| *tried + MINUTE)
        } else {
            None
        };
        let at = full_until.map_or(self.not_before, |until| until.max(self.not_before));
        if at > now { Next::At(at) } else { Next::Send(first.clone()) }
    }

    /// The first message has arrived.
    pub fn sent(&mut self, now: Moment) {
        self.waiting.pop_front();
        self.tried.push_back(now);
        self.tries = 0;
    }

    /// The first message has not arrived. `wait`: what the channel asks for; `None` if another try makes no sense.
    /// Gives whether the message is lost.
    pub fn failed(&mut self, now: Moment, wait: Option<Duration>, chance: &mut Chance) -> bool {
        self.tried.push_back(now);
        self.tries += 1;
        let Some(wait) = wait.filter(|_| self.tries < TRIES_MAX) else {
            self.waiting.pop_front();
            self.tries = 0;
            self.lost += 1;
            return true;
        };
        let pause = Duration::from_secs(1 << (self.tries - 1)).max(wait);
        self.not_before = now + pause + Duration::from_millis(chance.below(1000));
        false
    }

    /// Messages that never arrived, since the last time somebody asked.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Incident, Kind, Severity};

    fn message(fingerprint: u32, state: State, count: u64) -> Message {
        let incident = Incident {
            kind: Kind::Journal,
            fingerprint: fingerprint.to_string(),
            title: String::new(),
            effect: String::new(),
            severity: Severity::Info,
        };
        Message { incident, state, count, lasted: Duration::ZERO }
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn the_rate_holds_in_every_minute_and_nothing_is_lost() {
        let mut outbox = Outbox::new(20);
        let mut sent = Vec::new();
        for number in 0..70 {
            outbox.push(message(number, State::Opened, 1));
        }
        for second in 0..300 {
            while let Next::Send(message) = outbox.next(at(second)) {
                sent.push((second, message.incident.fingerprint));
                outbox.sent(at(second));
            }
        }
        assert_eq!(sent.len(), 70);
        for (first, _) in &sent {
            let within = sent.iter().filter(|(second, _)| (*first..first + 60).contains(second)).count();
            assert!(within <= 20, "{within} in the minute from {first}");
        }
        assert!(sent.iter().enumerate().all(|(place, (_, number))| *number == place.to_string()));
        assert_eq!((outbox.take_lost(), outbox.next(at(300))), (0, Next::Idle));
    }

    #[test]
    fn what_waits_is_brought_up_to_date() {
        let mut outbox = Outbox::new(1);
        outbox.push(message(1, State::Opened, 1));
        outbox.push(message(2, State::Opened, 1));
        outbox.push(message(1, State::Again, 7));
        let Next::Send(first) = outbox.next(at(0)) else { panic!("{outbox:?}") };
        assert_eq!((first.state, first.count), (State::Opened, 7));
        outbox.push(message(1, State::Resolved, 9));
        outbox.push(message(1, State::Opened, 1));
        let states: Vec<_> =
            outbox.waiting.iter().map(|m| (m.incident.fingerprint.as_str(), m.state)).collect();
        assert_eq!(states, [("1", State::Resolved), ("2", State::Opened), ("1", State::Opened)]);
        for number in 10..200 {
            outbox.push(message(number, State::Opened, 1));
        }
        assert_eq!(outbox.waiting.len(), WAITING_MAX);
        assert_eq!(outbox.take_lost(), 93);
        assert_eq!(outbox.take_lost(), 0);
    }

    #[test]
    fn failures_are_tried_again_later_and_not_for_ever() {
        let mut chance = Chance::seeded(1);
        let mut outbox = Outbox::new(100);
        outbox.push(message(1, State::Opened, 1));
        outbox.push(message(2, State::Opened, 1));
        let mut now = at(0);
        let mut pauses = Vec::new();
        while !outbox.failed(now, Some(Duration::ZERO), &mut chance) {
            let Next::At(next) = outbox.next(now) else { panic!("a pause") };
            pauses.push(next.since(now).as_secs());
            now = next;
            assert!(matches!(outbox.next(now), Next::Send(m) if m.incident.fingerprint == "1"));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16]);
        assert!(matches!(outbox.next(now), Next::Send(m) if m.incident.fingerprint == "2"));
        assert!(!outbox.failed(now, Some(MINUTE), &mut chance), "the channel asked for a minute");
        assert!(matches!(outbox.next(now), Next::At(next) if next.since(now) >= MINUTE));
        assert!(outbox.failed(now, None, &mut chance), "it will never work");
        assert_eq!((outbox.take_lost(), outbox.is_empty()), (2, true));
    }
}
