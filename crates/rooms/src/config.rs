//! What an operator may choose about rooms.

use std::path::PathBuf;
use std::time::Duration;

use crate::games::Games;

/// What a journal keeps of a record besides its bytes, at a guess: a room that ticks in vain has a log, too.
pub const RECORD_BYTES: usize = 32;

/// Bounds and times of the rooms of one node.
#[derive(Clone, Debug)]
pub struct RoomsConfig {
    /// Threads that run rooms.
    pub shards: usize,
    /// Rooms alive at a time on this node; more are refused with `overloaded`.
    pub max_rooms: usize,
    /// Rooms of one founder at a time, from their founding until they are freed; more are refused with
    /// `too_many_requests`. 0: no limit. Rooms of matches are not counted.
    pub per_founder: usize,
    /// The shortest time between two turns of a busy shard.
    pub turn: Duration,
    /// Inputs that wait for one shard; more are dropped and counted.
    pub inbox_messages: usize,
    /// Requests that wait for one shard; more are refused with `overloaded`.
    pub inbox_requests: usize,
    /// A game's room that takes more than this of its shard's time, in percent of a second, plays on apart, in quarantine,
    /// until it has taken less than half of it for a while. 0: never.
    pub quarantine_share: u32,
    /// So does a room whose calls between two looks are worth more than this, by the fuel that they burnt.
    pub quarantine_at_once: Duration,
    /// The journal's lag beyond which rooms that need it stand still.
    pub max_lag: Duration,
    /// Bytes of records and frames, per shard, that wait for the journal before all rooms stand still.
    pub unreleased_bytes: usize,
    /// A room's log, with [`RECORD_BYTES`] for each of its records. A room that comes to it ends with `log_full`.
    pub log_bytes: usize,
    /// An ended room is kept this long for members that have yet to read its last ticks.
    pub linger: Duration,
    /// Ticks that each room keeps ready for members that come back.
    pub ring_ticks: usize,
    /// Bytes of such ticks, per room.
    pub ring_bytes: usize,
    /// Bytes of ticks in one backfill message.
    pub backfill_chunk: usize,
    /// Backfill waits while a member's connection has more bytes to take than this.
    pub backfill_backlog: usize,
    /// A member that takes nothing for this long gets no more backfill; it has to ask again.
    pub backfill_patience: Duration,
    /// Members that catch up from the journal at a time; more are asked to come later.
    pub backfills: usize,
    /// Where replays of finished lockstep rooms go; `None` keeps them in memory.
    pub replay_dir: Option<PathBuf>,
    /// Replays kept; the oldest go first.
    pub keep_replays: usize,
    /// Bytes of replays kept.
    pub keep_replay_bytes: usize,
    /// Members of a room of an earlier process have this long to come back; then their sessions are over.
    pub resume_window: Duration,
    /// Such a room waits with its next tick until those who were playing are back, but not longer.
    pub recovery_grace: Duration,
    /// How long the rebuild of one room may take, as far as images can see to it.
    pub rebuild_budget: Duration,
    /// What becomes of rooms that need the journal once it has failed for `journal_grace`.
    pub without_journal: WithoutJournal,
    pub journal_grace: Duration,
    /// The epoch under which this node writes the journal.
    pub epoch: model::Epoch,
    /// What authoritative rooms run.
    pub games: Games,
}

/// What rooms above `async` do while their journal cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutJournal {
    /// They stand still until it can.
    #[default]
    Pause,
    /// They end, and their members are told why.
    End,
    /// They go on; their members are told that a crash now would lose what happens.
    PlayOn,
}

impl Default for RoomsConfig {
    fn default() -> RoomsConfig {
        RoomsConfig {
            shards: 1,
            max_rooms: 20_000,
            per_founder: 16,
            turn: Duration::from_millis(5),
            inbox_messages: 65_536,
            inbox_requests: 16_384,
            quarantine_share: 10,
            quarantine_at_once: Duration::from_millis(2),
            max_lag: Duration::from_millis(500),
            unreleased_bytes: 64 << 20,
            log_bytes: 32 << 20,
            linger: Duration::from_secs(30),
            ring_ticks: 512,
            ring_bytes: 64 << 10,
            backfill_chunk: 8 << 10,
            backfill_backlog: 32 << 10,
            backfill_patience: Duration::from_secs(10),
            backfills: 256,
            replay_dir: None,
            keep_replays: 100,
            keep_replay_bytes: 64 << 20,
            resume_window: Duration::from_secs(60),
            recovery_grace: Duration::from_millis(700),
            rebuild_budget: Duration::from_micros(500),
            without_journal: WithoutJournal::Pause,
            journal_grace: Duration::from_secs(30),
            epoch: 1,
            games: Games::default(),
        }
    }
}
