//! Any one damaged file: what is read is what was written, or the journal says that it is damaged.

use std::collections::HashMap;

use bytes::Bytes;
use journal::{Journal, JournalError, Level};
use journal_file::testing::SimFolder;
use journal_file::{FileJournal, FileJournalConfig};
use model::{Partition, Position, RoomKey};
use proptest::prelude::*;

use crate::trouble::{room, submit};

#[derive(Clone, Debug)]
enum Corruption {
    FlipBit(prop::sample::Index),
    Overwrite(prop::sample::Index, Vec<u8>),
    Truncate(prop::sample::Index),
    Remove,
}

fn corruption() -> impl Strategy<Value = Corruption> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        4 => place().prop_map(Corruption::FlipBit),
        2 => (place(), prop::collection::vec(any::<u8>(), 1..200))
            .prop_map(|(at, bytes)| Corruption::Overwrite(at, bytes)),
        1 => place().prop_map(Corruption::Truncate),
        1 => Just(Corruption::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_never_makes_the_journal_lie_or_panic(
        is_indexed in any::<bool>(),
        batches in prop::collection::vec((1u16..3, prop::collection::vec(0u8..4, 1..6)), 5..60),
        file in any::<prop::sample::Index>(),
        corruption in corruption(),
    ) {
        let sim = SimFolder::new(1);
        let config = FileJournalConfig { segment_bytes: 900, tidies_itself: false, ..FileJournalConfig::default() };
        let mut written: HashMap<RoomKey, Vec<(Position, String)>> = HashMap::new();
        let journal = FileJournal::open_in(sim.process(), config.clone()).unwrap();
        let mut lasts: HashMap<Partition, u64> = HashMap::new();
        for (partition, rooms) in batches {
            let rooms: Vec<RoomKey> = rooms.iter().map(|number| room(partition, &format!("number{number}"))).collect();
            let last = lasts.entry(partition).or_default();
            let texts: Vec<String> = (0..rooms.len()).map(|at| format!("text {}", *last + at as u64 + 1)).collect();
            let pairs: Vec<(&RoomKey, &str)> = rooms.iter().zip(texts.iter().map(String::as_str)).collect();
            submit(&journal, Level::Written, partition, *last + 1, &pairs);
            for (room, text) in rooms.into_iter().zip(texts) {
                *last += 1;
                written.entry(room).or_default().push((Position { epoch: 1, sequence: *last }, text));
            }
        }
        drop(journal);
        // The end of the newest segment may be cut; so there is one more.
        let journal = FileJournal::open_in(sim.process(), config.clone()).unwrap();
        if is_indexed {
            journal.tidy().unwrap();
        }
        drop(journal);

        let mut names: Vec<String> = sim.process().names().unwrap();
        names.sort();
        let newest = names.iter().rfind(|name| name.ends_with(".log")).cloned();
        names.retain(|name| Some(name) != newest.as_ref());
        let name = &names[file.index(names.len())];
        let mut bytes = sim.contents(name).unwrap();
        match corruption {
            Corruption::FlipBit(at) => {
                let bit = at.index(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            Corruption::Overwrite(at, with) => {
                let at = at.index(bytes.len());
                let length = with.len().min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&with[..length]);
            }
            Corruption::Truncate(at) => bytes.truncate(at.index(bytes.len())),
            Corruption::Remove => sim.process().remove(name).unwrap(),
        }
        sim.put(name, &bytes);

        let journal = FileJournal::open_in(sim.process(), config).unwrap();
        let is_whole = !name.ends_with(".log");
        for (room, records) in &written {
            match journal.read_room(room, Position::default(), usize::MAX) {
                Ok(read) => {
                    let read: Vec<(Position, Bytes)> =
                        read.into_iter().map(|record| (record.position, record.bytes)).collect();
                    let expected: Vec<(Position, Bytes)> =
                        records.iter().map(|(position, text)| (*position, Bytes::from(text.clone()))).collect();
                    // A room of which everything is gone is unknown.
                    prop_assert!(read == expected || (read.is_empty() && !is_whole), "{room:?}: {read:?}, not {expected:?}, of {name}");
                }
                Err(error) => {
                    prop_assert!(!is_whole && matches!(error, JournalError::Damaged(_)), "{room:?}: {error}");
                }
            }
            let _ = journal.read(room.room.partition(), Position::default(), 100);
        }
        journal.tidy().unwrap();
        submit(&journal, Level::Synced, 1, 1, &[(&room(1, "number0"), "goes on")]);
    }
}
