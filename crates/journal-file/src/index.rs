//! What is where: rooms with the places of their records, and how much of each segment is still needed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{Partition, Position, RoomKey};

use crate::part::{Part, RoomPart};
use crate::places::{Place, Places};
use crate::segment::Segment;

#[derive(Default)]
pub struct Index {
    pub partitions: BTreeMap<Partition, HashMap<RoomKey, RoomEntry>>,
    /// By number, which is the order of the log.
    pub segments: BTreeMap<u32, Filed>,
    /// One for each room: a later forgetting forgets what an earlier one did.
    pub tombs: HashMap<RoomKey, Tomb>,
    /// Since the last look something became superfluous.
    pub has_garbage: bool,
}

/// A segment and what it is worth.
pub struct Filed {
    pub segment: Arc<Segment>,
    /// Bytes written, and how many of them are heads.
    pub length: u32,
    pub heads: u32,
    /// Bytes of entries that are still needed.
    pub live: u64,
}

/// One room that is not forgotten.
#[derive(Default)]
pub struct RoomEntry {
    pub places: Places,
    pub image: Option<(Position, Place)>,
    /// Records below are given up.
    pub trimmed: Position,
    pub trim: Option<Place>,
    /// Of the newest record, also after that was given up.
    pub last: Option<Position>,
    /// The segment in which it began; nothing of it stands in an older one.
    pub began: u32,
    /// Records that others name, and that were not found at the start.
    pub missing: Vec<Position>,
    /// Records up to here are lost, or may be.
    pub lost: Option<Position>,
}

/// A forgetting that must be kept as long as segments hold what it forgets.
pub struct Tomb {
    pub place: Place,
    /// Segments from the room's first to this one that were not compacted since.
    pub holders: Vec<u32>,
}

impl Index {
    pub fn room(&self, key: &RoomKey) -> Option<&RoomEntry> {
        self.partitions.get(&key.room.partition())?.get(key)
    }

    fn room_mut(&mut self, key: &RoomKey) -> Option<&mut RoomEntry> {
        self.partitions.get_mut(&key.room.partition())?.get_mut(key)
    }

    fn room_or_new(&mut self, key: &RoomKey, segment: u32) -> &mut RoomEntry {
        let rooms = self.partitions.entry(key.room.partition()).or_default();
        rooms.entry(key.clone()).or_insert_with(|| RoomEntry { began: segment, ..RoomEntry::default() })
    }

    pub fn record(&mut self, key: &RoomKey, position: Position, place: Place) {
        let room = self.room_or_new(key, place.segment);
        room.places.push(place, position);
        room.last = Some(position);
        self.count(place, 1);
    }

    pub fn image(&mut self, key: &RoomKey, at: Position, place: Place) {
        let room = self.room_or_new(key, place.segment);
        if room.image.is_some_and(|(held, _)| held > at) {
            return;
        }
        let old = room.image.replace((at, place));
        self.count(place, 1);
        old.into_iter().for_each(|(_, place)| self.count(place, -1));
    }

    pub fn trim(&mut self, key: &RoomKey, before: Position, place: Place) {
        let Some(room) = self.room_mut(key).filter(|room| room.trimmed < before) else { return };
        room.trimmed = before;
        let given_up = room.places.chunks.partition_point(|chunk| chunk.last < before);
        let mut gone: Vec<Place> = room.places.chunks.drain(..given_up).map(|chunk| chunk.place()).collect();
        gone.extend(room.trim.replace(place));
        self.count(place, 1);
        gone.into_iter().for_each(|place| self.count(place, -1));
    }

    pub fn forget(&mut self, key: &RoomKey, place: Place) {
        let Some(rooms) = self.partitions.get_mut(&key.room.partition()) else { return };
        let Some(room) = rooms.remove(key) else { return };
        // A burst of rooms must not leave its table behind.
        if rooms.capacity() > 64 && rooms.len() * 4 < rooms.capacity() {
            rooms.shrink_to_fit();
        }
        room.all_places().for_each(|place| self.count(place, -1));
        let mut holders: Vec<u32> =
            self.segments.range(room.began..=place.segment).map(|(number, _)| *number).collect();
        if let Some(earlier) = self.tombs.remove(key) {
            if earlier.is_needed() {
                self.count(earlier.place, -1);
            }
            holders.extend(earlier.holders);
            holders.sort_unstable();
            holders.dedup();
        }
        let tomb = Tomb { place, holders };
        if tomb.is_needed() {
            self.count(place, 1);
        }
        self.tombs.insert(key.clone(), tomb);
    }

    fn count(&mut self, place: Place, sign: i64) {
        if let Some(filed) = self.segments.get_mut(&place.segment) {
            filed.live = filed.live.saturating_add_signed(sign * i64::from(place.length));
        }
        self.has_garbage |= sign < 0;
    }

    /// Adds what the next segment of the log holds; its `Filed` is there already.
    pub fn merge(&mut self, part: Part) {
        for (key, of_room) in part.rooms {
            if let Some(place) = of_room.forget {
                self.forget(&key, place);
            }
            self.merge_room(&key, part.number, of_room);
        }
    }

    fn merge_room(&mut self, key: &RoomKey, number: u32, part: RoomPart) {
        let RoomPart { previous, places, image, trim, missing, .. } = part;
        if places.chunks.is_empty() && image.is_none() && trim.is_none() {
            return;
        }
        if let (Some(first), None) = (places.chunks.first(), previous) {
            // A new life, and the forgetting of the old one was lost.
            if self.room(key).is_some_and(|room| room.last.is_some()) {
                self.forget(key, Place { segment: number, offset: first.first_offset, length: 0 });
            }
        }
        let room = self.room_or_new(key, number);
        room.missing.extend(missing);
        if let Some(last) = places.chunks.last() {
            room.missing.extend(previous.filter(|previous| Some(*previous) != room.last));
            room.last = Some(last.last);
        }
        let added: Vec<Place> = places.chunks.iter().map(|chunk| chunk.place()).collect();
        room.places.chunks.extend(places.chunks);
        added.into_iter().for_each(|place| self.count(place, 1));
        if let Some((at, place)) = image {
            self.image(key, at, place);
        }
        if let Some((before, place)) = trim {
            self.trim(key, before, place);
        }
    }

    /// Puts a new segment in the place of those that it was made of; either it has all that they had, or only what is
    /// needed.
    pub fn replace(&mut self, run: &[u32], segment: Arc<Segment>, part: Part, has_all: bool) {
        let number = segment.number;
        for old in run {
            self.segments.remove(old);
        }
        self.segments.insert(number, Filed { segment, length: part.length, heads: part.heads, live: 0 });
        for (key, of_room) in part.rooms {
            if let Some(place) = of_room.forget {
                let tomb = self.tombs.get_mut(&key).filter(|tomb| run.contains(&tomb.place.segment));
                tomb.into_iter().for_each(|tomb| tomb.place = place);
            }
            let Some(room) = self.room_mut(&key) else { continue };
            let added = room.replace(run, of_room);
            added.into_iter().for_each(|place| self.count(place, 1));
        }
        for room in self.partitions.values_mut().flat_map(HashMap::values_mut) {
            if run.contains(&room.began) {
                room.began = number;
            }
        }
        self.leave(if has_all { &[] } else { run }, number);
    }

    /// Takes segments away in which nothing is needed.
    pub fn remove(&mut self, run: &[u32]) {
        for old in run {
            self.segments.remove(old);
        }
        self.leave(run, u32::MAX);
    }

    fn leave(&mut self, run: &[u32], kept_in: u32) {
        let mut tombs = std::mem::take(&mut self.tombs);
        for tomb in tombs.values_mut() {
            let was_needed = tomb.is_needed();
            tomb.holders.retain(|holder| !run.contains(holder));
            if tomb.place.segment == kept_in {
                if tomb.is_needed() {
                    self.count(tomb.place, 1);
                }
            } else if was_needed && !tomb.is_needed() {
                self.count(tomb.place, -1);
            }
        }
        // Only what is needed was taken along.
        tombs.retain(|_, tomb| !run.contains(&tomb.place.segment) || tomb.is_needed());
        tombs.retain(|_, tomb| self.segments.contains_key(&tomb.place.segment));
        self.tombs = tombs;
    }
}

impl RoomEntry {
    /// Has it records or an image, or had it before they were lost?
    pub fn is_there(&self) -> bool {
        !self.places.chunks.is_empty() || self.image.is_some() || self.lost.is_some()
    }

    fn all_places(&self) -> impl Iterator<Item = Place> {
        let records = self.places.chunks.iter().map(|chunk| chunk.place());
        records.chain(self.image.map(|(_, place)| place)).chain(self.trim)
    }

    /// Returns the places that were added. What was given up meanwhile is not taken over.
    fn replace(&mut self, run: &[u32], part: RoomPart) -> Vec<Place> {
        let mut added = Vec::new();
        let chunks = &mut self.places.chunks;
        let is_old = |segment: u32| run.contains(&segment);
        if let Some(from) = chunks.iter().position(|chunk| is_old(chunk.segment)) {
            let count = chunks[from..].iter().take_while(|chunk| is_old(chunk.segment)).count();
            let trimmed = self.trimmed;
            let new: Vec<_> = part.places.chunks.into_iter().filter(|chunk| chunk.last >= trimmed).collect();
            added.extend(new.iter().map(|chunk| chunk.place()));
            chunks.splice(from..from + count, new);
        }
        if let (Some((at, place)), Some((new_at, new))) = (&mut self.image, part.image)
            && is_old(place.segment)
            && *at == new_at
        {
            *place = new;
            added.push(new);
        }
        if let (Some(place), Some((_, new))) = (&mut self.trim, part.trim)
            && is_old(place.segment)
        {
            *place = new;
            added.push(new);
        }
        added
    }
}

impl Tomb {
    /// In its own segment the order says what is forgotten.
    pub fn is_needed(&self) -> bool {
        self.holders.iter().any(|holder| *holder != self.place.segment)
    }
}
