//! What the fuzzer does with its bytes; `crates/protocol/tests` replays the committed corpus through the same functions.

use prost::{DecodeError, Message};
use protocol::{Header, frames_in_message, messages};

const MAX_BODY: u32 = 64 * 1024;

/// Bytes that arrived as one WebSocket message: frames, and in them messages.
pub fn wire(bytes: &[u8]) {
    let mut walked = 0;
    for frame in frames_in_message(bytes, MAX_BODY) {
        let Ok((operation, body)) = frame else { return };
        assert!(body.len() <= MAX_BODY as usize);
        let header = Header { operation, length: body.len() as u32 };
        let encoded = [&header.encode()[..], body].concat();
        assert_eq!(encoded, bytes[walked..walked + encoded.len()], "a frame is not what it was read from");
        walked += encoded.len();
        any_message(body);
    }
    assert!(bytes[walked..].iter().all(|byte| *byte == 0), "bytes were passed over");
}

/// Bytes as each of the messages: what is accepted once is accepted again, and means the same.
pub fn any_message(bytes: &[u8]) {
    for name in MESSAGES {
        let Some(Ok(once)) = recode(name, bytes) else { continue };
        let twice = recode(name, &once).and_then(Result::ok);
        assert_eq!(twice.as_deref(), Some(&once[..]), "{name} changes when it is read and written again");
    }
}

macro_rules! all_messages {
    ($($name:ident)*) => {
        /// The names of all messages.
        pub const MESSAGES: &[&str] = &[$(stringify!($name)),*];

        /// Reads `bytes` as the message of this name and writes it again; nothing if there is no such message.
        pub fn recode(name: &str, bytes: &[u8]) -> Option<Result<Vec<u8>, DecodeError>> {
            match name {
                $(stringify!($name) => Some(messages::$name::decode(bytes).map(|message| message.encode_to_vec())),)*
                _ => None,
            }
        }
    };
}

all_messages! {
    Login Welcome BuildVerdict Heartbeat Call Answer Error Push Notice Goodbye
    MatchStart MatchCancel MatchStatus MatchTicket Matched MatchWaiting MatchFailed
    RoomSpec LockstepSpec AuthoritativeSpec Property SeatView RoomView Logic CreateRoom JoinRoom Joined ResumeRoom RoomAction SetProperties
    ReserveSeat ListRooms RoomList ReportResult RoomChanged RoomEnded SeatResult
    Input Frame InputRefused StateHash Desync RoomState RoomMessage Relay
}
