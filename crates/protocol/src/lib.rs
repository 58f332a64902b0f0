//! The wire: frames, messages and errors. Bytes in, bytes out; no I/O.
//!
//! `docs/protocol.md` is the specification. To add a message: write it in `proto/`, run `cargo xtask codegen`.

mod fault;
mod frame;

pub mod errors;
pub mod messages;
pub mod operation;

pub use errors::{ErrorCode, Retry};
pub use fault::Fault;
pub use frame::{FrameError, HEADER_BYTES, Header, MAGIC, VERSION, frames_in_message};
