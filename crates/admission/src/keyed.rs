//! Token buckets by key, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use clock::Moment;

use crate::rate::{Rate, TokenBucket};

/// One bucket for each key that was seen lately.
///
/// Two generations: a key that is used moves to the young one; when that is full, or old enough that an unused bucket
/// has refilled anyway, the old generation is dropped. So a key is forgotten early only after `limit / 2` others came.
#[derive(Debug)]
pub struct KeyedBuckets<K> {
    rate: Rate,
    limit: usize,
    young: HashMap<K, TokenBucket>,
    old: HashMap<K, TokenBucket>,
    turned_at: Moment,
}

impl<K: Hash + Eq> KeyedBuckets<K> {
    /// Remembers at most `limit` keys.
    pub fn new(rate: Rate, limit: usize, now: Moment) -> KeyedBuckets<K> {
        KeyedBuckets { rate, limit, young: HashMap::new(), old: HashMap::new(), turned_at: now }
    }

    /// See [`TokenBucket::take`].
    pub fn take(&mut self, key: K, now: Moment, amount: u32) -> Result<(), Duration> {
        if self.rate.per_second == 0 {
            return Ok(());
        }
        self.turn(now);
        let old = &mut self.old;
        let bucket = self
            .young
            .entry(key)
            .or_insert_with_key(|key| old.remove(key).unwrap_or_else(|| TokenBucket::full(self.rate, now)));
        bucket.take(self.rate, now, amount)
    }

    /// Keys remembered now.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn turn(&mut self, now: Moment) {
        let refilled = now.since(self.turned_at) > self.rate.refill_time();
        if refilled || self.young.len() >= (self.limit / 2).max(1) {
            self.old = std::mem::take(&mut self.young);
            self.turned_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// While few keys are used, forgetting is not to be seen: the answers are those of a map that forgets nothing.
        #[test]
        fn forgetting_changes_no_answer(
            steps in prop::collection::vec((0u64..900_000, 0u8..8, 1u32..4), 1..300),
        ) {
            let rate = Rate { per_second: 3, burst: 5 };
            let mut buckets = KeyedBuckets::new(rate, 64, Moment::ZERO);
            let mut naive: HashMap<u8, TokenBucket> = HashMap::new();
            let mut now = Moment::ZERO;
            for (pause, key, amount) in steps {
                now = now + Duration::from_micros(pause);
                let expected =
                    naive.entry(key).or_insert_with(|| TokenBucket::full(rate, now)).take(rate, now, amount);
                prop_assert_eq!(buckets.take(key, now, amount), expected);
            }
        }
    }

    #[test]
    fn memory_is_bounded_and_rests_empty_it() {
        let rate = Rate { per_second: 1, burst: 10 };
        let mut buckets = KeyedBuckets::new(rate, 1_000, Moment::ZERO);
        for key in 0..100_000 {
            assert!(buckets.take(key, Moment::ZERO, 1).is_ok());
            assert!(buckets.len() <= 1_001);
        }
        let later = Moment::ZERO + Duration::from_secs(60);
        assert!(buckets.take(1, later, 1).is_ok());
        assert!(buckets.take(1, later + Duration::from_secs(60), 1).is_ok());
        assert_eq!(buckets.len(), 1);
    }
}
