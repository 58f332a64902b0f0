//! One run: rooms, players, a disk, somebody who patches the game, and what befalls them.

mod visits;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clock::{Chance, Clock, ManualClock};
use journal::Journal;
use link::LocalLink;
use model::{AppId, RoomId, RoomKey};
use room_core::modules::Modules;
use rooms::{Detours, Games, RoomsConfig, SteppedRooms};
use telemetry::Metrics;

use crate::Odd;
use crate::disk::Disk;
use crate::game::{Engine, Operator, Releases};
use crate::judge;
use crate::plan::Plan;
use crate::player::{Ears, Player, Sight, Standing, States, Ticks};

/// Plays a seed to its end.
pub fn run(seed: u64) -> Result<Tale, Broken> {
    let plan = Plan::of(seed);
    let mut world = match World::new(plan.clone()) {
        Ok(world) => world,
        Err(what) => return Err(Broken { plan: Box::new(plan), step: 0, what }),
    };
    let played = world.play().and_then(|()| world.heal()).and_then(|()| world.end_games());
    let played = played.and_then(|()| judge::judge(&mut world));
    match played {
        Ok(()) => Ok(world.tale),
        Err(what) => Err(Broken { plan: Box::new(plan), step: world.step, what }),
    }
}

/// What happened, so that a test can see that something did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tale {
    pub crashes: u32,
    pub cuts: u32,
    pub ticks: u64,
    pub inputs: u64,
    pub rewinds: u32,
    /// New versions of the game that were tried, and versions that were taken back.
    pub trials: u32,
    pub taken_back: u32,
    /// Of rooms: to another version, and back with the same inputs.
    pub swaps: u32,
    pub ways_back: u32,
    /// Games that came to their end.
    pub ends: u32,
    /// Of rooms: to the quarantine, and logs cut behind an image.
    pub quarantined: u64,
    pub trims: u64,
    /// Calls into games that ended badly.
    pub bad_calls: u32,
    pub effects: u64,
    /// Times that one was told again.
    pub told_again: u64,
    /// Of all histories.
    pub hash: u64,
}

impl Tale {
    /// Takes in what happened elsewhere.
    pub fn add(&mut self, other: &Tale) {
        self.crashes += other.crashes;
        self.cuts += other.cuts;
        self.ticks += other.ticks;
        self.inputs += other.inputs;
        self.rewinds += other.rewinds;
        self.trials += other.trials;
        self.taken_back += other.taken_back;
        self.swaps += other.swaps;
        self.ways_back += other.ways_back;
        self.ends += other.ends;
        self.quarantined += other.quarantined;
        self.trims += other.trims;
        self.bad_calls += other.bad_calls;
        self.effects += other.effects;
        self.told_again += other.told_again;
        self.hash ^= other.hash;
    }
}

/// A broken promise; the seed shows it again.
#[derive(Debug)]
pub struct Broken {
    pub plan: Box<Plan>,
    pub step: u32,
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, step {}: {}\n{:?}", self.plan.seed, self.step, self.what, self.plan)
    }
}

pub(crate) struct World {
    pub plan: Plan,
    chance: Chance,
    clock: Arc<ManualClock>,
    pub disk: Arc<Disk>,
    ears: Arc<Ears>,
    pub modules: Arc<dyn Modules>,
    pub releases: Releases,
    operator: Operator,
    rooms: SteppedRooms,
    /// All processes' together.
    metrics: Arc<Metrics>,
    pub players: Vec<Player>,
    sessions: u32,
    epoch: u32,
    step: u32,
    /// Players of games end their matches.
    games_end: bool,
    pub tale: Tale,
}

/// Steps that a run may take to heal.
const HEALING: u32 = 6000;
/// Ticks that every player has to hear after the last fault.
const FRESH: u32 = 5;
const SPREAD: u32 = 400;
/// Steps in which games come to their end.
const ENDING: u32 = 200;
/// Turns in a moment without time.
const RESTING: u32 = 100;

pub(crate) fn room_key(room: usize) -> RoomKey {
    RoomKey { app: AppId::new("sim"), room: RoomId::from_name(&format!("simulated{room}")) }
}

impl World {
    fn new(plan: Plan) -> Result<World, Odd> {
        let disk = Arc::new(Disk::new(&plan));
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let ears = Arc::new(Ears::default());
        let releases = Releases::default();
        let modules: Arc<dyn Modules> = Arc::new(Engine { clock: clock.clone(), fuel: plan.fuel });
        let games = games(&modules, &releases);
        let metrics = Arc::new(Metrics::default());
        let rooms = start(&plan, (1, 1), games, &clock, &disk, &ears, &metrics)?;
        let mut players = Vec::new();
        for (room, it) in plan.rooms.iter().enumerate() {
            for _ in 0..it.players {
                let sight = match it.is_game() {
                    true => Sight::States(States::default()),
                    false => Sight::Ticks(Ticks::default()),
                };
                players.push(Player::new(room, players.len() as u32, sight));
            }
        }
        Ok(World {
            chance: Chance::seeded(plan.seed ^ 0x0001_7E4D),
            operator: Operator::new(releases.clone()),
            players,
            clock,
            disk,
            ears,
            modules,
            releases,
            rooms,
            metrics,
            sessions: 0,
            epoch: 1,
            step: 0,
            games_end: false,
            tale: Tale::default(),
            plan,
        })
    }

    fn play(&mut self) -> Result<(), Odd> {
        for _ in 0..self.plan.steps {
            self.advance(true)?;
            if self.chance.below(10_000) < self.plan.crash_share {
                self.crash()?;
            }
        }
        Ok(())
    }

    /// Without faults everybody comes back, everything sent is acknowledged, every room runs what it should, and goes on.
    fn heal(&mut self) -> Result<(), Odd> {
        self.disk.calm_down();
        self.operator.come_to_an_end();
        self.players.iter_mut().for_each(|player| player.fresh = 0);
        for _ in 0..HEALING {
            self.advance(false)?;
            if self.is_whole() {
                // Many inputs at once are spread over the ticks to come; rooms that have ended are put away.
                (0..SPREAD).try_for_each(|_| self.advance(false))?;
                return self.come_to_rest();
            }
        }
        let odd = self.players.iter().find(|player| !self.is_well(player));
        let odd = odd.map(|player| (&player.name, player.room, player.standing.name(), player.fresh));
        Err(format!("the rooms did not recover; patches done: {}; player {odd:?}", self.operator.is_done))
    }

    /// The games come to their end, while another version is tried and the process ends now and then.
    fn end_games(&mut self) -> Result<(), Odd> {
        if !self.plan.games_end {
            return Ok(());
        }
        self.games_end = true;
        self.operator.begin_trial(&mut self.chance);
        for _ in 0..ENDING {
            self.advance(false)?;
            if self.chance.below(10_000) < self.plan.crash_share {
                self.crash()?;
            }
        }
        self.heal()
    }

    /// Everything that was told is in the log, and everything in the log was told.
    fn come_to_rest(&mut self) -> Result<(), Odd> {
        for _ in 0..RESTING {
            self.rooms.turn();
            if self.disk.is_idle() {
                return self.releases.check();
            }
            self.disk.work();
        }
        Err("the rooms do not come to rest".to_owned())
    }

    fn is_whole(&self) -> bool {
        self.operator.is_done && self.players.iter().all(|player| self.is_well(player))
    }

    fn is_well(&self, player: &Player) -> bool {
        if matches!(player.standing, Standing::Done) {
            return true;
        }
        let mates = self.players.iter().filter(|mate| mate.room == player.room);
        let furthest = mates.map(|mate| mate.sight.tick()).max();
        player.is_at_rest() && player.fresh >= FRESH && Some(player.sight.tick() + 10) > furthest
    }

    fn advance(&mut self, faults: bool) -> Result<(), Odd> {
        self.step += 1;
        self.clock.advance(self.plan.step());
        self.disk.work();
        self.rooms.turn();
        let patches = faults && self.chance.below(10_000) < self.plan.patch_share;
        self.operator.step(self.rooms.rooms(), &mut self.chance, patches);
        for index in 0..self.players.len() {
            if faults && self.chance.below(10_000) < self.plan.cut_share {
                self.cut(index);
            }
            self.step_player(index, faults).map_err(|what| {
                let Player { name, room, .. } = &self.players[index];
                format!("{name} of room {room}: {what}")
            })?;
        }
        self.releases.check()
    }

    fn crash(&mut self) -> Result<(), Odd> {
        self.tale.crashes += 1;
        self.disk.crash(self.plan.crash);
        self.ears = Arc::new(Ears::default());
        self.epoch += 1;
        let shards = 1 + self.chance.below(4) as usize;
        let games = games(&self.modules, &self.releases);
        let (epoch, shards) = (self.epoch, shards);
        let Self { plan, clock, disk, ears, metrics, .. } = &*self;
        let rooms = start(plan, (epoch, shards), games, clock, disk, ears, metrics)?;
        self.rooms = rooms;
        self.operator.begin_again();
        for player in &mut self.players {
            if !matches!(player.standing, Standing::Done) {
                player.standing = Standing::Away { until: self.step + self.chance.below(60) as u32 };
            }
            if !self.plan.covers(player.room) {
                player.sight.doubt();
            }
        }
        Ok(())
    }

    /// Takes over what others counted.
    pub fn count(&mut self) {
        (self.tale.trials, self.tale.taken_back) = (self.operator.trials, self.operator.ways_back);
        self.tale.quarantined = self.metrics.rooms.quarantined_total.get();
        self.tale.trims = self.disk.trims();
    }
}

fn games(modules: &Arc<dyn Modules>, releases: &Releases) -> Games {
    Games {
        modules: modules.clone(),
        catalog: Arc::new(releases.clone()),
        watch: Arc::new(releases.clone()),
        outbox: Arc::new(releases.clone()),
    }
}

fn start(
    plan: &Plan,
    (epoch, shards): (u32, usize),
    games: Games,
    clock: &Arc<ManualClock>,
    disk: &Arc<Disk>,
    ears: &Arc<Ears>,
    metrics: &Arc<Metrics>,
) -> Result<SteppedRooms, Odd> {
    let config = RoomsConfig {
        shards,
        epoch,
        games,
        linger: Duration::from_secs(2),
        log_bytes: plan.log_bytes,
        resume_window: plan.resume_window,
        ..RoomsConfig::default()
    };
    let rooms = SteppedRooms::new(
        config,
        Clock::Manual(clock.clone()),
        Chance::seeded(plan.seed ^ u64::from(epoch)),
        disk.clone() as Arc<dyn Journal>,
        Arc::new(LocalLink::new(ears.clone())),
        metrics.clone(),
    )
    .map_err(|error| format!("the rooms do not start: {error}"))?;
    rooms.take_detours(detours(plan, epoch));
    Ok(rooms)
}

/// Of two seeds in three, rooms in quarantine are away across turns, or have no place there.
fn detours(plan: &Plan, epoch: u32) -> Detours {
    let (turns, places) = [(0, usize::MAX), (4, usize::MAX), (3, 1)][(plan.seed % 3) as usize];
    Detours { turns, places, chance: Chance::seeded(plan.seed ^ u64::from(epoch)) }
}
