//! Relay: members talk to each other past the room, which keeps membership and properties only.

use bytes::Bytes;
use model::{Run, Seat, Tick};
use protocol::messages::input_refused::Refusal;

use crate::codec::{Damaged, Reader};
use crate::logic::{Fnv, Logic};
use crate::modules::CallEnd;
use crate::output::Output;

pub(crate) struct Relay;

impl Logic for Relay {
    /// Messages of a relay room are no inputs.
    fn place(&self, _now: Tick, _seat: Seat, _wanted: Tick, _data: &[u8]) -> Result<Tick, Refusal> {
        Err(Refusal::NotPlaying)
    }

    fn input(
        &mut self,
        _now: Tick,
        _seat: Seat,
        _tick: Tick,
        _data: &Bytes,
        _out: &mut Vec<Output>,
    ) -> Result<(), CallEnd> {
        Ok(())
    }

    fn ticks_after(&self, _now: Tick) -> bool {
        false
    }

    fn tick(&mut self, _number: Tick, _out: &mut Vec<Output>) -> Result<(), CallEnd> {
        Ok(())
    }

    fn begin_run(&mut self, _run: Run, _continues_at: Tick, _out: &mut Vec<Output>) {}

    fn flush(&mut self, _out: &mut Vec<Output>) {}

    fn silence(&mut self, _seat: Seat) {}

    fn digest(&self) -> u32 {
        Fnv::NEW.0
    }

    fn save(&mut self, _out: &mut Vec<u8>) {}

    fn load(&mut self, _reader: &mut Reader<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}
