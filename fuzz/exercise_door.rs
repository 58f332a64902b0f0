//! What the fuzzer does to the gateway's first readers: the request head and WebSocket framing. Both are files without
//! neighbours, taken as they are.

#[allow(dead_code)]
#[path = "../crates/gateway/src/wire/handshake.rs"]
mod handshake;
#[allow(dead_code)]
#[path = "../crates/gateway/src/wire/websocket.rs"]
mod websocket;

use handshake::Head;
use websocket::{Opcode, WsError};

const LIMIT: usize = 64 * 1024;

/// Bytes as the beginning of a connection.
pub fn head(bytes: &[u8]) {
    let whole = handshake::read_head(bytes);
    if let Head::Upgrade { request, length } = &whole {
        assert!(*length <= bytes.len());
        handshake::write_accept(&mut Vec::new(), request);
        // What follows the head is not looked at, and no part of it is enough.
        assert_eq!(handshake::read_head(&bytes[..*length]), whole);
        assert_eq!(handshake::read_head(&bytes[..*length - 1]), Head::Incomplete);
    }
}

/// Bytes as what follows an upgrade: it must not matter in which pieces they come.
pub fn frames(bytes: &[u8]) {
    let whole = read_all(bytes, bytes.len());
    for piece in [1, 2, 7, 64] {
        assert_eq!(read_all(bytes, piece), whole, "in pieces of {piece}");
    }
}

type Frames = (Vec<(Opcode, bool, Vec<u8>)>, Option<WsError>);

fn read_all(bytes: &[u8], piece: usize) -> Frames {
    let mut frames = Vec::new();
    let mut buffer = Vec::new();
    let mut start = 0;
    for arriving in bytes.chunks(piece.max(1)) {
        buffer.extend_from_slice(arriving);
        loop {
            match websocket::read_frame(&mut buffer, start, LIMIT) {
                Ok(Some(frame)) => {
                    assert!(start < frame.payload.start && frame.payload.end <= buffer.len());
                    start = frame.payload.end;
                    frames.push((frame.opcode, frame.last, buffer[frame.payload].to_vec()));
                }
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}
