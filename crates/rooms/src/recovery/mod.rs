//! Rooms that were alive when the last process ended, rebuilt from the journal: by threads for each shard.
//!
//! Before anything else [`fence_and_find`] closes the partitions to older owners and lists what is there. The threads
//! then rebuild room by room, those first that somebody asks for, and give each to its shard, which begins a new run.

mod rebuild;
mod wanted;

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crashes::Stepper;
use journal::{Journal, JournalError};
use model::{Epoch, PARTITIONS, Partition, Position, RoomKey};

use crate::config::RoomsConfig;
use crate::mailbox::Mailbox;
use crate::mark;
use crate::shard::Request;

use rebuild::rebuild;
pub(crate) use rebuild::{NotRebuilt, Rebuilt};

/// One shard's rooms that are still to be rebuilt.
#[derive(Default)]
pub(crate) struct Recovery {
    todo: Mutex<Todo>,
    stops: Condvar,
}

#[derive(Default)]
struct Todo {
    left: HashSet<RoomKey>,
    /// May name rooms that are done.
    wanted: VecDeque<RoomKey>,
    others: VecDeque<RoomKey>,
    stopping: bool,
}

/// What became of one room.
pub(crate) struct Recovered {
    pub key: RoomKey,
    /// `None`: there was nothing of it.
    pub outcome: Result<Option<Rebuilt>, NotRebuilt>,
}

/// What a partition's journal has.
pub(crate) struct Found {
    pub partition: Partition,
    /// The position of its last record.
    pub last: Position,
    pub rooms: Vec<RoomKey>,
}

/// Between two attempts at a journal that cannot be read right now.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Fences every partition and lists its rooms. From now on nothing of an older epoch is added to them.
pub(crate) fn fence_and_find(journal: &dyn Journal, epoch: Epoch) -> Result<Vec<Found>, JournalError> {
    let find = |partition: u32| {
        let partition = partition as Partition;
        let last = journal.fence(partition, epoch)?;
        Ok(Found { partition, last, rooms: journal.rooms(partition)? })
    };
    (0..PARTITIONS).map(find).collect()
}

impl Recovery {
    pub fn new(rooms: Vec<RoomKey>) -> Arc<Recovery> {
        let left = rooms.iter().cloned().collect();
        let todo = Todo { left, others: rooms.into(), ..Todo::default() };
        Arc::new(Recovery { todo: Mutex::new(todo), ..Recovery::default() })
    }

    /// Threads that end when all rooms are done: until then nobody else needs the processors.
    pub fn start(
        self: &Arc<Recovery>,
        shard: usize,
        config: RoomsConfig,
        journal: Arc<dyn Journal>,
        mailbox: Arc<Mailbox>,
    ) -> std::io::Result<Vec<JoinHandle<()>>> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let most = (processors / config.shards.max(1)).max(1);
        let threads = most.min(self.todo().left.len().max(1));
        let start = |thread| {
            let (recovery, config) = (self.clone(), config.clone());
            let (journal, mailbox) = (journal.clone(), mailbox.clone());
            let stepper = Stepper::Recovery(shard * most + thread);
            let work = move || {
                mark::this_thread_is(stepper);
                recovery.run(&config, journal.as_ref(), &mailbox);
            };
            std::thread::Builder::new().name(format!("recovery-{shard}")).spawn(work)
        };
        (0..threads).map(start).collect()
    }

    /// Somebody waits for this room: it is among the next ones.
    pub fn hurry(&self, key: &RoomKey) {
        let mut todo = self.todo();
        if todo.left.contains(key) {
            todo.wanted.push_back(key.clone());
        }
    }

    pub fn stop(&self) {
        self.todo().stopping = true;
        self.stops.notify_all();
    }

    /// Rebuilds all rooms, one after the other, unless it is told to stop.
    pub fn run(&self, config: &RoomsConfig, journal: &dyn Journal, mailbox: &Mailbox) {
        let mut pause = FIRST_PAUSE;
        while let Some(key) = self.next() {
            let outcome = rebuild(journal, &key, config);
            if let Err(NotRebuilt::Unavailable(error)) = &outcome {
                tracing::error!(event = "room_not_read", app = %key.app, room = %key.room, %error);
                self.put_off(key, pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            pause = FIRST_PAUSE;
            // Internal: refused only when the shard stops, which leaves the room in the journal.
            let _ = mailbox.request(Request::Recovered(Box::new(Recovered { key, outcome })));
        }
    }

    fn next(&self) -> Option<RoomKey> {
        let mut todo = self.todo();
        loop {
            if todo.stopping {
                return None;
            }
            let key = todo.wanted.pop_front().or_else(|| todo.others.pop_front())?;
            if todo.left.remove(&key) {
                return Some(key);
            }
        }
    }

    /// Not at once, and others first; whoever waits for it may say so meanwhile.
    fn put_off(&self, key: RoomKey, pause: Duration) {
        let waited = self.stops.wait_timeout_while(self.todo(), pause, |todo| !todo.stopping);
        let (mut todo, _) = waited.unwrap_or_else(PoisonError::into_inner);
        todo.left.insert(key.clone());
        todo.others.push_back(key);
    }

    fn todo(&self) -> MutexGuard<'_, Todo> {
        self.todo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use model::{AppId, RoomId};

    use super::*;

    #[test]
    fn rooms_that_somebody_waits_for_come_first_and_each_comes_once() {
        let key = |name: &str| RoomKey { app: AppId::new("a"), room: RoomId::from_name(name) };
        let names = ["room01", "room02", "room03", "room04"];
        let recovery = Recovery::new(names.map(key).into());
        assert_eq!(recovery.next(), Some(key("room01")));
        for name in ["room04", "room01", "room03", "room04", "stranger"] {
            recovery.hurry(&key(name));
        }
        let rest: Vec<RoomKey> = std::iter::from_fn(|| recovery.next()).collect();
        assert_eq!(rest, ["room04", "room03", "room02"].map(key));
    }
}
