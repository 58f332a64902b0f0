//! What a room needs to play, on whichever thread that is.

use clock::Moment;
use room_core::Output;

use super::Shared;

pub(super) struct Playing<'a> {
    pub shared: &'a Shared,
    /// What is due by then is done.
    pub now: Moment,
    /// Kept for its memory; empty.
    pub outputs: &'a mut Vec<Output>,
    pub played: &'a mut Played,
}

/// How much was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Played {
    pub ticks: u64,
    /// Inputs applied.
    pub inputs: u64,
}

impl Played {
    pub fn add(&mut self, more: Played) {
        self.ticks += more.ticks;
        self.inputs += more.inputs;
    }
}
