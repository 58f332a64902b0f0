//! What is left of a server that crashed: cause, stacks, the rooms that ticked, the last log lines.
//!
//! [`install`] comes first in `main`, before any other engine sets signal handlers; [`keep_in`] opens the file that a
//! crash would be written to. The handler only calls the kernel: it copies registers, stacks, the table of rooms and the
//! ring of log lines as they lie. Everything that thinks (unwinding, symbols, text) is done afterwards, by [`collect`]
//! in the supervisor or [`collect_left`] in the next process.
//!
//! The handler runs on Linux (x86-64, ARM64); elsewhere panics are reported and signals are not.

mod install;
mod on_purpose;
mod panics;

mod lines;
mod rooms;

mod folder;
mod report;
mod verdict;

mod cgroup;
mod modules;
mod raw;
mod scrub;
mod symbols;
mod time;
mod unwind;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux;

pub use folder::{collect, collect_left, find, list, resolve, save};
pub use install::{About, Kept, Vital, install, keep_in};
pub use lines::remember_line;
pub use on_purpose::{How, on_purpose};
pub use report::{Cause, Frame, Report, SteppedRoom, Thread};
pub use rooms::{Stepper, rested, stepping};
pub use scrub::scrub;
pub use time::written;
