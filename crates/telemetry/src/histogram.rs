//! How long things took, in fixed buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::exposition::Exposition;
use crate::series::Series;

/// Upper bounds in microseconds; the last bucket has none.
const BOUNDS_US: [u64; 17] = [
    100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
    2_500_000, 10_000_000, 30_000_000, 60_000_000,
];

/// Counts durations from 100 µs to a minute.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    pub fn observe(&self, duration: Duration) {
        self.observe_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    pub fn observe_micros(&self, micros: u64) {
        let bucket = BOUNDS_US.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS_US.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(micros, Ordering::Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// The upper bound of the bucket that holds the quantile (0–1); `None` while nothing was observed. What is beyond
    /// the last bound is told as the last bound.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let counts = self.counts();
        let total: u64 = counts.iter().sum();
        let rank = ((total as f64 * quantile).ceil() as u64).clamp(1, total.max(1));
        let mut seen = 0;
        let bucket = counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_micros(BOUNDS_US[bucket.min(BOUNDS_US.len() - 1)]))
    }

    fn counts(&self) -> [u64; BOUNDS_US.len() + 1] {
        std::array::from_fn(|bucket| self.buckets[bucket].load(Ordering::Relaxed))
    }
}

impl Series for Histogram {
    const TYPE: &'static str = "histogram";

    fn write(&self, name: &str, labels: &str, out: &mut Exposition) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut up_to = 0;
        for (bucket, count) in self.counts().into_iter().enumerate() {
            up_to += count;
            let bound = BOUNDS_US.get(bucket).map_or("+Inf".to_owned(), |us| (*us as f64 / 1e6).to_string());
            out.sample(&format!("{name}_bucket"), &format!("{labels}{comma}le=\"{bound}\""), up_to);
        }
        out.sample(&format!("{name}_sum"), labels, self.sum_us.load(Ordering::Relaxed) as f64 / 1e6);
        out.sample(&format!("{name}_count"), labels, up_to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_their_buckets() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for ms in 1..=100 {
            histogram.observe(Duration::from_millis(ms));
        }
        assert_eq!(histogram.count(), 100);
        assert_eq!(histogram.quantile(0.5), Some(Duration::from_millis(50)));
        assert_eq!(histogram.quantile(0.99), Some(Duration::from_millis(100)));
        histogram.observe(Duration::from_secs(3600));
        assert_eq!(histogram.quantile(1.0), Some(Duration::from_secs(60)));
    }
}
