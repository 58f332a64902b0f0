//! The file: magic, version, chunks with checksums.

use std::sync::Arc;

use model::SessionId;

use super::{FinalState, Finding, Replay, Summary};
use crate::codec::{Damaged, Reader, put_bytes, put_varint};
use crate::event::{Founding, RoomEvent};
use crate::modules::Modules;
use crate::room::Room;

const MAGIC: &[u8; 4] = b"JZRP";
const VERSION: u8 = 1;
/// Kind, length of the payload, checksum.
const CHUNK_HEAD_BYTES: usize = 9;
/// A chunk of records is closed beyond this.
const CHUNK_BYTES: usize = 32 * 1024;

const RECORDS: u8 = 1;
const SUMMARY: u8 = 2;

/// Makes a replay file from a room's log, the founding first. Session ids and the invite code are left out.
pub fn write(
    records: impl IntoIterator<Item = Result<RoomEvent, Damaged>>,
    modules: &Arc<dyn Modules>,
) -> Result<Vec<u8>, Damaged> {
    let (mut writer, mut records, founding) = begin(records)?;
    let mut outputs = Vec::new();
    let mut room = Room::found(founding, modules, &mut outputs)?;
    for event in &mut records {
        let event = without_session(event?);
        room.admit(&event, &mut outputs)?;
        outputs.clear();
        writer.record(&event);
    }
    let last = room.final_state().ok_or_else(|| Damaged::new("a call into the game ended badly at last"))?;
    Ok(writer.finish(last))
}

/// The same of a log that led to a room in this state, without playing it: a log that lies is found by whoever verifies
/// the file.
pub fn write_ended(
    records: impl IntoIterator<Item = Result<RoomEvent, Damaged>>,
    last: FinalState,
) -> Result<Vec<u8>, Damaged> {
    let (mut writer, records, _) = begin(records)?;
    for event in records {
        writer.record(&without_session(event?));
    }
    Ok(writer.finish(last))
}

/// Writes the founding.
fn begin<R: IntoIterator<Item = Result<RoomEvent, Damaged>>>(
    records: R,
) -> Result<(Writer, R::IntoIter, Founding), Damaged> {
    let mut records = records.into_iter();
    let Some(RoomEvent::Founded(founding)) = records.next().transpose()? else {
        return Err(Damaged::new("it does not begin with the founding"));
    };
    let founding = Founding { invite: String::new(), ..*founding };
    let mut writer = Writer::new();
    writer.record(&RoomEvent::Founded(Box::new(founding.clone())));
    Ok((writer, records, founding))
}

/// Reads a file and checks its form, not its truth; see [`verify`](super::verify).
pub fn read(bytes: &[u8]) -> Result<Replay, Finding> {
    let version = bytes.strip_prefix(MAGIC).ok_or(Finding::NotAReplay)?;
    let version = *version.first().ok_or(Finding::Truncated { at: bytes.len() })?;
    if version != VERSION {
        return Err(Finding::Version(version));
    }
    let mut chunks = Chunks { bytes, at: MAGIC.len() + 1, index: 0 };
    let mut events = Vec::new();
    let summary = loop {
        let at = chunks.at;
        match chunks.next()? {
            (RECORDS, payload) => read_records(payload, &mut events)?,
            (SUMMARY, payload) => break read_summary(payload).map_err(|_| Finding::Misplaced { at })?,
            _ => return Err(Finding::Misplaced { at }),
        }
    };
    if chunks.at != bytes.len() {
        return Err(Finding::Misplaced { at: chunks.at });
    }
    if summary.events != events.len() as u64 {
        let (told, found) = (summary.events.to_string(), events.len().to_string());
        return Err(Finding::Differs { what: "the number of records", told, found });
    }
    let mut events = events.into_iter();
    let Some(RoomEvent::Founded(founding)) = events.next() else {
        let damage = Damaged::new("it does not begin with the founding");
        return Err(Finding::Record { number: 1, damage });
    };
    Ok(Replay { founding: *founding, events: events.collect(), summary })
}

fn read_records(payload: &[u8], events: &mut Vec<RoomEvent>) -> Result<(), Finding> {
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        let event = reader.bytes().and_then(RoomEvent::decode);
        let number = events.len() as u64 + 1;
        events.push(event.map_err(|damage| Finding::Record { number, damage })?);
    }
    Ok(())
}

fn put_summary(out: &mut Vec<u8>, summary: &Summary) {
    put_varint(out, summary.events);
    put_varint(out, summary.last.last_tick);
    put_varint(out, summary.last.hash);
    out.push(u8::from(summary.last.agreed));
}

fn read_summary(payload: &[u8]) -> Result<Summary, Damaged> {
    let mut reader = Reader::new(payload);
    let events = reader.u64()?;
    let last = FinalState { last_tick: reader.u32()?, hash: reader.u32()?, agreed: reader.bool()? };
    reader.end()?;
    Ok(Summary { events, last })
}

fn without_session(mut event: RoomEvent) -> RoomEvent {
    match &mut event {
        RoomEvent::SeatTaken { session, .. } | RoomEvent::SpectatorCame { session, .. } => {
            *session = SessionId::new("");
        }
        RoomEvent::CallEnded { event, .. } => **event = without_session((**event).clone()),
        _ => {}
    }
    event
}

struct Writer {
    file: Vec<u8>,
    records: Vec<u8>,
    record: Vec<u8>,
    events: u64,
    chunks: u32,
}

impl Writer {
    fn new() -> Writer {
        let mut file = MAGIC.to_vec();
        file.push(VERSION);
        Writer { file, records: Vec::new(), record: Vec::new(), events: 0, chunks: 0 }
    }

    fn record(&mut self, event: &RoomEvent) {
        self.events += 1;
        self.record.clear();
        event.encode(&mut self.record);
        put_bytes(&mut self.records, &self.record);
        if self.records.len() > CHUNK_BYTES {
            self.close_records();
        }
    }

    fn close_records(&mut self) {
        let records = std::mem::take(&mut self.records);
        self.chunk(RECORDS, &records);
    }

    fn finish(mut self, last: FinalState) -> Vec<u8> {
        if !self.records.is_empty() {
            self.close_records();
        }
        let mut payload = Vec::new();
        put_summary(&mut payload, &Summary { events: self.events, last });
        self.chunk(SUMMARY, &payload);
        self.file
    }

    fn chunk(&mut self, kind: u8, payload: &[u8]) {
        let length = (payload.len() as u32).to_le_bytes();
        self.file.push(kind);
        self.file.extend(length);
        self.file.extend(checksum(self.chunks, kind, length, payload).to_le_bytes());
        self.file.extend_from_slice(payload);
        self.chunks += 1;
    }
}

/// Also of the chunk's place, so that chunks cannot change theirs.
fn checksum(index: u32, kind: u8, length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&index.to_le_bytes());
    hasher.update(&[kind]);
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
    index: u32,
}

impl<'a> Chunks<'a> {
    /// Kind and payload. Every file ends with a summary, so that its end is a finding.
    fn next(&mut self) -> Result<(u8, &'a [u8]), Finding> {
        let truncated = Finding::Truncated { at: self.bytes.len() };
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<CHUNK_HEAD_BYTES>() else { return Err(truncated) };
        let [kind, l0, l1, l2, l3, c0, c1, c2, c3] = *head;
        let (length, told) = ([l0, l1, l2, l3], u32::from_le_bytes([c0, c1, c2, c3]));
        let payload = rest.get(..u32::from_le_bytes(length) as usize).ok_or(truncated)?;
        let found = checksum(self.index, kind, length, payload);
        if found != told {
            return Err(Finding::Checksum { at: self.at, told, found });
        }
        self.at += CHUNK_HEAD_BYTES + payload.len();
        self.index += 1;
        Ok((kind, payload))
    }
}
