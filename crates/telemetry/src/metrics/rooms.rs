//! Rooms, ticks, journal.

use super::metrics;
use crate::{Counter, Family, Gauge, Histogram};

metrics! {
    /// What the shards of rooms count.
    pub struct RoomMetrics("jianzi_rooms_") {
        /// Rooms alive now, by kind.
        pub open: Family<Gauge> = &["kind"],
        /// Members of rooms now, players and spectators.
        pub members: Gauge,
        /// Rooms made, by kind.
        pub created_total: Family<Counter> = &["kind"],
        /// Rooms of an earlier process that were rebuilt and go on.
        pub recovered_total: Counter,
        /// Rooms of an earlier process whose journal is damaged.
        pub not_recovered_total: Counter,
        /// Rooms ended, by reason.
        pub ended_total: Family<Counter> = &["reason"],
        /// Ticks stepped.
        pub ticks_total: Counter,
        /// How late a tick was stepped.
        pub tick_lag_seconds: Histogram,
        /// How long a turn of a shard took.
        pub turn_seconds: Histogram,
        /// Inputs applied.
        pub inputs_total: Counter,
        /// Inputs refused, by reason.
        pub inputs_refused_total: Family<Counter> = &["reason"],
        /// Messages waiting in the shards' inboxes now.
        pub inbox_depth: Gauge,
        /// Messages thrown away because an inbox was full.
        pub inbox_dropped_total: Counter,
        /// How long the journal took to answer a batch.
        pub journal_seconds: Histogram,
        /// Batches that the journal did not write.
        pub journal_failures_total: Counter,
        /// Frames that wait for the journal now.
        pub unreleased_frames: Gauge,
        /// Rooms that stand still because the journal cannot be written.
        pub paused: Gauge,
        /// Rooms that play apart now, because they took too much of their shard's time.
        pub quarantined: Gauge,
        /// Rooms that were put there.
        pub quarantined_total: Counter,
        /// Ticks sent again to members that were away or came late.
        pub backfilled_ticks_total: Counter,
        /// Rooms whose seats reported different states.
        pub desyncs_total: Counter,
    }
}
