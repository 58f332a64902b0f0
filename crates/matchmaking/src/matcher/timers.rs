//! What rings when.

use std::collections::BTreeMap;

use clock::Moment;
use model::RoomKey;

use crate::ticket::TicketKey;

/// Ordered by time, then by number. Entries are removed when they are not wanted any more, so nothing piles up.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<(Moment, u64), Due>,
}

#[derive(Clone, Debug)]
pub(super) enum Due {
    Ticket(TicketKey),
    Room(RoomKey),
}

impl Timers {
    pub fn add(&mut self, at: Moment, number: u64, due: Due) {
        self.due.insert((at, number), due);
    }

    pub fn remove(&mut self, at: Moment, number: u64) {
        self.due.remove(&(at, number));
    }

    pub fn pop(&mut self, now: Moment) -> Option<Due> {
        let entry = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    pub fn next(&self) -> Option<Moment> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.due.len()
    }
}
