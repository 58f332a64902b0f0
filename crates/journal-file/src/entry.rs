//! What stands in a segment: entries, each behind its length and its checksum.
//!
//! `u32 length of the body · u32 CRC-32 of length and body · body`, little-endian. A body is a kind and its fields;
//! numbers are varints. An entry says by itself whose it is, so a damaged one costs no other.

use model::{AppId, Epoch, Partition, Position, RoomId, RoomKey};

use crate::varint::{put, put_bytes, take, take_bytes, take_u32};

/// One entry of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The first of a segment: what it is, how long the segment before it was, and where the partitions stood.
    Head {
        number: u32,
        generation: u32,
        before: u32,
        states: Vec<(Partition, State)>,
    },
    /// Names the room's previous record, so that a lost one is missed.
    Record {
        room: Name<'a>,
        position: Position,
        previous: Option<Position>,
        bytes: &'a [u8],
    },
    Image {
        room: Name<'a>,
        at: Position,
        bytes: &'a [u8],
    },
    /// The room's records below `before` are given up.
    Trim {
        room: Name<'a>,
        before: Position,
    },
    /// Everything of the room that stands before this is given up.
    Forget {
        room: Name<'a>,
    },
    Fence {
        partition: Partition,
        epoch: Epoch,
    },
    /// This segment up to here, and every older one, has reached the disk.
    Synced {
        up_to: u32,
    },
}

/// A room's key, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    pub app: &'a str,
    pub room: &'a str,
}

/// Where a partition stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Batches below this epoch are refused.
    pub fence: Epoch,
    pub last: Position,
}

/// Bytes before a body.
pub const FRAME: usize = 8;
/// A longer body is not written, and a length above it is no length. Bytes.
pub const MAX_BODY: usize = 64 << 20;

/// Appends an entry; returns how many bytes it takes.
pub fn append(buffer: &mut Vec<u8>, entry: &Entry<'_>) -> u32 {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; FRAME]);
    entry.encode(buffer);
    let length = (buffer.len() - start - FRAME) as u32;
    let checksum = checksum(length, &buffer[start + FRAME..]);
    buffer[start..start + 4].copy_from_slice(&length.to_le_bytes());
    buffer[start + 4..start + FRAME].copy_from_slice(&checksum.to_le_bytes());
    length + FRAME as u32
}

/// The body's length that a frame announces; `None` if no body is that long.
pub fn body_length(frame: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(frame.get(..4)?.try_into().ok()?) as usize;
    (2..=MAX_BODY).contains(&length).then_some(length)
}

/// The entry at the front, if it stands there whole, and how many bytes it takes.
pub fn read(bytes: &[u8]) -> Option<(Entry<'_>, usize)> {
    let length = body_length(bytes)?;
    let body = bytes.get(FRAME..FRAME + length)?;
    let expected = u32::from_le_bytes(bytes[4..FRAME].try_into().ok()?);
    let entry = Entry::decode(body)?;
    (checksum(length as u32, body) == expected).then_some((entry, FRAME + length))
}

pub fn checksum(length: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

impl<'a> Name<'a> {
    pub fn of(key: &'a RoomKey) -> Name<'a> {
        Name { app: key.app.as_str(), room: key.room.as_str() }
    }

    /// `None` if this cannot be a room.
    pub fn to_key(self) -> Option<RoomKey> {
        let room: RoomId = self.room.parse().ok()?;
        Some(RoomKey { app: AppId::new(self.app), room })
    }

    pub fn encode(self, buffer: &mut Vec<u8>) {
        put_bytes(buffer, self.app.as_bytes());
        put_bytes(buffer, self.room.as_bytes());
    }

    pub fn decode(bytes: &mut &'a [u8]) -> Option<Name<'a>> {
        let app = std::str::from_utf8(take_bytes(bytes)?).ok()?;
        let room = std::str::from_utf8(take_bytes(bytes)?).ok()?;
        Some(Name { app, room })
    }
}

pub fn put_position(buffer: &mut Vec<u8>, position: Position) {
    put(buffer, u64::from(position.epoch));
    put(buffer, position.sequence);
}

pub fn take_position(bytes: &mut &[u8]) -> Option<Position> {
    Some(Position { epoch: take_u32(bytes)?, sequence: take(bytes)? })
}

pub fn put_states<'s>(
    buffer: &mut Vec<u8>,
    states: impl ExactSizeIterator<Item = (&'s Partition, &'s State)>,
) {
    put(buffer, states.len() as u64);
    for (partition, state) in states {
        put(buffer, u64::from(*partition));
        put(buffer, u64::from(state.fence));
        put_position(buffer, state.last);
    }
}

pub fn take_states(bytes: &mut &[u8]) -> Option<Vec<(Partition, State)>> {
    let count = take(bytes)?;
    let one = |bytes: &mut &[u8]| {
        let partition = take(bytes)?.try_into().ok()?;
        Some((partition, State { fence: take_u32(bytes)?, last: take_position(bytes)? }))
    };
    (0..count).map(|_| one(bytes)).collect()
}

/// Nothing, the distance within the epoch, or a position of another epoch.
fn put_previous(buffer: &mut Vec<u8>, position: Position, previous: Option<Position>) {
    match previous {
        None => put(buffer, 0),
        Some(previous) if previous.epoch == position.epoch => {
            put(buffer, (position.sequence - previous.sequence) << 1);
        }
        Some(previous) => {
            put(buffer, 1);
            put_position(buffer, previous);
        }
    }
}

fn take_previous(bytes: &mut &[u8], position: Position) -> Option<Option<Position>> {
    match take(bytes)? {
        0 => Some(None),
        1 => take_position(bytes).map(Some),
        distance => {
            let sequence = position.sequence.checked_sub(distance >> 1)?;
            Some(Some(Position { epoch: position.epoch, sequence }))
        }
    }
}

impl<'a> Entry<'a> {
    fn encode(&self, buffer: &mut Vec<u8>) {
        match self {
            Entry::Head { number, generation, before, states } => {
                buffer.push(0);
                [number, generation, before].into_iter().for_each(|number| put(buffer, u64::from(*number)));
                let states: Vec<_> = states.iter().map(|(partition, state)| (partition, state)).collect();
                put_states(buffer, states.into_iter());
            }
            Entry::Record { room, position, previous, bytes } => {
                buffer.push(1);
                room.encode(buffer);
                put_position(buffer, *position);
                put_previous(buffer, *position, *previous);
                buffer.extend_from_slice(bytes);
            }
            Entry::Image { room, at, bytes } => {
                buffer.push(2);
                room.encode(buffer);
                put_position(buffer, *at);
                buffer.extend_from_slice(bytes);
            }
            Entry::Trim { room, before } => {
                buffer.push(3);
                room.encode(buffer);
                put_position(buffer, *before);
            }
            Entry::Forget { room } => {
                buffer.push(4);
                room.encode(buffer);
            }
            Entry::Fence { partition, epoch } => {
                buffer.push(5);
                put(buffer, u64::from(*partition));
                put(buffer, u64::from(*epoch));
            }
            Entry::Synced { up_to } => {
                buffer.push(6);
                put(buffer, u64::from(*up_to));
            }
        }
    }

    fn decode(body: &'a [u8]) -> Option<Entry<'a>> {
        let (kind, mut rest) = body.split_first()?;
        let bytes = &mut rest;
        match kind {
            0 => {
                let (number, generation, before) = (take_u32(bytes)?, take_u32(bytes)?, take_u32(bytes)?);
                Some(Entry::Head { number, generation, before, states: take_states(bytes)? })
            }
            1 => {
                let (room, position) = (Name::decode(bytes)?, take_position(bytes)?);
                let previous = take_previous(bytes, position)?;
                Some(Entry::Record { room, position, previous, bytes })
            }
            2 => Some(Entry::Image { room: Name::decode(bytes)?, at: take_position(bytes)?, bytes }),
            3 => Some(Entry::Trim { room: Name::decode(bytes)?, before: take_position(bytes)? }),
            4 => Some(Entry::Forget { room: Name::decode(bytes)? }),
            5 => Some(Entry::Fence { partition: take(bytes)?.try_into().ok()?, epoch: take_u32(bytes)? }),
            6 => Some(Entry::Synced { up_to: take_u32(bytes)? }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_round_trip_and_no_flipped_bit_passes() {
        let room = Name { app: "a", room: "3-entries" };
        let at = |epoch, sequence| Position { epoch, sequence };
        let state = State { fence: 2, last: at(1, 300) };
        let entries = [
            Entry::Head { number: 7, generation: 2, before: 9, states: vec![(3, state)] },
            Entry::Record { room, position: at(2, 9), previous: None, bytes: b"" },
            Entry::Record { room, position: at(2, 9), previous: Some(at(2, 8)), bytes: b"bytes" },
            Entry::Record { room, position: at(2, 1), previous: Some(at(1, 700)), bytes: b"bytes" },
            Entry::Image { room, at: at(2, 9), bytes: b"image" },
            Entry::Trim { room, before: at(2, 9) },
            Entry::Forget { room },
            Entry::Fence { partition: 255, epoch: 9 },
            Entry::Synced { up_to: 70_000 },
        ];
        for entry in entries {
            let mut buffer = Vec::new();
            let length = append(&mut buffer, &entry) as usize;
            assert_eq!(read(&buffer), Some((entry, length)));
            assert_eq!(length, buffer.len());
            for bit in 0..buffer.len() * 8 {
                let mut flipped = buffer.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(read(&flipped), None, "bit {bit}");
            }
            for shorter in 0..buffer.len() {
                assert_eq!(read(&buffer[..shorter]), None);
            }
        }
    }
}
