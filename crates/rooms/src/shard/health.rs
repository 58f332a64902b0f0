//! What the shards let the node know about themselves.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Health {
    rooms: AtomicUsize,
    /// Rooms of an earlier process that are not rebuilt yet.
    recovering: AtomicUsize,
    /// By shard, why it should get no new players.
    troubles: Mutex<BTreeMap<usize, String>>,
    no_rooms: Condvar,
    /// Above all that sessions of earlier processes had.
    session_number: AtomicU32,
    /// Rises whenever the journal is found to be full.
    space_asked_for: AtomicUsize,
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

    /// So many rooms of an earlier process are going to come back.
    pub fn expect(&self, rooms: usize) {
        self.rooms.fetch_add(rooms, Ordering::Relaxed);
        self.recovering.fetch_add(rooms, Ordering::Relaxed);
    }

    /// One of them is back, or will not come; how many are left.
    pub fn one_recovered(&self) -> usize {
        self.recovering.fetch_sub(1, Ordering::Relaxed) - 1
    }

    pub fn next_session_number(&self) -> u32 {
        self.session_number.load(Ordering::Relaxed)
    }

    /// A session of an earlier process had this number. Whoever comes back first may be given the one above it.
    pub fn session_number_was(&self, number: u32) {
        self.session_number.fetch_max(number.saturating_add(2), Ordering::Relaxed);
    }

    /// The journal is full: every shard gives up what it keeps of ended rooms.
    pub fn ask_for_space(&self) {
        self.space_asked_for.fetch_add(1, Ordering::Relaxed);
    }

    pub fn space_asked_for(&self) -> usize {
        self.space_asked_for.load(Ordering::Relaxed)
    }

    pub fn recovering(&self) -> usize {
        self.recovering.load(Ordering::Relaxed)
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

    pub fn is_in_trouble(&self) -> bool {
        !self.troubles().is_empty()
    }

    pub fn check(&self) -> Result<(), String> {
        if let Some(trouble) = self.troubles().values().next() {
            return Err(trouble.clone());
        }
        match self.recovering() {
            0 => Ok(()),
            left => Err(format!("{left} rooms are being rebuilt from the journal")),
        }
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
