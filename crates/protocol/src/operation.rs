//! The operation byte: what a frame's body is.

/// Both ways: [`messages::Heartbeat`](crate::messages::Heartbeat).
pub const HEARTBEAT: u8 = 1;
/// Client → server: [`messages::Call`](crate::messages::Call).
pub const CALL: u8 = 2;
/// Server → client: [`messages::Answer`](crate::messages::Answer).
pub const ANSWER: u8 = 3;
/// Server → client: [`messages::Push`](crate::messages::Push).
pub const PUSH: u8 = 4;
/// Client → room: [`messages::Input`](crate::messages::Input).
pub const INPUT: u8 = 5;
/// Room → client: [`messages::Frame`](crate::messages::Frame).
pub const FRAME: u8 = 6;
/// Both ways: [`messages::Relay`](crate::messages::Relay).
pub const RELAY: u8 = 7;
/// Server → client: [`messages::Error`](crate::messages::Error), not the answer to a call.
pub const ERROR: u8 = 8;
/// Both ways: [`messages::Goodbye`](crate::messages::Goodbye).
pub const GOODBYE: u8 = 9;
/// Client → server: [`messages::Login`](crate::messages::Login), or the founding article's plain text.
pub const LOGIN: u8 = 10;
/// Server → client: [`messages::Welcome`](crate::messages::Welcome).
pub const WELCOME: u8 = 11;
/// Room → client: [`messages::InputRefused`](crate::messages::InputRefused).
pub const INPUT_REFUSED: u8 = 12;
/// Client → room: [`messages::StateHash`](crate::messages::StateHash).
pub const STATE_HASH: u8 = 13;
/// Room → client: [`messages::Desync`](crate::messages::Desync).
pub const DESYNC: u8 = 14;
/// Room → client: [`messages::RoomState`](crate::messages::RoomState).
pub const ROOM_STATE: u8 = 15;
/// Room → client: [`messages::RoomMessage`](crate::messages::RoomMessage).
pub const ROOM_MESSAGE: u8 = 16;
