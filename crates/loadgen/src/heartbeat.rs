//! Heartbeats as the server wishes them, spread evenly over all lines.

use std::time::Duration;

use clock::Moment;

use crate::lines::Lines;

/// Beats on all lines in turn, each once in a while that the welcome tells; never without one.
#[derive(Default)]
pub struct Heartbeat {
    every: Duration,
    next: Option<Moment>,
    cursor: usize,
}

/// Between two groups of lines.
const STEP: Duration = Duration::from_millis(50);

impl Heartbeat {
    /// Takes the server's wish; a little faster, so that no line is ever late.
    pub fn set(&mut self, wanted_ms: u32, now: Moment) {
        let every = Duration::from_millis(u64::from(wanted_ms) * 3 / 4);
        if !every.is_zero() && self.every != every {
            self.every = every;
            self.next = Some(now + STEP);
        }
    }

    /// When [`beat`](Heartbeat::beat) has something to do.
    pub fn next(&self) -> Moment {
        self.next.unwrap_or(Moment::from_micros(u64::MAX))
    }

    pub fn beat(&mut self, now: Moment, lines: &mut Lines) {
        let Some(mut next) = self.next else { return };
        while next <= now {
            for _ in 0..self.lines_per_step(lines.len()) {
                let line = self.cursor % lines.len();
                self.cursor = line + 1;
                if lines.is_open(line) {
                    lines.send_heartbeat(line);
                }
            }
            next = next + STEP;
        }
        self.next = Some(next);
    }

    fn lines_per_step(&self, lines: usize) -> usize {
        let share = lines as u128 * STEP.as_micros();
        share.div_ceil(self.every.as_micros().max(1)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_turn_within_the_wished_time() {
        let mut heartbeat = Heartbeat::default();
        assert_eq!(heartbeat.next(), Moment::from_micros(u64::MAX));
        heartbeat.set(15_000, Moment::ZERO);
        for lines in [1_usize, 64, 19_000] {
            let steps = Duration::from_secs(15).as_millis() / STEP.as_millis();
            assert!(heartbeat.lines_per_step(lines) as u128 * steps >= lines as u128);
        }
        let mut lines = Lines::new(3);
        heartbeat.beat(Moment::from_micros(1_000_000), &mut lines);
        assert_eq!(heartbeat.next(), Moment::from_micros(1_050_000));
    }
}
