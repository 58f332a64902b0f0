//! One room as its journal has it, played again event by event: for those who look into what happened.
//!
//! [`RoomLog`] reads the events, [`Playback`] makes a room of them, from its image or from its very beginning.

use std::collections::VecDeque;
use std::sync::Arc;

use journal::{Journal, JournalError, Record};
use model::{Position, RoomKey};
use room_core::modules::Modules;
use room_core::{Damaged, Output, Room, RoomEvent};

use crate::image::RoomImage;
use crate::record;
use crate::replaying::play_on;

/// Events of a room in the order in which they happened; ends with the first that cannot be read. Whoever reads a room's
/// log reads it by this, event by event or page by page.
pub struct RoomLog<'a> {
    journal: &'a dyn Journal,
    key: &'a RoomKey,
    after: Position,
    page_bytes: usize,
    waiting: VecDeque<Result<Logged, Unplayable>>,
    bytes: usize,
    failed: bool,
}

/// One event, and the position of the record that has it; a record has all that happened between two flushes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub position: Position,
    pub event: RoomEvent,
}

/// Where a log leads no further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log leads nowhere after position {after}: {why}")]
pub struct Unplayable {
    /// Up to here it was understood.
    pub after: Position,
    pub why: String,
}

impl From<Unplayable> for Damaged {
    fn from(unplayable: Unplayable) -> Damaged {
        Damaged { what: unplayable.to_string().into() }
    }
}

/// A room that is played again. Everything in it was so in the room that the log is of.
pub struct Playback<'a> {
    log: RoomLog<'a>,
    ahead: Option<Logged>,
    modules: Arc<dyn Modules>,
    room: Option<Box<Room>>,
    outputs: Vec<Output>,
    at: Position,
}

const PAGE_BYTES: usize = 256 << 10;

impl<'a> RoomLog<'a> {
    /// What comes after this position. May block, as reading on may.
    pub fn new(journal: &'a dyn Journal, key: &'a RoomKey, after: Position) -> RoomLog<'a> {
        RoomLog::by_pages_of(PAGE_BYTES, journal, key, after)
    }

    pub(crate) fn by_pages_of(
        page_bytes: usize,
        journal: &'a dyn Journal,
        key: &'a RoomKey,
        after: Position,
    ) -> RoomLog<'a> {
        RoomLog { journal, key, after, page_bytes, waiting: VecDeque::new(), bytes: 0, failed: false }
    }

    /// The records that come next, about a page of them; none at the end.
    pub(crate) fn page(&mut self) -> Result<Vec<Record>, JournalError> {
        let records = self.journal.read_room(self.key, self.after, self.page_bytes)?;
        if let Some(last) = records.last() {
            self.after = last.position;
        }
        self.bytes += records.iter().map(|record| record.bytes.len()).sum::<usize>();
        Ok(records)
    }

    /// Of the records read so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// False at the log's end.
    fn turn_page(&mut self) -> bool {
        let mut understood = self.after;
        let records = match self.page() {
            Ok(records) => records,
            Err(error) => {
                self.fail(understood, error.to_string());
                return true;
            }
        };
        for record in &records {
            for event in record::events(&record.bytes) {
                match event {
                    Ok(event) => self.waiting.push_back(Ok(Logged { position: record.position, event })),
                    Err(damaged) => {
                        self.fail(understood, damaged.to_string());
                        return true;
                    }
                }
            }
            understood = record.position;
        }
        !records.is_empty()
    }

    fn fail(&mut self, after: Position, why: String) {
        self.failed = true;
        self.waiting.push_back(Err(Unplayable { after, why }));
    }
}

impl Iterator for RoomLog<'_> {
    type Item = Result<Logged, Unplayable>;

    fn next(&mut self) -> Option<Self::Item> {
        // A record may hold no event, so a page may be empty that is not the last.
        while self.waiting.is_empty() && !self.failed && self.turn_page() {}
        self.waiting.pop_front()
    }
}

impl<'a> Playback<'a> {
    /// At the room's image; `None` if it has none.
    ///
    /// # Errors
    /// For an image that is damaged or cannot be restored here, as without the module that the room runs.
    pub fn from_image(
        journal: &'a dyn Journal,
        key: &'a RoomKey,
        modules: &Arc<dyn Modules>,
    ) -> Result<Option<Playback<'a>>, Unplayable> {
        let unplayable = |after, why: String| Unplayable { after, why: format!("the image: {why}") };
        let image = match journal.image(key) {
            Ok(Some(image)) => image,
            Ok(None) => return Ok(None),
            Err(JournalError::Damaged(why)) => return Err(unplayable(Position::default(), why)),
            Err(error) => return Err(unplayable(Position::default(), error.to_string())),
        };
        let (at, bytes) = image;
        let RoomImage { room, .. } =
            RoomImage::decode(&bytes, modules).map_err(|damaged| unplayable(at, damaged.to_string()))?;
        if room.key() != key {
            return Err(unplayable(at, "it is another room's".to_owned()));
        }
        let log = RoomLog::new(journal, key, at);
        Ok(Some(Playback::over(log, modules, Some(Box::new(room)))))
    }

    /// Before the founding; `None` if the log does not reach back so far, or there is none.
    ///
    /// # Errors
    /// If the beginning cannot be read.
    pub fn from_beginning(
        journal: &'a dyn Journal,
        key: &'a RoomKey,
        modules: &Arc<dyn Modules>,
    ) -> Result<Option<Playback<'a>>, Unplayable> {
        let log = RoomLog::new(journal, key, Position::default());
        let mut playback = Playback::over(log, modules, None);
        let is_whole = playback.peek()?.is_some_and(|logged| matches!(logged.event, RoomEvent::Founded(_)));
        Ok(is_whole.then_some(playback))
    }

    fn over(log: RoomLog<'a>, modules: &Arc<dyn Modules>, room: Option<Box<Room>>) -> Playback<'a> {
        let at = log.after;
        Playback { log, ahead: None, modules: modules.clone(), room, outputs: Vec::new(), at }
    }

    /// What comes next.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn peek(&mut self) -> Result<Option<&Logged>, Unplayable> {
        if self.ahead.is_none() {
            self.ahead = self.log.next().transpose()?;
        }
        Ok(self.ahead.as_ref())
    }

    /// Lets the next event happen to the room; `None` at the log's end. What the room told is in
    /// [`outputs`](Playback::outputs) until the next one.
    ///
    /// # Errors
    /// If it cannot be read, or cannot have happened to this room; a tick's own hash of the state is compared.
    pub fn play(&mut self) -> Result<Option<Logged>, Unplayable> {
        self.peek()?;
        let Some(logged) = self.ahead.take() else { return Ok(None) };
        self.outputs.clear();
        play_on(&mut self.room, logged.event.clone(), &self.modules, &mut self.outputs)
            .map_err(|damaged| Unplayable { after: self.at, why: damaged.to_string() })?;
        self.at = logged.position;
        Ok(Some(logged))
    }

    /// None before the founding.
    pub fn room(&mut self) -> Option<&mut Room> {
        self.room.as_deref_mut()
    }

    /// What the last event made the room tell.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The room, if there is one yet, and what comes next.
    pub(crate) fn into_parts(
        self,
    ) -> (Option<Box<Room>>, impl Iterator<Item = Result<Logged, Unplayable>> + use<'a>) {
        (self.room, self.ahead.into_iter().map(Ok).chain(self.log))
    }

    /// Of the last event; before it, of the image.
    pub fn at(&self) -> Position {
        self.at
    }

    /// Of the records read so far.
    pub fn bytes(&self) -> usize {
        self.log.bytes()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use journal::{Batch, Level};
    use journal_memory::MemoryJournal;
    use model::{AppId, RoomId};

    use super::*;

    #[test]
    fn a_log_is_read_to_its_end_whatever_its_pages_hold() {
        let key = RoomKey { app: AppId::new("a"), room: RoomId::from_name("paged") };
        let (journal, tick) = (MemoryJournal::new(), |number| RoomEvent::Tick { number, hash: None });
        let record = |sequence: u64| {
            let mut bytes = Vec::new();
            // Every other one has no event, every third has two.
            (0..sequence % 2 * (1 + sequence % 3))
                .for_each(|_| record::append(&mut bytes, &tick(sequence as u32)));
            Record { room: key.clone(), position: Position { epoch: 1, sequence }, bytes: Bytes::from(bytes) }
        };
        let records: Vec<Record> = (1..=40).map(record).collect();
        let partition = key.room.partition();
        let bytes: usize = records.iter().map(|record| record.bytes.len()).sum();
        journal.submit(Batch { partition, level: Level::Written, records }, Box::new(drop));
        let read = |page_bytes| {
            let mut log = RoomLog::by_pages_of(page_bytes, &journal, &key, Position::default());
            let events: Result<Vec<Logged>, Unplayable> = log.by_ref().collect();
            assert_eq!(log.bytes(), bytes);
            events.unwrap()
        };
        let whole = read(1 << 20);
        assert_eq!(whole.last().map(|logged| logged.position.sequence), Some(39));
        assert_eq!([1, 7, 100].map(read), [whole.clone(), whole.clone(), whole]);
    }
}
