//! What is played in a room, behind one trait; who sits there is the table's part.

use bytes::Bytes;
use model::{Run, Seat, Tick};
use protocol::messages::RoomKind;
use protocol::messages::input_refused::Refusal;

use crate::codec::{Damaged, Reader};
use crate::lockstep::Lockstep;
use crate::output::Output;
use crate::relay::Relay;
use crate::spec::RoomSpec;

/// A room kind's rules. Deterministic: the same calls lead to the same state and outputs.
pub(crate) trait Logic: Send {
    /// The tick in which an input would take effect, `now` being the last one that is over. Changes nothing.
    fn place(&self, now: Tick, seat: Seat, wanted: Tick, data: &[u8]) -> Result<Tick, Refusal>;

    /// Takes an input for a tick that `place` gave.
    fn input(&mut self, now: Tick, seat: Seat, tick: Tick, data: &Bytes);

    /// Does a tick follow this one?
    fn ticks_after(&self, now: Tick) -> bool;

    fn tick(&mut self, number: Tick, out: &mut Vec<Output>);

    fn begin_run(&mut self, run: Run, continues_at: Tick, out: &mut Vec<Output>);

    /// Tells what is still held back.
    fn flush(&mut self, out: &mut Vec<Output>);

    /// Nothing more comes from this seat until its next input.
    fn silence(&mut self, seat: Seat);

    /// A hash of everything that was told so far.
    fn digest(&self) -> u32;

    fn save(&self, out: &mut Vec<u8>);

    /// Takes over what `save` wrote, in a logic newly made from the same specification.
    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), Damaged>;
}

pub(crate) fn of(spec: &RoomSpec, run: Run) -> Box<dyn Logic> {
    match (spec.kind, spec.lockstep) {
        (RoomKind::Lockstep, Some(lockstep)) => Box::new(Lockstep::new(spec.seats, lockstep, run)),
        (RoomKind::Lockstep, None) | (RoomKind::Relay, _) => Box::new(Relay),
    }
}

/// FNV-1a, 32 bit.
#[derive(Clone, Copy)]
pub(crate) struct Fnv(pub u32);

impl Fnv {
    pub const NEW: Fnv = Fnv(0x811c_9dc5);

    pub fn bytes(self, bytes: &[u8]) -> Fnv {
        Fnv(bytes.iter().fold(self.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)))
    }

    pub fn number(self, number: u32) -> Fnv {
        self.bytes(&number.to_le_bytes())
    }
}
