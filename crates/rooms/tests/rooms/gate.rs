//! A journal whose rooms are read one at a time, when the test says so; or that notes what it is asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use bytes::Bytes;
use journal::{Batch, Journal, JournalError, Level, Outcome, Record};
use model::{Epoch, Partition, Position, RoomKey};

use crate::stage::LIMIT;

pub struct Gate {
    inner: Arc<dyn Journal>,
    door: Mutex<Door>,
    opened: Condvar,
    levels: Mutex<Vec<Level>>,
    /// Every batch is refused with this.
    refusal: Mutex<Option<JournalError>>,
    /// So many times it fails to forget a room.
    forgets_nothing: AtomicUsize,
}

/// Rooms are let through in the order in which they came; every room is read once, from its image on.
#[derive(Default)]
struct Door {
    came: usize,
    /// So many may pass; `None`: all.
    may_pass: Option<usize>,
}

impl Gate {
    pub fn open(inner: Arc<dyn Journal>) -> Gate {
        Gate {
            inner,
            door: Mutex::default(),
            opened: Condvar::new(),
            levels: Mutex::default(),
            refusal: Mutex::default(),
            forgets_nothing: AtomicUsize::new(0),
        }
    }

    pub fn closed(inner: Arc<dyn Journal>) -> Gate {
        Gate { door: Mutex::new(Door { came: 0, may_pass: Some(0) }), ..Gate::open(inner) }
    }

    pub fn let_through(&self, rooms: usize) {
        let mut door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        door.may_pass = Some(door.may_pass.unwrap_or(0) + rooms);
        self.opened.notify_all();
    }

    pub fn refuse(&self, with: Option<JournalError>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = with;
    }

    pub fn fail_to_forget(&self, times: usize) {
        self.forgets_nothing.store(times, Ordering::SeqCst);
    }

    pub fn failures_left(&self) -> usize {
        self.forgets_nothing.load(Ordering::SeqCst)
    }

    /// Of all batches so far.
    pub fn levels(&self) -> Vec<Level> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Journal for Gate {
    fn submit(&self, batch: Batch, outcome: Outcome) {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner).push(batch.level);
        match self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            None => self.inner.submit(batch, outcome),
            Some(error) => {
                let position = batch.records.last().map_or(Position::default(), |record| record.position);
                outcome(journal::JournalEvent::Failed { partition: batch.partition, position, error });
            }
        }
    }

    fn fence(&self, partition: Partition, epoch: Epoch) -> Result<Position, JournalError> {
        self.inner.fence(partition, epoch)
    }

    fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Record>, JournalError> {
        self.inner.read(partition, after, limit)
    }

    fn read_room(&self, room: &RoomKey, after: Position, limit: usize) -> Result<Vec<Record>, JournalError> {
        self.inner.read_room(room, after, limit)
    }

    fn rooms(&self, partition: Partition) -> Result<Vec<RoomKey>, JournalError> {
        self.inner.rooms(partition)
    }

    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes) -> Result<(), JournalError> {
        self.inner.put_image(room, at, image)
    }

    fn image(&self, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError> {
        let mut door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let before = door.came;
        door.came += 1;
        // Not for ever: a test that fails has to end, too.
        let is_closed = |door: &mut Door| door.may_pass.is_some_and(|may_pass| before >= may_pass);
        let waited = self.opened.wait_timeout_while(door, 2 * LIMIT, is_closed);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.inner.image(room)
    }

    fn trim(&self, room: &RoomKey, before: Position) -> Result<(), JournalError> {
        self.inner.trim(room, before)
    }

    fn forget(&self, room: &RoomKey) -> Result<(), JournalError> {
        let fails = |left: usize| left.checked_sub(1);
        match self.forgets_nothing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails) {
            Ok(_) => Err(JournalError::Unavailable("it does not forget".into())),
            Err(_) => self.inner.forget(room),
        }
    }
}
