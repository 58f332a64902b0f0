//! The ticks that a room told last, kept for members that come back.

use std::collections::VecDeque;

use bytes::Bytes;
use model::{Run, Tick};
use room_core::{Damaged, as_first_backfill};

use crate::config::RoomsConfig;

/// Bodies of frames, oldest first, bounded in ticks and bytes. Packed in blocks: a body of its own would cost more than
/// its bytes.
pub(crate) struct TickRing {
    blocks: VecDeque<Block>,
    bytes: usize,
    last_tick: Tick,
    bounds: Bounds,
}

#[derive(Clone, Copy)]
struct Bounds {
    ticks: u32,
    bytes: usize,
    block_ticks: u32,
    block_bytes: usize,
}

struct Block {
    first_tick: Tick,
    bytes: Vec<u8>,
    /// Where each body ends.
    ends: Vec<u32>,
}

impl TickRing {
    /// What was told up to `told` was told by somebody else, and is not here.
    pub fn new(config: &RoomsConfig, told: Tick) -> TickRing {
        let (ticks, bytes) = (config.ring_ticks.clamp(1, 1 << 20) as u32, config.ring_bytes);
        let bounds = Bounds {
            ticks,
            bytes,
            block_ticks: (ticks / 8).max(1),
            block_bytes: (bytes / 8).clamp(64, 4096),
        };
        TickRing { blocks: VecDeque::new(), bytes: 0, last_tick: told, bounds }
    }

    /// Keeps a frame that follows the last one kept.
    pub fn push(&mut self, body: &[u8], first_tick: Tick, last_tick: Tick) {
        let has_space = self.blocks.back().is_some_and(|block| {
            block.bytes.len() + body.len() <= self.bounds.block_bytes
                && last_tick - block.first_tick < self.bounds.block_ticks
        });
        if !has_space {
            self.blocks.push_back(Block { first_tick, bytes: Vec::new(), ends: Vec::new() });
        }
        if let Some(block) = self.blocks.back_mut() {
            block.bytes.extend_from_slice(body);
            block.ends.push(block.bytes.len() as u32);
        }
        self.bytes += body.len();
        self.last_tick = last_tick;
        self.shorten();
    }

    /// Are all ticks from this one on here?
    pub fn reaches_back_to(&self, tick: Tick) -> bool {
        tick > self.last_tick || self.blocks.front().is_some_and(|block| block.first_tick <= tick)
    }

    /// The ticks from `from` on as messages of about `limit_bytes`. The first says where the run began; 0 does not.
    pub fn backfill(
        &self,
        run: Run,
        continues_at: Tick,
        from: Tick,
        limit_bytes: usize,
    ) -> Result<Vec<Bytes>, Damaged> {
        let first = self.blocks.partition_point(|block| block.first_tick <= from).saturating_sub(1);
        let bodies = self.blocks.range(first..).flat_map(Block::bodies);
        as_first_backfill(bodies, run, continues_at, from, limit_bytes)
    }

    /// Drops whole blocks, so the ring keeps up to one block more than its bounds in ticks.
    fn shorten(&mut self) {
        let oldest_wanted = self.last_tick.saturating_sub(self.bounds.ticks) + 1;
        while self.blocks.len() > 1
            && (self.bytes > self.bounds.bytes || self.blocks[1].first_tick <= oldest_wanted)
        {
            self.bytes -= self.blocks.pop_front().map_or(0, |block| block.bytes.len());
        }
    }
}

impl Block {
    fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start as usize..*end as usize])
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use protocol::messages::Frame;

    use super::*;

    #[test]
    fn every_tick_kept_comes_back_once_and_in_order() {
        for (ticks, bytes, grouped) in
            [(512, 64 << 10, 1), (40, 64 << 10, 1), (512, 600, 1), (16, 300, 2), (100, 4000, 8)]
        {
            let mut ring = ring(ticks, bytes);
            for first in (1..=2000).step_by(grouped as usize) {
                let last = first + grouped - 1;
                ring.push(&frame(first, grouped), first, last);
                let oldest = (1..=last).find(|tick| ring.reaches_back_to(*tick)).unwrap();
                assert!(ring.bytes <= bytes + 4096);
                assert!(last - oldest < 2 * ticks as u32 + 8, "{last} {oldest}");
                for from in [oldest, (oldest + last) / 2, last, last + 1] {
                    assert_eq!(told(&ring, from), (from..=last).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn an_empty_ring_reaches_back_to_what_is_to_come() {
        let ring = ring(8, 1000);
        assert!(ring.reaches_back_to(1));
        assert!(told(&ring, 1).is_empty());
    }

    #[test]
    fn a_ring_that_begins_late_does_not_reach_back_to_what_it_never_had() {
        let mut ring = TickRing::new(&RoomsConfig::default(), 100);
        assert!(!ring.reaches_back_to(100) && ring.reaches_back_to(101));
        ring.push(&frame(100, 3), 100, 102);
        assert!(!ring.reaches_back_to(99) && ring.reaches_back_to(100));
        assert_eq!(told(&ring, 101), [101, 102]);
    }

    #[test]
    fn the_first_message_alone_says_where_the_run_began() {
        let mut ring = ring(512, 64 << 10);
        (1..=100).for_each(|tick| ring.push(&frame(tick, 1), tick, tick));
        let messages = ring.backfill(4, 50, 20, 100).unwrap();
        let frames: Vec<Frame> = messages.into_iter().map(|body| Frame::decode(body).unwrap()).collect();
        assert!(frames.len() > 2 && frames.iter().all(|frame| frame.run == 4));
        let told: Vec<Tick> = frames.iter().map(|frame| frame.continues_at).collect();
        assert_eq!((told[0], told[1..].iter().max()), (50, Some(&0)));
    }

    fn ring(ticks: usize, bytes: usize) -> TickRing {
        TickRing::new(&RoomsConfig { ring_ticks: ticks, ring_bytes: bytes, ..RoomsConfig::default() }, 0)
    }

    fn frame(first: Tick, count: u32) -> Vec<u8> {
        let ticks =
            (first..first + count).map(|tick| [&[0, 4], &tick.to_be_bytes()[..]].concat().into()).collect();
        Frame { run: 1, tick: first, ticks, ..Frame::default() }.encode_to_vec()
    }

    fn told(ring: &TickRing, from: Tick) -> Vec<Tick> {
        let mut told = Vec::new();
        for message in ring.backfill(1, 0, from, 100).unwrap() {
            let frame = Frame::decode(message).unwrap();
            assert!(frame.backfill);
            for (tick, entry) in (frame.tick..).zip(frame.ticks) {
                assert_eq!(entry[2..], tick.to_be_bytes());
                told.push(tick);
            }
        }
        told
    }
}
