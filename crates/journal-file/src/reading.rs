//! Reading records and images back.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use journal::{JournalError, Record};
use model::{Partition, Position, RoomKey};

use crate::entry::{Entry, Name};
use crate::index::{Index, RoomEntry};
use crate::log::Log;
use crate::places::Chunk;
use crate::segment::{Segment, Window};

pub fn read_room(
    log: &Log,
    room: &RoomKey,
    after: Position,
    limit_bytes: usize,
) -> Result<Vec<Record>, JournalError> {
    let cursor = {
        let index = log.index();
        let Some(found) = index.room(room) else { return Ok(Vec::new()) };
        Cursor::new(log, &index, room, found, after)?
    };
    let (mut cursor, mut records, mut taken) = (cursor, Vec::new(), 0);
    while let Some(record) = cursor.next_record()? {
        taken += record.bytes.len();
        if !records.is_empty() && taken > limit_bytes {
            break;
        }
        records.push(record);
    }
    Ok(records)
}

/// Each room's records are in order; the oldest of the rooms' next ones is the next of all.
pub fn read(
    log: &Log,
    partition: Partition,
    after: Position,
    limit_bytes: usize,
) -> Result<Vec<Record>, JournalError> {
    let mut cursors = {
        let index = log.index();
        let rooms = index.partitions.get(&partition).into_iter().flatten();
        rooms
            .map(|(key, room)| Cursor::new(log, &index, key, room, after))
            .collect::<Result<Vec<Cursor<'_>>, JournalError>>()?
    };
    let mut heads = BinaryHeap::new();
    let mut next = Vec::with_capacity(cursors.len());
    for (number, cursor) in cursors.iter_mut().enumerate() {
        let record = cursor.next_record()?;
        heads.extend(record.as_ref().map(|record| Reverse((record.position, number))));
        next.push(record);
    }
    let (mut records, mut taken) = (Vec::new(), 0);
    while let Some(Reverse((_, number))) = heads.pop() {
        let Some(record) = next[number].take() else { continue };
        taken += record.bytes.len();
        if !records.is_empty() && taken > limit_bytes {
            break;
        }
        records.push(record);
        next[number] = cursors[number].next_record()?;
        heads.extend(next[number].as_ref().map(|record| Reverse((record.position, number))));
    }
    Ok(records)
}

pub fn image(log: &Log, room: &RoomKey) -> Result<Option<(Position, Bytes)>, JournalError> {
    let (at, place, segment) = {
        let index = log.index();
        let Some((at, place)) = index.room(room).and_then(|found| found.image) else { return Ok(None) };
        (at, place, index.segments.get(&place.segment).map(|filed| filed.segment.clone()))
    };
    let damaged = |what: String| JournalError::Damaged(format!("the image of room {}: {what}", room.room));
    let segment = segment.ok_or_else(|| damaged(format!("segment {} is missing", place.segment)))?;
    let mut window = Window::default();
    match segment.read(place.offset, &mut window, None).map_err(damaged)? {
        Entry::Image { room: of, at: of_position, bytes } if of == Name::of(room) && of_position == at => {
            Ok(Some((at, Bytes::copy_from_slice(bytes))))
        }
        _ => Err(damaged(format!("segment {}, offset {}", place.segment, place.offset))),
    }
}

/// Goes through one room's records. Holds the files, so that compaction does not disturb it.
struct Cursor<'a> {
    log: &'a Log,
    room: RoomKey,
    after: Position,
    chunks: std::vec::IntoIter<Chunk>,
    offsets: std::vec::IntoIter<u32>,
    segment: Option<Result<Arc<Segment>, String>>,
    segments: HashMap<u32, Arc<Segment>>,
    /// The segment that is being written.
    newest: u32,
    window: Window,
}

impl<'a> Cursor<'a> {
    fn new(
        log: &'a Log,
        index: &Index,
        room: &RoomKey,
        found: &RoomEntry,
        after: Position,
    ) -> Result<Cursor<'a>, JournalError> {
        if let Some(lost) = found.lost.filter(|lost| after < *lost) {
            let what = format!("records of room {} up to {lost} are lost: {}", room.room, log.damage);
            return Err(JournalError::Damaged(what));
        }
        let trimmed = Position { sequence: found.trimmed.sequence.saturating_sub(1), ..found.trimmed };
        let after = after.max(trimmed);
        let chunks = found.places.after(after).to_vec();
        let segments = chunks
            .iter()
            .filter_map(|chunk| Some((chunk.segment, index.segments.get(&chunk.segment)?.segment.clone())));
        Ok(Cursor {
            log,
            room: room.clone(),
            after,
            segments: segments.collect(),
            chunks: chunks.into_iter(),
            offsets: Vec::new().into_iter(),
            segment: None,
            newest: index.segments.last_key_value().map_or(0, |(number, _)| *number),
            window: Window::default(),
        })
    }

    /// A damaged record stands before `after` if the next whole one says so, and then nobody asked for it.
    fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        let mut damage: Option<String> = None;
        while let Some((segment, offset)) = self.next_place() {
            let segment = match segment {
                Ok(segment) => segment,
                Err(what) => return Err(damaged(&self.room, &what)),
            };
            let blocks = (segment.number < self.newest).then_some(&self.log.blocks);
            match segment.read(offset, &mut self.window, blocks) {
                Ok(Entry::Record { room, position, previous, bytes }) if room == Name::of(&self.room) => {
                    if position <= self.after {
                        damage = None;
                        continue;
                    }
                    if let Some(what) =
                        damage.filter(|_| previous.is_none_or(|previous| previous > self.after))
                    {
                        return Err(damaged(&self.room, &what));
                    }
                    self.after = position;
                    let bytes = Bytes::copy_from_slice(bytes);
                    return Ok(Some(Record { room: self.room.clone(), position, bytes }));
                }
                Ok(_) => damage = Some(format!("segment {}, offset {offset}", segment.number)),
                Err(what) => damage = Some(what),
            }
        }
        damage.map_or(Ok(None), |what| Err(damaged(&self.room, &what)))
    }

    fn next_place(&mut self) -> Option<(Result<Arc<Segment>, String>, u32)> {
        loop {
            if let Some(offset) = self.offsets.next() {
                return Some((self.segment.clone()?, offset));
            }
            let chunk = self.chunks.next()?;
            let segment = self.segments.get(&chunk.segment).cloned();
            self.segment = Some(segment.ok_or_else(|| format!("segment {} is missing", chunk.segment)));
            self.offsets = chunk.offsets().collect::<Vec<_>>().into_iter();
        }
    }
}

fn damaged(room: &RoomKey, what: &str) -> JournalError {
    JournalError::Damaged(format!("a record of room {}: {what}", room.room))
}
