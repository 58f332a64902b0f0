//! The signal handlers. Everything here that runs within one calls the kernel and touches atomics and the stack; it
//! takes no lock, allocates nothing and calls no function of the C library that might.
#![expect(unsafe_code, reason = "signal handlers, registers and the calls that are safe within a handler")]

mod handler;
mod out;
mod registers;
mod threads;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::atomic::Ordering;

pub(crate) use handler::{install, say_before_abort};

/// From now on reports go to this file, which has to stay open.
pub(crate) fn write_to(file: &File) {
    handler::FILE.store(file.as_raw_fd(), Ordering::SeqCst);
}

/// From now on there is no file.
pub(crate) fn write_nowhere() {
    handler::FILE.store(-1, Ordering::SeqCst);
}
