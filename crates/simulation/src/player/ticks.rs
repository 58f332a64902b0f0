//! What a player of a lockstep room holds: every tick, from the first one.

use bytes::Bytes;
use model::{Run, Seat, Tick};
use protocol::messages::Frame;

use super::inputs::Input;
use crate::Odd;

#[derive(Default)]
pub struct Ticks {
    run: Run,
    /// The entry of each tick, from tick 1.
    pub history: Vec<Bytes>,
    /// The room went back behind what this player was told.
    pub rewinds: u32,
    /// The room may have gone back and on again unseen: its history is read anew and put in the place of ours.
    doubts: bool,
    /// Since then no run began that this player heard of.
    lost_process: bool,
}

impl Ticks {
    /// The room has lost its process, and with it perhaps some of its past.
    pub fn doubt(&mut self) {
        (self.doubts, self.lost_process) = (true, true);
    }

    /// The run in which the room is now, when this player comes back. False if it is none of its own.
    pub fn back_in(&mut self, run: Run) -> bool {
        let lost_process = std::mem::take(&mut self.lost_process);
        let is_old = lost_process && run <= self.run;
        if is_old {
            self.start_over();
            self.run = 0;
        }
        !is_old
    }

    /// Where to have the room go on telling.
    pub fn resume_at(&self) -> Tick {
        if self.doubts { 1 } else { self.next_tick() }
    }

    pub fn next_tick(&self) -> Tick {
        self.history.len() as Tick + 1
    }

    /// True if what lies between is to be asked for. `may_lose`: the room may go back, which is told once it has gone on
    /// beyond.
    pub fn frame(&mut self, frame: Frame, may_lose: bool) -> Result<bool, Odd> {
        if frame.run < self.run {
            return Ok(false);
        }
        if frame.run > self.run {
            self.run = frame.run;
            if frame.continues_at > 0 && frame.continues_at < self.next_tick() {
                if !may_lose {
                    return Err(format!("run {} went back to tick {}", frame.run, frame.continues_at));
                }
                self.rewinds += 1;
                self.history.truncate(frame.continues_at as usize - 1);
            }
        }
        for (tick, entry) in (frame.tick..).zip(frame.ticks) {
            match self.history.get(tick as usize - 1) {
                Some(known) if *known == entry => {}
                Some(_) if self.doubts => {
                    self.rewinds += 1;
                    self.history.truncate(tick as usize - 1);
                    self.history.push(entry);
                }
                Some(_) => return Err(format!("tick {tick} of run {} has two contents", frame.run)),
                None if tick == self.next_tick() => self.history.push(entry),
                None if self.rewinds > 0 => return Ok(true),
                None => return Err(format!("tick {tick} came where {} was next", self.next_tick())),
            }
        }
        Ok(false)
    }

    /// Forgets the room's past, to be told it again.
    pub fn start_over(&mut self) {
        self.rewinds += 1;
        self.history.clear();
    }

    /// Everything acknowledged is in the history once, in order, and nothing else of this seat is there twice.
    pub fn check(&self, seat: Seat, acknowledged: &[Input], may_lose: bool) -> Result<(), Odd> {
        let told: Vec<u32> = self.history.iter().flat_map(|entry| values(entry, seat)).collect();
        if let Some(pair) = told.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("of seat {seat} input {} came after {}", pair[1], pair[0]));
        }
        if may_lose {
            return Ok(());
        }
        let lost =
            acknowledged.iter().find(|input| !input.refused && told.binary_search(&input.value).is_err());
        lost.map_or(Ok(()), |Input { number, value, .. }| {
            Err(format!("of seat {seat} input {number} (value {value}) was acknowledged and is gone"))
        })
    }
}

fn values(entry: &[u8], of: Seat) -> Vec<u32> {
    let value = |data: &[u8]| <[u8; 4]>::try_from(data).map_or(u32::MAX, u32::from_be_bytes);
    room_core::tick_entries(entry).filter(|(seat, _)| *seat == of).map(|(_, data)| value(data)).collect()
}
