//! Bytes on the connection: the request head and WebSocket framing. No I/O.

pub mod handshake;
pub mod websocket;
