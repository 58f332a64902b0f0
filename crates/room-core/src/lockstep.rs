//! Lockstep (帧同步): inputs are gathered and told to all, tick by tick; the game itself runs on the clients.

use std::collections::VecDeque;

use bytes::Bytes;
use model::{Run, Seat, Tick};
use protocol::messages::LateInput;
use protocol::messages::input_refused::Refusal;

use crate::codec::{Damaged, Reader, put_bytes, put_option, put_varint};
use crate::frames::{FrameBuilder, input_bytes, put_input, tick_entries};
use crate::limits;
use crate::logic::{Fnv, Logic};
use crate::modules::CallEnd;
use crate::output::Output;
use crate::spec::LockstepSpec;

pub(crate) struct Lockstep {
    spec: LockstepSpec,
    run: Run,
    /// To be told with the next frame; 0 once it was.
    continues_at: Tick,
    seats: Vec<SeatInputs>,
    /// The entries of the ticks to come, the next one first.
    waiting: VecDeque<Vec<u8>>,
    /// The frame that is being gathered.
    frame: FrameBuilder,
    /// The length of the last frame: the guess for the next.
    frame_bytes: usize,
    digest: Fnv,
    /// An entry that has been told, kept for its memory.
    spare: Vec<u8>,
}

/// One seat's inputs that wait.
#[derive(Clone, Default)]
struct SeatInputs {
    /// The latest tick that an input was placed in, and how many were.
    placed: Tick,
    placed_count: u8,
    held_bytes: u32,
    /// For `REPEAT_LAST`.
    last: Option<Bytes>,
}

impl Lockstep {
    pub fn new(seats: u16, spec: LockstepSpec, run: Run) -> Lockstep {
        Lockstep {
            spec,
            run,
            continues_at: 1,
            seats: vec![SeatInputs::default(); seats.into()],
            waiting: VecDeque::new(),
            frame: FrameBuilder::default(),
            frame_bytes: 0,
            digest: Fnv::NEW,
            spare: Vec::new(),
        }
    }

    /// Of all inputs of one tick.
    fn tick_bytes(&self) -> usize {
        limits::FRAME_BYTES / self.spec.ticks_per_message as usize
    }

    fn entry_bytes(&self, now: Tick, tick: Tick) -> usize {
        self.waiting.get((tick - now - 1) as usize).map_or(0, Vec::len)
    }

    fn repeats(&self) -> bool {
        self.spec.late_input == LateInput::RepeatLast
    }

    /// Settles the accounts of the seats that acted, and lets the others repeat where that is the policy.
    fn complete(&mut self, entry: &mut Vec<u8>) {
        let mut acted = [false; limits::SEATS as usize];
        for (seat, data) in tick_entries(entry) {
            let seat = usize::from(seat);
            let Some(inputs) = self.seats.get_mut(seat) else { continue };
            inputs.held_bytes = inputs.held_bytes.saturating_sub(data.len() as u32);
            if self.spec.late_input == LateInput::RepeatLast {
                acted[seat] = true;
                inputs.last = Some(Bytes::copy_from_slice(data));
            }
        }
        if !self.repeats() {
            return;
        }
        let limit = self.tick_bytes();
        for (seat, inputs) in self.seats.iter().enumerate().filter(|(seat, _)| !acted[*seat]) {
            let Some(last) = &inputs.last else { continue };
            if entry.len() + input_bytes(seat as Seat, last.len()) <= limit {
                put_input(entry, seat as Seat, last);
            }
        }
    }
}

impl Logic for Lockstep {
    fn place(&self, now: Tick, seat: Seat, wanted: Tick, data: &[u8]) -> Result<Tick, Refusal> {
        let inputs = self.seats.get(usize::from(seat)).ok_or(Refusal::Unknown)?;
        if data.len() > limits::INPUT_BYTES {
            return Err(Refusal::TooLong);
        }
        if wanted != 0 && wanted <= now && self.spec.late_input == LateInput::Drop {
            return Err(Refusal::Late);
        }
        if inputs.held_bytes.saturating_add(data.len() as u32) > limits::HELD_BYTES {
            return Err(Refusal::TooMany);
        }
        // A seat's inputs never overtake each other.
        let last = now + limits::AHEAD_TICKS;
        let earliest = wanted.min(last).max(now + 1).max(inputs.placed);
        let length = input_bytes(seat, data.len());
        let has_room = |tick: &Tick| {
            let full = *tick == inputs.placed && inputs.placed_count >= limits::INPUTS_PER_TICK;
            !full && self.entry_bytes(now, *tick) + length <= self.tick_bytes()
        };
        let tick = (earliest..=last).find(has_room).ok_or(Refusal::TooMany)?;
        if self.spec.last_tick != 0 && tick > self.spec.last_tick {
            return Err(Refusal::NotPlaying);
        }
        Ok(tick)
    }

    fn input(
        &mut self,
        now: Tick,
        seat: Seat,
        tick: Tick,
        data: &Bytes,
        _out: &mut Vec<Output>,
    ) -> Result<(), CallEnd> {
        let Some(index) = tick.checked_sub(now + 1).filter(|index| *index < limits::AHEAD_TICKS) else {
            return Ok(());
        };
        let Some(inputs) = self.seats.get_mut(usize::from(seat)) else { return Ok(()) };
        if inputs.placed != tick {
            (inputs.placed, inputs.placed_count) = (tick, 0);
        }
        inputs.placed_count = inputs.placed_count.saturating_add(1);
        inputs.held_bytes = inputs.held_bytes.saturating_add(data.len() as u32);
        while self.waiting.len() <= index as usize {
            self.waiting.push_back(std::mem::take(&mut self.spare));
        }
        put_input(&mut self.waiting[index as usize], seat, data);
        Ok(())
    }

    fn ticks_after(&self, now: Tick) -> bool {
        self.spec.last_tick == 0 || now < self.spec.last_tick
    }

    fn tick(&mut self, number: Tick, out: &mut Vec<Output>) -> Result<(), CallEnd> {
        let mut entry = self.waiting.pop_front().unwrap_or_default();
        self.complete(&mut entry);
        self.digest = self.digest.number(number).bytes(&entry);
        self.frame.add(self.run, number, &entry, self.frame_bytes);
        entry.clear();
        self.spare = entry;
        if self.frame.ticks >= self.spec.ticks_per_message || !self.ticks_after(number) {
            self.flush(out);
        }
        Ok(())
    }

    fn begin_run(&mut self, run: Run, continues_at: Tick, out: &mut Vec<Output>) {
        self.flush(out);
        self.run = run;
        self.continues_at = continues_at;
    }

    fn flush(&mut self, out: &mut Vec<Output>) {
        if self.frame.ticks == 0 {
            return;
        }
        let (first_tick, last_tick) = (self.frame.first_tick, self.frame.last_tick());
        let body = self.frame.finish(std::mem::take(&mut self.continues_at), false);
        self.frame_bytes = body.len().min(limits::INPUT_BYTES);
        out.push(Output::Frame { body, first_tick, last_tick });
    }

    fn silence(&mut self, seat: Seat) {
        if let Some(inputs) = self.seats.get_mut(usize::from(seat)) {
            inputs.last = None;
        }
    }

    fn digest(&self) -> u32 {
        self.digest.0
    }

    fn save(&mut self, out: &mut Vec<u8>) {
        put_varint(out, self.run);
        put_varint(out, self.continues_at);
        for inputs in &self.seats {
            put_varint(out, inputs.placed);
            out.push(inputs.placed_count);
            put_varint(out, inputs.held_bytes);
            put_option(out, inputs.last.as_ref(), |out, last| put_bytes(out, last));
        }
        put_varint(out, self.waiting.len() as u64);
        self.waiting.iter().for_each(|entry| put_bytes(out, entry));
        self.frame.save(out);
        put_varint(out, self.digest.0);
    }

    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), Damaged> {
        self.run = reader.u32()?;
        self.continues_at = reader.u32()?;
        for inputs in &mut self.seats {
            *inputs = SeatInputs {
                placed: reader.u32()?,
                placed_count: reader.byte()?,
                held_bytes: reader.u32()?,
                last: reader.option(|reader| Ok(Bytes::copy_from_slice(reader.bytes()?)))?,
            };
        }
        self.waiting = reader.list(|reader| Ok(reader.bytes()?.to_vec()))?;
        if self.waiting.len() > limits::AHEAD_TICKS as usize {
            return Err(Damaged::new("inputs wait for ticks out of reach"));
        }
        self.frame = FrameBuilder::load(reader)?;
        self.digest = Fnv(reader.u32()?);
        Ok(())
    }
}
