//! Waiting tickets, by what they want.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::ticket::{Reason, TicketKey};
use crate::wish::{ModeKey, PoolKey, ShapeKey};

/// Tickets in the order of their numbers, which is the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Pools {
    pools: HashMap<PoolKey, BTreeMap<u64, Waiting>>,
    /// Waiting tickets of a shape and of a mode, so that the reason for waiting is found without a search.
    shapes: HashMap<ShapeKey, usize>,
    modes: HashMap<ModeKey, usize>,
    waiting: usize,
}

#[derive(Clone, Debug)]
struct Waiting {
    key: TicketKey,
    fill_with_bots: bool,
}

impl Pools {
    pub fn add(&mut self, pool: &PoolKey, number: u64, key: TicketKey, fill_with_bots: bool) {
        self.pools.entry(pool.clone()).or_default().insert(number, Waiting { key, fill_with_bots });
        *self.shapes.entry(pool.shape.clone()).or_default() += 1;
        *self.modes.entry(pool.shape.mode.clone()).or_default() += 1;
        self.waiting += 1;
    }

    pub fn remove(&mut self, pool: &PoolKey, number: u64) {
        let Some(tickets) = self.pools.get_mut(pool) else { return };
        if tickets.remove(&number).is_none() {
            return;
        }
        if tickets.is_empty() {
            self.pools.remove(pool);
        }
        discount(&mut self.shapes, &pool.shape);
        discount(&mut self.modes, &pool.shape.mode);
        self.waiting -= 1;
    }

    /// The first `players` tickets, if there are so many.
    pub fn full_match(&self, pool: &PoolKey) -> Option<Vec<TicketKey>> {
        let tickets = self.pools.get(pool)?;
        let players = pool.shape.players as usize;
        (tickets.len() >= players)
            .then(|| tickets.values().take(players).map(|waiting| waiting.key.clone()).collect())
    }

    /// The ticket `number` and those others, first come first, that take bots as well.
    pub fn match_with_bots(&self, pool: &PoolKey, number: u64) -> Vec<TicketKey> {
        let Some(tickets) = self.pools.get(pool) else { return Vec::new() };
        let own = tickets.get_key_value(&number);
        let others = tickets.iter().filter(|(other, waiting)| **other != number && waiting.fill_with_bots);
        let mut found: Vec<_> = own.into_iter().chain(others).take(pool.shape.players as usize).collect();
        found.sort_by_key(|(number, _)| **number);
        found.into_iter().map(|(_, waiting)| waiting.key.clone()).collect()
    }

    pub fn found(&self, pool: &PoolKey) -> usize {
        self.pools.get(pool).map_or(0, BTreeMap::len)
    }

    pub fn reason(&self, pool: &PoolKey) -> Reason {
        let of_shape = self.shapes.get(&pool.shape).copied().unwrap_or(0);
        let of_mode = self.modes.get(&pool.shape.mode).copied().unwrap_or(0);
        if of_shape > self.found(pool) {
            Reason::OtherBuilds
        } else if of_mode > of_shape {
            Reason::OtherSizes
        } else {
            Reason::FewPlayers
        }
    }

    /// All of them.
    pub fn waiting(&self) -> usize {
        self.waiting
    }
}

fn discount<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
