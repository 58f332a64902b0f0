//! Series that differ in their labels, in bounded number.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::exposition::{Exposition, labels};
use crate::series::Series;

/// What stands in for every label value once a family is full.
const OTHER: &str = "other";

/// Series by label values, at most [`Family::LIMIT`] of them: what comes later counts as `other`.
///
/// A table that only grows: finding a series takes one hash and no lock.
#[derive(Debug)]
pub struct Family<S> {
    label_names: &'static [&'static str],
    slots: Box<[OnceLock<Box<Entry<S>>>]>,
    used: AtomicUsize,
    /// Takes what finds no slot, should more threads than there are slots left pass the limit at the same time.
    spare: S,
}

#[derive(Debug)]
struct Entry<S> {
    values: Box<[Box<str>]>,
    series: S,
}

impl<S: Series> Family<S> {
    pub const LIMIT: usize = 256;
    /// Twice the limit, so that free slots are near.
    const SLOTS: usize = 512;

    /// No series yet.
    pub fn new(label_names: &'static [&'static str]) -> Family<S> {
        let slots = (0..Self::SLOTS).map(|_| OnceLock::new()).collect();
        Family { label_names, slots, used: AtomicUsize::new(0), spare: S::default() }
    }

    /// The series of these label values (as many as the family has names), made if there is none.
    pub fn of(&self, values: &[&str]) -> &S {
        debug_assert_eq!(values.len(), self.label_names.len(), "as many values as names");
        if let Some(series) = self.find(values) {
            return series;
        }
        if self.used.load(Ordering::Relaxed) < Self::LIMIT {
            self.find_or_make(values)
        } else {
            self.find_or_make(&vec![OTHER; self.label_names.len()])
        }
    }

    fn find(&self, values: &[&str]) -> Option<&S> {
        let mut entries = self.probe(values).map_while(|slot| slot.get());
        entries.find(|entry| entry.has(values)).map(|entry| &entry.series)
    }

    /// Whoever comes first to a free slot fills it; the others look whether it became theirs.
    fn find_or_make(&self, values: &[&str]) -> &S {
        for slot in self.probe(values) {
            let entry = slot.get_or_init(|| {
                self.used.fetch_add(1, Ordering::Relaxed);
                Box::new(Entry::new(values))
            });
            if entry.has(values) {
                return &entry.series;
            }
        }
        &self.spare
    }

    fn probe(&self, values: &[&str]) -> impl Iterator<Item = &OnceLock<Box<Entry<S>>>> {
        let start = hash(values) as usize;
        (0..Self::SLOTS).map(move |step| &self.slots[start.wrapping_add(step) % Self::SLOTS])
    }

    fn entries(&self) -> Vec<&Entry<S>> {
        let mut entries: Vec<_> = self.slots.iter().filter_map(|slot| slot.get().map(Box::as_ref)).collect();
        entries.sort_by(|one, other| one.values.cmp(&other.values));
        entries
    }
}

impl<S: Series> Entry<S> {
    fn new(values: &[&str]) -> Entry<S> {
        Entry { values: values.iter().map(|value| (*value).into()).collect(), series: S::default() }
    }

    fn has(&self, values: &[&str]) -> bool {
        self.values.iter().map(|value| &**value).eq(values.iter().copied())
    }
}

/// FNV-1a, with the end of each value hashed too.
fn hash(values: &[&str]) -> u64 {
    let bytes = values.iter().flat_map(|value| value.bytes().chain([0xFF]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Series by operation byte (see the protocol's list): an index, no search.
#[derive(Debug)]
pub struct ByOperation<S> {
    series: [S; OPERATIONS.len()],
}

const OPERATIONS: [&str; 15] = [
    OTHER,
    "heartbeat",
    "call",
    "answer",
    "push",
    "input",
    "frame",
    "relay",
    "error",
    "goodbye",
    "login",
    "welcome",
    "input_refused",
    "state_hash",
    "desync",
];

impl<S: Series> ByOperation<S> {
    pub fn of(&self, operation: u8) -> &S {
        self.series.get(usize::from(operation)).unwrap_or(&self.series[0])
    }
}

impl<S: Series> Default for ByOperation<S> {
    fn default() -> ByOperation<S> {
        ByOperation { series: std::array::from_fn(|_| S::default()) }
    }
}

/// Something with a name at `/metrics`.
pub(crate) trait Metric {
    fn expose(&self, name: &str, help: &str, out: &mut Exposition);
}

impl<S: Series> Metric for S {
    fn expose(&self, name: &str, help: &str, out: &mut Exposition) {
        out.describe(name, help, S::TYPE);
        self.write(name, "", out);
    }
}

impl<S: Series> Metric for Family<S> {
    fn expose(&self, name: &str, help: &str, out: &mut Exposition) {
        out.describe(name, help, S::TYPE);
        for entry in self.entries() {
            let pairs = self.label_names.iter().copied().zip(entry.values.iter().map(|value| &**value));
            entry.series.write(name, &labels(pairs), out);
        }
    }
}

impl<S: Series> Metric for ByOperation<S> {
    fn expose(&self, name: &str, help: &str, out: &mut Exposition) {
        out.describe(name, help, S::TYPE);
        for (operation, series) in OPERATIONS.iter().zip(&self.series) {
            series.write(name, &labels([("operation", *operation)]), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Counter;

    #[test]
    fn a_family_stays_bounded() {
        let family: Family<Counter> = Family::new(&["mode"]);
        for number in 0..Family::<Counter>::LIMIT * 3 {
            family.of(&[&format!("mode-{number}")]).increment();
        }
        family.of(&["mode-7"]).increment();
        assert_eq!(family.entries().len(), Family::<Counter>::LIMIT + 1);
        assert_eq!(family.of(&["mode-7"]).get(), 2);
        assert_eq!(family.of(&[OTHER]).get(), Family::<Counter>::LIMIT as u64 * 2);
    }

    #[test]
    fn threads_that_race_for_a_series_share_it() {
        let family: Family<Counter> = Family::new(&["method", "status"]);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for number in 0..20_000 {
                        family.of(&[&format!("method-{}", number % 100), "ok"]).increment();
                    }
                });
            }
        });
        assert_eq!(family.entries().len(), 100);
        assert!(family.entries().iter().all(|entry| entry.series.get() == 1_600));
        family.of(&["method-7o", "k"]).increment();
        assert_eq!(family.of(&["method-7", "ok"]).get(), 1_600, "values do not run into each other");
    }

    #[test]
    fn an_operation_off_the_list_counts_as_other() {
        let frames: ByOperation<Counter> = ByOperation::default();
        frames.of(6).increment();
        frames.of(200).increment();
        let mut out = Exposition::default();
        frames.expose("frames", "", &mut out);
        let text = out.into_text();
        assert!(text.contains("frames{operation=\"frame\"} 1\n"), "{text}");
        assert!(text.contains("frames{operation=\"other\"} 1\n"), "{text}");
    }
}
