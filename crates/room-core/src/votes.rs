//! State hashes that the seats report, and where they differ.

use std::collections::BTreeMap;

use model::{Seat, Tick};

use crate::codec::{Damaged, Reader, put_varint};
use crate::limits;
use crate::output::Output;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Votes {
    every: u32,
    /// Bounded: beyond [`limits::OPEN_VOTES`] ticks the oldest is settled with what there is.
    open: BTreeMap<Tick, Vec<(Seat, u32)>>,
    /// Votes up to here are not awaited any more.
    settled: Tick,
    last_agreed: Tick,
}

impl Votes {
    /// `every`: the distance of the ticks that are voted on, in ticks.
    pub fn new(every: u32) -> Votes {
        Votes { every: every.max(1), open: BTreeMap::new(), settled: 0, last_agreed: 0 }
    }

    /// Does a vote of this seat about this tick still count?
    pub fn wants(&self, seat: Seat, tick: Tick) -> bool {
        tick > self.settled
            && tick.is_multiple_of(self.every)
            && !self.open.get(&tick).is_some_and(|votes| votes.iter().any(|(other, _)| *other == seat))
    }

    pub fn add(&mut self, seat: Seat, tick: Tick, hash: u32) {
        self.open.entry(tick).or_default().push((seat, hash));
    }

    /// Settles every tick on which all `present` seats voted, and the older ones with it.
    pub fn settle(&mut self, present: &[Seat], out: &mut Vec<Output>) {
        // The lengths first: of a tick's many votes only the last one completes it.
        let complete = |votes: &[(Seat, u32)]| {
            votes.len() >= present.len()
                && present.iter().all(|seat| votes.iter().any(|(other, _)| other == seat))
        };
        let newest_complete =
            self.open.iter().rev().find(|(_, votes)| complete(votes)).map(|(tick, _)| *tick);
        while let Some(oldest) = self.open.first_entry() {
            let due = newest_complete.is_some_and(|tick| *oldest.key() <= tick);
            if !due && self.open.len() <= limits::OPEN_VOTES {
                return;
            }
            let Some((tick, votes)) = self.open.pop_first() else { return };
            let counts = complete(&votes) || votes.len() > 1;
            self.settle_tick(tick, &votes, counts, out);
        }
    }

    fn settle_tick(&mut self, tick: Tick, votes: &[(Seat, u32)], counts: bool, out: &mut Vec<Output>) {
        self.settled = tick;
        let mut groups: BTreeMap<u32, u32> = BTreeMap::new();
        for (_, hash) in votes {
            *groups.entry(*hash).or_default() += 1;
        }
        if groups.len() == 1 && counts {
            self.last_agreed = tick;
        }
        if groups.len() < 2 {
            return;
        }
        // Among groups of equal size the one with the lowest seat is right.
        let lowest = |hash: u32| votes.iter().filter(|vote| vote.1 == hash).map(|vote| vote.0).min();
        let right = groups.iter().max_by_key(|(hash, size)| (**size, std::cmp::Reverse(lowest(**hash))));
        let right = right.map(|(hash, _)| *hash);
        let mut seats: Vec<Seat> =
            votes.iter().filter(|vote| Some(vote.1) != right).map(|vote| vote.0).collect();
        seats.sort_unstable();
        out.push(Output::Desync { tick, seats, last_agreed: self.last_agreed });
    }

    pub fn save(&self, out: &mut Vec<u8>) {
        put_varint(out, self.settled);
        put_varint(out, self.last_agreed);
        put_varint(out, self.open.len() as u64);
        for (tick, votes) in &self.open {
            put_varint(out, *tick);
            put_varint(out, votes.len() as u64);
            for (seat, hash) in votes {
                put_varint(out, *seat);
                put_varint(out, *hash);
            }
        }
    }

    pub fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), Damaged> {
        self.settled = reader.u32()?;
        self.last_agreed = reader.u32()?;
        self.open = reader.list(|reader| {
            let tick = reader.u32()?;
            Ok((tick, reader.list(|reader| Ok((reader.u16()?, reader.u32()?)))?))
        })?;
        Ok(())
    }
}
