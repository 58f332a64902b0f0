//! An engine that delays, loses, reorders and refuses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use clock::Chance;
use model::{Epoch, Partition, Position, RoomKey};

use crate::{Batch, Journal, JournalError, JournalEvent, Outcome, Record};

/// Stands before another engine and mistreats what passes, by seed. Steady until told otherwise.
pub struct Unsteady {
    inner: Arc<dyn Journal>,
    state: Arc<Mutex<State>>,
}

/// What goes wrong from now on. Shares are in percent of batches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Answers are kept back until [`Unsteady::let_go`].
    pub hold_answers: bool,
    /// Answers kept back leave in any order.
    pub reorder: bool,
    /// Nothing is written, and the engine says so.
    pub refuse: u8,
    /// Nothing is written, and nobody is told.
    pub lose_batch: u8,
    /// It is written, and nobody is told.
    pub lose_answer: u8,
}

struct State {
    faults: Faults,
    chance: Chance,
    held: Vec<(Outcome, JournalEvent)>,
    batches: u64,
}

impl Unsteady {
    pub fn new(inner: Arc<dyn Journal>, seed: u64) -> Unsteady {
        let state =
            State { faults: Faults::default(), chance: Chance::seeded(seed), held: Vec::new(), batches: 0 };
        Unsteady { inner, state: Arc::new(Mutex::new(state)) }
    }

    pub fn set(&self, faults: Faults) {
        guard(&self.state).faults = faults;
    }

    /// Delivers the answers kept back so far; says how many.
    pub fn let_go(&self) -> usize {
        let answers = {
            let mut state = guard(&self.state);
            let mut held = std::mem::take(&mut state.held);
            if state.faults.reorder {
                for index in (1..held.len()).rev() {
                    let other = state.chance.below(index as u64 + 1) as usize;
                    held.swap(index, other);
                }
            }
            held
        };
        let count = answers.len();
        answers.into_iter().for_each(|(outcome, event)| outcome(event));
        count
    }

    /// Batches submitted so far, whatever became of them.
    pub fn batches(&self) -> u64 {
        guard(&self.state).batches
    }
}

impl Journal for Unsteady {
    fn submit(&self, batch: Batch, outcome: Outcome) {
        let (faults, fate) = {
            let mut state = guard(&self.state);
            state.batches += 1;
            (state.faults, state.chance.below(100) as u8)
        };
        let refused = faults.refuse;
        let lost = refused.saturating_add(faults.lose_batch);
        let unanswered = lost.saturating_add(faults.lose_answer);
        if fate < refused {
            let position = batch.records.last().map_or(Position::default(), |record| record.position);
            let error = JournalError::Unavailable("refused on purpose".into());
            self.answer(
                faults,
                outcome,
                JournalEvent::Failed { partition: batch.partition, position, error },
            );
        } else if fate >= lost && fate < unanswered {
            self.inner.submit(batch, Box::new(|_| {}));
        } else if fate >= unanswered {
            let state = self.state.clone();
            self.inner.submit(batch, Box::new(move |event| answer(&state, faults, outcome, event)));
        }
    }

    fn fence(&self, partition: Partition, epoch: Epoch) -> Result<Position, JournalError> {
        self.inner.fence(partition, epoch)
    }

    fn read(
        &self,
        partition: Partition,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError> {
        self.inner.read(partition, after, limit_bytes)
    }

    fn read_room(
        &self,
        room: &RoomKey,
        after: Position,
        limit_bytes: usize,
    ) -> Result<Vec<Record>, JournalError> {
        self.inner.read_room(room, after, limit_bytes)
    }

    fn rooms(&self, partition: Partition) -> Result<Vec<RoomKey>, JournalError> {
        self.inner.rooms(partition)
    }

    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes) -> Result<(), JournalError> {
        self.inner.put_image(room, at, image)
    }

    fn image(&self, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError> {
        self.inner.image(room)
    }

    fn trim(&self, room: &RoomKey, before: Position) -> Result<(), JournalError> {
        self.inner.trim(room, before)
    }

    fn forget(&self, room: &RoomKey) -> Result<(), JournalError> {
        self.inner.forget(room)
    }
}

impl Unsteady {
    fn answer(&self, faults: Faults, outcome: Outcome, event: JournalEvent) {
        answer(&self.state, faults, outcome, event);
    }
}

fn answer(state: &Mutex<State>, faults: Faults, outcome: Outcome, event: JournalEvent) {
    if faults.hold_answers {
        guard(state).held.push((outcome, event));
    } else {
        outcome(event);
    }
}

fn guard(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
