//! What one player was told and what it was promised: numbered inputs, kept until acknowledged and after, and every tick.

use std::collections::VecDeque;

use anyhow::{Result, bail};

use crate::wire::{FrameView, tick_inputs};

/// A refusal may come behind the frame that acknowledges its input.
const KEPT: usize = 64;

/// One player's memory over all its connections.
#[derive(Default)]
pub struct Oracle {
    seat: u32,
    run: u32,
    /// A hash of each tick's entry, from tick 1.
    ticks: Vec<u64>,
    /// This seat's values with the ticks that hold them.
    heard: Vec<(u32, u64)>,
    acknowledged: Vec<Input>,
    pending: VecDeque<Input>,
    next_value: u64,
    next_number: u32,
    /// The room went back behind ticks that this player knew.
    pub rewinds: u64,
    /// Ticks that it then lost.
    pub ticks_lost: u64,
}

#[derive(Clone, Copy)]
struct Input {
    number: u32,
    value: u64,
    /// The room said that it does not play it; such an input counts as applied.
    refused: bool,
}

impl Oracle {
    pub fn new() -> Oracle {
        Oracle { next_number: 1, next_value: 1, ..Oracle::default() }
    }

    pub fn seated(&mut self, seat: u32) {
        self.seat = seat;
    }

    pub fn run(&self) -> u32 {
        self.run
    }

    pub fn next_tick(&self) -> u32 {
        self.ticks.len() as u32 + 1
    }

    /// The next input: its number and its bytes; `None` while too many wait.
    pub fn input(&mut self) -> Option<(u32, [u8; 8])> {
        const MOST_PENDING: usize = 200;
        if self.pending.len() >= MOST_PENDING {
            return None;
        }
        let input = Input { number: self.next_number, value: self.next_value, refused: false };
        self.next_number += 1;
        self.next_value += 1;
        self.pending.push_back(input);
        Some((input.number, input.value.to_be_bytes()))
    }

    /// The room stands at `applied`: what has to go again. What it had acknowledged beyond is lost, and is counted.
    pub fn again(&mut self, applied: u32) -> Vec<(u32, [u8; 8])> {
        self.acknowledge(applied);
        for (input, number) in self.pending.iter_mut().zip(applied + 1..) {
            input.number = number;
        }
        self.next_number = applied + 1 + self.pending.len() as u32;
        self.pending.iter().map(|input| (input.number, input.value.to_be_bytes())).collect()
    }

    /// The room will not play this input.
    pub fn refused(&mut self, number: u32) {
        let inputs = self.pending.iter_mut().chain(self.acknowledged.iter_mut().rev().take(KEPT));
        inputs.filter(|input| input.number == number).for_each(|input| input.refused = true);
    }

    /// Inputs that rooms refused.
    pub fn refusals(&self) -> u64 {
        self.pending.iter().chain(&self.acknowledged).filter(|input| input.refused).count() as u64
    }

    /// Takes a frame with its entries in.
    pub fn frame(&mut self, view: &FrameView, entries: &[Vec<u8>]) -> Result<()> {
        if view.run < self.run {
            return Ok(());
        }
        if view.run > self.run {
            self.run = view.run;
            if view.continues_at > 0 && view.continues_at < self.next_tick() {
                self.go_back(view.continues_at);
            }
        }
        for (tick, entry) in (view.tick..).zip(entries) {
            let hash = hash(entry);
            match self.ticks.get(tick as usize - 1) {
                Some(known) if *known == hash => continue,
                Some(_) => bail!("tick {tick} of run {} was told twice, and differently", view.run),
                None if tick != self.next_tick() => {
                    bail!("tick {tick} came where {} was next", self.next_tick())
                }
                None => {}
            }
            self.ticks.push(hash);
            for input in tick_inputs(entry) {
                let (seat, data) = input?;
                if seat == self.seat
                    && let Ok(value) = data.try_into()
                {
                    self.heard.push((tick, u64::from_be_bytes(value)));
                }
            }
        }
        self.acknowledge(view.applied);
        Ok(())
    }

    /// The room has yet to reach what this player knows: all of it is told again.
    pub fn start_over(&mut self) {
        self.go_back(1);
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.len() as u64
    }

    /// Acknowledged inputs that the room's history does not hold.
    pub fn lost(&self) -> u64 {
        let mut heard: Vec<u64> = self.heard.iter().map(|(_, value)| *value).collect();
        heard.sort_unstable();
        let missing = |input: &&Input| !input.refused && heard.binary_search(&input.value).is_err();
        self.acknowledged.iter().filter(missing).count() as u64
    }

    /// Inputs that the history holds more than once.
    pub fn doubled(&self) -> u64 {
        let mut heard: Vec<u64> = self.heard.iter().map(|(_, value)| *value).collect();
        heard.sort_unstable();
        heard.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
    }

    /// Of the history up to this tick, to be compared within a room.
    pub fn digest(&self, up_to: u32) -> u64 {
        self.ticks.iter().take(up_to as usize).fold(0, |digest, tick| digest.rotate_left(7) ^ tick)
    }

    fn go_back(&mut self, to: u32) {
        self.rewinds += 1;
        self.ticks_lost += u64::from(self.next_tick() - to);
        self.ticks.truncate(to as usize - 1);
        self.heard.retain(|(tick, _)| *tick < to);
    }

    fn acknowledge(&mut self, applied: u32) {
        let count = self.pending.iter().take_while(|input| input.number <= applied).count();
        self.acknowledged.extend(self.pending.drain(..count));
    }
}

/// FNV-1a, 64 bit.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(
        oracle: &mut Oracle,
        run: u32,
        tick: u32,
        continues_at: u32,
        applied: u32,
        value: u64,
    ) -> Result<()> {
        let entry = [&[0, 8][..], &value.to_be_bytes()].concat();
        let view = FrameView { run, tick, ticks: 1, continues_at, applied, ..FrameView::default() };
        oracle.frame(&view, &[entry])
    }

    #[test]
    fn what_is_acknowledged_and_taken_back_is_lost() {
        let mut oracle = Oracle::new();
        for value in 1..=3 {
            assert_eq!(oracle.input().unwrap().1, u64::to_be_bytes(value));
            frame(&mut oracle, 1, value as u32, 0, value as u32, value).unwrap();
        }
        assert_eq!((oracle.acknowledged(), oracle.lost()), (3, 0));
        frame(&mut oracle, 2, 3, 3, 2, 77).unwrap();
        assert_eq!((oracle.lost(), oracle.rewinds, oracle.ticks_lost), (1, 1, 1));
        assert!(frame(&mut oracle, 2, 3, 0, 2, 78).is_err(), "a tick told differently");
        assert!(frame(&mut oracle, 2, 9, 0, 2, 78).is_err(), "a hole");
        assert!(frame(&mut oracle, 1, 9, 0, 2, 78).is_ok(), "an old run means nothing");
    }

    #[test]
    fn what_was_not_acknowledged_goes_again_under_the_next_numbers() {
        let mut oracle = Oracle::new();
        (0..4).for_each(|_| assert!(oracle.input().is_some()));
        let again = oracle.again(2);
        assert_eq!(again, [(3, 3u64.to_be_bytes()), (4, 4u64.to_be_bytes())]);
        assert_eq!(oracle.input().unwrap().0, 5);
    }
}
