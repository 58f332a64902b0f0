//! What waits for the writer.

use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use journal::{Batch, JournalError, Outcome};
use model::{Epoch, Partition, Position, RoomKey};

/// One thing to write.
pub enum Order {
    Batch(Batch, Outcome),
    /// Somebody waits for the answer.
    Ask(Question, SyncSender<Answer>),
}

pub enum Question {
    Fence {
        partition: Partition,
        epoch: Epoch,
    },
    Image {
        room: RoomKey,
        at: Position,
        bytes: Bytes,
    },
    Trim {
        room: RoomKey,
        before: Position,
    },
    Forget {
        room: RoomKey,
    },
    /// Nothing is to be written: can anything be?
    Nothing,
}

/// A position for a fence, and none that means anything for the others.
pub type Answer = Result<Position, JournalError>;

/// Why an order comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("too much waits for the disk")]
    Full,
    #[error("the journal's writer has ended")]
    Closed,
}

impl From<NotTaken> for JournalError {
    fn from(why: NotTaken) -> JournalError {
        JournalError::Unavailable(why.to_string())
    }
}

/// Bounded in bytes.
pub struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    limit_bytes: usize,
}

#[derive(Default)]
struct State {
    orders: Vec<Order>,
    bytes: usize,
    is_awaited: bool,
    is_closed: bool,
}

impl Queue {
    pub fn new(limit_bytes: usize) -> Queue {
        Queue { state: Mutex::default(), filled: Condvar::new(), limit_bytes }
    }

    /// Gives the order back if there is no space for it, or nobody to carry it out.
    pub fn push(&self, order: Order) -> Result<(), (Order, NotTaken)> {
        let bytes = order.bytes();
        let mut state = self.guard();
        let is_over = state.bytes + bytes > self.limit_bytes && !state.orders.is_empty();
        if state.is_closed {
            return Err((order, NotTaken::Closed));
        }
        if is_over {
            return Err((order, NotTaken::Full));
        }
        state.bytes += bytes;
        state.orders.push(order);
        let wake = std::mem::take(&mut state.is_awaited);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits for orders and takes all of them; false when the queue is closed and empty.
    pub fn take(&self, orders: &mut Vec<Order>) -> bool {
        let mut state = self.guard();
        while state.orders.is_empty() && !state.is_closed {
            state.is_awaited = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.orders, orders);
        state.bytes = 0;
        !orders.is_empty()
    }

    pub fn close(&self) {
        self.guard().is_closed = true;
        self.filled.notify_one();
    }

    /// Refuses everything from when this is dropped, however the writer ends: nobody may wait for one that is gone.
    pub fn close_at_the_end(&self) -> impl Drop {
        Closing(self)
    }

    fn guard(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Closing<'a>(&'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
        let left = std::mem::take(&mut self.0.guard().orders);
        drop(left);
    }
}

impl Order {
    fn bytes(&self) -> usize {
        const EACH: usize = 64;
        match self {
            Order::Batch(batch, _) => batch.records.iter().map(|record| EACH + record.bytes.len()).sum(),
            Order::Ask(Question::Image { bytes, .. }, _) => EACH + bytes.len(),
            Order::Ask(..) => EACH,
        }
    }
}
