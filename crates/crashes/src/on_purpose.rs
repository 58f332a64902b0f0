//! Crashing on purpose, to see what is left: for tests and for a developer's server.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

/// The ways to crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Reads memory that is not there.
    Segv,
    Abort,
    /// In a vital thread.
    Panic,
    /// Calls itself until the stack is used up.
    Overflow,
    /// `kill -9`.
    Kill,
}

impl How {
    pub const ALL: [How; 5] = [How::Segv, How::Abort, How::Panic, How::Overflow, How::Kill];
}

/// The thread that crashes; a vital one, see [`install`](crate::install()).
pub const THREAD: &str = "crash-on-purpose";

/// Crashes the process, from a thread of its own.
pub fn on_purpose(how: How) {
    let crash = move || match how {
        How::Segv => fault_on_purpose(),
        How::Abort => abort_on_purpose(),
        How::Panic => panic_on_purpose(),
        How::Overflow => drop(black_box(overflow_on_purpose(0))),
        How::Kill => kill_on_purpose(),
    };
    if let Ok(thread) = std::thread::Builder::new().name(THREAD.into()).spawn(crash) {
        let _ = thread.join();
    }
}

#[inline(never)]
#[expect(unsafe_code, reason = "this is the crash")]
fn fault_on_purpose() {
    let nowhere = black_box(16_usize) as *const u64;
    // SAFETY: none; page zero is never mapped, so the read faults and nothing else happens.
    black_box(unsafe { nowhere.read_volatile() });
}

#[inline(never)]
fn abort_on_purpose() {
    std::process::abort();
}

#[inline(never)]
#[expect(clippy::panic, reason = "this is the crash")]
fn panic_on_purpose() {
    panic!("a panic on purpose");
}

#[inline(never)]
#[expect(unconditional_recursion, reason = "this is the crash")]
fn overflow_on_purpose(depth: u64) -> u64 {
    let used = black_box([depth; 64]);
    overflow_on_purpose(used[0] + 1) + black_box(used[63])
}

#[inline(never)]
fn kill_on_purpose() {
    #[cfg(unix)]
    #[expect(unsafe_code, reason = "the standard library kills children only")]
    // SAFETY: a call to the kernel with numbers.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
    #[cfg(not(unix))]
    std::process::abort();
}

impl FromStr for How {
    type Err = String;

    fn from_str(text: &str) -> Result<How, String> {
        let found = How::ALL.into_iter().find(|how| how.to_string() == text);
        found.ok_or_else(|| {
            format!("a crash is \"segv\", \"abort\", \"panic\", \"overflow\" or \"kill\", not {text:?}")
        })
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::Segv => "segv",
            How::Abort => "abort",
            How::Panic => "panic",
            How::Overflow => "overflow",
            How::Kill => "kill",
        })
    }
}
