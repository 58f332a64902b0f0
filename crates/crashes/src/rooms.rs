//! Which room each shard steps: a fixed table that shards write without a lock and the signal handler reads.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Shards beyond these are not shown.
pub const SLOTS: usize = 64;

/// Longest name, in bytes; the rest is cut.
const NAME_BYTES: usize = 128;
const WORDS: usize = NAME_BYTES / 8;

/// Says that this shard now steps `app`/`room` at `tick`. A few nanoseconds: relaxed stores only.
pub fn stepping(shard: usize, app: &str, room: &str, tick: u32) {
    let Some(slot) = TABLE.get(shard) else { return };
    let mut name = [0_u8; NAME_BYTES];
    let length = put(&mut name, 0, app.as_bytes());
    let length = put(&mut name, length, b"/");
    let length = put(&mut name, length, room.as_bytes());
    for (word, bytes) in slot.words.iter().zip(name.as_chunks::<8>().0).take(length.div_ceil(8)) {
        word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
    }
    slot.length.store(length as u32, Ordering::Relaxed);
    slot.tick.store(tick, Ordering::Relaxed);
    slot.within.store(true, Ordering::Relaxed);
}

/// Says that the step is over. The room stays in the table as the last one that this shard stepped.
pub fn rested(shard: usize) {
    if let Some(slot) = TABLE.get(shard) {
        slot.within.store(false, Ordering::Relaxed);
    }
}

/// One shard's row. The words hold the name's bytes as they lie in memory.
#[repr(align(64))]
pub(crate) struct Slot {
    /// 0: this shard has stepped nothing.
    pub length: AtomicU32,
    pub tick: AtomicU32,
    pub within: AtomicBool,
    pub words: [AtomicU64; WORDS],
}

pub(crate) static TABLE: [Slot; SLOTS] = [const {
    Slot {
        length: AtomicU32::new(0),
        tick: AtomicU32::new(0),
        within: AtomicBool::new(false),
        words: [const { AtomicU64::new(0) }; WORDS],
    }
}; SLOTS];

fn put(name: &mut [u8; NAME_BYTES], at: usize, bytes: &[u8]) -> usize {
    let end = (at + bytes.len()).min(NAME_BYTES);
    name[at..end].copy_from_slice(&bytes[..end - at]);
    end
}

/// The rows in use, for a report that is made within the process.
pub(crate) fn rows() -> Vec<crate::SteppedRoom> {
    let used = TABLE.iter().enumerate().filter(|(_, slot)| slot.length.load(Ordering::Relaxed) > 0);
    used.map(|(shard, slot)| {
        let mut name: Vec<u8> =
            slot.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        name.truncate(slot.length.load(Ordering::Relaxed) as usize);
        crate::SteppedRoom {
            shard: shard as u32,
            room: String::from_utf8_lossy(&name).into_owned(),
            tick: slot.tick.load(Ordering::Relaxed),
            within: slot.within.load(Ordering::Relaxed),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_the_room_that_is_stepped_and_cuts_what_is_too_long() {
        let row = |shard: u32| rows().into_iter().find(|row| row.shard == shard);
        assert_eq!(row(60), None);
        stepping(60, "game", "17-abc", 9);
        assert_eq!(row(60).map(|r| (r.room, r.tick, r.within)), Some(("game/17-abc".into(), 9, true)));
        rested(60);
        assert!(row(60).is_some_and(|row| !row.within && row.tick == 9));
        stepping(61, &"a".repeat(200), "room", 1);
        assert_eq!(row(61).map(|row| row.room), Some("a".repeat(NAME_BYTES)));
        stepping(SLOTS, "beyond", "the table", 1);
        rested(SLOTS);
    }
}
