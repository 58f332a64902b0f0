//! Open loop: who sends when, decided before the run and never by how the server does.

use std::time::Duration;

use clock::{Chance, Moment};

/// Gives each of a number of players a phase of its own; each then sends once a period.
pub struct Pacer {
    order: Vec<u32>,
    period_us: u64,
    start: Moment,
    sent: u64,
}

impl Pacer {
    /// `rate_hz` per player; the phases are spread evenly, in a random order that `seed` repeats.
    pub fn new(players: usize, rate_hz: f64, seed: u64) -> Pacer {
        let mut order: Vec<u32> = (0..players as u32).collect();
        let mut chance = Chance::seeded(seed);
        for last in (1..order.len()).rev() {
            order.swap(last, chance.below(last as u64 + 1) as usize);
        }
        let period_us = (Duration::from_secs(1).as_micros() as f64 / rate_hz) as u64;
        Pacer { order, period_us: period_us.max(1), start: Moment::ZERO, sent: 0 }
    }

    pub fn start(&mut self, now: Moment) {
        self.start = now;
        self.sent = 0;
    }

    /// When the next one is due.
    pub fn next(&self) -> Moment {
        let players = self.order.len() as u64;
        let (round, turn) = (self.sent / players, self.sent % players);
        self.start + Duration::from_micros(round * self.period_us + turn * self.period_us / players)
    }

    /// The player who is due by `now`, and the moment at which it was.
    pub fn take(&mut self, now: Moment) -> Option<(usize, Moment)> {
        let due = self.next();
        if due > now {
            return None;
        }
        let player = self.order[(self.sent % self.order.len() as u64) as usize];
        self.sent += 1;
        Some((player as usize, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_sends_once_a_period_at_an_own_time() {
        let mut pacer = Pacer::new(10, 20.0, 1);
        let start = Moment::from_micros(1_000_000);
        pacer.start(start);
        let mut last = [None; 10];
        let mut count = 0;
        while let Some((player, due)) = pacer.take(start + Duration::from_micros(999_999)) {
            if let Some(before) = last[player].replace(due) {
                assert_eq!(due.since(before), Duration::from_millis(50));
            }
            count += 1;
        }
        assert_eq!(count, 200);
        assert!(last.iter().all(Option::is_some));
    }
}
