//! What a measurement tells: named numbers in a fixed order, and medians over repetitions.

use std::borrow::Cow;

use hdrhistogram::Histogram;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Named numbers. The unit is the end of the name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(Vec<(Cow<'static, str>, f64)>);

impl Figures {
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        self.0.push((name.into(), value));
    }

    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// Percentiles of a histogram of microseconds, in milliseconds.
    pub fn push_latency(&mut self, latency: &Histogram<u64>) {
        let at = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
        self.push("latency_p50_ms", at(0.5));
        self.push("latency_p99_ms", at(0.99));
        self.push("latency_p99_9_ms", at(0.999));
        self.push("latency_max_ms", latency.max() as f64 / 1000.0);
    }

    /// Of each number the median over all repetitions that have it (of two, the mean).
    pub fn median(repetitions: &[Figures]) -> Figures {
        let median = |name: &str| {
            let mut values: Vec<f64> = repetitions.iter().filter_map(|figures| figures.get(name)).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
        };
        let mut medians = Figures::default();
        for (name, _) in repetitions.iter().flat_map(|figures| &figures.0) {
            if medians.get(name).is_none() {
                medians.push(name.clone(), median(name));
            }
        }
        medians
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, &((value * 10_000.0).round() / 10_000.0))?;
        }
        map.end()
    }
}

/// A histogram of microseconds, 1 µs to 2 minutes, three digits.
#[expect(clippy::expect_used, reason = "the bounds are constants that the library accepts")]
pub fn micros_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 120_000_000, 3).expect("constant bounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_taken_by_name() {
        let repetition = |rate, errors| {
            let mut figures = Figures::default();
            figures.push("rate", rate);
            figures.push("errors", errors);
            figures
        };
        let three = [repetition(3.0, 0.0), repetition(1.0, 0.0), repetition(2.0, 9.0)];
        assert_eq!(Figures::median(&three), repetition(2.0, 0.0));
        assert_eq!(Figures::median(&three[..2]), repetition(2.0, 0.0));
        assert_eq!(Figures::median(&[]), Figures::default());
    }
}
