//! The players' door: WebSocket and TCP connections, sessions that outlive them, frames in and out.
//!
//! The gateway alone knows framing and transport; it decides nothing about rooms, players or matches. One or a few
//! threads (`reactor/`) own all sockets' incoming sides; outgoing frames are written by whoever has something to say
//! ([`connection`]). A session is known by its id to the rest of the server and is its [`link::Consumer`].
//!
//! To add an operation: its number in `protocol::operation`, its meaning in `dispatch.rs`. To add a method: `calls/`.

mod config;
mod services;

mod session;

mod calls;
mod dispatch;
mod login;

mod connection;
mod doorman;
mod reactor;
mod resume_token;
mod tls;
mod wire;

mod housekeeping;
mod listen;
mod run;

pub use config::GatewayConfig;
pub use listen::{BindError, PassedListeners, bind};
pub use resume_token::ResumeKey;
pub use run::{Gateway, GatewayError, Parts};
pub use services::{HttpConnection, HttpDoor};
pub use session::{SessionLimits, Sessions};
pub use tls::{TlsError, TlsFiles};
