//! What game logic and host say to each other: names, types, limits and bytes of the game ABI. No behaviour lives here.
//!
//! A game module is core WebAssembly. It exports what [`EXPORTS`] lists and one memory, and may import what [`IMPORTS`]
//! lists. All numbers are little-endian, pointers and lengths are `i32` and read as unsigned. The specification for
//! authors is `docs/game-abi.md`.
//!
//! Needs no standard library, so that guests may use it too.

#![no_std]

extern crate alloc;

mod arguments;
mod chance;
mod functions;
pub mod limits;

pub use arguments::{BadArguments, Init, Join, LeaveWhy, LogLevel, SPECTATOR};
pub use chance::Chance;
pub use functions::{EXPORTS, Export, Function, IMPORTS, Need, Value, export, import};

/// The ABI of this crate, as `jz_abi` returns it.
pub const VERSION: u32 = 1;

/// The oldest ABI that the host still runs. 1 is the first there was.
pub const OLDEST_VERSION: u32 = 1;

/// The module that all imports are from.
pub const IMPORT_MODULE: &str = "jianzi";

/// The export that is the module's memory.
pub const MEMORY: &str = "memory";

/// A convention of WebAssembly: if there is an export of this name without parameters and results, the host calls it
/// once, right after the start section. Neither of them may call an import.
pub const INITIALIZE: &str = "_initialize";

/// What a call returns that went well.
pub const WELL: i32 = 0;
