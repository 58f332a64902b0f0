//! How many rooms can run here at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Mappings of the process that one room's memory and table take.
pub const MAPPINGS_PER_ROOM: u32 = 4;

/// Mappings that the rest of the server may need besides those that it has at the start: threads, libraries, heaps.
const MAPPINGS_OF_OTHERS: u32 = 2048;

/// For the log at the start, and for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    pub configured: u32,
    /// What the kernel's `vm.max_map_count` leaves room for; None where it is not known. The smaller of both holds.
    pub possible: Option<u32>,
    pub used: u32,
}

/// The places for rooms.
pub(crate) struct Places {
    configured: u32,
    possible: Option<u32>,
    used: AtomicU32,
}

/// A place that is taken until this is dropped.
pub(crate) struct Slot(Arc<Places>);

impl Places {
    pub fn new(configured: u32) -> Places {
        Places { configured, possible: possible_rooms(), used: AtomicU32::new(0) }
    }

    pub fn limit(&self) -> u32 {
        self.possible.unwrap_or(u32::MAX).min(self.configured)
    }

    pub fn take(self: &Arc<Places>) -> Option<Slot> {
        let one_more = |used| (used < self.limit()).then_some(used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Slot(self.clone()))
    }

    pub fn report(&self) -> Slots {
        Slots {
            configured: self.configured,
            possible: self.possible,
            used: self.used.load(Ordering::Relaxed),
        }
    }

    pub fn why_full(&self) -> String {
        let limit = self.limit();
        if limit < self.configured {
            format!(
                "all {limit} places for rooms with logic are taken; vm.max_map_count of this machine allows no more, \
                 {} are configured",
                self.configured
            )
        } else {
            format!("all {limit} places for rooms with logic are taken")
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::Relaxed);
    }
}

fn possible_rooms() -> Option<u32> {
    let most = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    let maps = std::fs::read("/proc/self/maps").ok()?;
    let taken = maps.iter().filter(|byte| **byte == b'\n').count();
    Some(rooms_within(most.trim().parse().ok()?, u32::try_from(taken).ok()?))
}

const fn rooms_within(most: u32, taken: u32) -> u32 {
    most.saturating_sub(taken).saturating_sub(MAPPINGS_OF_OTHERS) / MAPPINGS_PER_ROOM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_kernel_allows_some_sixteen_thousand_rooms() {
        assert_eq!(rooms_within(65_530, 300), 15_795);
        assert_eq!(rooms_within(1000, 300), 0);
        assert!(possible_rooms().is_none_or(|rooms| rooms > 0));
    }

    #[test]
    fn a_place_is_free_again_when_its_room_is_gone() {
        let places = Arc::new(Places { configured: 9, possible: Some(2), used: AtomicU32::new(0) });
        let first = places.take();
        let second = places.take();
        assert!(first.is_some() && second.is_some() && places.take().is_none());
        assert!(places.why_full().contains("all 2 places") && places.why_full().contains("max_map_count"));
        drop(first);
        assert_eq!(places.report().used, 1);
        assert!(places.take().is_some());
    }
}
