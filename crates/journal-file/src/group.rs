//! What is written together, and who waits for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::SyncSender;

use journal::{Batch, JournalError, JournalEvent, Level, Outcome, Record};
use model::{Epoch, Partition, Position, RoomKey};

use crate::entry::{self, Entry, MAX_BODY, Name, State};
use crate::index::Index;
use crate::queue::{Answer, Order, Question};

/// Either all of it is written or nothing.
pub struct Group {
    pub bytes: Vec<u8>,
    pub changes: Vec<Change>,
    pub waiting: Vec<Waiting>,
    pub asks: Vec<Asked>,
    /// What the group says to have reached the disk.
    pub mark: Option<u32>,
    /// Where the group begins in the segment.
    base: u32,
    space: u64,
    cannot: Option<JournalError>,
    /// Partitions as they were, for the case that nothing gets written.
    before: Vec<(Partition, State)>,
    /// The last records of the rooms that the group touches.
    touched: HashMap<RoomKey, Option<Position>>,
    marks_only: usize,
}

/// Where a group is to be written.
pub enum Where {
    /// Behind so many bytes of the segment. `mark` is what has reached the disk and is not noted yet.
    Behind {
        length: u32,
        mark: Option<u32>,
    },
    Nowhere(JournalError),
}

/// A question with its answer, which waits until the group is written.
pub struct Asked {
    pub answer: Answer,
    pub sender: SyncSender<Answer>,
    /// What it fences, if that was asked.
    fence: Option<(Partition, Epoch)>,
}

/// What an entry of the group does to the index once it is written.
pub enum Change {
    Record { room: RoomKey, position: Position, offset: u32, length: u32 },
    Image { room: RoomKey, at: Position, offset: u32, length: u32 },
    Trim { room: RoomKey, before: Position, offset: u32, length: u32 },
    Forget { room: RoomKey, offset: u32, length: u32 },
}

/// A batch that was taken.
pub struct Waiting {
    pub partition: Partition,
    pub level: Level,
    pub newest: Position,
    pub outcome: Outcome,
}

/// What an entry takes beyond its bytes, at most, with ids of any sensible length.
const AROUND_RECORD: usize = 128;

impl Group {
    /// `space` is what the quota leaves.
    pub fn new(place: Where, space: u64) -> Group {
        let (base, mark, cannot) = match place {
            Where::Behind { length, mark } => (length, mark, None),
            Where::Nowhere(error) => (0, None, Some(error)),
        };
        let mut group = Group {
            bytes: Vec::new(),
            changes: Vec::new(),
            waiting: Vec::new(),
            asks: Vec::new(),
            mark,
            base,
            space,
            cannot,
            before: Vec::new(),
            touched: HashMap::new(),
            marks_only: 0,
        };
        if let Some(up_to) = mark {
            group.append(&Entry::Synced { up_to });
            group.marks_only = group.bytes.len();
        }
        group
    }

    pub fn has_news(&self) -> bool {
        self.bytes.len() > self.marks_only
    }

    pub fn add(&mut self, states: &mut BTreeMap<Partition, State>, index: &Index, order: Order) {
        match order {
            Order::Batch(batch, outcome) => self.add_batch(states, index, batch, outcome),
            Order::Ask(question, sender) => {
                let fence = match &question {
                    Question::Fence { partition, epoch } => Some((*partition, *epoch)),
                    _ => None,
                };
                let answer = match self.cannot.clone() {
                    Some(JournalError::Full(_)) if fence.is_some() => {
                        self.add_question(states, index, question)
                    }
                    Some(error) => Err(error),
                    None => self.add_question(states, index, question),
                };
                self.asks.push(Asked { answer, sender, fence });
            }
        }
    }

    /// Nothing was written: everything is as before, and everybody is told.
    ///
    /// A full disk keeps nobody from fencing: as long as this process lives, its lock on the folder keeps owners of older
    /// epochs out. The next process may come with the same epoch; nothing was written under it, so the log is as before.
    pub fn fail(self, states: &mut BTreeMap<Partition, State>, error: &JournalError) {
        self.before.into_iter().rev().for_each(|(partition, state)| {
            states.insert(partition, state);
        });
        self.waiting.into_iter().for_each(|waiting| waiting.fail(error.clone()));
        for Asked { answer, sender, fence } in self.asks {
            let answer = match (fence, error) {
                (Some((partition, epoch)), JournalError::Full(_)) if answer.is_ok() => {
                    let state = states.entry(partition).or_default();
                    state.fence = state.fence.max(epoch);
                    Ok(state.last)
                }
                _ => answer.and(Err(error.clone())),
            };
            sender.send(answer).unwrap_or_default();
        }
    }

    fn add_batch(
        &mut self,
        states: &mut BTreeMap<Partition, State>,
        index: &Index,
        batch: Batch,
        outcome: Outcome,
    ) {
        let Batch { partition, level, mut records } = batch;
        let state = states.entry(partition).or_default();
        let newest = records.last().map_or(Position::default(), |record| record.position);
        let waiting = Waiting { partition, level, newest, outcome };
        let known = records.partition_point(|record| record.position <= state.last);
        if let Err(error) = self.check(partition, *state, newest, &records, known) {
            return waiting.fail(error);
        }
        if known < records.len() {
            self.before.push((partition, *state));
            *state = State { fence: state.fence.max(newest.epoch), last: newest };
            records.drain(known..).for_each(|record| self.add_record(index, record));
        }
        self.waiting.push(waiting);
    }

    fn check(
        &self,
        partition: Partition,
        state: State,
        newest: Position,
        records: &[Record],
        known: usize,
    ) -> Result<(), JournalError> {
        if let Some(error) = &self.cannot {
            return Err(error.clone());
        }
        if !records.is_empty() && newest.epoch < state.fence {
            return Err(JournalError::Fenced { partition, epoch: state.fence });
        }
        let new = &records[known..];
        check_order(state.last, new)?;
        if let Some(record) = new.iter().find(|record| record.bytes.len() > MAX_BODY - (1 << 10)) {
            return Err(JournalError::Unavailable(format!(
                "{} has {} bytes",
                record.position,
                record.bytes.len()
            )));
        }
        self.check_space(new.iter().map(|record| record.bytes.len() + AROUND_RECORD).sum())
    }

    fn check_space(&self, bytes: usize) -> Result<(), JournalError> {
        let needed = (self.bytes.len() + bytes) as u64;
        if needed > self.space {
            return Err(JournalError::Full(format!("its quota leaves {} bytes", self.space)));
        }
        Ok(())
    }

    fn add_record(&mut self, index: &Index, record: Record) {
        let Record { room, position, bytes } = record;
        let previous = self.last_of(index, &room);
        let entry = Entry::Record { room: Name::of(&room), position, previous, bytes: &bytes };
        let (offset, length) = self.append(&entry);
        match self.touched.get_mut(&room) {
            Some(last) => *last = Some(position),
            None => {
                self.touched.insert(room.clone(), Some(position));
            }
        }
        self.changes.push(Change::Record { room, position, offset, length });
    }

    fn add_question(
        &mut self,
        states: &mut BTreeMap<Partition, State>,
        index: &Index,
        question: Question,
    ) -> Answer {
        match question {
            Question::Nothing => {}
            Question::Fence { partition, epoch } => return self.fence(states, partition, epoch),
            Question::Image { room, at, bytes } => {
                let is_newest =
                    index.room(&room).and_then(|found| found.image).is_none_or(|(held, _)| held <= at);
                if bytes.len() > MAX_BODY - (1 << 10) {
                    return Err(JournalError::Full(format!("an image of {} bytes is too long", bytes.len())));
                }
                if is_newest {
                    self.check_space(bytes.len() + AROUND_RECORD)?;
                    let last = self.last_of(index, &room);
                    self.touched.insert(room.clone(), last);
                    let entry = Entry::Image { room: Name::of(&room), at, bytes: &bytes };
                    let (offset, length) = self.append(&entry);
                    self.changes.push(Change::Image { room, at, offset, length });
                }
            }
            Question::Trim { room, before } => {
                let Some(found) = index.room(&room) else { return Ok(Position::default()) };
                let Some((at, _)) = found.image else { return Ok(Position::default()) };
                let before = before.min(Position { sequence: at.sequence + 1, ..at });
                if before > found.trimmed {
                    let (offset, length) = self.append(&Entry::Trim { room: Name::of(&room), before });
                    self.changes.push(Change::Trim { room, before, offset, length });
                }
            }
            Question::Forget { room } => {
                if index.room(&room).is_some() || self.touched.contains_key(&room) {
                    let (offset, length) = self.append(&Entry::Forget { room: Name::of(&room) });
                    self.touched.insert(room.clone(), None);
                    self.changes.push(Change::Forget { room, offset, length });
                }
            }
        }
        Ok(Position::default())
    }

    fn fence(
        &mut self,
        states: &mut BTreeMap<Partition, State>,
        partition: Partition,
        epoch: Epoch,
    ) -> Answer {
        let state = states.entry(partition).or_default();
        if epoch < state.fence {
            return Err(JournalError::Fenced { partition, epoch: state.fence });
        }
        if epoch > state.fence {
            self.before.push((partition, *state));
            state.fence = epoch;
            if self.cannot.is_none() {
                self.append(&Entry::Fence { partition, epoch });
            }
        }
        Ok(state.last)
    }

    fn last_of(&self, index: &Index, room: &RoomKey) -> Option<Position> {
        match self.touched.get(room) {
            Some(last) => *last,
            None => index.room(room).and_then(|found| found.last),
        }
    }

    /// Where it stands in the segment, and its length.
    fn append(&mut self, entry: &Entry<'_>) -> (u32, u32) {
        let offset = self.base + self.bytes.len() as u32;
        (offset, entry::append(&mut self.bytes, entry))
    }
}

impl Waiting {
    pub fn fail(self, error: JournalError) {
        (self.outcome)(JournalEvent::Failed { partition: self.partition, position: self.newest, error });
    }
}

/// A hole would later be read as if nothing had happened there.
fn check_order(mut last: Position, records: &[Record]) -> Result<(), JournalError> {
    for record in records {
        let next = record.position;
        let follows = if next.epoch == last.epoch {
            next.sequence == last.sequence + 1
        } else {
            next.epoch > last.epoch && next.sequence == 1
        };
        if !follows {
            return Err(JournalError::Unavailable(format!("{next} does not follow {last}")));
        }
        last = next;
    }
    Ok(())
}
