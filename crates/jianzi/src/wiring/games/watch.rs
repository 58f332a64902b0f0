//! Counts what the versions of games do, as patches are judged by it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use clock::{Clock, Moment};
use model::{AppId, RoomKey};
use releases::{GameKey, Tally, VersionTally};
use room_core::LogicLoad;
use room_core::modules::{CallEnd, LogicRef};
use rooms::{GameWatch, VersionWatch};

/// All versions.
pub struct Watch {
    tally: Arc<Tally>,
    clock: Clock,
    versions: RwLock<BTreeMap<(GameKey, u32), Arc<Watched>>>,
}

/// One version.
struct Watched {
    tally: Arc<VersionTally>,
    calls: Calls,
}

/// Which threads are in a call, without a clock or a lock for those who call: each thread has a count that is odd as long
/// as it is in one.
struct Calls {
    threads: Box<[Count]>,
    /// By thread: the odd count that was last seen there, and when it was first seen.
    seen: Mutex<BTreeMap<usize, (u64, Moment)>>,
}

/// Alone in its line of the processor's cache: threads do not wait for each other.
#[derive(Default)]
#[repr(align(64))]
struct Count(AtomicU64);

/// There are fewer threads that run rooms: with more, two would share a count, and neither be found out.
const THREADS: usize = 320;

impl Watch {
    pub fn new(tally: Arc<Tally>, clock: Clock) -> Watch {
        Watch { tally, clock, versions: RwLock::default() }
    }

    /// How long a thread has been in one call of this version, as far as was seen; zero if none is in any. Rooms in which
    /// nothing is to happen are not missed.
    pub fn silent_for(&self, game: &GameKey, version: u32) -> Duration {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        let watched = versions.get(&(game.clone(), version));
        watched.map_or(Duration::ZERO, |watched| watched.calls.longest(self.clock.now()))
    }
}

impl GameWatch for Watch {
    fn version(&self, app: &AppId, logic: &LogicRef) -> Arc<dyn VersionWatch> {
        let game = GameKey { app: app.clone(), game: logic.game.clone() };
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        let watched = versions.entry((game.clone(), logic.version)).or_insert_with(|| {
            Arc::new(Watched { tally: self.tally.of(&game, logic.version), calls: Calls::new() })
        });
        watched.clone()
    }
}

impl VersionWatch for Watched {
    fn room_came(&self, _room: &RoomKey) {
        self.tally.room_came();
    }

    fn room_went(&self, _room: &RoomKey) {
        self.tally.room_went();
    }

    fn begins(&self) {
        self.calls.count();
    }

    fn ends(&self) {
        self.calls.count();
    }

    fn called(&self, room: &RoomKey, load: LogicLoad, busy: Duration) {
        self.tally.add(&room.room, load.calls, load.ended, busy.as_micros() as u64);
    }

    fn suspended(&self, room: &RoomKey, _why: &CallEnd) {
        self.tally.suspended(&room.room);
    }
}

impl Calls {
    fn new() -> Calls {
        Calls { threads: (0..THREADS).map(|_| Count::default()).collect(), seen: Mutex::default() }
    }

    /// A call begins or ends on this thread.
    fn count(&self) {
        self.threads[own_number()].0.fetch_add(1, Ordering::Relaxed);
    }

    fn longest(&self, now: Moment) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut longest = Duration::ZERO;
        for (thread, count) in self.threads.iter().enumerate() {
            let count = count.0.load(Ordering::Relaxed);
            if count.is_multiple_of(2) {
                seen.remove(&thread);
                continue;
            }
            let since = seen.entry(thread).or_insert((count, now));
            if since.0 != count {
                *since = (count, now);
            }
            longest = longest.max(now.since(since.1));
        }
        longest
    }
}

fn own_number() -> usize {
    static THREADS_SO_FAR: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.with(|own| {
        own.get().unwrap_or_else(|| {
            let number = THREADS_SO_FAR.fetch_add(1, Ordering::Relaxed) % THREADS;
            own.set(Some(number));
            number
        })
    })
}

#[cfg(test)]
mod tests {
    use clock::ManualClock;
    use model::RoomId;
    use room_core::modules::ModuleHash;

    use super::*;

    #[test]
    fn a_call_that_does_not_come_back_is_seen_and_rooms_at_rest_are_not_missed() {
        let clock = Arc::new(ManualClock::new(0));
        let watch = Watch::new(Arc::default(), Clock::Manual(clock.clone()));
        let app = AppId::new("app");
        let logic = LogicRef { game: "game".into(), version: 2, hash: ModuleHash([2; 32]) };
        let version = watch.version(&app, &logic);
        let silent_for = |seconds: u64| {
            clock.advance(Duration::from_secs(seconds));
            watch.silent_for(&GameKey::new("app", "game"), 2).as_secs()
        };
        let room = RoomKey { app, room: RoomId::from_name("somewhere") };
        version.room_came(&room);
        assert_eq!((silent_for(10), silent_for(10)), (0, 0), "it waits for its players");
        for _ in 0..2 {
            version.begins();
            assert_eq!(silent_for(1), 0, "it has just begun");
            version.ends();
        }
        // One thread hangs while another plays on.
        let hanging = version.clone();
        std::thread::spawn(move || hanging.begins()).join().unwrap();
        assert_eq!(silent_for(1), 0);
        version.begins();
        version.ends();
        assert_eq!(silent_for(4), 4);
        version.begins();
        assert_eq!(silent_for(1), 5);
        version.ends();
        assert_eq!(watch.silent_for(&GameKey::new("app", "game"), 1), Duration::ZERO);
    }
}
