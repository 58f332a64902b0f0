//! Tickets.

use super::metrics;
use crate::{Counter, Family, Gauge, Histogram};

metrics! {
    /// What quick match counts. Modes are chosen by games, so they are bounded like every label.
    pub struct MatchMetrics("jianzi_match_") {
        /// Tickets that wait now, by mode.
        pub waiting: Family<Gauge> = &["mode"],
        /// Tickets that found a match, by mode.
        pub matched_total: Family<Counter> = &["mode"],
        /// Tickets that failed or were cancelled, by reason.
        pub ended_total: Family<Counter> = &["reason"],
        /// Seats given to bots.
        pub bots_total: Counter,
        /// From a ticket's start to its match.
        pub wait_seconds: Histogram,
        /// Matches whose room has not answered yet.
        pub rooms_pending: Gauge,
        /// Rooms asked for again because no answer came.
        pub room_retries_total: Counter,
        /// Requests refused because the queue was full.
        pub refused_total: Counter,
    }
}
