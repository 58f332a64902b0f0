//! Which rooms each shard steps: a fixed table that shards write without a lock and the signal handler reads.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::report::SteppedRoom;

/// Shards beyond these are not shown.
pub const SLOTS: usize = 64;

/// Longest name, in bytes; the rest is cut.
const NAME_BYTES: usize = 128;
const WORDS: usize = NAME_BYTES / 8;

/// Steps of a shard that are remembered.
const ROWS: usize = 8;

/// Says that this shard now steps `app`/`room` at `tick`. A few nanoseconds: relaxed stores only.
pub fn stepping(shard: usize, app: &str, room: &str, tick: u32) {
    let Some(steps) = TABLE.get(shard) else { return };
    let turn = steps.turn.load(Ordering::Relaxed).wrapping_add(1);
    let row = &steps.rows[turn as usize % ROWS];
    let mut name = [0_u8; NAME_BYTES];
    let length = put(&mut name, 0, app.as_bytes());
    let length = put(&mut name, length, b"/");
    let length = put(&mut name, length, room.as_bytes());
    for (word, bytes) in row.words.iter().zip(name.as_chunks::<8>().0).take(length.div_ceil(8)) {
        word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
    }
    row.length.store(length as u32, Ordering::Relaxed);
    row.tick.store(tick, Ordering::Relaxed);
    steps.turn.store(turn, Ordering::Relaxed);
    steps.within.store(true, Ordering::Relaxed);
}

/// Says that the step is over. The room stays in the table as the last one that this shard stepped.
pub fn rested(shard: usize) {
    if let Some(steps) = TABLE.get(shard) {
        steps.within.store(false, Ordering::Relaxed);
    }
}

/// One shard's last steps.
#[repr(align(64))]
pub(crate) struct Steps {
    /// The newest row is this modulo their number.
    turn: AtomicU32,
    /// In the middle of the newest.
    pub within: AtomicBool,
    rows: [Row; ROWS],
}

/// The words hold the name's bytes as they lie in memory.
pub(crate) struct Row {
    /// 0: the row is empty.
    pub length: AtomicU32,
    pub tick: AtomicU32,
    pub words: [AtomicU64; WORDS],
}

pub(crate) static TABLE: [Steps; SLOTS] = [const {
    Steps {
        turn: AtomicU32::new(0),
        within: AtomicBool::new(false),
        rows: [const {
            Row {
                length: AtomicU32::new(0),
                tick: AtomicU32::new(0),
                words: [const { AtomicU64::new(0) }; WORDS],
            }
        }; ROWS],
    }
}; SLOTS];

impl Steps {
    /// The rows in use, the newest first, each with whether the shard is in the middle of it. Allocates nothing.
    pub fn newest_first(&self) -> impl Iterator<Item = (&Row, bool)> {
        let turn = self.turn.load(Ordering::Relaxed);
        let within = self.within.load(Ordering::Relaxed);
        let row = move |back: u32| (&self.rows[turn.wrapping_sub(back) as usize % ROWS], within && back == 0);
        (0..ROWS as u32).map(row).filter(|(row, _)| row.length.load(Ordering::Relaxed) > 0)
    }
}

fn put(name: &mut [u8; NAME_BYTES], at: usize, bytes: &[u8]) -> usize {
    let end = (at + bytes.len()).min(NAME_BYTES);
    name[at..end].copy_from_slice(&bytes[..end - at]);
    end
}

/// The rows in use, for a report that is made within the process.
pub(crate) fn rows() -> Vec<SteppedRoom> {
    let rows = (0_u32..).zip(&TABLE).flat_map(|(shard, steps)| {
        steps.newest_first().map(move |(row, within)| {
            let mut name: Vec<u8> =
                row.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
            name.truncate(row.length.load(Ordering::Relaxed) as usize);
            let room = String::from_utf8_lossy(&name).into_owned();
            SteppedRoom { shard, room, tick: row.tick.load(Ordering::Relaxed), within }
        })
    });
    rows.collect()
}

/// Each room once, with its newest step. Takes the rows of each shard the newest first.
pub(crate) fn once_each(rows: &[SteppedRoom]) -> Vec<SteppedRoom> {
    let mut once: Vec<SteppedRoom> = Vec::new();
    for row in rows {
        if !once.iter().any(|known| (known.shard, &known.room) == (row.shard, &row.room)) {
            once.push(row.clone());
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_the_rooms_of_the_last_steps_and_cuts_what_is_too_long() {
        let of = |shard: u32| -> Vec<(String, u32, bool)> {
            let rows = once_each(&rows()).into_iter().filter(|row| row.shard == shard);
            rows.map(|row| (row.room, row.tick, row.within)).collect()
        };
        assert_eq!(of(60), []);
        for tick in 1..=9 {
            stepping(60, "game", "17-abc", tick);
            rested(60);
        }
        stepping(60, "game", "3-x", 4);
        assert_eq!(of(60), [("game/3-x".into(), 4, true), ("game/17-abc".into(), 9, false)]);
        rested(60);
        assert!(!of(60)[0].2);
        for tick in 0..100 {
            stepping(60, "game", &format!("1-{tick}"), tick);
        }
        assert_eq!(of(60).len(), ROWS);
        assert_eq!(of(60)[ROWS - 1].0, "game/1-92");
        stepping(61, &"a".repeat(200), "room", 1);
        assert_eq!(of(61)[0].0, "a".repeat(NAME_BYTES));
        stepping(SLOTS, "beyond", "the table", 1);
        rested(SLOTS);
    }
}
