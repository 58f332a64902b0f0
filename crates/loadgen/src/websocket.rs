//! A client's half of WebSocket (RFC 6455), as much as a load generator needs.
//!
//! The masking key is always zero: the payload goes out as it is. A browser must draw an unpredictable key; a server
//! cannot tell and unmasks all the same, and the generator spares the processor that it shares with the server.

use anyhow::{Result, bail, ensure};

/// Room in front of a payload for the longest header that [`mask_in_place`] writes.
pub const HEADROOM: usize = 14;

pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// The sample key of RFC 6455 and the answer that it must get.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The request that turns a connection into a WebSocket.
pub fn upgrade_request(host: &str, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// Reads the answer to the upgrade: its length in bytes once it is whole.
pub fn upgrade_answer(bytes: &[u8]) -> Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(bytes)? else {
        ensure!(bytes.len() < 16 * 1024, "the answer to the upgrade does not end");
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    if status != 101 {
        let body = String::from_utf8_lossy(&bytes[length..]);
        bail!(
            "the server answered the upgrade with {status}: {}",
            body.chars().take(200).collect::<String>()
        );
    }
    let accepted = response.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("sec-websocket-accept") && header.value == ACCEPT.as_bytes()
    });
    ensure!(accepted, "the answer to the upgrade has no or a wrong Sec-WebSocket-Accept");
    Ok(Some(length))
}

/// Writes the header of a masked frame in front of the payload that begins at `HEADROOM` of `buffer`; returns where
/// the frame begins.
pub fn mask_in_place(buffer: &mut [u8], opcode: u8) -> usize {
    let length = buffer.len() - HEADROOM;
    // The last four bytes of the headroom are the key.
    buffer[HEADROOM - 4..HEADROOM].fill(0);
    let key = HEADROOM - 4;
    let start = if length < 126 {
        buffer[key - 1] = 0x80 | length as u8;
        key - 2
    } else if let Ok(short) = u16::try_from(length) {
        buffer[key - 2..key].copy_from_slice(&short.to_be_bytes());
        buffer[key - 3] = 0x80 | 126;
        key - 4
    } else {
        buffer[key - 8..key].copy_from_slice(&(length as u64).to_be_bytes());
        buffer[key - 9] = 0x80 | 127;
        key - 10
    };
    buffer[start] = 0x80 | opcode;
    start
}

/// One frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub struct ServerFrame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
    /// Header and payload together.
    pub length: usize,
}

/// Reads one frame from the front of `bytes`; `None` when it is not whole yet.
pub fn server_frame(bytes: &[u8]) -> Result<Option<ServerFrame<'_>>> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    ensure!(
        first & 0x80 != 0 && first & 0x0f != 0,
        "the server sends fragments, which Jianzi's messages never need"
    );
    ensure!(first & 0x70 == 0, "the server uses an extension that was not agreed");
    ensure!(second & 0x80 == 0, "the server masks its frames");
    let (header, length) = match second {
        126 => match bytes.get(2..4) {
            Some(&[high, low]) => (4, usize::from(u16::from_be_bytes([high, low]))),
            _ => return Ok(None),
        },
        127 => {
            let Some(Ok(long)) = bytes.get(2..10).map(<[u8; 8]>::try_from) else { return Ok(None) };
            let long = u64::from_be_bytes(long);
            ensure!(long < 16 << 20, "the server sends a message of {long} bytes");
            (10, long as usize)
        }
        short => (2, usize::from(short)),
    };
    Ok(bytes.get(header..header + length).map(|payload| ServerFrame {
        opcode: first & 0x0f,
        payload,
        length: header + length,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(payload: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0xee; HEADROOM];
        buffer.extend_from_slice(payload);
        let start = mask_in_place(&mut buffer, BINARY);
        buffer.split_off(start)
    }

    #[test]
    fn each_length_has_its_header() {
        assert_eq!(masked(b"hi"), [0x82, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(masked(&[1; 125])[..6], [0x82, 0x80 | 125, 0, 0, 0, 0]);
        assert_eq!(masked(&[1; 126])[..8], [0x82, 0x80 | 126, 0, 126, 0, 0, 0, 0]);
        assert_eq!(masked(&[1; 65535]).len(), 8 + 65535);
        assert_eq!(masked(&[1; 65536])[..14], [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn server_frames_are_read_whole_or_not_at_all() {
        for length in [0_usize, 1, 125, 126, 200, 65535, 65536, 70000] {
            let mut bytes = vec![0x82];
            match length {
                0..126 => bytes.push(length as u8),
                126..65536 => {
                    bytes.push(126);
                    bytes.extend_from_slice(&(length as u16).to_be_bytes());
                }
                _ => {
                    bytes.push(127);
                    bytes.extend_from_slice(&(length as u64).to_be_bytes());
                }
            }
            bytes.extend(std::iter::repeat_n(9, length));
            for cut in [0, 1, 2, 3, bytes.len() - 1] {
                if cut < bytes.len() {
                    assert_eq!(server_frame(&bytes[..cut]).unwrap(), None, "{length} cut at {cut}");
                }
            }
            let whole = bytes.len();
            bytes.extend_from_slice(&[0x82, 1, 1]);
            let frame = server_frame(&bytes).unwrap().unwrap();
            assert_eq!((frame.opcode, frame.payload.len(), frame.length), (BINARY, length, whole));
        }
        assert!(server_frame(&[0x02, 0]).is_err(), "fragment");
        assert!(server_frame(&[0x82, 0x80]).is_err(), "masked");
        assert!(server_frame(&[0xc2, 0]).is_err(), "extension");
    }

    #[test]
    fn only_a_right_answer_upgrades() {
        let good = format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
        assert_eq!(upgrade_answer(good.as_bytes()).unwrap(), Some(good.len()));
        assert_eq!(upgrade_answer(&good.as_bytes()[..20]).unwrap(), None);
        assert!(upgrade_answer(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").is_err());
        let refused = upgrade_answer(b"HTTP/1.1 503 Busy\r\n\r\nlater").unwrap_err();
        assert!(refused.to_string().contains("503: later"), "{refused}");
    }
}
