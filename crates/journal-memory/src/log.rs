//! One room's records, side by side in blocks.

use bytes::Bytes;
use journal::Record;
use model::{Position, RoomKey};

/// Appended to and read in order.
#[derive(Default)]
pub struct RoomLog {
    entries: Vec<Entry>,
    blocks: Vec<Vec<u8>>,
    image: Option<(Position, Bytes)>,
}

/// The first block of a room; every further one is twice as long, up to the largest.
const SMALLEST_BLOCK: usize = 1 << 10;
const LARGEST_BLOCK: usize = 64 << 10;

struct Entry {
    position: Position,
    block: u32,
    start: u32,
    length: u32,
}

impl RoomLog {
    pub fn append(&mut self, position: Position, bytes: &[u8]) {
        let has_space = self.blocks.last().is_some_and(|block| block.capacity() - block.len() >= bytes.len());
        if !has_space {
            let usual = SMALLEST_BLOCK << self.blocks.len().min(6);
            self.blocks.push(Vec::with_capacity(usual.min(LARGEST_BLOCK).max(bytes.len())));
        }
        let block = self.blocks.len() - 1;
        let last = &mut self.blocks[block];
        let (start, length) = (last.len() as u32, bytes.len() as u32);
        last.extend_from_slice(bytes);
        self.entries.push(Entry { position, block: block as u32, start, length });
    }

    /// At least one record, if any is left, and then as many as fit the limit.
    pub fn read(&self, room: &RoomKey, after: Position, limit_bytes: usize) -> Vec<Record> {
        let from = self.first_after(after);
        let mut taken = 0;
        let fits = |entry: &&Entry| {
            let first = taken == 0;
            taken += entry.length as usize;
            first || taken <= limit_bytes
        };
        self.entries[from..].iter().take_while(fits).map(|entry| self.to_record(room, entry)).collect()
    }

    /// The index of the first record after a position.
    pub fn first_after(&self, after: Position) -> usize {
        self.entries.partition_point(|entry| entry.position <= after)
    }

    pub fn position(&self, index: usize) -> Option<Position> {
        self.entries.get(index).map(|entry| entry.position)
    }

    pub fn record(&self, room: &RoomKey, index: usize) -> Option<Record> {
        self.entries.get(index).map(|entry| self.to_record(room, entry))
    }

    /// What remains is copied together, so that trimming gives memory back.
    pub fn trim(&mut self, before: Position) {
        let Some((image_at, _)) = self.image else { return };
        let is_given_up = |entry: &Entry| entry.position < before && entry.position <= image_at;
        let from = self.entries.partition_point(is_given_up);
        if from == 0 {
            return;
        }
        let mut rest = RoomLog { image: self.image.take(), ..RoomLog::default() };
        for entry in &self.entries[from..] {
            rest.append(entry.position, self.bytes_of(entry));
        }
        *self = rest;
    }

    pub fn put_image(&mut self, at: Position, image: &Bytes) {
        if self.image.as_ref().is_none_or(|(held, _)| *held <= at) {
            self.image = Some((at, Bytes::copy_from_slice(image)));
        }
    }

    pub fn image(&self) -> Option<(Position, Bytes)> {
        self.image.clone()
    }

    pub fn bytes(&self) -> usize {
        let image = self.image.as_ref().map_or(0, |(_, image)| image.len());
        self.blocks.iter().map(Vec::len).sum::<usize>() + image
    }

    fn to_record(&self, room: &RoomKey, entry: &Entry) -> Record {
        let bytes = Bytes::copy_from_slice(self.bytes_of(entry));
        Record { room: room.clone(), position: entry.position, bytes }
    }

    fn bytes_of(&self, entry: &Entry) -> &[u8] {
        let start = entry.start as usize;
        &self.blocks[entry.block as usize][start..start + entry.length as usize]
    }
}
