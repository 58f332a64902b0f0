//! The token bucket: a steady rate with room for a burst.

use std::time::Duration;

use clock::Moment;

/// How much may pass. A rate of 0 per second means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_second: u32,
    /// What may pass at once after a rest; at least 1.
    pub burst: u32,
}

impl Rate {
    pub const UNLIMITED: Rate = Rate { per_second: 0, burst: 1 };

    /// The rest after which a bucket is full again, whatever it held.
    pub fn refill_time(self) -> Duration {
        match self.per_second {
            0 => Duration::ZERO,
            per_second => Duration::from_micros(self.capacity().div_ceil(u64::from(per_second))),
        }
    }

    /// In millionths of a token, so that a microsecond adds a whole number.
    fn capacity(self) -> u64 {
        u64::from(self.burst.max(1)) * MILLION
    }
}

/// What is left of a [`Rate`]. 16 bytes: every connection has some. Always used with the same rate.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    millionths: u64,
    filled_at: Moment,
}

impl TokenBucket {
    pub fn full(rate: Rate, now: Moment) -> TokenBucket {
        TokenBucket { millionths: rate.capacity(), filled_at: now }
    }

    /// Takes `amount` tokens, or none of them and tells after what time they will be there.
    ///
    /// More than the burst can never be taken; the time told then is that of a full bucket.
    pub fn take(&mut self, rate: Rate, now: Moment, amount: u32) -> Result<(), Duration> {
        if rate.per_second == 0 {
            return Ok(());
        }
        self.refill(rate, now);
        let wanted = u64::from(amount) * MILLION;
        match self.millionths.checked_sub(wanted) {
            Some(left) => {
                self.millionths = left;
                Ok(())
            }
            None => {
                let missing = wanted.min(rate.capacity()) - self.millionths.min(rate.capacity());
                Err(Duration::from_micros(missing.div_ceil(u64::from(rate.per_second)).max(1)))
            }
        }
    }

    fn refill(&mut self, rate: Rate, now: Moment) {
        let added = (now.since(self.filled_at).as_micros() as u64).saturating_mul(u64::from(rate.per_second));
        self.millionths = self.millionths.saturating_add(added).min(rate.capacity());
        self.filled_at = self.filled_at.max(now);
    }
}

const MILLION: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The naive model keeps every taking and refills step by step.
        #[test]
        fn it_equals_the_naive_bucket(
            per_second in 1u32..5_000,
            burst in 1u32..100,
            steps in prop::collection::vec((0u64..400_000, 0u32..120), 1..200),
        ) {
            let rate = Rate { per_second, burst };
            let mut bucket = TokenBucket::full(rate, Moment::ZERO);
            let mut now = 0;
            let mut level = u128::from(burst) * 1_000_000;
            for (pause, amount) in steps {
                now += pause;
                level = (level + u128::from(pause) * u128::from(per_second)).min(u128::from(burst) * 1_000_000);
                let wanted = u128::from(amount) * 1_000_000;
                let taken = bucket.take(rate, Moment::from_micros(now), amount);
                prop_assert_eq!(taken.is_ok(), wanted <= level);
                match taken {
                    Ok(()) => level -= wanted,
                    Err(wait) if amount <= burst => {
                        let mut later = bucket;
                        prop_assert!(later.take(rate, Moment::from_micros(now) + wait, amount).is_ok());
                        let mut sooner = bucket;
                        let soon = Moment::from_micros(now) + (wait - Duration::from_micros(1));
                        prop_assert!(sooner.take(rate, soon, amount).is_err());
                    }
                    Err(_) => {}
                }
            }
        }
    }

    #[test]
    fn extremes_do_not_overflow_and_no_limit_is_none() {
        let rate = Rate { per_second: u32::MAX, burst: u32::MAX };
        let mut bucket = TokenBucket::full(rate, Moment::ZERO);
        assert!(bucket.take(rate, Moment::from_micros(u64::MAX), u32::MAX).is_ok());
        assert!(bucket.take(rate, Moment::ZERO, u32::MAX).is_err(), "time that runs backwards adds nothing");
        let mut free = TokenBucket::full(Rate::UNLIMITED, Moment::ZERO);
        assert!((0..1000).all(|_| free.take(Rate::UNLIMITED, Moment::ZERO, u32::MAX).is_ok()));
    }
}
