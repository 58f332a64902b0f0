//! How a call ended that did not end well.

use std::fmt::Write as _;

use room_core::modules::CallEnd;
use wasmtime::{Error, Trap, WasmBacktrace};

use crate::anatomy::readable;
use crate::state::State;

/// An end that one of our imports decided.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Ended(pub CallEnd);

/// Frames of the guest's stack that a trap's message tells.
const FRAMES: usize = 6;

/// What became of the call, from Wasmtime's error.
pub(crate) fn ending(error: &Error, state: &State) -> CallEnd {
    if let Some(Ended(end)) = error.downcast_ref() {
        return match end {
            CallEnd::Trap(message) => CallEnd::Trap(format!("{message}{}", place(error))),
            other => other.clone(),
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => CallEnd::OutOfFuel,
        Some(Trap::StackOverflow) => CallEnd::StackOverflow,
        Some(Trap::Interrupt) => CallEnd::Interrupted,
        // An allocator that was refused memory gives up by `unreachable`.
        Some(Trap::UnreachableCodeReached) if state.wanted_more_memory => CallEnd::OutOfMemory,
        Some(trap) => {
            let trap = trap.to_string();
            CallEnd::Trap(format!("{}{}", trap.trim_start_matches("wasm trap: "), place(error)))
        }
        None if state.wanted_more_memory => CallEnd::OutOfMemory,
        None => CallEnd::Trap(format!("{:#}", error.root_cause())),
    }
}

/// ` in kick < jz_input`, by the names that the module carries.
fn place(error: &Error) -> String {
    let mut place = String::new();
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    for (index, frame) in frames.iter().take(FRAMES).enumerate() {
        let before = if index == 0 { " in " } else { " < " };
        // Writing to a string does not fail.
        let _ = match frame.func_name() {
            Some(name) => write!(place, "{before}{}", readable(name)),
            None => write!(place, "{before}function {}", frame.func_index()),
        };
    }
    place
}
