//! Numbers that many threads count and one reads: relaxed atomics, no lock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::exposition::Exposition;

/// A number that only rises. On a line of cache of its own, so that two counters do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn increment(&self) {
        self.add(1);
    }

    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that rises and falls.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Gauge(AtomicI64);

impl Gauge {
    pub fn increment(&self) {
        self.add(1);
    }

    pub fn decrement(&self) {
        self.add(-1);
    }

    pub fn add(&self, difference: i64) {
        self.0.fetch_add(difference, Ordering::Relaxed);
    }

    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One measured thing, without its name: what a [`Family`](crate::Family) has many of.
pub trait Series: Default {
    /// The exposition format's word for it.
    const TYPE: &'static str;

    /// Writes the series' lines; `labels` is empty or `a="1",b="2"`.
    fn write(&self, name: &str, labels: &str, out: &mut Exposition);
}

impl Series for Counter {
    const TYPE: &'static str = "counter";

    fn write(&self, name: &str, labels: &str, out: &mut Exposition) {
        out.sample(name, labels, self.get());
    }
}

impl Series for Gauge {
    const TYPE: &'static str = "gauge";

    fn write(&self, name: &str, labels: &str, out: &mut Exposition) {
        out.sample(name, labels, self.get());
    }
}
