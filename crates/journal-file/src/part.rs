//! What one segment holds, as a scan finds it; kept beside a sealed segment so that a start need not scan.

use std::collections::{BTreeMap, HashMap};

use model::{Partition, Position, RoomKey};

use crate::entry::{Entry, Name, State, put_position, put_states, take_position, take_states};
use crate::manifest::{frame, unframe};
use crate::places::{Chunk, Place, Places};
use crate::segment::START;
use crate::varint::{put, put_bytes, take, take_bytes, take_u32};

/// One segment's share of the index.
#[derive(Default)]
pub struct Part {
    pub number: u32,
    pub generation: u32,
    /// Bytes of the segment, and how many of them are its start and its heads.
    pub length: u32,
    pub heads: u32,
    /// How long the segment before it was when this one was begun.
    pub before: u32,
    /// Where the partitions stood when it was begun, and where they stand at its end.
    pub begins: BTreeMap<Partition, State>,
    pub ends: BTreeMap<Partition, State>,
    pub rooms: Vec<(RoomKey, RoomPart)>,
    /// Everything before this segment is known to have reached the disk, and of itself this much. Not kept.
    pub synced: Option<u32>,
    /// Where records of a partition are not there. Not kept: with damage inside, a segment is scanned.
    pub jumps: Vec<Jump>,
    /// The first records of partitions of which the head told nothing. Not kept, either.
    pub firsts: BTreeMap<Partition, Position>,
    /// The last entry is a head, as it is in a compacted segment. Not kept, either.
    pub has_end: bool,
    by_name: HashMap<Box<[u8]>, usize>,
    raw: Vec<u8>,
}

/// Of a partition nothing is there between `from` and `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    pub partition: Partition,
    pub from: Position,
    pub to: Position,
}

/// What one segment holds of one room.
#[derive(Default)]
pub struct RoomPart {
    /// What the last forgetting in this segment takes; what stands before it is not listed here.
    pub forget: Option<Place>,
    /// What the first record names as the one before it.
    pub previous: Option<Position>,
    pub places: Places,
    pub image: Option<(Position, Place)>,
    pub trim: Option<(Position, Place)>,
    /// Records that others name as the ones before them, and that are not there.
    pub missing: Vec<Position>,
}

const MAGIC: &[u8; 8] = b"jzindx\x01\x00";

impl Part {
    pub fn new(number: u32, generation: u32) -> Part {
        Part { number, generation, heads: START, ..Part::default() }
    }

    /// Notes an entry that stands at `offset`.
    pub fn note(&mut self, entry: &Entry<'_>, offset: u32, length: u32) {
        let place = Place { segment: self.number, offset, length };
        self.has_end = matches!(entry, Entry::Head { .. }) && offset != START;
        match entry {
            // A compacted segment ends with another one, as its last records may be gone.
            Entry::Head { before, states, .. } => {
                self.heads += length;
                if offset == START {
                    self.before = *before;
                    self.begins = states.iter().copied().collect();
                }
                for (partition, state) in states {
                    self.raise(*partition, *state);
                }
            }
            Entry::Fence { partition, epoch } => {
                self.raise(*partition, State { fence: *epoch, last: Position::default() });
            }
            Entry::Synced { up_to } => self.synced = Some(*up_to),
            Entry::Record { room, position, previous, .. } => {
                let Some(index) = self.room(*room) else { return };
                let (key, part) = &mut self.rooms[index];
                let partition = key.room.partition();
                part.record(*position, *previous, place);
                self.notice_jump(partition, *position);
                self.raise(partition, State { fence: position.epoch, last: *position });
            }
            Entry::Image { room, at, .. } => {
                let Some(index) = self.room(*room) else { return };
                let part = &mut self.rooms[index].1;
                if part.image.is_none_or(|(held, _)| held <= *at) {
                    part.image = Some((*at, place));
                }
            }
            Entry::Trim { room, before } => {
                let Some(index) = self.room(*room) else { return };
                let part = &mut self.rooms[index].1;
                if part.trim.is_none_or(|(held, _)| held <= *before) {
                    part.trim = Some((*before, place));
                }
            }
            Entry::Forget { room } => {
                let Some(index) = self.room(*room) else { return };
                self.rooms[index].1 = RoomPart { forget: Some(place), ..RoomPart::default() };
            }
        }
    }

    /// Nothing is taken out of a segment that was never compacted.
    fn notice_jump(&mut self, partition: Partition, to: Position) {
        if self.generation > 0 {
            return;
        }
        let Some(State { last: from, .. }) = self.ends.get(&partition).copied() else {
            self.firsts.insert(partition, to);
            return;
        };
        if from.epoch == to.epoch && from.sequence + 1 < to.sequence {
            self.jumps.push(Jump { partition, from, to });
        }
    }

    fn raise(&mut self, partition: Partition, to: State) {
        let state = self.ends.entry(partition).or_default();
        state.fence = state.fence.max(to.fence);
        state.last = state.last.max(to.last);
    }

    fn room(&mut self, name: Name<'_>) -> Option<usize> {
        self.raw.clear();
        name.encode(&mut self.raw);
        if let Some(index) = self.by_name.get(self.raw.as_slice()) {
            return Some(*index);
        }
        let key = name.to_key()?;
        self.by_name.insert(self.raw.as_slice().into(), self.rooms.len());
        self.rooms.push((key, RoomPart::default()));
        Some(self.rooms.len() - 1)
    }

    /// The file beside the segment.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for number in [self.number, self.generation, self.length, self.heads, self.before] {
            put(&mut body, u64::from(number));
        }
        put_states(&mut body, self.begins.iter());
        put_states(&mut body, self.ends.iter());
        put(&mut body, self.rooms.len() as u64);
        for (key, part) in &self.rooms {
            Name::of(key).encode(&mut body);
            part.encode(&mut body);
        }
        frame(MAGIC, &body)
    }

    /// `None` if it is not whole, or of another segment than this.
    pub fn decode(bytes: &[u8], number: u32, generation: u32, length: u64) -> Option<Part> {
        let bytes = &mut unframe(MAGIC, bytes)?;
        let mut part = Part::new(take_u32(bytes)?, take_u32(bytes)?);
        (part.length, part.heads, part.before) = (take_u32(bytes)?, take_u32(bytes)?, take_u32(bytes)?);
        if (part.number, part.generation, u64::from(part.length)) != (number, generation, length) {
            return None;
        }
        part.begins = take_states(bytes)?.into_iter().collect();
        part.ends = take_states(bytes)?.into_iter().collect();
        let count = take(bytes)?;
        for _ in 0..count {
            let key = Name::decode(bytes)?.to_key()?;
            part.rooms.push((key, RoomPart::decode(bytes, number)?));
        }
        Some(part)
    }
}

impl RoomPart {
    fn record(&mut self, position: Position, previous: Option<Position>, place: Place) {
        match self.places.chunks.last() {
            None => self.previous = previous,
            // A forgetting that was lost stood between.
            Some(_) if previous.is_none() => {
                let before = RoomPart { forget: self.forget, ..RoomPart::default() };
                *self = before;
            }
            Some(chunk) => self.missing.extend(previous.filter(|previous| *previous != chunk.last)),
        }
        self.places.push(place, position);
    }

    fn encode(&self, body: &mut Vec<u8>) {
        put_place(body, self.forget);
        put_optional(body, self.previous);
        put_optional(body, self.image.map(|(at, _)| at));
        put_place(body, self.image.map(|(_, place)| place));
        put_optional(body, self.trim.map(|(before, _)| before));
        put_place(body, self.trim.map(|(_, place)| place));
        put(body, self.missing.len() as u64);
        self.missing.iter().for_each(|position| put_position(body, *position));
        put(body, self.places.chunks.len() as u64);
        for chunk in &self.places.chunks {
            for number in [chunk.first_offset, chunk.last_offset, chunk.count, chunk.bytes] {
                put(body, u64::from(number));
            }
            put_position(body, chunk.last);
            put_bytes(body, &chunk.steps);
        }
    }

    fn decode(bytes: &mut &[u8], segment: u32) -> Option<RoomPart> {
        let forget = take_place(bytes, segment)?;
        let previous = take_optional(bytes)?;
        let image = take_optional(bytes)?.zip(take_place(bytes, segment)?);
        let trim = take_optional(bytes)?.zip(take_place(bytes, segment)?);
        let count = take(bytes)?;
        let missing = (0..count).map(|_| take_position(bytes)).collect::<Option<_>>()?;
        let count = take(bytes)?;
        let one = |bytes: &mut &[u8]| {
            let [first_offset, last_offset, count, of_records] =
                [take_u32(bytes)?, take_u32(bytes)?, take_u32(bytes)?, take_u32(bytes)?];
            let (last, steps) = (take_position(bytes)?, take_bytes(bytes)?.to_vec());
            Some(Chunk { segment, first_offset, last_offset, count, bytes: of_records, last, steps })
        };
        let chunks = (0..count).map(|_| one(bytes)).collect::<Option<_>>()?;
        Some(RoomPart { forget, previous, places: Places { chunks }, image, trim, missing })
    }
}

fn put_optional(body: &mut Vec<u8>, position: Option<Position>) {
    body.push(u8::from(position.is_some()));
    if let Some(position) = position {
        put_position(body, position);
    }
}

fn take_optional(bytes: &mut &[u8]) -> Option<Option<Position>> {
    match take(bytes)? {
        0 => Some(None),
        _ => take_position(bytes).map(Some),
    }
}

/// A length of 0 is no place.
fn put_place(body: &mut Vec<u8>, place: Option<Place>) {
    put(body, place.map_or(0, |place| u64::from(place.length)));
    if let Some(place) = place {
        put(body, u64::from(place.offset));
    }
}

fn take_place(bytes: &mut &[u8], segment: u32) -> Option<Option<Place>> {
    match take_u32(bytes)? {
        0 => Some(None),
        length => Some(Some(Place { segment, offset: take_u32(bytes)?, length })),
    }
}
