//! A journal record of a room: what happened to it between two flushes, each event behind its length (a varint).

use room_core::{Damaged, RoomEvent};

/// Appends one event.
pub(crate) fn append(record: &mut Vec<u8>, event: &RoomEvent) {
    let start = record.len();
    record.push(0);
    event.encode(record);
    let length = record.len() - start - 1;
    // Nearly every event is shorter than 128 bytes, where the placeholder is all the space that is needed.
    record[start] = (length & 0x7f) as u8;
    let (mut rest, mut at) = (length >> 7, start);
    while rest > 0 {
        record[at] |= 0x80;
        at += 1;
        record.insert(at, (rest & 0x7f) as u8);
        rest >>= 7;
    }
}

/// The events of a record, in order; ends with the first that is damaged.
pub(crate) fn events(record: &[u8]) -> Events<'_> {
    Events { rest: record }
}

pub(crate) struct Events<'a> {
    rest: &'a [u8],
}

impl Iterator for Events<'_> {
    type Item = Result<RoomEvent, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let event = split_event(self.rest).map(|(bytes, rest)| {
            self.rest = rest;
            RoomEvent::decode(bytes)
        });
        let event = event.unwrap_or_else(|| Err(Damaged { what: "a record ends within an event".into() }));
        if event.is_err() {
            self.rest = &[];
        }
        Some(event)
    }
}

fn split_event(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0usize;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes[index + 1..].split_at_checked(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn events_of_all_lengths_come_back() {
        let event =
            |length: usize| RoomEvent::Input { seat: 3, number: 9, tick: 77, data: vec![7; length].into() };
        let written: Vec<RoomEvent> =
            [0, 1, 100, 120, 121, 122, 123, 124, 125, 1000, 20_000].map(event).into();
        let mut record = Vec::new();
        written.iter().for_each(|event| append(&mut record, event));
        let read: Result<Vec<RoomEvent>, Damaged> = events(&record).collect();
        assert_eq!(read.unwrap(), written);
    }

    #[test]
    fn a_cut_record_is_found_and_garbage_does_not_panic() {
        let mut record = Vec::new();
        append(&mut record, &RoomEvent::Tick { number: 5, hash: None });
        append(
            &mut record,
            &RoomEvent::Input { seat: 3, number: 9, tick: 77, data: Bytes::from_static(b"abc") },
        );
        for length in 0..record.len() {
            let whole = events(&record[..length]).all(|event| event.is_ok());
            assert!(!whole || events(&record[..length]).count() < 2);
        }
        for byte in 0..=255u8 {
            for length in 0..8 {
                events(&vec![byte; length]).for_each(drop);
            }
        }
    }
}
