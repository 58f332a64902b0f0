//! What is played in a room, behind one trait; who sits there is the table's part.

use std::sync::Arc;

use bytes::Bytes;
use model::{PlayerId, Run, Seat, SessionId, Tick};
use protocol::messages::input_refused::Refusal;

use crate::authoritative::Authoritative;
use crate::codec::{Damaged, Reader};
use crate::event::{Founding, LeftWhy};
use crate::lockstep::Lockstep;
use crate::modules::{CallEnd, Modules};
use crate::output::Output;
use crate::relay::Relay;

/// A room kind's rules. Deterministic: the same calls lead to the same state and outputs. A call into a game's module
/// may end badly; the logic is then of no use until it is made anew.
pub(crate) trait Logic: Send {
    /// The tick in which an input would take effect, `now` being the last one that is over. Changes nothing.
    fn place(&self, now: Tick, seat: Seat, wanted: Tick, data: &[u8]) -> Result<Tick, Refusal>;

    /// Takes an input for a tick that `place` gave.
    fn input(
        &mut self,
        now: Tick,
        seat: Seat,
        tick: Tick,
        data: &Bytes,
        out: &mut Vec<Output>,
    ) -> Result<(), CallEnd>;

    /// Does a tick follow this one?
    fn ticks_after(&self, now: Tick) -> bool;

    fn tick(&mut self, number: Tick, out: &mut Vec<Output>) -> Result<(), CallEnd>;

    fn begin_run(&mut self, run: Run, continues_at: Tick, out: &mut Vec<Output>);

    /// Tells what is still held back.
    fn flush(&mut self, out: &mut Vec<Output>);

    /// Nothing more comes from this seat until its next input.
    fn silence(&mut self, seat: Seat);

    /// A hash of everything that was told so far.
    fn digest(&self) -> u32;

    fn save(&mut self, out: &mut Vec<u8>);

    /// Takes over what `save` wrote, in a logic newly made from the same founding.
    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), Damaged>;

    /// Play begins.
    fn started(&mut self) {}

    /// A player sits here, maybe one who was here before.
    fn seat_taken(&mut self, _now: Tick, _who: Newcomer<'_>, _out: &mut Vec<Output>) -> Result<(), CallEnd> {
        Ok(())
    }

    /// The seat's player left, or is away for long.
    fn seat_left(
        &mut self,
        _now: Tick,
        _seat: Seat,
        _why: LeftWhy,
        _out: &mut Vec<Output>,
    ) -> Result<(), CallEnd> {
        Ok(())
    }

    /// Tells one member the state as it may see it.
    fn show(
        &mut self,
        _now: Tick,
        _seat: Option<Seat>,
        _session: &SessionId,
        _out: &mut Vec<Output>,
    ) -> Result<(), CallEnd> {
        Ok(())
    }

    fn authoritative(&self) -> Option<&Authoritative> {
        None
    }

    fn authoritative_mut(&mut self) -> Option<&mut Authoritative> {
        None
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Newcomer<'a> {
    pub seat: Seat,
    pub player: &'a PlayerId,
    pub name: &'a str,
}

/// Not begun yet where the kind has a beginning.
pub(crate) fn of(founding: &Founding, modules: &Arc<dyn Modules>) -> Box<dyn Logic> {
    let spec = &founding.spec;
    if let Some(lockstep) = spec.lockstep {
        return Box::new(Lockstep::new(spec.seats, lockstep, founding.run));
    }
    match (&spec.authoritative, &founding.logic) {
        (Some(authoritative), Some(logic)) => {
            Box::new(Authoritative::new(founding, authoritative, logic.clone(), modules.clone()))
        }
        _ => Box::new(Relay),
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
