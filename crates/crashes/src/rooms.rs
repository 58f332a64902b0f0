//! Which rooms each thread plays: a fixed table that the threads write without a lock and the signal handler reads.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use serde::{Deserialize, Deserializer};

use crate::report::SteppedRoom;

/// A thread that plays rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepper {
    Shard(usize),
    /// Rebuilds rooms of an earlier process.
    Recovery(usize),
    /// Plays rooms that take too long for their shard.
    Quarantine,
    /// Plays rooms of which nobody knows yet how long they take.
    Probation,
}

/// Places in the table.
const SLOTS: usize = PROBATION + 1;
const RECOVERY: usize = 64;
const QUARANTINE: usize = RECOVERY + 16;
const PROBATION: usize = QUARANTINE + 1;

impl Stepper {
    /// Its place in the table; threads beyond the last place of their kind are not shown.
    pub const fn slot(self) -> usize {
        match self {
            Stepper::Shard(number) if number < RECOVERY => number,
            Stepper::Recovery(number) if number < QUARANTINE - RECOVERY => RECOVERY + number,
            Stepper::Quarantine => QUARANTINE,
            Stepper::Probation => PROBATION,
            Stepper::Shard(_) | Stepper::Recovery(_) => Stepper::NOT_SHOWN,
        }
    }

    /// A place beyond the table.
    pub const NOT_SHOWN: usize = SLOTS;
}

/// Longest name, in bytes; the rest is cut.
const NAME_BYTES: usize = 128;
const WORDS: usize = NAME_BYTES / 8;

/// Steps of a thread that are remembered.
const ROWS: usize = 8;

/// Says that the thread of this place now plays `app`/`room` at `tick`. A few nanoseconds: relaxed stores only.
pub fn stepping(slot: usize, app: &str, room: &str, tick: u32) {
    let Some(steps) = TABLE.get(slot) else { return };
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

/// Says that the step is over. The room stays in the table as the last one that was stepped there.
pub fn rested(slot: usize) {
    if let Some(steps) = TABLE.get(slot) {
        steps.within.store(false, Ordering::Relaxed);
    }
}

/// Who has this place of the table, as a report says it.
pub(crate) fn place_name(slot: u32) -> String {
    let slot = slot as usize;
    match slot {
        PROBATION.. => "probation".to_owned(),
        QUARANTINE => "quarantine".to_owned(),
        RECOVERY.. => format!("recovery {}", slot - RECOVERY),
        _ => format!("shard {slot}"),
    }
}

/// A place by its name, or by its number as older reports have it.
pub(crate) fn place_or_slot<'de, D: Deserializer<'de>>(place: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Name(String),
        Slot(u32),
    }
    Ok(match Either::deserialize(place)? {
        Either::Name(name) => name,
        Either::Slot(slot) => place_name(slot),
    })
}

/// One thread's last steps.
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

/// The rows in use with their places in the table, for a report that is made within the process.
pub(crate) fn rows() -> Vec<(u32, SteppedRoom)> {
    let rows = (0_u32..).zip(&TABLE).flat_map(|(slot, steps)| {
        steps.newest_first().map(move |(row, within)| {
            let mut name: Vec<u8> =
                row.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
            name.truncate(row.length.load(Ordering::Relaxed) as usize);
            let room = String::from_utf8_lossy(&name).into_owned();
            let tick = row.tick.load(Ordering::Relaxed);
            (slot, SteppedRoom { place: place_name(slot), room, tick, within })
        })
    });
    rows.collect()
}

/// Each room once, with its newest step. Takes the rows of each thread the newest first.
pub(crate) fn once_each(rows: &[SteppedRoom]) -> Vec<SteppedRoom> {
    let mut once: Vec<SteppedRoom> = Vec::new();
    for row in rows {
        if !once.iter().any(|known| (&known.place, &known.room) == (&row.place, &row.room)) {
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
        let of = |place: u32| -> Vec<(String, u32, bool)> {
            let rows: Vec<_> =
                rows().into_iter().filter(|(slot, _)| *slot == place).map(|(_, row)| row).collect();
            once_each(&rows).into_iter().map(|row| (row.room, row.tick, row.within)).collect()
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

    #[test]
    fn every_thread_has_a_place_of_its_own_or_none() {
        use Stepper::{Probation, Quarantine, Recovery, Shard};
        let names = [Shard(0), Shard(63), Recovery(0), Recovery(15), Quarantine, Probation]
            .map(|stepper| place_name(stepper.slot() as u32));
        assert_eq!(names, ["shard 0", "shard 63", "recovery 0", "recovery 15", "quarantine", "probation"]);
        assert_eq!([Shard(64), Recovery(16)].map(Stepper::slot), [Stepper::NOT_SHOWN; 2]);
    }

    #[test]
    fn reports_name_the_place_also_those_that_were_kept_with_its_number() {
        let place = "quarantine".to_owned();
        let row = SteppedRoom { place, room: "game/3-x".into(), tick: 4, within: true };
        let kept = r#"{"place":"quarantine","room":"game/3-x","tick":4,"within":true}"#;
        assert_eq!(serde_json::to_string(&row).unwrap(), kept);
        assert_eq!(serde_json::from_str::<SteppedRoom>(kept).unwrap(), row);
        let older = r#"{"shard":80,"room":"game/3-x","tick":4,"within":true}"#;
        assert_eq!(serde_json::from_str::<SteppedRoom>(older).unwrap(), row);
    }
}
