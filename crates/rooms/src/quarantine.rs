//! Threads on which rooms play apart from their shards: those that take more time than a shard has for one are late
//! there, and not their neighbours. See `shard/quarantine.rs` for who goes there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use clock::Chance;
use crashes::Stepper;

use crate::mark;
use crate::shard::{Alarm, Shared, Trip};

/// Where rooms play apart. Who is known to take long does not hold up newcomers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apart {
    Quarantine,
    /// Nobody knows yet what the room takes.
    Probation,
}

/// The ways there.
#[derive(Clone)]
pub(crate) enum Quarantine {
    Threads(Way, Way),
    Without(Arc<Mutex<UnderWay>>),
}

/// How rooms leave that have no threads to go to.
#[derive(Clone, Debug)]
pub struct Detours {
    /// A room is away for fewer turns than this, by chance. Zero: it is back at once.
    pub turns: u64,
    /// So many may be away at a time; others stay at home.
    pub places: usize,
    pub chance: Chance,
}

/// Rooms that are away without threads.
pub(crate) struct UnderWay {
    detours: Detours,
    /// Each with the turns that it stays away yet.
    trips: Vec<(u64, Box<Trip>)>,
}

type Way = SyncSender<Box<Trip>>;

/// What one of the threads does.
pub(crate) struct QuarantineWork {
    thread: Apart,
    trips: Receiver<Box<Trip>>,
    is_stopping: Arc<AtomicBool>,
}

/// Tells the threads that the server stops: rooms on their way go home. They end with the last shard.
#[derive(Clone, Default)]
pub(crate) struct StopQuarantine(Arc<AtomicBool>);

/// Rooms on their way to each; more stay at home until there is room again, and are late.
const MOST_TRIPS: usize = 256;

impl Quarantine {
    pub fn new() -> (Quarantine, [QuarantineWork; 2], StopQuarantine) {
        let stop = StopQuarantine::default();
        let open = |thread| {
            let (way, trips) = sync_channel(MOST_TRIPS);
            (way, QuarantineWork { thread, trips, is_stopping: stop.0.clone() })
        };
        let (quarantine, work) = open(Apart::Quarantine);
        let (probation, work_of_probation) = open(Apart::Probation);
        (Quarantine::Threads(quarantine, probation), [work, work_of_probation], stop)
    }

    pub fn without_threads() -> Quarantine {
        let detours = Detours { turns: 0, places: usize::MAX, chance: Chance::seeded(0) };
        Quarantine::Without(Arc::new(Mutex::new(UnderWay { detours, trips: Vec::new() })))
    }

    /// Without threads: as from now on.
    pub fn take(&self, detours: Detours) {
        if let Quarantine::Without(under_way) = self {
            guard(under_way).detours = detours;
        }
    }

    /// Without threads: a turn is over.
    pub fn turn(&self) {
        if let Quarantine::Without(under_way) = self {
            guard(under_way).turn();
        }
    }

    /// A room that was sent off has made its trip by now.
    pub fn is_back_at_once(&self) -> bool {
        matches!(self, Quarantine::Without(under_way) if guard(under_way).detours.turns == 0)
    }

    /// Gives the trip back if too many are under way.
    pub fn send(&self, trip: Box<Trip>, to: Apart) -> Result<(), Box<Trip>> {
        let way = match (self, to) {
            (Quarantine::Threads(quarantine, _), Apart::Quarantine) => quarantine,
            (Quarantine::Threads(_, probation), Apart::Probation) => probation,
            (Quarantine::Without(under_way), _) => return guard(under_way).send(trip),
        };
        way.try_send(trip).map_err(|refused| match refused {
            TrySendError::Full(trip) | TrySendError::Disconnected(trip) => trip,
        })
    }
}

impl UnderWay {
    fn send(&mut self, trip: Box<Trip>) -> Result<(), Box<Trip>> {
        if self.trips.len() >= self.detours.places {
            return Err(trip);
        }
        match self.detours.turns {
            0 => make(trip),
            turns => self.trips.push((self.detours.chance.below(turns), trip)),
        }
        Ok(())
    }

    fn turn(&mut self) {
        for (left, trip) in std::mem::take(&mut self.trips) {
            match left.checked_sub(1) {
                Some(left) => self.trips.push((left, trip)),
                None => make(trip),
            }
        }
    }
}

fn make(mut trip: Box<Trip>) {
    trip.make(|| false);
    trip.go_home();
}

fn guard(under_way: &Mutex<UnderWay>) -> MutexGuard<'_, UnderWay> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

impl QuarantineWork {
    pub fn start(self, shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
        let (name, stepper, number) = match self.thread {
            Apart::Quarantine => ("rooms-quarantine", Stepper::Quarantine, usize::MAX),
            Apart::Probation => ("rooms-probation", Stepper::Probation, usize::MAX - 1),
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Among the shards' numbers, which are small.
            let _alarm = Alarm::new(shared, number);
            mark::this_thread_is(stepper);
            for mut trip in self.trips {
                trip.make(|| self.is_stopping.load(Ordering::Relaxed));
                trip.go_home();
            }
        })
    }
}

impl StopQuarantine {
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
