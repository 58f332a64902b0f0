//! Durations, sizes and rates, written with their units.

use std::time::Duration;

use admission::Rate;

use super::{Given, Value, quoted};

/// A number of bytes, written "64KiB".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub usize);

impl Bytes {
    pub const fn kib(count: usize) -> Bytes {
        Bytes(count << 10)
    }

    pub const fn mib(count: usize) -> Bytes {
        Bytes(count << 20)
    }
}

const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
/// In milliseconds.
const DURATIONS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Value for Bytes {
    const EXAMPLE: &'static str = "\"64KiB\"";

    fn read(given: &Given) -> Result<Bytes, String> {
        const WANTED: &str = "a size such as \"64KiB\" or \"1MiB\"";
        let bytes = match given {
            Given::Number(bytes) => u64::try_from(*bytes).ok(),
            other => measure(other.text(WANTED)?, &SIZES),
        };
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        bytes.map(Bytes).ok_or_else(|| format!("{WANTED} is wanted"))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&largest_whole(self.0 as u64, &SIZES, "0B")))
    }
}

impl Value for Duration {
    const EXAMPLE: &'static str = "\"5s\"";

    fn read(given: &Given) -> Result<Duration, String> {
        const WANTED: &str = "a duration such as \"5s\", \"500ms\", \"2m\", \"1h\" or \"30d\"";
        let text = given.text(WANTED)?;
        measure(text, &DURATIONS)
            .map(Duration::from_millis)
            .ok_or_else(|| format!("{WANTED} is wanted, not {text:?}"))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&largest_whole(self.as_millis() as u64, &DURATIONS, "0s")))
    }
}

/// "300/s", "300/s burst 600" or "unlimited".
impl Value for Rate {
    const EXAMPLE: &'static str = "\"300/s burst 600\"";

    fn read(given: &Given) -> Result<Rate, String> {
        const WANTED: &str = "a rate such as \"300/s\", \"300/s burst 600\" or \"unlimited\"";
        let text = given.text(WANTED)?;
        let bad = || format!("{WANTED} is wanted, not {text:?}");
        if text == "unlimited" {
            return Ok(Rate::UNLIMITED);
        }
        let (steady, burst) = match text.split_once("burst") {
            Some((steady, burst)) => (steady, Some(burst.trim())),
            None => (text, None),
        };
        let per_second = steady.trim().strip_suffix("/s").and_then(|number| number.trim().parse().ok());
        let per_second: u32 = per_second.filter(|number| *number > 0).ok_or_else(bad)?;
        let burst: u32 = match burst {
            Some(burst) => burst.parse().ok().filter(|burst| *burst > 0).ok_or_else(bad)?,
            None => per_second,
        };
        Ok(Rate { per_second, burst })
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&match self.per_second {
            0 => "unlimited".to_owned(),
            per_second => format!("{per_second}/s burst {}", self.burst),
        }))
    }
}

/// A whole number with one of the units; upper and lower case are the same.
fn measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn largest_whole(amount: u64, units: &[(&str, u64)], zero: &str) -> String {
    match units.iter().find(|(_, factor)| amount > 0 && amount.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", amount / factor),
        None => zero.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Given {
        Given::Text(text.to_owned())
    }

    #[test]
    fn units_are_read_and_shown() {
        for (written, ms) in
            [("5s", 5_000), ("500ms", 500), (" 2 m ", 120_000), ("30d", 2_592_000_000), ("0s", 0)]
        {
            let duration = Duration::read(&text(written)).unwrap();
            assert_eq!(duration, Duration::from_millis(ms), "{written}");
            let shown = duration.show().unwrap();
            assert_eq!(Duration::read(&text(shown.trim_matches('"'))), Ok(duration));
        }
        for (written, bytes) in [("64KiB", 65_536), ("1mib", 1 << 20), ("12B", 12), ("0B", 0)] {
            assert_eq!(Bytes::read(&text(written)), Ok(Bytes(bytes)), "{written}");
        }
        assert_eq!(Bytes::read(&Given::Number(100)), Ok(Bytes(100)));
        assert_eq!(Bytes::kib(1536).show().unwrap(), "\"1536KiB\"");
        let rate = Rate { per_second: 300, burst: 600 };
        assert_eq!(Rate::read(&text("300/s burst 600")), Ok(rate));
        assert_eq!(Rate::read(&text("300/s")), Ok(Rate { per_second: 300, burst: 300 }));
        assert_eq!(Rate::read(&text("unlimited")), Ok(Rate::UNLIMITED));
    }

    #[test]
    fn nonsense_is_refused_with_what_is_wanted() {
        for bad in ["", "5", "s", "-5s", "5 weeks", "1.5s", "99999999999999999999s", "18446744073709551615d"]
        {
            let error = Duration::read(&text(bad)).unwrap_err();
            assert!(error.contains("\"500ms\""), "{error}");
        }
        assert!(Duration::read(&Given::Number(5)).unwrap_err().contains("not a number"));
        for bad in ["", "64", "64 kilo", "-1KiB"] {
            assert!(Bytes::read(&text(bad)).is_err(), "{bad}");
        }
        for bad in ["", "300", "0/s", "300/s burst", "300/s burst 0", "300/m", "-3/s"] {
            assert!(Rate::read(&text(bad)).is_err(), "{bad}");
        }
    }
}
