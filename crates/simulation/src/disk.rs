//! A journal on a simulated disk. It outlives the rooms that write it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use clock::Chance;
use journal::{Batch, Journal, JournalError, JournalEvent, Level, Outcome, Record};
use model::{Epoch, Partition, Position, RoomKey};

use crate::plan::{Crash, Plan};

pub struct Disk {
    state: Mutex<State>,
}

struct State {
    chance: Chance,
    plan: Plan,
    /// Nothing goes wrong any more.
    steady: bool,
    /// Everything written, in order. All but the last few are synced.
    written: Vec<Write>,
    synced: usize,
    /// What `written` amounts to.
    partitions: BTreeMap<Partition, Log>,
    rooms: BTreeMap<RoomKey, Kept>,
    /// Batches that wait for the disk.
    waiting: VecDeque<(Batch, Outcome)>,
}

#[derive(Clone)]
enum Write {
    Record(Record),
    Image { room: RoomKey, at: Position, image: Bytes },
    Trim { room: RoomKey, before: Position },
    Forget(RoomKey),
}

#[derive(Default)]
struct Log {
    fence: Epoch,
    last: Position,
    records: Vec<Record>,
}

#[derive(Default)]
struct Kept {
    image: Option<(Position, Bytes)>,
}

/// Percent of steps that begin with a sync.
const SYNCED: u64 = 1;

impl Disk {
    pub fn new(plan: &Plan) -> Disk {
        Disk { state: Mutex::new(State::new(plan)) }
    }

    /// Does some of what waits. The answers leave without the lock.
    pub fn work(&self) {
        let mut answers = Vec::new();
        {
            let mut state = self.lock();
            let slow = state.plan.slow_disk;
            if state.strikes(slow) {
                return;
            }
            // Sooner or later everything is synced, asked for or not.
            if state.strikes(SYNCED) {
                state.synced = state.written.len();
            }
            while let Some((batch, outcome)) = state.waiting.pop_front() {
                if let Some(event) = state.take(batch) {
                    answers.push((outcome, event));
                }
            }
        }
        answers.into_iter().for_each(|(outcome, event)| outcome(event));
    }

    /// The process is gone: some of what waited was written, nobody hears of it.
    pub fn crash(&self, how: Crash) {
        let mut state = self.lock();
        let mut waiting = std::mem::take(&mut state.waiting);
        let reached = state.chance.below(waiting.len() as u64 + 1) as usize;
        for (batch, _) in waiting.drain(..reached) {
            let _ = state.write(batch);
        }
        if how == Crash::PowerCut {
            let unsynced = (state.written.len() - state.synced) as u64;
            let kept = state.synced + state.chance.below(unsynced + 1) as usize;
            state.forget_after(kept);
        }
    }

    /// The same, without faults, as if nothing had ever been trimmed or forgotten.
    pub fn with_all_that_was(&self) -> Disk {
        let state = self.lock();
        let mut whole = State { steady: true, ..State::new(&state.plan) };
        let is_kept = |write: &&Write| matches!(write, Write::Record(_) | Write::Image { .. });
        state.written.iter().filter(is_kept).for_each(|write| whole.amount(write.clone()));
        Disk { state: Mutex::new(whole) }
    }

    /// Nobody waits for it.
    pub fn is_idle(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// How many there were, of what is still there.
    pub fn trims(&self) -> u64 {
        self.lock().written.iter().filter(|write| matches!(write, Write::Trim { .. })).count() as u64
    }

    pub fn calm_down(&self) {
        self.lock().steady = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(plan: &Plan) -> State {
        State {
            chance: Chance::seeded(plan.seed ^ 0xD15C),
            plan: plan.clone(),
            steady: false,
            written: Vec::new(),
            synced: 0,
            partitions: BTreeMap::new(),
            rooms: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    fn strikes(&mut self, percent: u64) -> bool {
        !self.steady && self.chance.below(100) < percent
    }

    fn take(&mut self, batch: Batch) -> Option<JournalEvent> {
        let partition = batch.partition;
        let position = batch.records.last().map_or(Position::default(), |record| record.position);
        if self.strikes(self.plan.refused) {
            let error = JournalError::Unavailable("the disk refuses".into());
            return Some(JournalEvent::Failed { partition, position, error });
        }
        let event = match self.write(batch) {
            Ok(()) => JournalEvent::DurableUpTo { partition, position },
            Err(error) => JournalEvent::Failed { partition, position, error },
        };
        (!self.strikes(self.plan.unanswered)).then_some(event)
    }

    /// The port's rules: no lower epoch than the fence's, no hole; what is there already is there.
    fn write(&mut self, batch: Batch) -> Result<(), JournalError> {
        let partition = batch.partition;
        for record in batch.records {
            let log = self.partitions.entry(partition).or_default();
            let Position { epoch, sequence } = record.position;
            if epoch < log.fence {
                return Err(JournalError::Fenced { partition, epoch: log.fence });
            }
            let expected = if epoch == log.last.epoch { log.last.sequence + 1 } else { 1 };
            if sequence > expected {
                return Err(JournalError::Unavailable(format!("a hole before sequence {sequence}")));
            }
            if sequence == expected {
                self.put(Write::Record(record));
            }
        }
        if batch.level == Level::Synced {
            self.synced = self.written.len();
        }
        Ok(())
    }

    fn put(&mut self, write: Write) {
        self.written.push(write.clone());
        self.amount(write);
    }

    fn amount(&mut self, write: Write) {
        match write {
            Write::Record(record) => {
                self.rooms.entry(record.room.clone()).or_default();
                let log = self.partitions.entry(record.room.room.partition()).or_default();
                log.last = record.position;
                log.records.push(record);
            }
            Write::Image { room, at, image } => self.rooms.entry(room).or_default().image = Some((at, image)),
            Write::Trim { room, before } => {
                let log = self.partitions.entry(room.room.partition()).or_default();
                log.records.retain(|record| record.room != room || record.position > before);
            }
            Write::Forget(room) => {
                self.rooms.remove(&room);
                let log = self.partitions.entry(room.room.partition()).or_default();
                log.records.retain(|record| record.room != room);
            }
        }
    }

    /// What came after is gone. Fences stay: they are synced before anybody relies on them.
    fn forget_after(&mut self, kept: usize) {
        self.written.truncate(kept);
        self.synced = kept;
        self.rooms.clear();
        for log in self.partitions.values_mut() {
            *log = Log { fence: log.fence, ..Log::default() };
        }
        for write in self.written.clone() {
            self.amount(write);
        }
    }
}

impl Journal for Disk {
    fn submit(&self, batch: Batch, outcome: Outcome) {
        self.lock().waiting.push_back((batch, outcome));
    }

    fn fence(&self, partition: Partition, epoch: Epoch) -> Result<Position, JournalError> {
        let mut state = self.lock();
        let log = state.partitions.entry(partition).or_default();
        if epoch < log.fence {
            return Err(JournalError::Fenced { partition, epoch: log.fence });
        }
        log.fence = epoch;
        Ok(log.last)
    }

    fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Record>, JournalError> {
        Ok(self.lock().page(partition, limit, |record| record.position > after))
    }

    fn read_room(&self, room: &RoomKey, after: Position, limit: usize) -> Result<Vec<Record>, JournalError> {
        let wanted = |record: &Record| record.room == *room && record.position > after;
        Ok(self.lock().page(room.room.partition(), limit, wanted))
    }

    fn rooms(&self, partition: Partition) -> Result<Vec<RoomKey>, JournalError> {
        Ok(self.lock().rooms.keys().filter(|key| key.room.partition() == partition).cloned().collect())
    }

    fn put_image(&self, room: &RoomKey, at: Position, image: Bytes) -> Result<(), JournalError> {
        self.lock().put(Write::Image { room: room.clone(), at, image });
        Ok(())
    }

    fn image(&self, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError> {
        Ok(self.lock().rooms.get(room).and_then(|kept| kept.image.clone()))
    }

    fn trim(&self, room: &RoomKey, before: Position) -> Result<(), JournalError> {
        self.lock().put(Write::Trim { room: room.clone(), before });
        Ok(())
    }

    fn forget(&self, room: &RoomKey) -> Result<(), JournalError> {
        self.lock().put(Write::Forget(room.clone()));
        Ok(())
    }
}

impl State {
    fn page(&self, partition: Partition, limit: usize, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
        let Some(log) = self.partitions.get(&partition) else { return Vec::new() };
        let mut bytes = 0;
        let fits = |record: &&Record| {
            let first = bytes == 0;
            bytes += record.bytes.len().max(1);
            first || bytes <= limit
        };
        log.records.iter().filter(|record| wanted(record)).take_while(fits).cloned().collect()
    }
}
