//! One run: rooms, players, a disk, and what befalls them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clock::{Chance, Clock, ManualClock};
use journal::Journal;
use link::{LocalLink, RoomRoute, ToRoom};
use model::{AppId, Build, PlayerId, RoomId, RoomKey, SessionId};
use protocol::messages::{self, LockstepSpec, RoomKind, RoomSpec, StartRule};
use protocol::{ErrorCode, Fault};
use rooms::{CreateRoom, Done, Door, JoinRoom, JoinedRoom, Member, RoomsConfig, SteppedRooms};
use telemetry::Metrics;

use crate::disk::Disk;
use crate::plan::Plan;
use crate::player::{Ear, Ears, Heard, Memory};

/// Plays a seed to its end.
pub fn run(seed: u64) -> Result<Tale, Broken> {
    let plan = Plan::of(seed);
    let mut world = match World::new(plan.clone()) {
        Ok(world) => world,
        Err(what) => return Err(Broken { plan, step: 0, what }),
    };
    let played = world.play().and_then(|()| world.heal()).and_then(|()| world.judge());
    match played {
        Ok(()) => Ok(world.tale),
        Err(what) => Err(Broken { plan, step: world.step, what }),
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
    /// Of all histories.
    pub hash: u64,
}

/// A broken promise; the seed shows it again.
#[derive(Debug)]
pub struct Broken {
    pub plan: Plan,
    pub step: u32,
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, step {}: {}\n{:?}", self.plan.seed, self.step, self.what, self.plan)
    }
}

struct World {
    plan: Plan,
    chance: Chance,
    clock: Arc<ManualClock>,
    disk: Arc<Disk>,
    ears: Arc<Ears>,
    rooms: SteppedRooms,
    players: Vec<Player>,
    /// Rooms whose making was answered.
    made: BTreeSet<u32>,
    sessions: u32,
    epoch: u32,
    step: u32,
    tale: Tale,
}

struct Player {
    room: u32,
    name: String,
    memory: Memory,
    standing: Standing,
}

/// What a player is about.
enum Standing {
    /// Does something at this step.
    Away {
        until: u32,
    },
    Creating(Answer<messages::RoomView>),
    Joining(Arc<Ear>, SessionId, Answer<JoinedRoom>),
    Resuming(Seated, Answer<messages::Joined>),
    Playing(Seated),
}

struct Seated {
    ear: Arc<Ear>,
    session: SessionId,
    route: RoomRoute,
}

type Answer<T> = Arc<Mutex<Option<Result<T, Fault>>>>;

/// Steps that a run may take to heal.
const HEALING: u32 = 6000;
const SPREAD: u32 = 200;

impl World {
    fn new(plan: Plan) -> Result<World, String> {
        let disk = Arc::new(Disk::new(&plan));
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let ears = Arc::new(Ears::default());
        let rooms = start(&plan, 1, 1, &clock, &disk, &ears)?;
        let players = (0..plan.rooms * plan.players).map(|index| Player {
            room: index / plan.players,
            name: format!("p{index}"),
            memory: Memory::new(index * 1_000_000 + 1),
            standing: Standing::Away { until: 0 },
        });
        Ok(World {
            chance: Chance::seeded(plan.seed ^ 0x0001_7E4D),
            players: players.collect(),
            clock,
            disk,
            ears,
            rooms,
            made: BTreeSet::new(),
            sessions: 0,
            epoch: 1,
            step: 0,
            tale: Tale::default(),
            plan,
        })
    }

    fn play(&mut self) -> Result<(), String> {
        for _ in 0..self.plan.steps {
            self.advance(true)?;
            if self.chance.below(10_000) < self.plan.crash_share {
                self.crash()?;
            }
        }
        Ok(())
    }

    /// Without faults everybody comes back, and everything sent is acknowledged.
    fn heal(&mut self) -> Result<(), String> {
        self.disk.calm_down();
        for _ in 0..HEALING {
            self.advance(false)?;
            if self.is_whole() {
                // Many inputs at once are spread over the ticks to come.
                return (0..SPREAD).try_for_each(|_| self.advance(false));
            }
        }
        let odd = self.players.iter().find(|player| !player.is_at_rest());
        Err(format!(
            "the rooms did not recover; player {:?}",
            odd.map(|player| (&player.name, player.standing.name()))
        ))
    }

    fn judge(&mut self) -> Result<(), String> {
        let may_lose = !self.plan.covers();
        let mut by_room: BTreeMap<u32, &Memory> = BTreeMap::new();
        for player in &self.players {
            let Standing::Playing(seated) = &player.standing else { continue };
            let seat = seated.route.seat.ok_or("a player without a seat")?;
            player.memory.check(seat, may_lose).map_err(|what| format!("{}: {what}", player.name))?;
            let other = by_room.entry(player.room).or_insert(&player.memory);
            let both = other.history.len().min(player.memory.history.len());
            if other.history[..both] != player.memory.history[..both] {
                return Err(format!("{} holds another history than its room mates", player.name));
            }
            self.tale.ticks += player.memory.history.len() as u64;
            self.tale.rewinds += player.memory.rewinds;
            for entry in &player.memory.history {
                self.tale.inputs += room_core::tick_entries(entry).count() as u64;
                for byte in entry {
                    self.tale.hash = (self.tale.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        let furthest =
            |room| self.players.iter().filter(move |p| p.room == room).map(|p| p.memory.next_tick()).max();
        self.players
            .iter()
            .all(|player| player.is_at_rest() && Some(player.memory.next_tick() + 10) > furthest(player.room))
    }

    fn advance(&mut self, faults: bool) -> Result<(), String> {
        self.step += 1;
        self.clock.advance(self.plan.step());
        self.disk.work();
        self.rooms.turn();
        for index in 0..self.players.len() {
            if faults && self.chance.below(10_000) < self.plan.cut_share {
                self.cut(index);
            }
            self.step_player(index, faults)
                .map_err(|what| format!("{}: {what}", self.players[index].name))?;
        }
        Ok(())
    }

    fn crash(&mut self) -> Result<(), String> {
        self.tale.crashes += 1;
        self.disk.crash(self.plan.crash);
        self.ears = Arc::new(Ears::default());
        self.epoch += 1;
        let shards = 1 + self.chance.below(4) as usize;
        self.rooms = start(&self.plan, self.epoch, shards, &self.clock, &self.disk, &self.ears)?;
        for player in &mut self.players {
            player.standing = Standing::Away { until: self.step + self.chance.below(60) as u32 };
        }
        Ok(())
    }

    /// The connection breaks; the session may be seen to end before the player is back with a new one.
    fn cut(&mut self, index: usize) {
        let until = self.step + self.chance.below(100) as u32;
        let player = &mut self.players[index];
        let before = std::mem::replace(&mut player.standing, Standing::Away { until });
        if let Standing::Playing(seated) | Standing::Resuming(seated, _) = before {
            self.tale.cuts += 1;
            seated.route.inbox.send(&seated.route.key, ToRoom::Lost { session: seated.session });
        }
    }

    fn step_player(&mut self, index: usize, acts: bool) -> Result<(), String> {
        let away = Standing::Away { until: 0 };
        let standing = std::mem::replace(&mut self.players[index].standing, away);
        let next = match standing {
            Standing::Away { until } if self.step < until => Standing::Away { until },
            Standing::Away { .. } => self.create(index),
            Standing::Creating(answer) => match taken(&answer) {
                None => Standing::Creating(answer),
                Some(Ok(_)) => {
                    self.made.insert(self.players[index].room);
                    self.join(index)
                }
                Some(Err(fault)) => self.later(fault, "create")?,
            },
            Standing::Joining(ear, session, answer) => match taken(&answer) {
                None => Standing::Joining(ear, session, answer),
                Some(Ok(JoinedRoom { route, .. })) => {
                    self.players[index].memory.back_in(route.run, !self.plan.covers());
                    self.resume(index, Seated { ear, session, route })
                }
                Some(Err(fault)) => self.later(fault, "join")?,
            },
            Standing::Resuming(seated, answer) => {
                // What is missing now was asked for.
                let _ = self.listen(index, &seated)?;
                match taken(&answer) {
                    None => Standing::Resuming(seated, answer),
                    Some(Ok(joined)) => {
                        let memory = &mut self.players[index].memory;
                        let may_lose = !self.plan.covers();
                        memory.resend(&seated.route, seated.session, joined.applied, may_lose)?;
                        Standing::Playing(seated)
                    }
                    // The room has yet to reach our tick: our history is not its own any more.
                    Some(Err(fault)) if fault.code == ErrorCode::BadRequest => {
                        if self.plan.covers() {
                            return Err(format!("the room lost ticks: {fault}"));
                        }
                        self.players[index].memory.start_over();
                        self.resume(index, seated)
                    }
                    Some(Err(fault)) => self.later(fault, "resume")?,
                }
            }
            Standing::Playing(seated) => {
                if self.listen(index, &seated)? {
                    self.resume(index, seated)
                } else {
                    if acts && self.chance.below(4) == 0 {
                        self.players[index].memory.act(&seated.route, seated.session);
                    }
                    Standing::Playing(seated)
                }
            }
        };
        self.players[index].standing = next;
        Ok(())
    }

    /// Takes in what was said; true if something is missing, here or there.
    fn listen(&mut self, index: usize, seated: &Seated) -> Result<bool, String> {
        let may_lose = !self.plan.covers();
        let memory = &mut self.players[index].memory;
        let mut missing = false;
        for heard in seated.ear.take() {
            match heard {
                Heard::Frame { frame, applied } => {
                    missing |= memory.frame(frame, applied, may_lose)?.is_some();
                }
                Heard::Refused(refused) => {
                    memory.refused(&refused);
                    missing |= refused.reason == i32::from(messages::input_refused::Refusal::Gap);
                }
                Heard::Ended(ended) => return Err(format!("the room has ended: {}", ended.reason)),
            }
        }
        Ok(missing)
    }

    fn create(&mut self, index: usize) -> Standing {
        let player = &self.players[index];
        // Everybody asks for the room, each time: it is made once.
        let create = CreateRoom {
            app: AppId::new("sim"),
            room: Some(room_id(player.room)),
            spec: self.spec(),
            founder: PlayerId::new("founder"),
            build: Build::new("1"),
        };
        let (answer, done) = slot();
        self.rooms.rooms().create_for_match(create, done);
        Standing::Creating(answer)
    }

    fn join(&mut self, index: usize) -> Standing {
        self.sessions += 1;
        let player = &self.players[index];
        let session = SessionId::new(format!("s{}", self.sessions));
        let ear = self.ears.open(session);
        let who = Member {
            player: PlayerId::new(&player.name),
            session,
            session_number: self.sessions,
            name: player.name.clone(),
            build: Build::new("1"),
        };
        let key = RoomKey { app: AppId::new("sim"), room: room_id(player.room) };
        let (answer, done) = slot();
        self.rooms
            .rooms()
            .join(JoinRoom { door: Door::Room(key), who, spectate: false, channel: 1, knows_kind: 2 }, done);
        Standing::Joining(ear, session, answer)
    }

    fn resume(&mut self, index: usize, seated: Seated) -> Standing {
        let (answer, done) = slot();
        let from = self.players[index].memory.resume_at();
        self.rooms.rooms().resume(seated.route.key.clone(), seated.session, from, done);
        Standing::Resuming(seated, answer)
    }

    /// Some faults are only for now.
    fn later(&mut self, fault: Fault, what: &str) -> Result<Standing, String> {
        use ErrorCode::{NotInRoom, RoomPaused, TooManyRequests, Unavailable};
        match fault.code {
            NotInRoom | RoomPaused | TooManyRequests | Unavailable => {
                Ok(Standing::Away { until: self.step + 20 })
            }
            _ => Err(format!("{what}: {fault}")),
        }
    }

    fn spec(&self) -> RoomSpec {
        let lockstep = LockstepSpec {
            tick_hz: self.plan.tick_hz,
            ticks_per_message: self.plan.ticks_per_message,
            seed: 7,
            ..LockstepSpec::default()
        };
        RoomSpec {
            kind: RoomKind::Lockstep.into(),
            seats: self.plan.players,
            start: StartRule::WhenFull.into(),
            durability: self.plan.durability.into(),
            lockstep: Some(lockstep),
            ..RoomSpec::default()
        }
    }
}

impl Player {
    fn is_at_rest(&self) -> bool {
        matches!(self.standing, Standing::Playing(_)) && self.memory.is_settled()
    }
}

impl Standing {
    fn name(&self) -> &'static str {
        match self {
            Standing::Away { .. } => "away",
            Standing::Creating(_) => "creating",
            Standing::Joining(..) => "joining",
            Standing::Resuming(..) => "resuming",
            Standing::Playing(_) => "playing",
        }
    }
}

fn start(
    plan: &Plan,
    epoch: u32,
    shards: usize,
    clock: &Arc<ManualClock>,
    disk: &Arc<Disk>,
    ears: &Arc<Ears>,
) -> Result<SteppedRooms, String> {
    let config = RoomsConfig { shards, epoch, linger: Duration::from_secs(2), ..RoomsConfig::default() };
    SteppedRooms::new(
        config,
        Clock::Manual(clock.clone()),
        Chance::seeded(plan.seed ^ u64::from(epoch)),
        disk.clone() as Arc<dyn Journal>,
        Arc::new(LocalLink::new(ears.clone())),
        Arc::new(Metrics::default()),
    )
    .map_err(|error| format!("the rooms do not start: {error}"))
}

fn room_id(room: u32) -> RoomId {
    RoomId::from_name(&format!("simulated{room}"))
}

fn slot<T: Send + 'static>() -> (Answer<T>, Done<T>) {
    let answer: Answer<T> = Arc::default();
    let told = answer.clone();
    let done = move |result| *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    (answer, Box::new(done))
}

fn taken<T>(answer: &Answer<T>) -> Option<Result<T, Fault>> {
    answer.lock().unwrap_or_else(PoisonError::into_inner).take()
}
