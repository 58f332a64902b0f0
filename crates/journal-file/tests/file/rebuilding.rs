//! What is kept in memory while rooms are rebuilt changes nothing of what is read.

use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use journal::{Batch, Journal, Level, Record};
use journal_file::testing::SimFolder;
use journal_file::{FileJournal, FileJournalConfig};
use model::{Position, RoomKey};

use crate::trouble::room;

/// So many that the log is longer than a few of the blocks that are kept.
const RECORDS: u64 = 4000;

#[test]
fn rooms_read_the_same_from_memory_and_from_the_file() {
    let sim = SimFolder::new(1);
    let rooms: Vec<RoomKey> = (0..7).map(|number| room(9, &format!("room{number:02}"))).collect();
    write(&open(&sim, 0), &rooms);
    // Nothing kept, too little space to keep it all, and enough.
    for rebuild_bytes in [0, 128 << 10, 16 << 20] {
        let journal = open(&sim, rebuild_bytes);
        for (number, room) in (0..).zip(&rooms) {
            assert_eq!(read(&journal, room), expected(number), "of {rebuild_bytes} bytes");
        }
        journal.rooms_are_back();
        assert_eq!(read(&journal, &rooms[3]), expected(3));
        journal.tidy().expect("tidied");
        assert_eq!(read(&journal, &rooms[3]), expected(3), "after a compaction");
    }
}

/// Longer and shorter ones, and some that are longer than a block.
fn text(sequence: u64) -> Bytes {
    let length = if sequence.is_multiple_of(500) { 150_000 } else { sequence * 37 % 700 };
    vec![sequence as u8; length as usize].into()
}

fn expected(number: u64) -> Vec<(u64, Bytes)> {
    let sequences = (1..=RECORDS).filter(|sequence| sequence % 7 == number);
    sequences.map(|sequence| (sequence, text(sequence))).collect()
}

fn read(journal: &FileJournal, room: &RoomKey) -> Vec<(u64, Bytes)> {
    let records = journal.read_room(room, Position::default(), usize::MAX).expect("records");
    records.into_iter().map(|record| (record.position.sequence, record.bytes)).collect()
}

fn write(journal: &FileJournal, rooms: &[RoomKey]) {
    let (told, outcomes) = mpsc::channel();
    let partition = rooms[0].room.partition();
    let records = (1..=RECORDS).map(|sequence| Record {
        room: rooms[(sequence % 7) as usize].clone(),
        position: Position { epoch: 1, sequence },
        bytes: text(sequence),
    });
    let batch = Batch { partition, level: Level::Written, records: records.collect() };
    journal.submit(batch, Box::new(move |outcome| told.send(outcome).expect("a receiver")));
    let outcome = outcomes.recv_timeout(Duration::from_secs(20)).expect("an outcome");
    assert!(matches!(outcome, journal::JournalEvent::DurableUpTo { .. }), "{outcome:?}");
}

fn open(sim: &SimFolder, rebuild_bytes: usize) -> FileJournal {
    let config = FileJournalConfig {
        segment_bytes: 1 << 20,
        tidies_itself: false,
        rebuild_bytes,
        ..FileJournalConfig::default()
    };
    FileJournal::open_in(sim.process(), config).expect("a journal")
}
