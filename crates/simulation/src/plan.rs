//! What a seed decides before anything begins.

use std::time::Duration;

use clock::Chance;
use protocol::messages::Durability;

/// The circumstances of one simulated run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Steps with faults; as many again to heal, at most.
    pub steps: u32,
    pub rooms: u32,
    /// Of each room.
    pub players: u32,
    pub tick_hz: u32,
    pub ticks_per_message: u32,
    pub durability: Durability,
    pub crash: Crash,
    /// Of ten thousand steps, how many end with the process.
    pub crash_share: u64,
    /// Of ten thousand steps, in how many a player loses its connection.
    pub cut_share: u64,
    /// Percent of steps in which the disk does nothing.
    pub slow_disk: u64,
    /// Percent of batches that the disk refuses.
    pub refused: u64,
    /// Percent of batches that are written without an answer.
    pub unanswered: u64,
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// What the disk had written stays.
    Kill,
    /// What the disk had synced stays, and some of what it had written since.
    PowerCut,
}

impl Plan {
    pub fn of(seed: u64) -> Plan {
        let mut chance = Chance::seeded(seed);
        let durability = [Durability::SemiSync, Durability::Sync, Durability::SemiSync, Durability::Async]
            [chance.below(4) as usize];
        Plan {
            seed,
            steps: 600 + chance.below(600) as u32,
            rooms: 1 + chance.below(5) as u32,
            players: 2 + chance.below(3) as u32,
            tick_hz: [10, 20, 60][chance.below(3) as usize],
            ticks_per_message: 1 + chance.below(3) as u32,
            durability,
            crash: if chance.below(3) == 0 { Crash::PowerCut } else { Crash::Kill },
            crash_share: [20, 60, 150][chance.below(3) as usize],
            cut_share: [0, 50, 200][chance.below(3) as usize],
            slow_disk: [0, 20, 70][chance.below(3) as usize],
            refused: [0, 0, 3][chance.below(3) as usize],
            unanswered: [0, 0, 3][chance.below(3) as usize],
        }
    }

    /// Whether the rooms' level promises that nothing acknowledged is lost.
    pub fn covers(&self) -> bool {
        match self.durability {
            Durability::Async => false,
            Durability::SemiSync => self.crash == Crash::Kill,
            Durability::Sync => true,
        }
    }

    /// How long a step takes: not in time with any room.
    pub fn step(&self) -> Duration {
        Duration::from_millis(7)
    }
}
