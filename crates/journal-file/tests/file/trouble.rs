//! Damage, full and slow disks, other processes: what each costs, and whom.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use journal::{Batch, Journal, JournalError, JournalEvent, Level, Record};
use journal_file::testing::SimFolder;
use journal_file::{FileJournal, FileJournalConfig, Look, OpenError};
use model::{AppId, Partition, Position, RoomKey};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_flipped_bit_costs_one_room_and_is_named() {
    for is_indexed in [true, false] {
        let stage = Stage::with_three_rooms(is_indexed);
        let name = stage.first("log");
        let mut bytes = stage.sim.contents(&name).expect("a segment");
        let at = find(&bytes, b"beta 4");
        bytes[at] ^= 4;
        stage.sim.put(&name, &bytes);
        let journal = stage.open();
        assert_eq!(texts(&journal, &room(1, "alpha0")), expected("alpha"));
        assert_eq!(texts(&journal, &room(2, "gamma0")), expected("gamma"));
        let error =
            journal.read_room(&room(1, "beta00"), Position::default(), usize::MAX).expect_err("damage");
        let JournalError::Damaged(what) = &error else { panic!("{error}") };
        assert!(what.contains(&format!("segment 1 ({name})")) && what.contains("offset"), "{what}");
        let after = Position { epoch: 1, sequence: 10 };
        let rest = journal.read_room(&room(1, "beta00"), after, usize::MAX);
        assert_eq!(rest.expect("what follows the damage").len(), 5, "with an image the room could go on");
        assert!(journal.read_room(&room(1, "beta00"), Position { epoch: 1, sequence: 9 }, 1).is_err());
    }
}

#[test]
fn a_torn_end_is_cut_off() {
    let stage = Stage::with_three_rooms(false);
    for torn in [b"\x40\0\0\0torn".as_slice(), b"\0\0\0\0\0\0\0\0\0\0\0\0", b"\x05"] {
        let name = stage.newest_log();
        let mut bytes = stage.sim.contents(&name).expect("a segment");
        bytes.extend_from_slice(torn);
        stage.sim.put(&name, &bytes);
        let journal = stage.open();
        for (key, name) in ROOMS.map(|(partition, name)| (room(partition, &padded(name)), name)) {
            assert_eq!(texts(&journal, &key), expected(name));
        }
    }
}

#[test]
fn a_missing_or_emptied_segment_costs_the_rooms_in_it() {
    for is_emptied in [false, true] {
        a_lost_segment_costs_the_rooms_in_it(is_emptied);
    }
}

fn a_lost_segment_costs_the_rooms_in_it(is_emptied: bool) {
    let stage = Stage::new(1);
    let journal = stage.open();
    let (old, new) = (room(1, "the_old"), room(2, "the_new"));
    write(&journal, 1, 1, &[(&old, "one")]);
    write(&journal, 1, 2, &[(&old, "two")]);
    drop(journal);
    let number = stage.newest_log()[..8].to_owned();
    let journal = stage.open();
    write(&journal, 2, 1, &[(&new, "one")]);
    drop(journal);
    let names = stage.sim.process().names().expect("names");
    let of_old = |name: &String| name.starts_with(&number) && name.ends_with(".log");
    let lost = names.into_iter().find(of_old).expect("a segment");
    match is_emptied {
        true => stage.sim.put(&lost, b""),
        false => stage.sim.process().remove(&lost).expect("removed"),
    }
    let journal = stage.open();
    let error = journal.read_room(&old, Position::default(), usize::MAX).expect_err("damage");
    assert!(error.to_string().contains("is missing"), "{error}");
    assert_eq!(texts(&journal, &new), ["one"]);
    assert_eq!(journal.rooms(1), Ok(vec![old.clone()]));
    journal.forget(&old).expect("forgotten");
    assert_eq!(texts(&journal, &old), [""; 0]);
}

#[test]
fn an_orderly_end_brings_to_the_disk_what_a_killed_process_left() {
    let room = room(1, "killed");
    // What a power cut leaves of the unsynced is a matter of chance.
    for seed in 0..20 {
        let stage = Stage { sim: SimFolder::new(seed), config: config(1 << 20) };
        let journal = stage.open();
        write(&journal, 1, 1, &[(&room, "one")]);
        stage.sim.kill();
        drop(journal);
        let journal = stage.open();
        write(&journal, 1, 1, &[(&room, "two")]);
        drop(journal);
        stage.sim.power_cut();
        assert_eq!(texts(&stage.open(), &room), ["one", "two"], "seed {seed}");
    }
}

#[test]
fn an_image_that_is_gone_with_what_it_stood_for_is_missed() {
    let stage = Stage::new(1 << 20);
    let journal = stage.open();
    let room = room(1, "imaged");
    write(&journal, 1, 1, &[(&room, "one"), (&room, "two"), (&room, "three")]);
    let at = Position { epoch: 1, sequence: 2 };
    journal.put_image(&room, at, Bytes::from_static(b"the image")).expect("an image");
    journal.trim(&room, Position { epoch: 1, sequence: 3 }).expect("trimmed");
    drop(journal);
    let name = stage.newest_log();
    let mut bytes = stage.sim.contents(&name).expect("a segment");
    let at = find(&bytes, b"the image");
    bytes[at] ^= 1;
    stage.sim.put(&name, &bytes);
    let journal = stage.open();
    assert_eq!(journal.image(&room), Ok(None));
    let read = journal.read_room(&room, Position::default(), usize::MAX);
    assert!(matches!(read, Err(JournalError::Damaged(_))), "{read:?}");
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let stage = Stage::new(1 << 20);
    let journal = stage.open();
    let room = room(1, "filling");
    write(&journal, 1, 1, &[(&room, "one")]);
    stage.sim.set_space(Some(stage.sim.used() + 20));
    for _ in 0..3 {
        let answer = submit(&journal, Level::Written, 1, 2, &[(&room, "two")]);
        assert!(matches!(answer, JournalEvent::Failed { error: JournalError::Full(_), .. }), "{answer:?}");
    }
    assert_eq!(texts(&journal, &room), ["one"]);
    stage.sim.set_space(None);
    write(&journal, 1, 2, &[(&room, "two")]);
    drop(journal);
    assert_eq!(texts(&stage.open(), &room), ["one", "two"]);
}

#[test]
fn on_a_full_disk_it_is_opened_to_be_read_and_goes_on_when_there_is_space() {
    for spare in [0, 10, 40] {
        let stage = Stage::new(1 << 20);
        let journal = stage.open();
        let room = room(1, "filling");
        write(&journal, 1, 1, &[(&room, "one")]);
        let epoch = journal.epoch();
        stage.sim.kill();
        drop(journal);
        // Twice: a start that found no space leaves nothing that would be in the way of the next one.
        stage.sim.set_space(Some(stage.sim.used() + spare));
        for _ in 0..2 {
            let journal = stage.open();
            assert_eq!(journal.epoch(), epoch + 1);
            assert_eq!(journal.fence(1, epoch + 1), Ok(Position { epoch, sequence: 1 }));
            assert_eq!(journal.fence(1, epoch), Err(JournalError::Fenced { partition: 1, epoch: epoch + 1 }));
            assert_eq!(texts(&journal, &room), ["one"]);
            assert_eq!(journal.rooms(1), Ok(vec![room.clone()]));
            for _ in 0..3 {
                let answer = submit(&journal, Level::Written, 1, 1, &[(&room, "two")]);
                assert!(
                    matches!(answer, JournalEvent::Failed { error: JournalError::Full(_), .. }),
                    "{answer:?}"
                );
            }
            let forgotten = journal.forget(&room);
            assert!(matches!(forgotten, Err(JournalError::Full(_))), "{forgotten:?} with {spare} spare");
            stage.sim.kill();
        }
        stage.sim.set_space(Some(stage.sim.used()));
        let journal = stage.open();
        assert!(matches!(
            submit(&journal, Level::Synced, 1, 1, &[(&room, "two")]),
            JournalEvent::Failed { error: JournalError::Full(_), .. }
        ));
        stage.sim.set_space(None);
        assert!(matches!(
            submit(&journal, Level::Synced, 1, 1, &[(&room, "two")]),
            JournalEvent::DurableUpTo { .. }
        ));
        assert!(!journal.waits_for_space());
        stage.sim.power_cut();
        drop(journal);
        let journal = stage.open();
        assert_eq!(texts(&journal, &room), ["one", "two"]);
        assert_eq!(journal.epoch(), epoch + 2);
    }
}

#[test]
fn space_is_found_though_nobody_writes() {
    let stage = Stage::new(1 << 20);
    stage.sim.set_space(Some(0));
    let journal = stage.open();
    assert!((0..3).all(|_| journal.waits_for_space()));
    stage.sim.set_space(None);
    let (_never, pause) = mpsc::channel::<()>();
    let looks = LIMIT.as_millis() / 5;
    let mut waits =
        (0..looks).map(|_| (journal.waits_for_space(), pause.recv_timeout(Duration::from_millis(5))).0);
    assert!(waits.any(|waits| !waits), "it is written again");
}

#[test]
fn what_a_compaction_left_half_done_gives_its_space_back_to_a_full_disk() {
    let stage = Stage::with_three_rooms(true);
    let left = "00000001-77.log";
    stage.sim.process().create(left).expect("a file").write_at(0, &[7; 5000]).expect("written");
    stage.sim.kill();
    stage.sim.set_space(Some(stage.sim.used()));
    let journal = stage.open();
    assert_eq!(stage.sim.contents(left), None);
    write(&journal, 1, 1, &[(&room(1, "alpha0"), "more")]);
}

#[test]
fn a_compaction_that_finds_no_space_takes_none() {
    let stage = Stage::new(1 << 20);
    let journal = stage.open();
    (1..=40).for_each(|sequence| write(&journal, 1, sequence, &[(&room(1, "filling"), "one")]));
    stage.sim.kill();
    drop(journal);
    stage.sim.set_space(Some(stage.sim.used() + 500));
    let journal = stage.open();
    let before = stage.sim.used();
    // What a killed process left is written again.
    assert!(journal.tidy().is_err());
    assert_eq!(stage.sim.used(), before);
    stage.sim.set_space(None);
    journal.tidy().expect("tidied");
}

#[test]
fn looking_finds_what_an_opening_would_and_changes_nothing() {
    let data = TempDir::new().unwrap();
    let folder = data.path().join("journal");
    let look = || FileJournal::look(&folder);
    assert!(look().expect("no journal is nothing bad").is_none());
    let journal = FileJournal::open(&folder, config(40)).expect("a journal");
    let [a, b] = ["alpha0", "beta00"].map(|name| room(1, name));
    write(&journal, 1, 1, &[(&a, "one"), (&b, "two")]);
    write(&journal, 1, 3, &[(&b, "three")]);
    let whole = Look { segments: 2, rooms: 2, damaged_rooms: 0, damage: vec![] };
    assert_eq!(look().expect("beside its owner").expect("a journal"), whole);
    drop(journal);

    let files = || {
        let paths = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
    };
    let first = folder.join("00000001-0.log");
    let good = std::fs::read(&first).unwrap();
    let mut torn = good.clone();
    torn.truncate(good.len() - 3);
    let mut flipped = good.clone();
    flipped[find(&good, b"two")] ^= 1;
    for damaged in [Some(torn), Some(flipped), Some(Vec::new()), None] {
        match &damaged {
            Some(bytes) => std::fs::write(&first, bytes).unwrap(),
            None => std::fs::remove_file(&first).unwrap(),
        }
        let before = files();
        let found = look().expect("it would be opened").expect("a journal");
        assert!(found.damaged_rooms > 0 && found.damage[0].contains("segment 1"), "{found:?}");
        assert_eq!(files(), before);
    }
    std::fs::write(&first, &good).unwrap();
    assert_eq!(look().expect("mended").expect("a journal"), whole);
    let mut future = good.clone();
    (future[4], future[6]) = (99, !99);
    std::fs::write(&first, &future).unwrap();
    assert!(look().expect_err("too new").to_string().contains("has format 99"));
    for list in ["segments", "segments.copy"] {
        std::fs::remove_file(folder.join(list)).unwrap();
    }
    assert!(matches!(look(), Err(OpenError::Damaged(_))));
}

#[test]
fn over_the_quota_rooms_can_still_be_forgotten_which_makes_room() {
    let stage = Stage::with(FileJournalConfig { quota_bytes: 40_000, ..config(4_000) });
    let journal = stage.open();
    let (long, short) = (room(1, "long_one"), room(1, "short_one"));
    write(&journal, 1, 1, &[(&short, "stays")]);
    let text = "x".repeat(500);
    let mut sequence = 2;
    let error = loop {
        match submit(&journal, Level::Written, 1, sequence, &[(&long, &text)]) {
            JournalEvent::DurableUpTo { .. } => sequence += 1,
            JournalEvent::Failed { error, .. } => break error,
        }
    };
    assert!(matches!(error, JournalError::Full(_)), "{error}");
    assert!(sequence > 40, "{sequence}");
    let image = journal.put_image(&short, Position { epoch: 1, sequence: 1 }, Bytes::from(text.clone()));
    assert!(matches!(image, Err(JournalError::Full(_))));
    journal.forget(&long).expect("forgotten");
    journal.tidy().expect("tidied");
    let (all, needed) = journal.bytes();
    assert!(all < 12_000 && needed < 500, "{all} bytes, {needed} needed");
    write(&journal, 1, sequence, &[(&short, &text)]);
    drop(journal);
    assert_eq!(texts(&stage.open(), &short), ["stays".to_owned(), text]);
}

#[test]
fn a_slow_disk_holds_up_nobody_who_submits() {
    let stage = Stage::with(FileJournalConfig { queue_bytes: 2000, ..config(1 << 20) });
    let journal = stage.open();
    let room = room(1, "waiting");
    write(&journal, 1, 1, &[(&room, "one")]);
    stage.sim.hold();
    let (sender, answers) = mpsc::channel();
    let mut sequence = 2;
    let refused = loop {
        let sender = sender.clone();
        let outcome = Box::new(move |event| sender.send(event).unwrap_or_default());
        journal.submit(batch(Level::Written, 1, 1, sequence, &[(&room, "more")]), outcome);
        sequence += 1;
        match answers.try_recv() {
            Ok(event) => break event,
            Err(_) => assert!(sequence < 1000, "the queue has no bound"),
        }
    };
    assert!(
        matches!(refused, JournalEvent::Failed { error: JournalError::Unavailable(_), .. }),
        "{refused:?}"
    );
    stage.sim.let_go();
    for _ in 2..sequence - 1 {
        let event = answers.recv_timeout(LIMIT).expect("an answer");
        assert!(matches!(event, JournalEvent::DurableUpTo { .. }), "{event:?}");
    }
    write(&journal, 1, sequence - 1, &[(&room, "again")]);
    assert_eq!(texts(&journal, &room).len() as u64, sequence - 1);
}

#[test]
fn a_failed_sync_is_not_taken_for_done() {
    let stage = Stage::new(1 << 20);
    let journal = stage.open();
    let room = room(1, "unsynced");
    write(&journal, 1, 1, &[(&room, "written")]);
    stage.sim.fail_syncs(1);
    let answer = submit(&journal, Level::Synced, 1, 2, &[(&room, "synced")]);
    assert!(matches!(answer, JournalEvent::DurableUpTo { .. }), "written again at once: {answer:?}");
    stage.sim.fail_syncs(100);
    let answer = submit(&journal, Level::Synced, 1, 3, &[(&room, "late")]);
    assert!(matches!(answer, JournalEvent::Failed { error: JournalError::Unavailable(_), .. }), "{answer:?}");
    let answer = submit(&journal, Level::Written, 1, 4, &[(&room, "later")]);
    assert!(matches!(answer, JournalEvent::Failed { .. }), "it would speak for the batch before: {answer:?}");
    stage.sim.fail_syncs(0);
    let again = submit(&journal, Level::Synced, 1, 3, &[(&room, "late"), (&room, "later")]);
    assert!(matches!(again, JournalEvent::DurableUpTo { .. }), "{again:?}");
    stage.sim.power_cut();
    drop(journal);
    assert_eq!(texts(&stage.open(), &room), ["written", "synced", "late", "later"]);
}

#[test]
fn a_second_process_is_refused_and_told_who_is_there() {
    let folder = TempDir::new().unwrap();
    let journal = FileJournal::open(folder.path(), FileJournalConfig::default()).expect("a journal");
    assert_eq!(journal.epoch(), 1);
    let error = FileJournal::open(folder.path(), FileJournalConfig::default()).err().expect("refused");
    assert!(matches!(error, OpenError::InUse { .. }));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(journal);
    let journal = FileJournal::open(folder.path(), FileJournalConfig::default()).expect("a journal");
    assert_eq!(journal.epoch(), 2);
}

#[test]
fn lists_and_indexes_are_replaceable() {
    let stage = Stage::with_three_rooms(true);
    let damage = |name: &str| stage.sim.put(name, b"nonsense");
    damage("segments");
    damage(&stage.first("index"));
    let journal = stage.open();
    for (key, name) in ROOMS.map(|(partition, name)| (room(partition, &padded(name)), name)) {
        assert_eq!(texts(&journal, &key), expected(name));
    }
    drop(journal);
    damage("segments");
    damage("segments.copy");
    let error = FileJournal::open_in(stage.sim.process(), stage.config.clone()).err().expect("refused");
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
}

#[test]
fn a_format_of_the_future_is_refused() {
    let stage = Stage::with_three_rooms(false);
    let name = stage.newest_log();
    let mut bytes = stage.sim.contents(&name).expect("a segment");
    (bytes[4], bytes[6]) = (99, !99);
    stage.sim.put(&name, &bytes);
    let error = FileJournal::open_in(stage.sim.process(), stage.config.clone()).err().expect("refused");
    assert!(error.to_string().contains("has format 99"), "{error}");
}

/// Three rooms in one segment, ten records each, and a start since.
pub struct Stage {
    pub sim: SimFolder,
    pub config: FileJournalConfig,
}

const ROOMS: [(Partition, &str); 3] = [(1, "alpha"), (1, "beta"), (2, "gamma")];

impl Stage {
    pub fn new(segment_bytes: u64) -> Stage {
        Stage::with(config(segment_bytes))
    }

    fn with(config: FileJournalConfig) -> Stage {
        Stage { sim: SimFolder::new(1), config }
    }

    fn with_three_rooms(is_indexed: bool) -> Stage {
        let stage = Stage::new(1 << 20);
        let journal = stage.open();
        for number in 0..10 {
            let [alpha, beta, gamma] = ROOMS.map(|(_, name)| format!("{name} {number}"));
            let [a, b, c] = ROOMS.map(|(partition, name)| room(partition, &padded(name)));
            let first = 1 + 2 * number;
            write(&journal, 1, first, &[(&a, &alpha), (&b, &beta)]);
            write(&journal, 2, 1 + number, &[(&c, &gamma)]);
        }
        drop(journal);
        let journal = stage.open();
        if is_indexed {
            journal.tidy().expect("tidied");
            assert!(stage.sim.contents(&stage.first("index")).is_some());
        }
        stage
    }

    pub fn open(&self) -> FileJournal {
        FileJournal::open_in(self.sim.process(), self.config.clone()).expect("a journal")
    }

    fn first(&self, kind: &str) -> String {
        let names = self.sim.process().names().expect("names");
        let mut found = names.into_iter().filter(|name| name.starts_with("00000001") && name.ends_with(kind));
        found.next().expect("the first segment's file")
    }

    fn newest_log(&self) -> String {
        let names = self.sim.process().names().expect("names");
        names.into_iter().filter(|name| name.ends_with(".log")).max().expect("a segment")
    }
}

fn config(segment_bytes: u64) -> FileJournalConfig {
    FileJournalConfig { segment_bytes, tidies_itself: false, ..FileJournalConfig::default() }
}

fn padded(name: &str) -> String {
    format!("{name:0<6}")
}

fn expected(name: &str) -> Vec<String> {
    (0..10).map(|number| format!("{name} {number}")).collect()
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|window| window == wanted).expect("it is there")
}

pub fn room(partition: Partition, name: &str) -> RoomKey {
    RoomKey { app: AppId::new("app"), room: format!("{partition}-{name}").parse().expect("a room id") }
}

fn batch(level: Level, epoch: u32, partition: Partition, first: u64, texts: &[(&RoomKey, &str)]) -> Batch {
    let to_record = |(sequence, (room, text)): (u64, &(&RoomKey, &str))| Record {
        room: (*room).clone(),
        position: Position { epoch, sequence },
        bytes: Bytes::copy_from_slice(text.as_bytes()),
    };
    Batch { partition, level, records: (first..).zip(texts).map(to_record).collect() }
}

pub fn submit(
    journal: &FileJournal,
    level: Level,
    partition: Partition,
    first: u64,
    texts: &[(&RoomKey, &str)],
) -> JournalEvent {
    let (sender, receiver) = mpsc::channel();
    let batch = batch(level, journal.epoch(), partition, first, texts);
    journal.submit(batch, Box::new(move |event| sender.send(event).unwrap_or_default()));
    receiver.recv_timeout(LIMIT).expect("an answer")
}

pub fn write(journal: &FileJournal, partition: Partition, first: u64, texts: &[(&RoomKey, &str)]) {
    let answer = submit(journal, Level::Written, partition, first, texts);
    assert!(matches!(answer, JournalEvent::DurableUpTo { .. }), "{answer:?}");
}

pub fn texts(journal: &FileJournal, room: &RoomKey) -> Vec<String> {
    let records = journal.read_room(room, Position::default(), usize::MAX).expect("records");
    records.iter().map(|record| String::from_utf8_lossy(&record.bytes).into_owned()).collect()
}
