//! Where the records of one room stand: about three bytes a record.
//!
//! Steps from offset to offset, in chunks of one segment; a chunk knows where it begins and its last position, so that
//! reading can begin in the middle. The positions between stand in the records themselves.

use model::Position;

use crate::varint::{put, take};

/// Ascending by position, and by segment and offset.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub chunks: Vec<Chunk>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub segment: u32,
    pub first_offset: u32,
    pub last_offset: u32,
    pub count: u32,
    /// What its records take in the segment.
    pub bytes: u32,
    /// The position of the last record.
    pub last: Position,
    /// From each record to the next.
    pub steps: Vec<u8>,
}

/// Where one entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub segment: u32,
    pub offset: u32,
    pub length: u32,
}

const CHUNK_RECORDS: u32 = 128;

impl Places {
    pub fn push(&mut self, place: Place, position: Position) {
        let Place { segment, offset, length } = place;
        match self.chunks.last_mut() {
            Some(chunk) if chunk.segment == segment && chunk.count < CHUNK_RECORDS => {
                put(&mut chunk.steps, u64::from(offset - chunk.last_offset));
                chunk.last_offset = offset;
                chunk.count += 1;
                chunk.bytes += length;
                chunk.last = position;
            }
            full => {
                if let Some(chunk) = full {
                    chunk.steps.shrink_to_fit();
                }
                self.chunks.push(Chunk {
                    segment,
                    first_offset: offset,
                    last_offset: offset,
                    count: 1,
                    bytes: length,
                    last: position,
                    steps: Vec::new(),
                });
            }
        }
    }

    /// The chunks that may hold records after a position.
    pub fn after(&self, after: Position) -> &[Chunk] {
        &self.chunks[self.chunks.partition_point(|chunk| chunk.last <= after)..]
    }

    /// Bytes of memory.
    #[cfg(test)]
    fn memory(&self) -> usize {
        let steps = self.chunks.iter().map(|chunk| chunk.steps.capacity()).sum::<usize>();
        self.chunks.capacity() * size_of::<Chunk>() + steps
    }
}

impl Chunk {
    /// What it takes in its segment; only the length is more than a hint.
    pub fn place(&self) -> Place {
        Place { segment: self.segment, offset: self.first_offset, length: self.bytes }
    }

    pub fn offsets(&self) -> impl Iterator<Item = u32> {
        let mut steps = self.steps.as_slice();
        let mut next = Some(self.first_offset);
        std::iter::from_fn(move || {
            let offset = next?;
            next = take(&mut steps).map(|step| offset.wrapping_add(step as u32));
            Some(offset)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_come_back_and_a_record_costs_about_three_bytes() {
        let mut places = Places::default();
        let offsets: Vec<u32> = (0..10_000u32).map(|number| number * 100_000 + number % 977).collect();
        for (sequence, offset) in (1..).zip(&offsets) {
            let place = Place { segment: 1, offset: *offset, length: 90 };
            places.push(place, Position { epoch: 1, sequence });
        }
        let back: Vec<u32> = places.chunks.iter().flat_map(Chunk::offsets).collect();
        assert_eq!(back, offsets);
        let first = places.after(Position { epoch: 1, sequence: 9_999 });
        assert!(first.len() == 1 && first[0].offsets().last() == offsets.last().copied());
        let each = places.memory() as f64 / offsets.len() as f64;
        assert!(each < 4.2, "{each} bytes a record");
    }
}
