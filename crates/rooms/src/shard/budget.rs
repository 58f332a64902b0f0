//! What a room takes of its shard's time, and whether that is too much.

use std::time::Duration;

use clock::Moment;

/// When a room goes to quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Of each second. Zero: as much as it likes.
    pub in_a_second: Duration,
    /// By what its calls are worth, from one look to the next: a thread that was held up is no fault of the room's.
    pub at_once: Duration,
}

#[derive(Default)]
pub(super) struct Budget {
    /// When this count began.
    since: Moment,
    spent: Duration,
    dearest: Duration,
    is_over: bool,
    /// When it last took more than half of what it may.
    busy_at: Moment,
}

const WINDOW: Duration = Duration::from_secs(1);
/// A room that took too much comes back after so long under half of what it may.
const CALM: Duration = Duration::from_secs(5);

impl Budget {
    /// `took`: by the clock; `worth`: by what the game's calls burnt, some of which nobody measured.
    pub fn spend(&mut self, took: Duration, worth: Duration) {
        self.spent += took.max(worth);
        self.dearest = self.dearest.max(worth);
    }

    /// Whether the room takes too much, or did until just now.
    pub fn is_over(&mut self, now: Moment, allowed: Allowance) -> bool {
        if allowed.in_a_second.is_zero() {
            return false;
        }
        let window = now.since(self.since);
        let spent_in_a_second = match window < WINDOW {
            true => self.spent,
            // A room that did nothing for long has not saved anything up.
            false => self.spent.mul_f64(WINDOW.as_secs_f64() / window.min(2 * WINDOW).as_secs_f64()),
        };
        let is_over = spent_in_a_second > allowed.in_a_second || self.dearest > allowed.at_once;
        let is_busy = is_over || spent_in_a_second > allowed.in_a_second / 2;
        if is_busy {
            self.busy_at = now;
        }
        self.is_over = is_over || (self.is_over && now.since(self.busy_at) < CALM);
        if is_over || window >= WINDOW {
            (self.since, self.spent, self.dearest) = (now, Duration::ZERO, Duration::ZERO);
        }
        self.is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const ALLOWED: Allowance =
        Allowance { in_a_second: Duration::from_millis(100), at_once: Duration::from_millis(2) };

    /// Plays at 20 Hz, each tick taking so long; the time at which it was first found to be over, and at which not.
    fn play(budget: &mut Budget, from: Moment, ticks: u64, took: Duration, worth: Duration) -> Vec<bool> {
        let look = |tick: u64| {
            budget.spend(took, worth);
            budget.is_over(from + 50 * MS * tick as u32, ALLOWED)
        };
        (1..=ticks).map(look).collect()
    }

    #[test]
    fn a_room_is_over_once_it_took_its_share_of_a_second() {
        let mut budget = Budget::default();
        let looks = play(&mut budget, Moment::ZERO, 60, 4 * MS, MS);
        assert!(!looks.contains(&true), "80 ms in a second are allowed");
        let looks = play(&mut budget, Moment::ZERO + 3000 * MS, 20, 12 * MS, MS);
        let first = looks.iter().position(|over| *over).expect("240 ms in a second are not");
        assert!((8..=9).contains(&first), "at the ninth tick, not at the end of the second: {first}");
    }

    #[test]
    fn one_dear_call_is_enough_and_one_held_up_thread_is_not() {
        let mut held_up = Budget::default();
        assert_eq!(play(&mut held_up, Moment::ZERO, 3, 20 * MS, MS), [false; 3]);
        let mut dear = Budget::default();
        assert_eq!(play(&mut dear, Moment::ZERO, 2, MS, 3 * MS), [true; 2]);
    }

    #[test]
    fn it_comes_back_after_a_while_of_calm() {
        let mut budget = Budget::default();
        assert_eq!(play(&mut budget, Moment::ZERO, 1, MS, 6 * MS), [true]);
        let looks = play(&mut budget, Moment::ZERO + 50 * MS, 140, MS, MS);
        let back = looks.iter().position(|over| !over).expect("it is calm");
        assert!((90..=130).contains(&back), "after five seconds of 20 ms in each: {back}");
        let mut restless = Budget::default();
        assert_eq!(play(&mut restless, Moment::ZERO, 1, MS, 6 * MS), [true]);
        let looks = play(&mut restless, Moment::ZERO + 50 * MS, 200, 4 * MS, MS);
        assert!(!looks.contains(&false), "more than half of what it may is not calm");
    }

    #[test]
    fn a_room_that_stands_is_calm_and_no_share_is_no_bound() {
        let mut budget = Budget::default();
        budget.spend(500 * MS, 500 * MS);
        assert!(!budget.is_over(Moment::ZERO + MS, Allowance { in_a_second: Duration::ZERO, ..ALLOWED }));
        assert!(budget.is_over(Moment::ZERO + MS, ALLOWED));
        assert!(budget.is_over(Moment::ZERO + 4000 * MS, ALLOWED));
        assert!(!budget.is_over(Moment::ZERO + 6000 * MS, ALLOWED));
    }
}
