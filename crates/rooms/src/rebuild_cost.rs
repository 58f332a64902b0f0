//! How long a room's rebuild would take: what decides when its next image is due.

use std::time::Duration;

/// An estimate, of what came after the last image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RebuildCost(Duration);

// Guesses, on the safe side (`jianzi bench rebuild` measures): a record found, checked and read; an event decoded, checked
// and applied; what each byte adds. A wrong guess moves the images apart or together, no more.
const RECORD: Duration = Duration::from_nanos(800);
const EVENT: Duration = Duration::from_nanos(400);
const KIBIBYTE: Duration = Duration::from_nanos(1000);

impl RebuildCost {
    pub fn add_event(&mut self) {
        self.0 += EVENT;
    }

    pub fn add_record(&mut self, bytes: usize) {
        self.0 += RECORD + KIBIBYTE * (bytes >> 10) as u32;
    }

    pub fn add(&mut self, time: Duration) {
        self.0 += time;
    }

    pub fn exceeds(&self, budget: Duration) -> bool {
        self.0 > budget
    }
}
