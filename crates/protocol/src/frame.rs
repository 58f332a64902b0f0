//! The frame: 8 bytes of header, big-endian, then the body.
//!
//! ```text
//! 0      2       3         4             8
//! | 1234 | version | operation | body length | body …
//! ```

use crate::errors::ErrorCode;

/// A frame's first two bytes.
pub const MAGIC: u16 = 0x1234;
/// Of the protocol.
pub const VERSION: u8 = 1;
/// The header's length.
pub const HEADER_BYTES: usize = 8;

/// A frame's first 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// See [`operation`](crate::operation).
    pub operation: u8,
    /// Of the body alone, in bytes.
    pub length: u32,
}

impl Header {
    /// The 8 bytes.
    pub const fn encode(self) -> [u8; HEADER_BYTES] {
        let [m0, m1] = MAGIC.to_be_bytes();
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        [m0, m1, VERSION, self.operation, l0, l1, l2, l3]
    }

    /// Reads a header; the body may be at most `max_body` bytes long.
    pub fn decode(bytes: [u8; HEADER_BYTES], max_body: u32) -> Result<Header, FrameError> {
        let [m0, m1, version, operation, l0, l1, l2, l3] = bytes;
        if u16::from_be_bytes([m0, m1]) != MAGIC {
            return Err(FrameError::BadMagic(u16::from_be_bytes([m0, m1])));
        }
        if version != VERSION {
            return Err(FrameError::BadVersion(version));
        }
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        if length > max_body {
            return Err(FrameError::TooLong { length, max_body });
        }
        Ok(Header { operation, length })
    }
}

/// Bytes that are not a frame. The connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// What stood in its place.
    #[error("the frame begins with {0:#06x} instead of 0x1234")]
    BadMagic(u16),
    /// What stood in its place.
    #[error("the frame has protocol version {0}; this server speaks 1")]
    BadVersion(u8),
    /// More than the receiver takes, in bytes.
    #[error("the body of {length} bytes is over the limit of {max_body}")]
    TooLong {
        /// As the header has it.
        length: u32,
        /// The receiver's limit.
        max_body: u32,
    },
    /// Bytes that are not there.
    #[error("the message ends {missing} bytes before its frame does")]
    Truncated {
        /// How many.
        missing: usize,
    },
}

impl FrameError {
    /// As a client is told.
    pub const fn code(self) -> ErrorCode {
        match self {
            FrameError::BadMagic(_) => ErrorCode::BadMagic,
            FrameError::BadVersion(_) => ErrorCode::BadVersion,
            FrameError::TooLong { .. } => ErrorCode::TooLong,
            FrameError::Truncated { .. } => ErrorCode::Truncated,
        }
    }
}

/// Walks the frames of one WebSocket message: `(operation, body)` each.
///
/// When all bytes that are left are zero, the message is over: the founding article's client pads to 1024 bytes.
pub fn frames_in_message(message: &[u8], max_body: u32) -> FramesInMessage<'_> {
    FramesInMessage { rest: message, max_body }
}

/// See [`frames_in_message`].
pub struct FramesInMessage<'a> {
    rest: &'a [u8],
    max_body: u32,
}

impl<'a> Iterator for FramesInMessage<'a> {
    type Item = Result<(u8, &'a [u8]), FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        // A frame never begins with zero, so one look decides in the usual case.
        if self.rest.first().is_none_or(|first| *first == 0) && self.rest.iter().all(|byte| *byte == 0) {
            return None;
        }
        let frame = split_frame(self.rest, self.max_body);
        self.rest = frame.as_ref().map_or(&[], |(_, _, rest)| rest);
        Some(frame.map(|(operation, body, _)| (operation, body)))
    }
}

fn split_frame(bytes: &[u8], max_body: u32) -> Result<(u8, &[u8], &[u8]), FrameError> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(FrameError::Truncated { missing: HEADER_BYTES - bytes.len() });
    };
    let header = Header::decode(*header, max_body)?;
    let length = header.length as usize;
    match rest.split_at_checked(length) {
        Some((body, rest)) => Ok((header.operation, body, rest)),
        None => Err(FrameError::Truncated { missing: length - rest.len() }),
    }
}
