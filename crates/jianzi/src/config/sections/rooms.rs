//! Rooms and the threads that run them.

use std::time::Duration;

use crate::config::section::section;
use crate::config::value::Bytes;

section! {
    /// Rooms and the threads that run them.
    pub struct RoomsSection(_profile) {
        /// Threads that run rooms; 0: one for every two processors.
        pub shards: usize = 0,
        /// Rooms alive at a time; more are refused.
        pub max_rooms: usize = 20_000,
        /// Rooms of one founder at a time, matches apart; more are refused. 0: no limit.
        pub per_founder: usize = 16,
        /// The shortest time between two turns of a busy shard.
        pub turn: Duration = Duration::from_millis(5),
        /// Inputs that wait for one shard; more are dropped and counted.
        pub inbox_messages: usize = 65_536,
        /// Requests that wait for one shard; more are refused.
        pub inbox_requests: usize = 16_384,
        /// A game's room that takes more than this of its shard's time, in percent, plays on apart, in quarantine: it may be
        /// late there, its neighbours are not. It comes back once it takes less than half of it. 0: never.
        pub quarantine_share: u32 = 10,
        /// The journal's lag beyond which rooms that need it stand still.
        pub max_lag: Duration = Duration::from_millis(500),
        /// Frames, per shard, that wait for the journal before rooms stand still.
        pub unreleased_bytes: Bytes = Bytes::mib(64),
        /// What the log of one room may take; a room that comes to it ends with "log_full".
        pub log_bytes: Bytes = Bytes::mib(32),
        /// An ended room is kept this long for members that have yet to read its last ticks.
        pub linger: Duration = Duration::from_secs(30),
        /// Ticks that each room keeps ready for members that come back.
        pub ring_ticks: usize = 512,
        /// The same in bytes.
        pub ring_bytes: Bytes = Bytes::kib(64),
        /// Ticks in one message of backfill.
        pub backfill_chunk: Bytes = Bytes::kib(8),
        /// Backfill waits while a member's connection has more than this to take.
        pub backfill_backlog: Bytes = Bytes::kib(32),
        /// A member that takes nothing for this long gets no more backfill; it has to ask again.
        pub backfill_patience: Duration = Duration::from_secs(10),
        /// Members that catch up from the journal at a time; more are asked to come later.
        pub backfills: usize = 256,
        /// After a restart a room waits this long with its next tick for those who were playing.
        pub recovery_grace: Duration = Duration::from_millis(700),
        /// How long the rebuild of 1000 rooms may take, on one thread; the shorter, the more images are written.
        pub rebuild_thousand: Duration = Duration::from_millis(500),
        /// Replays of finished rooms that are kept; the oldest go first. 0 keeps none.
        pub keep_replays: usize = 100,
        /// The same in bytes.
        pub keep_replay_bytes: Bytes = Bytes::mib(64),
    }
}
