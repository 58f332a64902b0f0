//! Replay files: a room's whole log, to be watched again, verified and judged. `docs/replay-format.md` specifies them.
//!
//! Every flipped byte is found by a checksum; a log that was changed and given new checksums is found by the hashes of
//! the room's state that it carries, unless all of it was made anew.

mod file;
mod report;
mod view;

use bytes::Bytes;
use model::{PlayerId, RoomKey, Run, Seat, Tick};
use protocol::messages;

use crate::codec::Damaged;
use crate::event::{Founding, RoomEvent};
use crate::modules::NoModule;
use crate::room::Room;

pub use file::{read, write, write_ended};
pub use report::verify;
pub use view::view;

/// A file's content, whole and in order, not yet run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    pub founding: Founding,
    /// What followed.
    pub events: Vec<RoomEvent>,
    pub summary: Summary,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub events: u64,
    pub last: FinalState,
}

/// What the writer's room had come to: whoever plays the events again has to come to it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalState {
    pub last_tick: Tick,
    pub hash: u32,
    pub agreed: bool,
}

impl Room {
    /// `None` if a call into the game ended badly and the room could not be made anew: no replay leads there.
    pub fn final_state(&self) -> Option<FinalState> {
        let last = FinalState { last_tick: self.tick(), hash: self.hash(), agreed: self.agreed() };
        (!self.is_poisoned()).then_some(last)
    }
}

/// What a file holds that was found to be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub room: RoomKey,
    pub mode: String,
    pub build: String,
    pub seats: Vec<ReplaySeat>,
    pub runs: Run,
    pub events: u64,
    pub inputs: u64,
    pub ticks: Tick,
    /// Of play; pauses between runs do not count.
    pub duration_ms: u64,
    /// State hashes of the room that were compared.
    pub hashes: u64,
    /// `None`: the log ends before the room does.
    pub ended: Option<messages::RoomEnded>,
    pub agreed: bool,
}

/// Everybody who ever had the seat is named; the last one's name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplaySeat {
    pub seat: Seat,
    pub player: PlayerId,
    pub name: String,
    pub bot: bool,
}

/// What a game needs to play the match again.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayView {
    pub room: RoomKey,
    pub mode: String,
    pub build: String,
    /// 0 in a room that does not tick.
    pub seed: u32,
    pub tick_hz: u32,
    pub seats: Vec<ReplaySeat>,
    /// The inputs of every tick, the first tick's first.
    pub ticks: Vec<Vec<(Seat, Bytes)>>,
    pub results: Vec<messages::SeatResult>,
    pub agreed: bool,
}

/// What is wrong with a replay file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("this is no replay file: it does not begin with JZRP")]
    NotAReplay,
    #[error("the file has version {0}; this program reads version 1")]
    Version(u8),
    #[error("the file ends too early, at byte {at}")]
    Truncated { at: usize },
    #[error("the chunk at byte {at} is damaged: its checksum is {found:08x}, not {told:08x}")]
    Checksum { at: usize, told: u32, found: u32 },
    #[error("the chunk at byte {at} is not what belongs there")]
    Misplaced { at: usize },
    /// The file may be whole: what cannot be had are the rules that its room ran.
    #[error("{0}")]
    Module(#[from] NoModule),
    #[error("record {number}: {damage}")]
    Record { number: u64, damage: Damaged },
    #[error("the file tells {what} {told}, the replay leads to {found}")]
    Differs { what: &'static str, told: String, found: String },
}
