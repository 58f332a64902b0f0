//! The hot messages of the wire, read and written by hand: no allocation, fields that matter only.
//!
//! Rare messages (login, rooms, errors) go through `protocol::messages`. The tests compare both.

use anyhow::{Result, bail};

/// What the load generator looks at in a `Frame`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameView {
    pub run: u32,
    /// The number of the first tick.
    pub tick: u32,
    /// How many ticks the message tells.
    pub ticks: u32,
    pub continues_at: u32,
    pub backfill: bool,
    pub channel: u32,
    pub applied: u32,
}

/// Reads a `Frame`; `each_tick` is given every tick's entry, in order.
pub fn frame(body: &[u8], mut each_tick: impl FnMut(&[u8]) -> Result<()>) -> Result<FrameView> {
    let mut view = FrameView::default();
    for field in fields(body) {
        match field? {
            (1, Value::Number(run)) => view.run = run as u32,
            (2, Value::Number(tick)) => view.tick = tick as u32,
            (3, Value::Bytes(entry)) => {
                view.ticks += 1;
                each_tick(entry)?;
            }
            (4, Value::Number(tick)) => view.continues_at = tick as u32,
            (5, Value::Number(backfill)) => view.backfill = backfill != 0,
            (14, Value::Number(channel)) => view.channel = channel as u32,
            (15, Value::Number(applied)) => view.applied = applied as u32,
            _ => {}
        }
    }
    Ok(view)
}

/// Walks a tick's entry: `(seat, input)` each.
pub fn tick_inputs(entry: &[u8]) -> impl Iterator<Item = Result<(u32, &[u8])>> {
    let mut rest = entry;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let input = varint(&mut rest).and_then(|seat| Ok((seat as u32, length_delimited(&mut rest)?)));
        if input.is_err() {
            rest = &[];
        }
        Some(input)
    })
}

/// The number of the first field, 0 if it is absent: the id of a `Call` or an `Answer`, the sequence of a `Push`.
pub fn first_number(body: &[u8]) -> Result<u32> {
    match fields(body).next() {
        Some(field) => Ok(match field? {
            (1, Value::Number(number)) => number as u32,
            _ => 0,
        }),
        None => Ok(0),
    }
}

/// Does an `Answer` carry an error? (A `Call` that comes back from an echoing relay has its method there instead.)
pub fn answer_error(body: &[u8]) -> Result<Option<&[u8]>> {
    bytes_field(body, 2)
}

/// The `data` of a `Relay`.
pub fn relay_data(body: &[u8]) -> Result<&[u8]> {
    Ok(bytes_field(body, 2)?.unwrap_or_default())
}

pub fn put_relay(out: &mut Vec<u8>, channel: u32, data: &[u8]) {
    put_bytes(out, 2, data);
    put_number(out, 14, channel);
}

pub fn put_input(out: &mut Vec<u8>, channel: u32, number: u32, data: &[u8]) {
    put_number(out, 1, channel);
    put_number(out, 2, number);
    put_bytes(out, 4, data);
}

pub fn put_call(out: &mut Vec<u8>, id: u32, method: &str, body: &[u8]) {
    put_number(out, 1, id);
    put_bytes(out, 2, method.as_bytes());
    put_bytes(out, 4, body);
}

pub fn put_state_hash(out: &mut Vec<u8>, channel: u32, tick: u32, hash: u32) {
    put_number(out, 1, channel);
    put_number(out, 2, tick);
    if hash != 0 {
        put_varint(out, 3 << 3 | 5);
        out.extend_from_slice(&hash.to_le_bytes());
    }
}

pub fn put_heartbeat(out: &mut Vec<u8>, last_push: u32) {
    put_number(out, 1, last_push);
}

/// Writes a field that is left out when it is 0.
fn put_number(out: &mut Vec<u8>, field: u32, number: u32) {
    if number != 0 {
        put_varint(out, field << 3);
        put_varint(out, number);
    }
}

fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_varint(out, field << 3 | 2);
        put_varint(out, bytes.len() as u32);
        out.extend_from_slice(bytes);
    }
}

fn put_varint(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn bytes_field(body: &[u8], wanted: u32) -> Result<Option<&[u8]>> {
    for field in fields(body) {
        if let (number, Value::Bytes(bytes)) = field?
            && number == wanted
        {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Fixed-width numbers, which no hot message looks at.
    Skipped,
}

fn fields(body: &[u8]) -> impl Iterator<Item = Result<(u32, Value<'_>)>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(&mut rest);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Value<'a>)> {
    let tag = varint(rest)?;
    let value = match tag & 7 {
        0 => Value::Number(varint(rest)?),
        2 => Value::Bytes(length_delimited(rest)?),
        1 => take(rest, 8).map(|_| Value::Skipped)?,
        5 => take(rest, 4).map(|_| Value::Skipped)?,
        other => bail!("a message has a field of wire type {other}"),
    };
    Ok(((tag >> 3) as u32, value))
}

fn length_delimited<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = varint(rest)?;
    take(rest, usize::try_from(length)?)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let Some((taken, left)) = rest.split_at_checked(length) else { bail!("a message ends within a field") };
    *rest = left;
    Ok(taken)
}

fn varint(rest: &mut &[u8]) -> Result<u64> {
    let mut number = 0_u64;
    for (index, byte) in rest.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *rest = &rest[index + 1..];
            return Ok(number);
        }
    }
    bail!("a message has a broken number")
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use protocol::messages;

    use super::*;

    #[test]
    fn a_frame_reads_as_the_contract_writes_it() {
        let message = messages::Frame {
            run: 3,
            tick: 70_000,
            ticks: vec![vec![0, 2, 8, 9, 200, 1, 1, 7].into(), vec![].into()],
            continues_at: 12,
            backfill: true,
            channel: 2,
            applied: 345,
        };
        let mut inputs = Vec::new();
        let view = frame(&message.encode_to_vec(), |entry| {
            for input in tick_inputs(entry) {
                let (seat, data) = input?;
                inputs.push((seat, data.to_vec()));
            }
            Ok(())
        });
        let expected = FrameView {
            run: 3,
            tick: 70_000,
            ticks: 2,
            continues_at: 12,
            backfill: true,
            channel: 2,
            applied: 345,
        };
        assert_eq!(view.unwrap(), expected);
        assert_eq!(inputs, [(0, vec![8, 9]), (200, vec![7])]);
    }

    #[test]
    fn what_is_written_by_hand_is_what_the_contract_writes() {
        let data = vec![5; 200];
        let mut out = Vec::new();
        put_relay(&mut out, 300, &data);
        let relay = messages::Relay { data: data.clone().into(), channel: 300, ..Default::default() };
        assert_eq!(out, relay.encode_to_vec());
        assert_eq!(relay_data(&out).unwrap(), data);

        out.clear();
        put_input(&mut out, 1, 70_000, &data);
        let input = messages::Input { channel: 1, number: 70_000, tick: 0, data: data.clone().into() };
        assert_eq!(out, input.encode_to_vec());

        out.clear();
        put_call(&mut out, 9, "echo", &data);
        let call = messages::Call { id: 9, method: "echo".into(), deadline_ms: 0, body: data.into() };
        assert_eq!(out, call.encode_to_vec());
        assert_eq!(first_number(&out).unwrap(), 9);

        out.clear();
        put_state_hash(&mut out, 3, 40, 0xdead_beef);
        assert_eq!(out, messages::StateHash { channel: 3, tick: 40, hash: 0xdead_beef }.encode_to_vec());

        out.clear();
        put_heartbeat(&mut out, 17);
        let heartbeat = messages::Heartbeat { last_push: 17, ..Default::default() };
        assert_eq!(out, heartbeat.encode_to_vec());
    }

    #[test]
    fn an_answer_tells_its_error() {
        let fine = messages::Answer { id: 4, error: None, body: vec![1].into() };
        assert_eq!(answer_error(&fine.encode_to_vec()).unwrap(), None);
        let error = messages::Error { code: 3001, ..Default::default() };
        let failed = messages::Answer { id: 4, error: Some(error.clone()), body: vec![].into() };
        assert_eq!(answer_error(&failed.encode_to_vec()).unwrap(), Some(&error.encode_to_vec()[..]));
    }

    #[test]
    fn broken_bytes_are_told() {
        assert!(frame(&[0x08], |_| Ok(())).is_err());
        assert!(frame(&[0x1a, 5, 1], |_| Ok(())).is_err());
        assert!(frame(&[0xff; 11], |_| Ok(())).is_err());
        assert!(tick_inputs(&[0, 9, 1]).any(|input| input.is_err()));
    }
}
