//! From incidents to messages: equal ones are one, what is over is said once, what flaps is not said at all. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use clock::Moment;

use crate::incident::{Incident, Kind};
use crate::message::{Message, State};

/// Incidents that are open at a time; further ones are counted together, by kind.
const OPEN_MAX: usize = 200;

/// The fingerprint of those that are counted together.
const MORE: &str = "(more)";

/// Incidents and time in, messages out.
#[derive(Debug)]
pub struct Grouping {
    /// Equal incidents within it are one message.
    window: Duration,
    /// How long an incident has to stay over before it is said.
    settle: Duration,
    open: BTreeMap<(Kind, String), Open>,
}

#[derive(Debug)]
struct Open {
    incident: Incident,
    since: Moment,
    last: Moment,
    count: u64,
    /// How many of them the last message told of, and when.
    told: u64,
    told_at: Moment,
    /// Since when it seems to be over.
    over_since: Option<Moment>,
}

impl Grouping {
    pub fn new(window: Duration, settle: Duration) -> Grouping {
        Grouping { window, settle, open: BTreeMap::new() }
    }

    /// The message, if this is the first of its kind and fingerprint.
    pub fn raise(&mut self, mut incident: Incident, now: Moment) -> Option<Message> {
        let key = (incident.kind, incident.fingerprint.clone());
        if !self.open.contains_key(&key) && self.open.len() >= OPEN_MAX {
            incident.fingerprint = MORE.to_owned();
        }
        let key = (incident.kind, incident.fingerprint.clone());
        if let Some(open) = self.open.get_mut(&key) {
            open.incident = incident;
            open.count += 1;
            open.last = now;
            open.over_since = None;
            return None;
        }
        let open =
            Open { incident, since: now, last: now, count: 1, told: 1, told_at: now, over_since: None };
        let message = open.message(State::Opened, now);
        self.open.insert(key, open);
        Some(message)
    }

    /// Says that it is over. Nothing happens if it is not open.
    pub fn resolve(&mut self, kind: Kind, fingerprint: &str, now: Moment) {
        if let Some(open) = self.open.get_mut(&(kind, fingerprint.to_owned())) {
            open.over_since.get_or_insert(now);
        }
    }

    /// What time alone brings.
    pub fn tick(&mut self, now: Moment) -> Vec<Message> {
        let mut messages = Vec::new();
        let (window, settle) = (self.window, self.settle);
        self.open.retain(|_, open| match open.due(window, settle) {
            Some((at, _)) if at > now => true,
            Some((_, Due::Resolved)) => {
                messages.push(open.message(State::Resolved, now));
                false
            }
            Some((_, Due::Again)) => {
                (open.told, open.told_at) = (open.count, now);
                messages.push(open.message(State::Again, now));
                true
            }
            Some((_, Due::Forgotten)) => false,
            None => true,
        });
        messages
    }

    /// When [`tick`](Grouping::tick) has something to do.
    pub fn next(&self) -> Option<Moment> {
        self.open.values().filter_map(|open| Some(open.due(self.window, self.settle)?.0)).min()
    }
}

enum Due {
    Resolved,
    Again,
    /// A moment that nobody resolves: over, without a word.
    Forgotten,
}

impl Open {
    fn due(&self, window: Duration, settle: Duration) -> Option<(Moment, Due)> {
        if let Some(since) = self.over_since {
            return Some((since + settle, Due::Resolved));
        }
        if self.count > self.told {
            return Some((self.told_at + window, Due::Again));
        }
        // Nobody could say that those counted together are over.
        let is_moment = self.incident.kind.is_moment() || self.incident.fingerprint == MORE;
        is_moment.then_some((self.last.max(self.told_at) + window, Due::Forgotten))
    }

    fn message(&self, state: State, now: Moment) -> Message {
        let end = self.over_since.filter(|_| state == State::Resolved).unwrap_or(now);
        Message { incident: self.incident.clone(), state, count: self.count, lasted: end.since(self.since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;
    use proptest::prelude::*;

    const WINDOW: Duration = Duration::from_secs(300);
    const SETTLE: Duration = Duration::from_secs(30);

    fn incident(kind: Kind, fingerprint: &str) -> Incident {
        let (title, effect) = ("title".into(), "effect".into());
        Incident { kind, fingerprint: fingerprint.into(), title, effect, severity: Severity::Warning }
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_micros(seconds * 1_000_000)
    }

    fn states(messages: &[Message]) -> Vec<(State, u64)> {
        messages.iter().map(|message| (message.state, message.count)).collect()
    }

    #[test]
    fn equal_incidents_are_one_message_and_the_end_is_told() {
        let mut grouping = Grouping::new(WINDOW, SETTLE);
        assert!(grouping.raise(incident(Kind::NotReady, "a"), at(0)).is_some());
        assert!(grouping.raise(incident(Kind::NotReady, "b"), at(0)).is_some());
        for second in 1..100 {
            assert!(grouping.raise(incident(Kind::NotReady, "a"), at(second)).is_none());
            assert!(grouping.tick(at(second)).is_empty());
        }
        assert_eq!(grouping.next(), Some(at(300)));
        assert_eq!(states(&grouping.tick(at(300))), [(State::Again, 100)]);
        grouping.resolve(Kind::NotReady, "a", at(400));
        grouping.resolve(Kind::NotReady, "unknown", at(400));
        assert!(grouping.tick(at(429)).is_empty());
        let over = grouping.tick(at(430));
        assert_eq!(states(&over), [(State::Resolved, 100)]);
        assert_eq!(over[0].lasted, Duration::from_secs(400));
        assert_eq!(grouping.next(), None, "b lasts until somebody says otherwise");
        assert_eq!(grouping.raise(incident(Kind::NotReady, "a"), at(431)).unwrap().state, State::Opened);
    }

    #[test]
    fn what_flaps_is_told_once_and_moments_are_forgotten() {
        let mut grouping = Grouping::new(WINDOW, SETTLE);
        let mut messages = 0;
        for second in (0..200).step_by(20) {
            messages += usize::from(grouping.raise(incident(Kind::NotReady, "a"), at(second)).is_some());
            grouping.resolve(Kind::NotReady, "a", at(second + 5));
            messages += grouping.tick(at(second + 19)).len();
        }
        assert_eq!(messages, 1);
        assert!(grouping.raise(incident(Kind::Crash, "c"), at(200)).is_some());
        assert_eq!(states(&grouping.tick(at(500))), [(State::Resolved, 10)]);
        assert!(grouping.open.is_empty(), "the crash is over by itself");
    }

    #[test]
    fn a_flood_of_different_incidents_is_bounded() {
        let mut grouping = Grouping::new(WINDOW, SETTLE);
        let told = (0..10_000).filter_map(|n| grouping.raise(incident(Kind::Journal, &n.to_string()), at(1)));
        assert_eq!(told.count(), OPEN_MAX + 1);
        let more = &grouping.open[&(Kind::Journal, MORE.to_owned())];
        assert_eq!(more.count, 10_000 - OPEN_MAX as u64);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Raise(usize),
        Resolve(usize),
        Wait(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..3_usize).prop_map(Step::Raise),
            (0..3_usize).prop_map(Step::Resolve),
            (1..400_u64).prop_map(Step::Wait),
        ]
    }

    proptest! {
        /// Whatever happens: every story begins with its opening, tells of every incident in the end, and is not told
        /// more often than once a window between its beginning and its end.
        #[test]
        fn every_incident_is_told_of_and_none_too_often(steps in prop::collection::vec(step(), 0..120)) {
            let keys = [(Kind::NotReady, "a"), (Kind::Crash, "a"), (Kind::Memory, "b")];
            let mut grouping = Grouping::new(WINDOW, SETTLE);
            let mut now = 0;
            let mut said: Vec<(u64, Message)> = Vec::new();
            let mut raised = [0_u64; 3];
            for step in steps {
                match step {
                    Step::Raise(key) => {
                        raised[key] += 1;
                        said.extend(grouping.raise(incident(keys[key].0, keys[key].1), at(now)).map(|m| (now, m)));
                    }
                    Step::Resolve(key) => grouping.resolve(keys[key].0, keys[key].1, at(now)),
                    Step::Wait(seconds) => {
                        for _ in 0..seconds {
                            now += 1;
                            said.extend(grouping.tick(at(now)).into_iter().map(|m| (now, m)));
                        }
                    }
                }
            }
            for (kind, fingerprint) in keys {
                grouping.resolve(kind, fingerprint, at(now));
            }
            let end = now + 30;
            said.extend(grouping.tick(at(end)).into_iter().map(|m| (end, m)));
            prop_assert!(grouping.next().is_none());

            for (number, (kind, fingerprint)) in keys.into_iter().enumerate() {
                let story: Vec<_> = said
                    .iter()
                    .filter(|(_, m)| m.incident.kind == kind && m.incident.fingerprint == fingerprint)
                    .collect();
                let mut told = 0;
                let mut current = 0;
                let mut before: Option<(u64, State)> = None;
                for (when, message) in story {
                    let began = message.state == State::Opened;
                    if began {
                        told += current;
                    }
                    prop_assert_eq!(began, before.is_none_or(|(_, s)| s == State::Resolved) || (began && kind.is_moment()));
                    if let (State::Again, Some((last, _))) = (message.state, before) {
                        prop_assert!(when - last >= WINDOW.as_secs());
                    }
                    current = message.count;
                    before = Some((*when, message.state));
                }
                prop_assert_eq!(told + current, raised[number], "{:?}", kind);
            }
        }
    }
}
