//! The engine, and the engine behind the unsteady one while that is steady, keep the port's promises.

use std::sync::Arc;

use journal::testing::{self, Unsteady};
use journal_memory::MemoryJournal;

#[test]
fn memory_keeps_the_ports_promises() {
    testing::conformance(|| Arc::new(MemoryJournal::new()));
}

#[test]
fn so_does_the_unsteady_engine_while_it_is_steady() {
    testing::conformance(|| Arc::new(Unsteady::new(Arc::new(MemoryJournal::new()), 1)));
}

#[test]
fn forgetting_gives_the_memory_back() {
    let journal = MemoryJournal::new();
    let rooms = testing::fill(&journal, 200, 50);
    assert_eq!(journal.rooms(), 200);
    assert!(journal.bytes() > 0);
    for room in &rooms {
        journal::Journal::forget(&journal, room).unwrap();
    }
    assert_eq!((journal.rooms(), journal.bytes()), (0, 0));
}
