//! What takes too long for a shard: reading old ticks back, writing replays and images, forgetting rooms. One thread.

mod archive;
mod backfill;
mod forgetting;
mod replays;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use clock::Clock;
use journal::Journal;
use model::{Position, RoomKey};
use room_core::replay::FinalState;
use telemetry::Metrics;

use crate::config::RoomsConfig;

pub(crate) use backfill::{Backfill, Stop};
use backfill::{Bounds, Progress};
use forgetting::Forgetting;
pub(crate) use replays::Replays;

pub(crate) struct Clerk {
    desk: Mutex<Desk>,
    work_came: Condvar,
    /// Members that catch up, and the most of them.
    backfills: AtomicUsize,
    most_backfills: usize,
    /// Of images that wait to be written.
    image_bytes: AtomicUsize,
    replays: Replays,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread has to do. Bounded: a room is archived and forgotten once, backfills and images are counted.
#[derive(Default)]
struct Desk {
    work: VecDeque<Work>,
    stopping: bool,
}

enum Work {
    Backfill(Box<Backfill>),
    /// Makes the replay of a room that has ended like this.
    Archive(RoomKey, FinalState),
    Forget(RoomKey),
    /// Makes a replay of what can be read of a damaged room.
    Salvage(RoomKey),
    /// With whether the log before it can go.
    Image(RoomKey, Position, Bytes, bool),
}

/// More images than this do not wait to be written.
const MOST_IMAGE_BYTES: usize = 64 << 20;
/// How long the thread waits when every member it sends to has enough to take. The shortest wait.
const BACKLOG_LOOK: Duration = Duration::from_millis(2);

impl Clerk {
    /// With the work that [`Clerk::start`] gives a thread to.
    pub fn new(
        config: &RoomsConfig,
        clock: Clock,
        journal: Arc<dyn Journal>,
        metrics: Arc<Metrics>,
    ) -> (Arc<Clerk>, ClerkWork) {
        let clerk = Arc::new(Clerk {
            desk: Mutex::default(),
            work_came: Condvar::new(),
            backfills: AtomicUsize::new(0),
            most_backfills: config.backfills,
            image_bytes: AtomicUsize::new(0),
            replays: Replays::open(config.replay_dir.clone(), config.keep_replays, config.keep_replay_bytes),
            thread: Mutex::new(None),
        });
        let bounds = Bounds {
            chunk: config.backfill_chunk,
            backlog: config.backfill_backlog,
            patience: config.backfill_patience,
        };
        let work = ClerkWork {
            clerk: clerk.clone(),
            clock,
            journal,
            metrics,
            bounds,
            active: Vec::new(),
            forgetting: Forgetting::default(),
        };
        (clerk, work)
    }

    pub fn start(&self, mut work: ClerkWork) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("rooms-clerk".into()).spawn(move || work.run())?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Gives the backfill back when too many are under way.
    pub fn backfill(&self, backfill: Box<Backfill>) -> Result<(), Box<Backfill>> {
        if self.backfills.fetch_add(1, Ordering::Relaxed) >= self.most_backfills {
            self.backfills.fetch_sub(1, Ordering::Relaxed);
            return Err(backfill);
        }
        self.give(Work::Backfill(backfill));
        Ok(())
    }

    pub fn archive(&self, room: RoomKey, last: FinalState) {
        self.give(Work::Archive(room, last));
    }

    pub fn forget(&self, room: RoomKey) {
        self.give(Work::Forget(room));
    }

    pub fn salvage(&self, room: RoomKey) {
        self.give(Work::Salvage(room));
    }

    /// Keeps a room's image, unless too many wait to be written: a later one does as well.
    pub fn put_image(&self, room: RoomKey, at: Position, image: Bytes, trims: bool) {
        let length = image.len();
        if self.image_bytes.fetch_add(length, Ordering::Relaxed) > MOST_IMAGE_BYTES {
            self.image_bytes.fetch_sub(length, Ordering::Relaxed);
            return;
        }
        self.give(Work::Image(room, at, image, trims));
    }

    pub fn backfills(&self) -> usize {
        self.backfills.load(Ordering::Relaxed)
    }

    pub fn replays(&self) -> &Replays {
        &self.replays
    }

    /// Finishes what rooms have left behind; backfills are dropped.
    pub fn stop(&self) {
        self.desk().stopping = true;
        self.work_came.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(event = "clerk_panicked", "the clerk's thread had panicked");
        }
    }

    fn give(&self, work: Work) {
        self.desk().work.push_back(work);
        self.work_came.notify_all();
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's own.
pub(crate) struct ClerkWork {
    clerk: Arc<Clerk>,
    clock: Clock,
    journal: Arc<dyn Journal>,
    metrics: Arc<Metrics>,
    bounds: Bounds,
    active: Vec<Backfill>,
    forgetting: Forgetting,
}

impl ClerkWork {
    fn run(&mut self) {
        let mut all_wait = true;
        loop {
            let (work, stopping) = self.take_work(all_wait);
            work.into_iter().for_each(|work| self.do_work(work));
            if stopping {
                return self.forgetting.try_all(self.journal.as_ref(), self.clock.now());
            }
            self.forgetting.try_again(self.journal.as_ref(), self.clock.now());
            all_wait = self.advance_all();
        }
    }

    /// Does what there is to do now, without a thread.
    pub fn work_off(&mut self) {
        loop {
            let work = std::mem::take(&mut self.clerk.desk().work);
            let nothing_new = work.is_empty();
            work.into_iter().for_each(|work| self.do_work(work));
            self.forgetting.try_again(self.journal.as_ref(), self.clock.now());
            if self.advance_all() && nothing_new {
                return;
            }
        }
    }

    fn do_work(&mut self, work: Work) {
        match work {
            Work::Backfill(backfill) => self.active.push(*backfill),
            Work::Archive(room, last) => {
                archive::archive(self.journal.as_ref(), &self.clerk.replays, &room, last);
            }
            Work::Salvage(room) => archive::salvage(self.journal.as_ref(), &self.clerk.replays, &room),
            Work::Image(room, at, image, trims) => self.put_image(&room, at, image, trims),
            Work::Forget(room) => {
                self.forgetting.forget(self.journal.as_ref(), room, self.clock.now());
            }
        }
    }

    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes, trims: bool) {
        self.clerk.image_bytes.fetch_sub(image.len(), Ordering::Relaxed);
        if let Err(error) = self.journal.put_image(room, at, image) {
            tracing::warn!(event = "image_not_written", app = %room.app, room = %room.room, %error);
            return;
        }
        if trims && let Err(error) = self.journal.trim(room, at) {
            tracing::warn!(event = "log_not_trimmed", app = %room.app, room = %room.room, %error);
        }
    }

    /// Waits for work, or for a moment if members have yet to take what they were sent.
    fn take_work(&self, all_wait: bool) -> (VecDeque<Work>, bool) {
        let mut desk = self.clerk.desk();
        let idle = |desk: &mut Desk| desk.work.is_empty() && !desk.stopping;
        match self.longest_wait(all_wait) {
            None => {
                desk = self.clerk.work_came.wait_while(desk, idle).unwrap_or_else(PoisonError::into_inner);
            }
            Some(at_most) if !at_most.is_zero() => {
                let waited = self.clerk.work_came.wait_timeout_while(desk, at_most, idle);
                desk = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            Some(_) => {}
        }
        (std::mem::take(&mut desk.work), desk.stopping)
    }

    /// `None`: until work comes.
    fn longest_wait(&self, all_wait: bool) -> Option<Duration> {
        if !self.active.is_empty() {
            return Some(if all_wait { BACKLOG_LOOK } else { Duration::ZERO });
        }
        let again_at = self.forgetting.next()?;
        Some(match self.clock {
            Clock::System => again_at.since(self.clock.now()).max(BACKLOG_LOOK),
            // Moved by hand.
            Clock::Manual(_) => BACKLOG_LOOK,
        })
    }

    /// One page for everybody in turn. Returns whether all wait.
    fn advance_all(&mut self) -> bool {
        let now = self.clock.now();
        let mut all_wait = true;
        let mut index = 0;
        while index < self.active.len() {
            match self.active[index].advance(self.journal.as_ref(), &self.bounds, now) {
                Progress::Waits => index += 1,
                Progress::Sent(ticks) => {
                    self.metrics.rooms.backfilled_ticks_total.add(ticks);
                    all_wait = false;
                    index += 1;
                }
                Progress::Stopped => {
                    let stopped = self.active.swap_remove(index);
                    self.clerk.backfills.fetch_sub(1, Ordering::Relaxed);
                    stopped.give_back();
                }
            }
        }
        all_wait
    }
}
