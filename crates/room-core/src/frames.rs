//! Frames as bytes: what `messages::Frame` encodes to, written by hand because it is made for every room and tick.

use bytes::Bytes;
use model::{Run, Seat, Tick};

use crate::codec::{Damaged, Reader, put_bytes, put_varint, varint_bytes};

/// The tags of `messages::Frame`: field number × 8 + wire type.
mod tag {
    pub const RUN: u8 = 1 << 3;
    pub const TICK: u8 = 2 << 3;
    pub const TICKS: u8 = 3 << 3 | 2;
    pub const CONTINUES_AT: u8 = 4 << 3;
    pub const BACKFILL: u8 = 5 << 3;
}

/// As whom an authoritative room speaks in a tick's entry, and tells its result.
pub const ROOM_SEAT: Seat = Seat::MAX;

/// What one tick holds, in order of application. See [`TickEntries`].
pub fn tick_entries(entry: &[u8]) -> TickEntries<'_> {
    TickEntries { reader: Reader::new(entry) }
}

/// Seat and input, each. Ends early where the entry is damaged.
pub struct TickEntries<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for TickEntries<'a> {
    type Item = (Seat, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        Some((self.reader.u16().ok()?, self.reader.bytes().ok()?))
    }
}

/// Appends one input to a tick's entry.
pub(crate) fn put_input(entry: &mut Vec<u8>, seat: Seat, data: &[u8]) {
    entry.reserve(input_bytes(seat, data.len()));
    put_varint(entry, seat);
    put_varint(entry, data.len() as u64);
    entry.extend_from_slice(data);
}

/// The length of one input in a tick's entry.
pub(crate) fn input_bytes(seat: Seat, length: usize) -> usize {
    varint_bytes(seat.into()) + varint_bytes(length as u32) + length
}

/// A frame being written: ticks are added one by one.
#[derive(Clone, Debug, Default)]
pub(crate) struct FrameBuilder {
    body: Vec<u8>,
    pub first_tick: Tick,
    pub ticks: u32,
}

impl FrameBuilder {
    /// The first tick of a frame makes its head. `space` is how long the frame may become, if that is known.
    pub fn add(&mut self, run: Run, tick: Tick, entry: &[u8], space: usize) {
        if self.ticks == 0 {
            self.body.reserve_exact((entry.len() + 20).max(space));
            self.first_tick = tick;
            self.put_number(tag::RUN, run);
            self.put_number(tag::TICK, tick);
        }
        self.ticks += 1;
        self.body.push(tag::TICKS);
        put_varint(&mut self.body, entry.len() as u64);
        self.body.extend_from_slice(entry);
    }

    pub fn last_tick(&self) -> Tick {
        self.first_tick.saturating_add(self.ticks).saturating_sub(1)
    }

    pub fn length(&self) -> usize {
        self.body.len()
    }

    pub fn finish(&mut self, continues_at: Tick, backfill: bool) -> Bytes {
        self.put_number(tag::CONTINUES_AT, continues_at);
        self.put_number(tag::BACKFILL, u32::from(backfill));
        self.ticks = 0;
        Bytes::from(std::mem::take(&mut self.body))
    }

    pub fn save(&self, out: &mut Vec<u8>) {
        put_varint(out, self.first_tick);
        put_varint(out, self.ticks);
        put_bytes(out, &self.body);
    }

    pub fn load(reader: &mut Reader<'_>) -> Result<FrameBuilder, Damaged> {
        Ok(FrameBuilder { first_tick: reader.u32()?, ticks: reader.u32()?, body: reader.bytes()?.to_vec() })
    }

    fn put_number(&mut self, tag: u8, value: u32) {
        if value != 0 {
            self.body.push(tag);
            put_varint(&mut self.body, value);
        }
    }
}

/// Makes bodies of [`Output::Frame`](crate::Output::Frame), consecutive and in order, into backfill: all ticks from
/// `from` on, told as of `run`, in messages of about `limit_bytes`.
pub fn as_backfill<'a>(
    bodies: impl IntoIterator<Item = &'a [u8]>,
    run: Run,
    from: Tick,
    limit_bytes: usize,
) -> Result<Vec<Bytes>, Damaged> {
    as_first_backfill(bodies, run, 0, from, limit_bytes)
}

/// The same for the beginning of a backfill: the first message says where the run goes on, so that a client that was
/// away since an older run knows which of its ticks are void.
pub fn as_first_backfill<'a>(
    bodies: impl IntoIterator<Item = &'a [u8]>,
    run: Run,
    mut continues_at: Tick,
    from: Tick,
    limit_bytes: usize,
) -> Result<Vec<Bytes>, Damaged> {
    let mut messages = Vec::new();
    let mut builder = FrameBuilder::default();
    for body in bodies {
        for (tick, entry) in ticks_of_body(body)? {
            if tick < from {
                continue;
            }
            builder.add(run, tick, entry, 0);
            if builder.length() >= limit_bytes {
                messages.push(builder.finish(std::mem::take(&mut continues_at), true));
            }
        }
    }
    if builder.ticks > 0 {
        messages.push(builder.finish(continues_at, true));
    }
    Ok(messages)
}

/// The ticks that a body of [`Output::Frame`](crate::Output::Frame) tells, each with its entry.
pub(crate) fn ticks_of_body(body: &[u8]) -> Result<Vec<(Tick, &[u8])>, Damaged> {
    let mut reader = Reader::new(body);
    let (mut tick, mut ticks) = (0, Vec::new());
    while !reader.is_empty() {
        match reader.byte()? {
            tag::TICK => tick = reader.u32()?,
            tag::TICKS => {
                ticks.push((tick, reader.bytes()?));
                tick = tick.checked_add(1).ok_or_else(|| Damaged::new("a number is too large"))?;
            }
            tag::RUN | tag::CONTINUES_AT | tag::BACKFILL => drop(reader.u32()?),
            _ => return Err(Damaged::new("a frame has a field of another message")),
        }
    }
    Ok(ticks)
}
