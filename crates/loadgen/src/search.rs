//! The largest number of rooms that still holds a bound: doubles until it does not, then halves the gap.

/// One target's search.
#[derive(Debug)]
pub struct Search {
    step: usize,
    holds: usize,
    fails: Option<usize>,
    next: usize,
}

impl Search {
    /// Begins with `from` rooms; exact to `step`.
    pub fn new(from: usize, step: usize) -> Search {
        let step = step.max(1);
        Search { step, holds: 0, fails: None, next: from.max(step) }
    }

    /// The number of rooms to try, until the answer is known.
    pub fn next(&self) -> Option<usize> {
        const ROOMS_MAX: usize = 100_000;
        let open = match self.fails {
            Some(fails) => fails - self.holds > self.step,
            None => self.next <= ROOMS_MAX,
        };
        open.then_some(self.next)
    }

    /// Takes the outcome of the last try in.
    pub fn tried(&mut self, held: bool) {
        if held {
            self.holds = self.next;
        } else {
            self.fails = Some(self.next);
        }
        self.next = match self.fails {
            Some(fails) => self.holds + ((fails - self.holds) / 2).next_multiple_of(self.step),
            None => self.next * 2,
        };
        // Rounding must not ask for what is known to fail.
        if let Some(fails) = self.fails
            && self.next >= fails
        {
            self.next = self.holds + (fails - self.holds) / 2;
        }
    }

    /// The largest number that held; 0 if none did.
    pub fn answer(&self) -> usize {
        self.holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_found_to_the_step_in_few_tries() {
        for limit in [0, 1, 49, 50, 99, 100, 101, 449, 450, 1000, 1023, 7777] {
            for from in [1, 50, 100, 400] {
                let mut search = Search::new(from, 50);
                let mut tries = 0;
                while let Some(rooms) = search.next() {
                    search.tried(rooms <= limit);
                    tries += 1;
                    assert!(tries < 20, "limit {limit} from {from}: {search:?}");
                }
                let answer = search.answer();
                assert!(answer <= limit && limit - answer < 50 + 50, "limit {limit} from {from}: {answer}");
            }
        }
    }
}
