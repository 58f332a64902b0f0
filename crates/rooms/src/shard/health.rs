//! What the shards let the node know about themselves.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Health {
    rooms: AtomicUsize,
    /// By shard, why it should get no new players.
    troubles: Mutex<BTreeMap<usize, String>>,
    no_rooms: Condvar,
}

impl Health {
    pub fn rooms(&self) -> usize {
        self.rooms.load(Ordering::Relaxed)
    }

    /// Takes a place for a room, unless there are `most` already.
    pub fn add_room(&self, most: usize) -> bool {
        let add = |rooms: usize| (rooms < most).then_some(rooms + 1);
        self.rooms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    pub fn remove_rooms(&self, count: usize) {
        if count > 0 && self.rooms.fetch_sub(count, Ordering::Relaxed) == count {
            let _guard = self.troubles();
            self.no_rooms.notify_all();
        }
    }

    pub fn tell(&self, shard: usize, trouble: Option<String>) {
        let mut troubles = self.troubles();
        match trouble {
            Some(trouble) => troubles.insert(shard, trouble),
            None => troubles.remove(&shard),
        };
    }

    pub fn check(&self) -> Result<(), String> {
        self.troubles().values().next().map_or(Ok(()), |trouble| Err(trouble.clone()))
    }

    /// Returns the number of rooms left when none is or the time is over.
    pub fn wait_for_no_rooms(&self, at_most: Duration) -> usize {
        let waited = self.no_rooms.wait_timeout_while(self.troubles(), at_most, |_| self.rooms() > 0);
        drop(waited);
        self.rooms()
    }

    fn troubles(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
