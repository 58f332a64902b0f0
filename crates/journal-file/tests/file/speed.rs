//! What the journal costs. `cargo test --release -p journal-file -- --ignored --nocapture speed`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use clock::Clock;
use journal::{Batch, Journal, JournalEvent, Level, Record};
use journal_file::{FileJournal, FileJournalConfig};
use model::{AppId, Partition, Position, RoomId, RoomKey};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

const ROOMS: usize = 1000;
const TURN: Duration = Duration::from_millis(5);

#[test]
#[ignore = "a measurement"]
fn speed_of_turns() {
    for (what, level, one_batch) in [
        ("written, one batch a turn", Level::Written, true),
        ("written, a batch for each partition", Level::Written, false),
        ("synced, a batch for each partition", Level::Synced, false),
    ] {
        let folder = TempDir::new_in(".").expect("a folder");
        let journal = FileJournal::open(folder.path(), FileJournalConfig::default()).expect("a journal");
        measure_turns(what, &journal, level, one_batch);
    }
}

#[test]
#[ignore = "a measurement"]
fn speed_of_a_start() {
    let folder = TempDir::new_in(".").expect("a folder");
    let rooms = rooms();
    let journal = FileJournal::open(folder.path(), FileJournalConfig::default()).expect("a journal");
    let image = Bytes::from((0..100_000u32).map(|number| (number * 7) as u8).collect::<Vec<u8>>());
    let mut turns = Turns::new(&journal, &rooms);
    turns.write_all(50);
    for room in &rooms {
        journal.put_image(room, turns.last(room), image.clone()).expect("an image");
        journal.trim(room, turns.last(room)).expect("trimmed");
    }
    turns.write_all(100);
    drop(journal);
    for what in ["first start: the newest segments have no index", "second start"] {
        let start = Clock::System.now();
        let journal = FileJournal::open(folder.path(), FileJournalConfig::default()).expect("a journal");
        let opened = Clock::System.now();
        let (mut image_bytes, mut records) = (0, 0);
        for partition in 0..256 {
            journal.fence(partition, journal.epoch()).expect("a fence");
            for room in journal.rooms(partition).expect("rooms") {
                let (at, image) = journal.image(&room).expect("read").expect("an image");
                image_bytes += image.len();
                records += journal.read_room(&room, at, usize::MAX).expect("records").len();
            }
        }
        let read = Clock::System.now();
        let (all, needed) = journal.bytes();
        println!(
            "{what}: opened in {:.1} ms; {} MB of images and {records} records in {:.1} ms; {all} bytes, {needed} needed",
            opened.since(start).as_secs_f64() * 1e3,
            image_bytes / 1_000_000,
            read.since(opened).as_secs_f64() * 1e3,
        );
        journal.tidy().expect("tidied");
    }
}

fn measure_turns(what: &str, journal: &FileJournal, level: Level, one_batch: bool) {
    const COUNT: usize = 1000;
    const RECORDS: usize = 60;
    let rooms = rooms();
    let mut turns = Turns::new(journal, &rooms);
    let answered = Arc::new(AtomicU64::new(0));
    let slowest = Arc::new(AtomicU64::new(0));
    let (_keep, never) = mpsc::channel::<()>();
    let (mut submitted, mut batches) = (Duration::ZERO, 0u64);
    let (process, shard) = (cpu(ClockId::ProcessCPUTime), cpu(ClockId::ThreadCPUTime));
    for turn in 0..COUNT {
        let due = (0..RECORDS).map(|number| (turn * RECORDS + number) % ROOMS).collect::<Vec<_>>();
        let made = if one_batch { turns.in_one(&due, level) } else { turns.by_partition(&due, level) };
        let now = Clock::System.now();
        let before = cpu(ClockId::ThreadCPUTime);
        for batch in made {
            let (answered, slowest) = (answered.clone(), slowest.clone());
            batches += 1;
            let outcome = move |event| {
                assert!(matches!(event, JournalEvent::DurableUpTo { .. }), "{event:?}");
                slowest.fetch_max(Clock::System.now().since(now).as_micros() as u64, Ordering::Relaxed);
                answered.fetch_add(1, Ordering::Relaxed);
            };
            journal.submit(batch, Box::new(outcome));
        }
        submitted += cpu(ClockId::ThreadCPUTime) - before;
        let _ = never.recv_timeout(TURN);
    }
    while answered.load(Ordering::Relaxed) < batches {
        let _ = never.recv_timeout(TURN);
    }
    let all = (COUNT * RECORDS) as f64;
    println!(
        "{what}: {:.2} µs CPU a record in the journal's threads, {:.2} in the shard's; slowest answer {} ms",
        ((cpu(ClockId::ProcessCPUTime) - process) - (cpu(ClockId::ThreadCPUTime) - shard)).as_secs_f64()
            * 1e6
            / all,
        submitted.as_secs_f64() * 1e6 / all,
        slowest.load(Ordering::Relaxed) as f64 / 1e3,
    );
}

struct Turns<'a> {
    journal: &'a FileJournal,
    rooms: &'a [RoomKey],
    sequences: Vec<u64>,
    lasts: std::collections::HashMap<RoomKey, Position>,
    bytes: Bytes,
}

impl<'a> Turns<'a> {
    fn new(journal: &'a FileJournal, rooms: &'a [RoomKey]) -> Turns<'a> {
        let bytes = Bytes::from((0..60u8).collect::<Vec<u8>>());
        Turns { journal, rooms, sequences: vec![0; 256], lasts: Default::default(), bytes }
    }

    fn record(&mut self, room: usize, as_if_of: Partition) -> Record {
        let room = self.rooms[room].clone();
        let sequence = &mut self.sequences[usize::from(as_if_of)];
        *sequence += 1;
        let position = Position { epoch: self.journal.epoch(), sequence: *sequence };
        self.lasts.insert(room.clone(), position);
        Record { room, position, bytes: self.bytes.clone() }
    }

    fn in_one(&mut self, due: &[usize], level: Level) -> Vec<Batch> {
        let records = due.iter().map(|room| self.record(*room, 0)).collect();
        vec![Batch { partition: 0, level, records }]
    }

    fn by_partition(&mut self, due: &[usize], level: Level) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        for room in due {
            let partition = self.rooms[*room].room.partition();
            let record = self.record(*room, partition);
            match batches.iter_mut().find(|batch| batch.partition == partition) {
                Some(batch) => batch.records.push(record),
                None => batches.push(Batch { partition, level, records: vec![record] }),
            }
        }
        batches
    }

    fn write_all(&mut self, times: usize) {
        let all: Vec<usize> = (0..ROOMS).collect();
        let (sender, receiver) = mpsc::channel();
        for _ in 0..times {
            let batches = self.by_partition(&all, Level::Written);
            let count = batches.len();
            for batch in batches {
                let sender = sender.clone();
                self.journal.submit(batch, Box::new(move |event| sender.send(event).unwrap_or_default()));
            }
            for event in receiver.iter().take(count) {
                assert!(matches!(event, JournalEvent::DurableUpTo { .. }), "{event:?}");
            }
        }
    }

    fn last(&self, room: &RoomKey) -> Position {
        self.lasts[room]
    }
}

fn rooms() -> Vec<RoomKey> {
    let key =
        |number| RoomKey { app: AppId::new("jianzi"), room: RoomId::from_name(&format!("room{number:06}")) };
    (0..ROOMS).map(key).collect()
}

fn cpu(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
