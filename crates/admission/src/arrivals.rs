//! New connections per second: who comes in now, and when the others may come back.

use std::time::Duration;

use clock::{Chance, Moment};
use protocol::{ErrorCode, Fault};

use crate::address::AddressKey;
use crate::keyed::KeyedBuckets;
use crate::rate::{Rate, TokenBucket};

#[derive(Clone, Copy, Debug)]
pub struct ArrivalsConfig {
    /// New connections of all together.
    pub all: Rate,
    /// New connections of one address; a carrier's NAT is one address.
    pub per_address: Rate,
    /// Nobody is sent away for longer than this.
    pub longest_wait: Duration,
    /// Addresses remembered.
    pub addresses: usize,
}

/// Admits new connections at a steady rate.
///
/// Whoever is refused is told a time of its own, one slot of the rate after the last one refused, so that a crowd comes
/// back as a queue and not as a crowd.
#[derive(Debug)]
pub struct Arrivals {
    config: ArrivalsConfig,
    all: TokenBucket,
    per_address: KeyedBuckets<AddressKey>,
    queue_end: Moment,
    chance: Chance,
}

impl Arrivals {
    pub fn new(config: ArrivalsConfig, chance: Chance, now: Moment) -> Arrivals {
        Arrivals {
            config,
            all: TokenBucket::full(config.all, now),
            per_address: KeyedBuckets::new(config.per_address, config.addresses, now),
            queue_end: now,
            chance,
        }
    }

    /// `address` is `None` for those that are exempt from limits by address. The fault is `overloaded` or
    /// `too_many_connections`, with `retry_after`.
    pub fn admit(&mut self, address: Option<AddressKey>, now: Moment) -> Result<(), Fault> {
        self.admit_address(address, now)?;
        self.all.take(self.config.all, now, 1).map_err(|wait| {
            let wait = self.next_slot(now, wait);
            Fault::new(ErrorCode::Overloaded, "More connections arrive than the server takes in at a time.")
                .retry_after(wait)
        })
    }

    /// For one that was admitted as a proxy's and turns out to be somebody's behind it: all together has counted it.
    pub fn admit_address(&mut self, address: Option<AddressKey>, now: Moment) -> Result<(), Fault> {
        let Some(address) = address else { return Ok(()) };
        self.per_address.take(address, now, 1).map_err(|wait| {
            let wait = self.spread(wait);
            Fault::new(ErrorCode::TooManyConnections, "Too many new connections from this address.")
                .retry_after(wait)
        })
    }

    fn next_slot(&mut self, now: Moment, wait: Duration) -> Duration {
        let slot = Duration::from_micros(1_000_000 / u64::from(self.config.all.per_second.max(1)));
        self.queue_end = self.queue_end.max(now + wait) + slot;
        let wait = self.queue_end.since(now);
        if wait < self.config.longest_wait {
            return wait;
        }
        // The queue is longer than anybody should wait: from here on chance spreads the crowd.
        self.queue_end = now + self.config.longest_wait;
        self.spread(self.config.longest_wait / 2)
    }

    /// From `wait` to twice that, but within the longest wait.
    fn spread(&mut self, wait: Duration) -> Duration {
        let wait = wait.min(self.config.longest_wait / 2);
        wait + Duration::from_micros(self.chance.below(wait.as_micros() as u64 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: ArrivalsConfig = ArrivalsConfig {
        all: Rate { per_second: 100, burst: 50 },
        per_address: Rate { per_second: 10, burst: 20 },
        longest_wait: Duration::from_secs(30),
        addresses: 1_000,
    };

    /// 2 000 come at once and everybody obeys: all are in after 20 s, and no moment sees a crowd again.
    #[test]
    fn a_crowd_that_obeys_becomes_a_queue() {
        let mut arrivals = Arrivals::new(CONFIG, Chance::seeded(1), Moment::ZERO);
        let mut waiting: Vec<(Moment, u32)> = (0..2_000).map(|_| (Moment::ZERO, 0)).collect();
        let mut tries = 0;
        let mut now = Moment::ZERO;
        while !waiting.is_empty() {
            waiting.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
            let (at, tried) = waiting.pop().unwrap();
            now = at;
            tries += 1;
            if let Err(fault) = arrivals.admit(None, now) {
                assert_eq!(fault.code, ErrorCode::Overloaded);
                let wait = fault.retry_after.unwrap();
                assert!(wait <= CONFIG.longest_wait);
                assert!(tried < 3, "sent away again and again");
                waiting.push((now + wait, tried + 1));
            }
        }
        assert!(now <= Moment::ZERO + Duration::from_secs(21), "the last one came in at {now:?}");
        assert!(tries <= 4_100, "{tries} tries for 2000");
    }

    #[test]
    fn who_turns_out_to_stand_behind_a_proxy_counts_once_for_all() {
        let mut arrivals = Arrivals::new(CONFIG, Chance::seeded(1), Moment::ZERO);
        for number in 0..CONFIG.all.burst {
            arrivals.admit(None, Moment::ZERO).unwrap();
            let address = AddressKey::of(std::net::Ipv4Addr::from_bits(number).into());
            arrivals.admit_address(Some(address), Moment::ZERO).unwrap();
        }
        assert_eq!(arrivals.admit(None, Moment::ZERO).unwrap_err().code, ErrorCode::Overloaded);
    }

    #[test]
    fn one_address_does_not_use_up_the_rate_of_all() {
        let mut arrivals = Arrivals::new(CONFIG, Chance::seeded(1), Moment::ZERO);
        let loud = AddressKey::of("192.0.2.1".parse().unwrap());
        let refused = (0..10_000).filter(|_| arrivals.admit(Some(loud), Moment::ZERO).is_err()).count();
        assert_eq!(refused, 10_000 - 20);
        let quiet = AddressKey::of("192.0.2.2".parse().unwrap());
        assert!(arrivals.admit(Some(quiet), Moment::ZERO).is_ok());
    }
}
