//! `frames.json`: what one WebSocket message holds.

use std::fs;

use protocol::{ErrorCode, FrameError, HEADER_BYTES, Header, frames_in_message};
use serde::Deserialize;

use crate::{from_hex, repository, to_hex};

#[derive(Deserialize)]
struct Vector {
    about: String,
    hex: String,
    max_body: u32,
    frames: Vec<Frame>,
    /// The name of the error that ends it.
    error: Option<String>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Frame {
    operation: u8,
    body: String,
}

#[test]
fn messages_hold_the_frames_that_are_listed() {
    let text = fs::read_to_string(repository("proto/golden/frames.json")).unwrap();
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() > 12);
    for vector in vectors {
        let bytes = from_hex(&vector.hex);
        let mut frames = Vec::new();
        let mut error = None;
        for frame in frames_in_message(&bytes, vector.max_body) {
            match frame {
                Ok((operation, body)) => frames.push(Frame { operation, body: to_hex(body) }),
                Err(found) => error = Some(found.code().name().to_owned()),
            }
        }
        assert_eq!(frames, vector.frames, "{}", vector.about);
        assert_eq!(error, vector.error, "{}", vector.about);
        if error.is_none() {
            let written: Vec<u8> = vector.frames.iter().flat_map(encode).collect();
            assert_eq!(written, bytes[..written.len()], "{}: written again", vector.about);
        }
    }
}

#[test]
fn an_error_ends_the_walk() {
    let bytes = from_hex("56780101000000001234010100000000");
    let frames: Vec<_> = frames_in_message(&bytes, 1024).collect();
    assert_eq!(frames, [Err(FrameError::BadMagic(0x5678))]);
}

#[test]
fn every_single_damaged_byte_of_a_header_is_noticed_or_meant() {
    let good = Header { operation: 5, length: 0 }.encode();
    for at in 0..HEADER_BYTES {
        for value in 0..=u8::MAX {
            let mut bytes = good;
            bytes[at] = value;
            let header = Header::decode(bytes, 65536);
            if bytes == good || at == 3 {
                assert_eq!(header.map(Header::encode), Ok(bytes));
            } else {
                let code = header.map_or_else(FrameError::code, |header| {
                    // A length within the limit: the message is too short for it.
                    assert!(header.length > 0);
                    ErrorCode::Truncated
                });
                let expected = match at {
                    0 | 1 => ErrorCode::BadMagic,
                    2 => ErrorCode::BadVersion,
                    4 => ErrorCode::TooLong,
                    5 if value > 1 => ErrorCode::TooLong,
                    _ => ErrorCode::Truncated,
                };
                assert_eq!(code, expected, "byte {at} = {value}");
            }
        }
    }
}

fn encode(frame: &Frame) -> Vec<u8> {
    let body = from_hex(&frame.body);
    let header = Header { operation: frame.operation, length: body.len() as u32 };
    [&header.encode()[..], &body].concat()
}
