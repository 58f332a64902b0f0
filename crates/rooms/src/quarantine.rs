//! Threads on which rooms play apart from their shards: those that take more time than a shard has for one are late
//! there, and not their neighbours. See `shard/quarantine.rs` for who goes there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

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
pub(crate) struct Quarantine {
    /// Without threads the sender does what is to be done.
    ways: Option<(Way, Way)>,
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
        (Quarantine { ways: Some((quarantine, probation)) }, [work, work_of_probation], stop)
    }

    pub fn without_threads() -> Quarantine {
        Quarantine { ways: None }
    }

    pub fn has_threads(&self) -> bool {
        self.ways.is_some()
    }

    /// Gives the trip back if too many are under way.
    pub fn send(&self, mut trip: Box<Trip>, to: Apart) -> Result<(), Box<Trip>> {
        let Some((quarantine, probation)) = &self.ways else {
            trip.make(|| false);
            trip.go_home();
            return Ok(());
        };
        let way = match to {
            Apart::Quarantine => quarantine,
            Apart::Probation => probation,
        };
        way.try_send(trip).map_err(|refused| match refused {
            TrySendError::Full(trip) | TrySendError::Disconnected(trip) => trip,
        })
    }
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
