//! Counts the calls of each version, without a lock for those who call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use model::RoomId;

use crate::game::GameKey;
use crate::rollout::Counters;

/// The counts of all versions.
#[derive(Debug, Default)]
pub struct Tally {
    versions: RwLock<BTreeMap<(GameKey, u32), Arc<VersionTally>>>,
}

/// The counts of one version; a shard keeps it and adds to it.
#[derive(Debug, Default)]
pub struct VersionTally {
    calls: AtomicU64,
    ended: AtomicU64,
    busy_us: AtomicU64,
    rooms: AtomicU64,
    called: RoomSet,
    failing: RoomSet,
    suspended: RoomSet,
}

/// About how many different rooms: one bit each, so that a few may count as one, and never one as several.
#[derive(Debug)]
struct RoomSet([AtomicU64; SET_WORDS]);

const SET_WORDS: usize = 64;

impl Tally {
    /// The counts of a version, to be kept: looking for them takes a lock.
    pub fn of(&self, game: &GameKey, version: u32) -> Arc<VersionTally> {
        let key = (game.clone(), version);
        if let Some(tally) = self.versions.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return tally.clone();
        }
        self.versions.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }

    /// Zero for a version that nobody asked for yet.
    pub fn counters(&self, game: &GameKey, version: u32) -> Counters {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        versions.get(&(game.clone(), version)).map_or(Counters::default(), |tally| tally.counters())
    }
}

impl VersionTally {
    /// Calls of one room, as a shard adds them up over a turn: how many, how many ended badly, and their time in µs.
    pub fn add(&self, room: &RoomId, calls: u64, ended: u64, busy_us: u64) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
        self.busy_us.fetch_add(busy_us, Ordering::Relaxed);
        self.called.insert(room);
        if ended > 0 {
            self.ended.fetch_add(ended, Ordering::Relaxed);
            self.failing.insert(room);
        }
    }

    /// A room begins to run the version.
    pub fn room_came(&self) {
        self.rooms.fetch_add(1, Ordering::Relaxed);
    }

    /// A room ended, or runs another version now.
    pub fn room_went(&self) {
        // Never below zero, whatever the caller miscounts.
        let _ = self.rooms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |rooms| rooms.checked_sub(1));
    }

    /// A room stands still because its ticks end badly.
    pub fn suspended(&self, room: &RoomId) {
        self.suspended.insert(room);
    }

    pub fn counters(&self) -> Counters {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        Counters {
            // Before the calls, so that never more of them ended than there were.
            ended: count(&self.ended),
            calls: count(&self.calls),
            busy_us: count(&self.busy_us),
            rooms: count(&self.rooms).min(u64::from(u32::MAX)) as u32,
            rooms_called: self.called.count(),
            rooms_failing: self.failing.count(),
            rooms_suspended: self.suspended.count(),
        }
    }
}

impl RoomSet {
    fn insert(&self, room: &RoomId) {
        let bit = place(room.as_str());
        let (word, mask) = (&self.0[bit / 64], 1 << (bit % 64));
        // Looked at first: writing costs the other shards their copy of the line.
        if word.load(Ordering::Relaxed) & mask == 0 {
            word.fetch_or(mask, Ordering::Relaxed);
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum()
    }
}

impl Default for RoomSet {
    fn default() -> RoomSet {
        RoomSet([const { AtomicU64::new(0) }; SET_WORDS])
    }
}

/// FNV-1a, folded.
fn place(text: &str) -> usize {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ((hash ^ (hash >> 32)) % (SET_WORDS as u64 * 64)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_different_rooms_are_counted_per_version() {
        let tally = Tally::default();
        let game = GameKey::new("demo", "jianzi");
        let (one, two) = (RoomId::from_name("aaaaaa"), RoomId::from_name("bbbbbb"));
        let version = tally.of(&game, 2);
        version.room_went();
        version.room_came();
        version.room_came();
        version.add(&one, 10, 0, 50);
        version.add(&one, 10, 2, 50);
        version.add(&two, 1, 1, 5);
        version.suspended(&two);
        let counters = tally.counters(&game, 2);
        let expected = Counters {
            calls: 21,
            ended: 3,
            busy_us: 105,
            rooms: 2,
            rooms_called: 2,
            rooms_failing: 2,
            rooms_suspended: 1,
        };
        assert_eq!(counters, expected);
        assert_eq!(tally.counters(&game, 1), Counters::default());
        assert_eq!(tally.counters(&GameKey::new("other", "jianzi"), 2), Counters::default());
    }

    #[test]
    fn a_thousand_rooms_are_nearly_all_told_apart() {
        let version = VersionTally::default();
        for number in 0..1000 {
            version.add(&RoomId::from_name(&format!("room{number}")), 1, 0, 1);
        }
        let counted = version.counters().rooms_called;
        assert!((800..=1000).contains(&counted), "{counted}");
    }
}
