//! What tests of the whole server need: the real binary as a child process, and players with somebody else's WebSocket
//! client.

mod http;
mod player;
mod raw;
mod run;
mod server;
mod wait;

pub use http::{Http, HttpAnswer};
pub use player::{Frames, Player};
pub use raw::{Raw, frame};
pub use run::{Ended, run};
pub use server::{ON_A_FULL_DISK, Server, ServerOptions};
pub use wait::{LIMIT, eventually};
