//! Runs game logic in WebAssembly: loads, limits, calls, keeps and restores it. Implements the port
//! `room_core::modules` on Wasmtime.
//!
//! ```no_run
//! use room_core::modules::Modules;
//! use wasm_host::{WasmConfig, WasmHost};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = WasmHost::new(WasmConfig::new(1000))?;
//! // Checks, compiles and tries the module out: up to seconds for a large one, so not on a shard's thread.
//! let module = host.add(&std::fs::read("game.wasm")?)?;
//! let guest = host.instantiate(&module)?;
//! # drop(guest);
//! # Ok(())
//! # }
//! ```
//!
//! - What a module may be: `examine.rs`, its refusals `refused.rs` and `advice.rs`.
//! - What the engine is set to, and why: `engine.rs`.
//! - One room's instance: `guest.rs`; what it may call: `imports.rs`; how its calls end: `ending.rs`.
//! - An image holds what a fresh instance has not: `image.rs`.
//!
//! Deterministic but for what is journaled: stack overflow depends on the compiler, an interruption on the clock.

mod config;
mod host;
mod refused;
mod slots;

mod advice;
mod anatomy;
mod examine;

mod cache;
mod engine;
mod prepared;
mod ticker;

mod ending;
mod guest;
mod image;
mod imports;
mod instance;
mod state;

pub use config::{Fuel, Limits, WasmConfig};
pub use host::{NotStarted, WasmHost, hash_of};
pub use prepared::Facts;
pub use refused::{Place, Refused};
pub use slots::{MAPPINGS_PER_ROOM, Slots};
