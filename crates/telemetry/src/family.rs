//! Series that differ in their labels, in bounded number.

use std::sync::{Arc, PoisonError, RwLock};

use crate::exposition::{Exposition, labels};
use crate::series::Series;

/// What stands in for every label value once a family is full.
const OTHER: &str = "other";

/// Series by label values, at most [`Family::LIMIT`] of them: what comes later counts as `other`.
///
/// Finding a series takes a read lock and a short search; hot paths keep the handle that [`Family::of`] gives.
#[derive(Debug)]
pub struct Family<S> {
    label_names: &'static [&'static str],
    series: RwLock<Vec<Entry<S>>>,
}

#[derive(Debug)]
struct Entry<S> {
    values: Box<[Box<str>]>,
    series: Arc<S>,
}

impl<S: Series> Family<S> {
    pub const LIMIT: usize = 512;

    /// No series yet.
    pub const fn new(label_names: &'static [&'static str]) -> Family<S> {
        Family { label_names, series: RwLock::new(Vec::new()) }
    }

    /// The series of these label values (as many as the family has names), made if there is none.
    pub fn of(&self, values: &[&str]) -> Arc<S> {
        debug_assert_eq!(values.len(), self.label_names.len(), "as many values as names");
        if let Some(found) = find(&self.series.read().unwrap_or_else(PoisonError::into_inner), values) {
            return found;
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = find(&series, values) {
            return found;
        }
        let others = vec![OTHER; self.label_names.len()];
        let values = if series.len() < Self::LIMIT { values } else { &others };
        if let Some(found) = find(&series, values) {
            return found;
        }
        let made = Arc::new(S::default());
        series.push(Entry {
            values: values.iter().map(|value| (*value).into()).collect(),
            series: made.clone(),
        });
        made
    }
}

/// Series by operation byte (see the protocol's list): an index, no search.
#[derive(Debug)]
pub struct ByOperation<S> {
    series: [S; OPERATIONS.len()],
}

const OPERATIONS: [&str; 16] = [
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
    "15",
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
        for entry in &*self.series.read().unwrap_or_else(PoisonError::into_inner) {
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

fn find<S>(entries: &[Entry<S>], values: &[&str]) -> Option<Arc<S>> {
    entries
        .iter()
        .find(|entry| entry.values.iter().map(|value| &**value).eq(values.iter().copied()))
        .map(|entry| entry.series.clone())
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
        assert_eq!(family.series.read().unwrap().len(), Family::<Counter>::LIMIT + 1);
        assert_eq!(family.of(&["mode-7"]).get(), 2);
        assert_eq!(family.of(&[OTHER]).get(), Family::<Counter>::LIMIT as u64 * 2);
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
