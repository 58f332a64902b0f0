//! What every engine must do. One call runs it all; each case gets a fresh journal.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use model::{AppId, Epoch, Partition, Position, RoomId, RoomKey};

use crate::{Batch, Journal, JournalError, JournalEvent, Level, Record};

type Case = fn(&dyn Journal);

const CASES: [(&str, Case); 17] = [
    ("what was submitted is answered and read back in order", reads_back_in_order),
    ("reading begins after a position and comes in pages", reads_in_pages),
    ("the same positions again change nothing", repeats_are_harmless),
    ("a batch that overlaps adds what is new", overlaps_add_what_is_new),
    ("a hole is refused and leaves nothing behind", holes_are_refused),
    ("a fence refuses older epochs", fences_hold),
    ("a fence never goes back", fences_do_not_go_back),
    ("a fence tells the last position", fences_tell_the_last_position),
    ("both levels are answered", both_levels_are_answered),
    ("a partition is read in the order of its positions", partitions_are_read_in_order),
    ("partitions have their own positions", partitions_are_separate),
    ("apps and rooms do not cross", rooms_do_not_cross),
    ("the newest image is kept", newest_image_is_kept),
    ("the rooms of a partition are listed", lists_rooms),
    ("a trimmed room keeps what its image does not hold", trims_up_to_the_image),
    ("a room without an image is not trimmed", does_not_trim_without_image),
    ("a forgotten room is gone, the others stay", forgets_one_room),
];

/// Panics with the name of the case that fails.
pub fn conformance(make: impl Fn() -> Arc<dyn Journal>) {
    for (name, case) in CASES {
        let journal = make();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(journal.as_ref())));
        assert!(outcome.is_ok(), "the journal fails the case: {name}");
    }
}

/// Writes `records` records for each of `count` rooms, interleaved in common batches; returns the rooms.
pub fn fill(journal: &dyn Journal, count: usize, records: usize) -> Vec<RoomKey> {
    let rooms: Vec<RoomKey> = (0..count).map(|number| key("fill", 5, &format!("filled{number}"))).collect();
    for round in 0..records {
        let first = (round * count) as u64 + 1;
        let texts = rooms.iter().map(|room| (room, "some bytes of a record"));
        expect_durable(journal, batch(5, 1, first, texts));
    }
    rooms
}

fn reads_back_in_order(journal: &dyn Journal) {
    let room = key("a", 3, "reading");
    let position = expect_durable(journal, batch(3, 1, 1, [(&room, "one"), (&room, "two")]));
    assert!(position >= Position { epoch: 1, sequence: 2 });
    expect_durable(journal, batch(3, 1, 3, [(&room, "three")]));
    assert_eq!(texts(journal, &room), ["one", "two", "three"]);
    assert_eq!(texts(journal, &key("a", 3, "unknown")), [""; 0]);
}

fn reads_in_pages(journal: &dyn Journal) {
    let room = key("a", 3, "paging");
    let written: Vec<String> = (0..100).map(|number| format!("record {number}")).collect();
    expect_durable(journal, batch(3, 1, 1, written.iter().map(|text| (&room, text.as_str()))));
    let (mut read, mut after) = (Vec::new(), Position::default());
    loop {
        let page = journal.read_room(&room, after, 64).expect("a page");
        let Some(last) = page.last() else { break };
        assert!(page.len() < 100, "the limit is not looked at");
        after = last.position;
        read.extend(page.iter().map(|record| String::from_utf8_lossy(&record.bytes).into_owned()));
    }
    assert_eq!(read, written);
    assert_eq!(journal.read_room(&room, Position { epoch: 1, sequence: 99 }, 1).expect("a page").len(), 1);
}

fn repeats_are_harmless(journal: &dyn Journal) {
    let room = key("a", 3, "repeat");
    let first = batch(3, 1, 1, [(&room, "one"), (&room, "two")]);
    expect_durable(journal, first.clone());
    expect_durable(journal, first.clone());
    expect_durable(journal, batch(3, 1, 3, [(&room, "three")]));
    let position = expect_durable(journal, first);
    assert!(position >= Position { epoch: 1, sequence: 2 });
    assert_eq!(texts(journal, &room), ["one", "two", "three"]);
}

fn overlaps_add_what_is_new(journal: &dyn Journal) {
    let room = key("a", 3, "overlap");
    expect_durable(journal, batch(3, 1, 1, [(&room, "one"), (&room, "two")]));
    let position = expect_durable(journal, batch(3, 1, 2, [(&room, "two"), (&room, "three")]));
    assert!(position >= Position { epoch: 1, sequence: 3 });
    assert_eq!(texts(journal, &room), ["one", "two", "three"]);
}

fn holes_are_refused(journal: &dyn Journal) {
    let room = key("a", 3, "holes1");
    expect_durable(journal, batch(3, 1, 1, [(&room, "one")]));
    expect_failed(journal, batch(3, 1, 3, [(&room, "three")]));
    assert_eq!(texts(journal, &room), ["one"]);
    expect_durable(journal, batch(3, 1, 2, [(&room, "two"), (&room, "three")]));
    assert_eq!(texts(journal, &room), ["one", "two", "three"]);
}

fn fences_hold(journal: &dyn Journal) {
    let room = key("a", 3, "fences");
    expect_durable(journal, batch(3, 1, 1, [(&room, "old")]));
    journal.fence(3, 2).expect("a fence");
    let error = expect_failed(journal, batch(3, 1, 2, [(&room, "too old")]));
    assert_eq!(error, JournalError::Fenced { partition: 3, epoch: 2 });
    let position = expect_durable(journal, batch(3, 2, 1, [(&room, "new")]));
    assert_eq!(position, Position { epoch: 2, sequence: 1 });
    assert_eq!(texts(journal, &room), ["old", "new"]);
}

fn fences_do_not_go_back(journal: &dyn Journal) {
    journal.fence(3, 7).expect("a fence");
    journal.fence(3, 7).expect("the same fence again");
    assert_eq!(journal.fence(3, 6), Err(JournalError::Fenced { partition: 3, epoch: 7 }));
    journal.fence(4, 1).expect("another partition's fence");
}

fn fences_tell_the_last_position(journal: &dyn Journal) {
    assert_eq!(journal.fence(3, 1), Ok(Position::default()));
    let room = key("a", 3, "fenced");
    expect_durable(journal, batch(3, 1, 1, [(&room, "one"), (&room, "two")]));
    assert_eq!(journal.fence(3, 2), Ok(Position { epoch: 1, sequence: 2 }));
    journal.forget(&room).expect("forgotten");
    assert_eq!(journal.fence(3, 3), Ok(Position { epoch: 1, sequence: 2 }), "positions are not forgotten");
}

fn both_levels_are_answered(journal: &dyn Journal) {
    let room = key("a", 3, "levels");
    for (sequence, level) in (1..).zip([Level::Synced, Level::Written, Level::Synced, Level::Synced]) {
        expect_durable(journal, Batch { level, ..batch(3, 1, sequence, [(&room, "record")]) });
    }
    let again = Batch { level: Level::Synced, ..batch(3, 1, 2, [(&room, "record")]) };
    expect_durable(journal, again);
    expect_durable(journal, Batch { partition: 3, level: Level::Synced, records: Vec::new() });
    assert_eq!(texts(journal, &room), ["record"; 4]);
}

fn partitions_are_read_in_order(journal: &dyn Journal) {
    let (one, two, other) = (key("a", 3, "order1"), key("b", 3, "order2"), key("a", 4, "order3"));
    expect_durable(journal, batch(3, 1, 1, [(&one, "1"), (&two, "2"), (&one, "3")]));
    expect_durable(journal, batch(4, 1, 1, [(&other, "of another partition")]));
    expect_durable(journal, batch(3, 2, 1, [(&two, "4"), (&one, "5")]));
    let (mut read, mut after) = (Vec::new(), Position::default());
    loop {
        let page = journal.read(3, after, 2).expect("a page");
        let Some(last) = page.last() else { break };
        assert!(page.len() < 5, "the limit is not looked at");
        after = last.position;
        read.extend(page);
    }
    let rooms = read.iter().map(|record| &record.room);
    assert_eq!(rooms.collect::<Vec<_>>(), [&one, &two, &one, &two, &one]);
    let bytes: Vec<&[u8]> = read.iter().map(|record| record.bytes.as_ref()).collect();
    assert_eq!(bytes, [b"1", b"2", b"3", b"4", b"5"]);
}

fn partitions_are_separate(journal: &dyn Journal) {
    let (three, four) = (key("a", 3, "parted"), key("a", 4, "parted"));
    expect_durable(journal, batch(3, 1, 1, [(&three, "of three")]));
    let position = expect_durable(journal, batch(4, 1, 1, [(&four, "of four")]));
    assert_eq!(position, Position { epoch: 1, sequence: 1 });
    assert_eq!(texts(journal, &three), ["of three"]);
    assert_eq!(texts(journal, &four), ["of four"]);
}

fn rooms_do_not_cross(journal: &dyn Journal) {
    let (one, two, other) = (key("a", 3, "rooms1"), key("b", 3, "rooms1"), key("a", 3, "rooms2"));
    let records = [(&one, "a/1"), (&two, "b/1"), (&other, "a/2"), (&one, "a/1 again")];
    expect_durable(journal, batch(3, 1, 1, records));
    assert_eq!(texts(journal, &one), ["a/1", "a/1 again"]);
    assert_eq!(texts(journal, &two), ["b/1"]);
    assert_eq!(texts(journal, &other), ["a/2"]);
}

fn newest_image_is_kept(journal: &dyn Journal) {
    let room = key("a", 3, "images");
    expect_durable(journal, batch(3, 1, 1, [(&room, "one"), (&room, "two")]));
    assert_eq!(journal.image(&room).expect("no image"), None);
    let [first, second] = [1, 2].map(|sequence| Position { epoch: 1, sequence });
    journal.put_image(&room, first, Bytes::from_static(b"first")).expect("an image");
    journal.put_image(&room, second, Bytes::from_static(b"second")).expect("a newer image");
    journal.put_image(&room, first, Bytes::from_static(b"late")).expect("an older image");
    assert_eq!(journal.image(&room).expect("an image"), Some((second, Bytes::from_static(b"second"))));
}

fn lists_rooms(journal: &dyn Journal) {
    let (one, two, other) = (key("a", 3, "listed1"), key("b", 3, "listed0"), key("a", 4, "listed2"));
    assert_eq!(journal.rooms(3), Ok(Vec::new()));
    expect_durable(journal, batch(3, 1, 1, [(&two, "2"), (&one, "1")]));
    expect_durable(journal, batch(4, 1, 1, [(&other, "3")]));
    assert_eq!(journal.rooms(3), Ok(vec![one.clone(), two.clone()]));
    journal.forget(&one).expect("forgotten");
    assert_eq!((journal.rooms(3), journal.rooms(4)), (Ok(vec![two]), Ok(vec![other])));
}

fn trims_up_to_the_image(journal: &dyn Journal) {
    let (room, other) = (key("a", 3, "trimmed"), key("a", 3, "untrimmed"));
    let records = [(&room, "1"), (&other, "2"), (&room, "3"), (&room, "4"), (&room, "5")];
    expect_durable(journal, batch(3, 1, 1, records));
    let at = |sequence| Position { epoch: 1, sequence };
    journal.put_image(&room, at(4), Bytes::from_static(b"image")).expect("an image");
    journal.trim(&room, at(3)).expect("trimmed");
    assert_eq!(texts(journal, &room), ["3", "4", "5"]);
    journal.trim(&room, at(1)).expect("an older trim");
    journal.trim(&room, at(9)).expect("trimmed up to the image");
    assert_eq!(texts(journal, &room), ["5"]);
    assert_eq!(journal.image(&room), Ok(Some((at(4), Bytes::from_static(b"image")))));
    assert_eq!(texts(journal, &other), ["2"]);
    expect_durable(journal, batch(3, 1, 6, [(&room, "6")]));
    assert_eq!(texts(journal, &room), ["5", "6"]);
}

fn does_not_trim_without_image(journal: &dyn Journal) {
    let room = key("a", 3, "imageless");
    expect_durable(journal, batch(3, 1, 1, [(&room, "1"), (&room, "2")]));
    journal.trim(&room, Position { epoch: 1, sequence: 2 }).expect("nothing to trim");
    journal.trim(&key("a", 3, "nowhere"), Position { epoch: 1, sequence: 2 }).expect("nobody to trim");
    assert_eq!(texts(journal, &room), ["1", "2"]);
}

fn forgets_one_room(journal: &dyn Journal) {
    let (gone, stays) = (key("a", 3, "forget"), key("a", 3, "remember"));
    expect_durable(journal, batch(3, 1, 1, [(&gone, "gone"), (&stays, "stays")]));
    let at = Position { epoch: 1, sequence: 1 };
    journal.put_image(&gone, at, Bytes::from_static(b"image")).expect("an image");
    journal.forget(&gone).expect("forgotten");
    journal.forget(&gone).expect("forgotten twice");
    assert_eq!(texts(journal, &gone), [""; 0]);
    assert_eq!(journal.image(&gone).expect("no image"), None);
    assert_eq!(texts(journal, &stays), ["stays"]);
    expect_durable(journal, batch(3, 1, 3, [(&stays, "and goes on")]));
    assert_eq!(texts(journal, &stays), ["stays", "and goes on"]);
}

fn key(app: &str, partition: Partition, name: &str) -> RoomKey {
    let room: RoomId = format!("{partition}-{name}").parse().expect("a room id");
    RoomKey { app: AppId::new(app), room }
}

fn batch<'a>(
    partition: Partition,
    epoch: Epoch,
    first_sequence: u64,
    texts: impl IntoIterator<Item = (&'a RoomKey, &'a str)>,
) -> Batch {
    let to_record = |(sequence, (room, text)): (u64, (&RoomKey, &str))| Record {
        room: room.clone(),
        position: Position { epoch, sequence },
        bytes: Bytes::copy_from_slice(text.as_bytes()),
    };
    Batch {
        partition,
        level: Level::Written,
        records: (first_sequence..).zip(texts).map(to_record).collect(),
    }
}

fn texts(journal: &dyn Journal, room: &RoomKey) -> Vec<String> {
    let records = journal.read_room(room, Position::default(), usize::MAX).expect("records");
    assert!(records.iter().all(|record| record.room == *room));
    records.iter().map(|record| String::from_utf8_lossy(&record.bytes).into_owned()).collect()
}

fn expect_durable(journal: &dyn Journal, batch: Batch) -> Position {
    let (partition, newest) = (batch.partition, batch.records.last().map(|record| record.position));
    match answer(journal, batch) {
        JournalEvent::DurableUpTo { partition: of, position } => {
            assert_eq!(of, partition);
            assert!(Some(position) >= newest, "durable up to {position} only");
            position
        }
        JournalEvent::Failed { error, .. } => panic!("refused: {error}"),
    }
}

fn expect_failed(journal: &dyn Journal, batch: Batch) -> JournalError {
    let newest = batch.records.last().map(|record| record.position);
    match answer(journal, batch) {
        JournalEvent::Failed { position, error, .. } => {
            assert_eq!(Some(position), newest);
            error
        }
        JournalEvent::DurableUpTo { position, .. } => panic!("accepted, durable up to {position}"),
    }
}

fn answer(journal: &dyn Journal, batch: Batch) -> JournalEvent {
    let (sender, receiver) = mpsc::channel();
    journal.submit(batch, Box::new(move |event| sender.send(event).unwrap_or_default()));
    receiver.recv_timeout(Duration::from_secs(20)).expect("an answer within 20 s")
}
