//! The thread on which rooms play that take more time than their shard has for one: they are late there, and not their
//! neighbours. See `shard/quarantine.rs` for who goes there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use crashes::Stepper;

use crate::mark;
use crate::shard::{Alarm, Shared, Trip};

/// The way there.
#[derive(Clone)]
pub(crate) struct Quarantine {
    /// Without a thread the sender does what is to be done.
    trips: Option<SyncSender<Box<Trip>>>,
}

/// What the thread does.
pub(crate) struct QuarantineWork {
    trips: Receiver<Box<Trip>>,
    is_stopping: Arc<AtomicBool>,
}

/// Tells the thread that the server stops: rooms on their way go home. It ends with the last shard.
#[derive(Clone, Default)]
pub(crate) struct StopQuarantine(Arc<AtomicBool>);

/// Rooms on their way; more stay at home until there is room again, and are late.
const MOST_TRIPS: usize = 256;

impl Quarantine {
    pub fn new() -> (Quarantine, QuarantineWork, StopQuarantine) {
        let (sender, trips) = sync_channel(MOST_TRIPS);
        let stop = StopQuarantine::default();
        let work = QuarantineWork { trips, is_stopping: stop.0.clone() };
        (Quarantine { trips: Some(sender) }, work, stop)
    }

    pub fn without_thread() -> Quarantine {
        Quarantine { trips: None }
    }

    pub fn has_thread(&self) -> bool {
        self.trips.is_some()
    }

    /// Gives the trip back if too many are under way.
    pub fn send(&self, mut trip: Box<Trip>) -> Result<(), Box<Trip>> {
        let Some(trips) = &self.trips else {
            trip.make(|| false);
            trip.go_home();
            return Ok(());
        };
        trips.try_send(trip).map_err(|refused| match refused {
            TrySendError::Full(trip) | TrySendError::Disconnected(trip) => trip,
        })
    }
}

impl QuarantineWork {
    pub fn start(self, shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("rooms-quarantine".to_owned()).spawn(move || {
            let _alarm = Alarm::new(shared, QUARANTINE_IN_HEALTH);
            mark::this_thread_is(Stepper::Quarantine);
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

/// Where shards have their numbers.
const QUARANTINE_IN_HEALTH: usize = usize::MAX;
