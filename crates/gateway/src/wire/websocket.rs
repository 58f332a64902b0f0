//! WebSocket framing, RFC 6455, for a server: bytes in, frames out; no I/O.

use std::ops::Range;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// One frame within a buffer, its payload already unmasked in place.
#[derive(Debug, PartialEq, Eq)]
pub struct WsFrame {
    pub opcode: Opcode,
    /// The last frame of its message.
    pub last: bool,
    pub payload: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WsError {
    #[error("a client's frame must be masked")]
    Unmasked,
    #[error("the frame uses reserved bits or an unknown opcode")]
    Reserved,
    #[error("a control frame must be whole and at most 125 bytes long")]
    BadControl,
    #[error("the frame of {length} bytes is over the limit of {limit}")]
    TooLong { length: u64, limit: usize },
}

/// Reads the frame that starts at `start`; `None` if it is not complete yet. The next frame starts at `payload.end`.
///
/// A length over `limit` is refused as soon as the header is there, before anything is buffered for it.
pub fn read_frame(buffer: &mut [u8], start: usize, limit: usize) -> Result<Option<WsFrame>, WsError> {
    let bytes = &buffer[start..];
    let [first, second, ..] = *bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err(WsError::Reserved);
    }
    if second & 0x80 == 0 {
        return Err(WsError::Unmasked);
    }
    let opcode = match first & 0x0F {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return Err(WsError::Reserved),
    };
    let last = first & 0x80 != 0;
    let (length, length_bytes) = match second & 0x7F {
        126 => match bytes.get(2..4) {
            Some(extended) => (u64::from(u16::from_be_bytes([extended[0], extended[1]])), 2),
            None => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|extended| <[u8; 8]>::try_from(extended).ok()) {
            Some(extended) => (u64::from_be_bytes(extended), 8),
            None => return Ok(None),
        },
        short => (u64::from(short), 0),
    };
    let is_control = matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong);
    if is_control && (!last || length > 125) {
        return Err(WsError::BadControl);
    }
    if length > limit as u64 {
        return Err(WsError::TooLong { length, limit });
    }
    let mask_at = start + 2 + length_bytes;
    let payload = mask_at + 4..mask_at + 4 + length as usize;
    if payload.end > buffer.len() {
        return Ok(None);
    }
    let mask = [buffer[mask_at], buffer[mask_at + 1], buffer[mask_at + 2], buffer[mask_at + 3]];
    unmask(&mut buffer[payload.clone()], mask);
    Ok(Some(WsFrame { opcode, last, payload }))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let mut words = payload.chunks_exact_mut(8);
    for word in &mut words {
        if let Ok(bytes) = <&mut [u8; 8]>::try_from(word) {
            *bytes = (u64::from_ne_bytes(*bytes) ^ wide).to_ne_bytes();
        }
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Appends the header of an unfragmented frame of `length` payload bytes.
pub fn write_header(out: &mut Vec<u8>, opcode: Opcode, length: usize) {
    let first = 0x80
        | match opcode {
            Opcode::Continuation => 0,
            Opcode::Text => 1,
            Opcode::Binary => 2,
            Opcode::Close => 8,
            Opcode::Ping => 9,
            Opcode::Pong => 10,
        };
    match length {
        0..=125 => out.extend_from_slice(&[first, length as u8]),
        126..=0xFFFF => {
            out.extend_from_slice(&[first, 126]);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.extend_from_slice(&[first, 127]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Appends a close frame; the reason is cut to what fits.
pub fn write_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    write_header(out, Opcode::Close, 2 + end);
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(&reason.as_bytes()[..end]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(opcode: u8, last: bool, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut bytes = vec![if last { 0x80 } else { 0 } | opcode];
        match payload.len() {
            short @ 0..=125 => bytes.push(0x80 | short as u8),
            medium @ 126..=0xFFFF => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(medium as u16).to_be_bytes());
            }
            long => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    proptest! {
        #[test]
        fn a_frame_is_read_whole_and_never_before_it_is_complete(
            payload in prop::collection::vec(any::<u8>(), 0..70_000),
            mask: [u8; 4],
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = masked(2, true, &payload, mask);
            let cut = cut.index(bytes.len());
            prop_assert_eq!(read_frame(&mut bytes[..cut].to_vec(), 0, 100_000), Ok(None));
            let mut whole = bytes.clone();
            let frame = read_frame(&mut whole, 0, 100_000).unwrap().unwrap();
            prop_assert_eq!(frame.payload.end, bytes.len());
            prop_assert_eq!(&whole[frame.payload], &payload[..]);
        }

        #[test]
        fn garbage_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = read_frame(&mut bytes, 0, 1000);
        }
    }

    #[test]
    fn what_the_rfc_forbids_is_refused() {
        assert_eq!(read_frame(&mut [0x82, 0x01, 0], 0, 10), Err(WsError::Unmasked));
        assert_eq!(read_frame(&mut [0xC2, 0x81], 0, 10), Err(WsError::Reserved));
        assert_eq!(read_frame(&mut [0x83, 0x81], 0, 10), Err(WsError::Reserved));
        assert_eq!(read_frame(&mut [0x09, 0x81], 0, 10), Err(WsError::BadControl));
        let too_long = Err(WsError::TooLong { length: 11, limit: 10 });
        assert_eq!(read_frame(&mut [0x82, 0x8B], 0, 10), too_long);
    }

    #[test]
    fn a_close_reason_is_cut_at_a_character() {
        let mut out = Vec::new();
        write_close(&mut out, 4205, &"毽".repeat(60));
        assert_eq!(out[1], 2 + 123);
        assert!(std::str::from_utf8(&out[4..]).is_ok());
    }
}
