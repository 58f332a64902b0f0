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
    pub rooms: Vec<RoomPlan>,
    pub crash: Crash,
    /// Of ten thousand steps, how many end with the process.
    pub crash_share: u64,
    /// Of ten thousand steps, in how many a player loses its connection.
    pub cut_share: u64,
    /// Of ten thousand steps, in how many a new version of the game is tried, or the last one taken back.
    pub patch_share: u64,
    /// In the end the games come to theirs, between more crashes and while a version is on trial.
    pub games_end: bool,
    /// Percent of steps in which the disk does nothing.
    pub slow_disk: u64,
    /// Percent of batches that the disk refuses.
    pub refused: u64,
    /// Percent of batches that are written without an answer.
    pub unanswered: u64,
    /// Of each call into a game: the more, the sooner an image is taken.
    pub fuel: u64,
    /// Of a room's log: half of it is what an authoritative room trims.
    pub log_bytes: usize,
    /// Sessions of an earlier process that do not come back in time are over.
    pub resume_window: Duration,
}

#[derive(Clone, Debug)]
pub struct RoomPlan {
    pub kind: Kind,
    pub players: u32,
    pub tick_hz: u32,
    pub ticks_per_message: u32,
    pub durability: Durability,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Lockstep,
    Game,
    /// A game whose ticks take long.
    SlowGame,
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
        let level = chance.below(5);
        let rooms: Vec<RoomPlan> =
            (0..=chance.below(5)).map(|_| RoomPlan::draw(&mut chance, level)).collect();
        // A lockstep room ends where its log does.
        let trims = rooms.iter().all(|room| room.kind != Kind::Lockstep) && chance.below(2) == 0;
        Plan {
            seed,
            steps: 600 + chance.below(600) as u32,
            crash: if chance.below(3) == 0 { Crash::PowerCut } else { Crash::Kill },
            crash_share: [20, 60, 150][chance.below(3) as usize],
            cut_share: [0, 50, 200][chance.below(3) as usize],
            patch_share: [0, 100, 300][chance.below(3) as usize],
            games_end: chance.below(2) == 0,
            slow_disk: [0, 20, 70][chance.below(3) as usize],
            refused: [0, 0, 3][chance.below(3) as usize],
            unanswered: [0, 0, 3][chance.below(3) as usize],
            fuel: [1_000, 30_000, 1_000_000][chance.below(3) as usize],
            resume_window: Duration::from_millis([60_000, 300][chance.below(2) as usize]),
            log_bytes: if trims { 24 << 10 } else { 32 << 20 },
            rooms,
        }
    }

    /// Whether the room's level promises that nothing acknowledged is lost.
    pub fn covers(&self, room: usize) -> bool {
        match self.rooms[room].durability {
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

impl RoomPlan {
    /// `level`: 3 and more are any level.
    fn draw(chance: &mut Chance, level: u64) -> RoomPlan {
        let any = [Durability::SemiSync, Durability::Sync, Durability::Async];
        let level = if level < 3 { level } else { chance.below(3) };
        RoomPlan {
            kind: [Kind::Lockstep, Kind::Lockstep, Kind::Game, Kind::Game, Kind::SlowGame]
                [chance.below(5) as usize],
            players: 2 + chance.below(3) as u32,
            tick_hz: [10, 20, 60][chance.below(3) as usize],
            ticks_per_message: 1 + chance.below(3) as u32,
            durability: any[level as usize],
        }
    }

    pub fn is_game(&self) -> bool {
        self.kind != Kind::Lockstep
    }
}
