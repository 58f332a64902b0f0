//! The wall clock as the kernel tells it, and times as people write them.
//!
//! This crate stands beside `clock` on the ground and its handler may call nothing but the kernel, so it asks itself.
//! No decision rests on it: it is what a report says.

use std::time::{Duration, UNIX_EPOCH};

/// Milliseconds since 1970, UTC; may be called in a signal handler.
pub(crate) fn wall_ms() -> u64 {
    #[cfg(unix)]
    {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        #[expect(unsafe_code, reason = "the standard library's clock is not promised to be signal-safe")]
        // SAFETY: `now` is a timespec of ours, which the kernel fills.
        unsafe {
            libc::clock_gettime(libc::CLOCK_REALTIME, &mut now);
        }
        now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
    }
    #[cfg(not(unix))]
    {
        0
    }
}

/// A time in milliseconds since 1970 as `2026-11-21T10:08:59Z`.
pub fn written(ms: u64) -> String {
    let [year, month, day, hour, minute, second] = parts(ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `20261121T100859.123Z`: sorts by time, and is a file's name anywhere.
pub(crate) fn for_file(ms: u64) -> String {
    let [year, month, day, hour, minute, second] = parts(ms);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{:03}Z", ms % 1000)
}

/// Year, month, day, hour, minute, second; days to dates by Howard Hinnant's `civil_from_days`.
fn parts(ms: u64) -> [u64; 6] {
    let seconds = ms / 1000;
    let shifted = seconds / 86_400 + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    [year, month, day, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
}

/// When a file was last written, in milliseconds since 1970.
pub(crate) fn file_ms(metadata: &std::fs::Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.unwrap_or(Duration::ZERO).as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_over_leap_years_and_centuries() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59Z"),
            (1_795_255_739_123, "2026-11-21T10:08:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(written(ms), text);
        }
        assert_eq!(for_file(1_795_255_739_123), "20261121T100859.123Z");
    }
}
