//! Why a server ended.

use std::fmt;

/// How a process ended, as the kernel tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Code(i32),
    Signal {
        number: i32,
        /// The kernel killed it because memory ran out.
        out_of_memory: bool,
    },
}

/// Why there is no server for a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    Crashed {
        signal: i32,
    },
    KilledForMemory,
    Failed {
        code: i32,
        /// In its own words, if it had any.
        said: Option<String>,
    },
    /// Ended in order although nobody had asked the supervisor.
    EndedByItself,
    /// Its own guard ended it before memory ran out.
    MemoryGuard,
    NotStarted(String),
    NotReady,
    Hung,
    Unhealthy {
        probe: String,
        message: String,
    },
    Upgrade,
    WentBack(Box<Cause>),
}

/// The server's exit codes that mean "not with this command line, configuration, address or folder".
const REFUSALS: std::ops::RangeInclusive<i32> = 2..=5;
/// The server's exit code for "out of memory soon; start me again".
const MEMORY: i32 = 7;

impl Ending {
    pub fn is_refusal(self) -> Option<i32> {
        match self {
            Ending::Code(code) if REFUSALS.contains(&code) => Some(code),
            _ => None,
        }
    }
}

impl Cause {
    pub fn of(ending: Ending, said: Option<String>) -> Cause {
        match ending {
            Ending::Code(0) => Cause::EndedByItself,
            Ending::Code(MEMORY) => Cause::MemoryGuard,
            Ending::Code(code) => Cause::Failed { code, said },
            Ending::Signal { out_of_memory: true, .. } => Cause::KilledForMemory,
            Ending::Signal { number, .. } => Cause::Crashed { signal: number },
        }
    }

    /// One word, for metrics, alerts and scripts.
    pub fn name(&self) -> &'static str {
        match self {
            Cause::Crashed { .. } => "crashed",
            Cause::KilledForMemory => "killed_for_memory",
            Cause::Failed { .. } => "failed",
            Cause::EndedByItself => "ended",
            Cause::MemoryGuard => "memory_guard",
            Cause::NotStarted(_) => "not_started",
            Cause::NotReady => "not_ready",
            Cause::Hung => "hung",
            Cause::Unhealthy { .. } => "unhealthy",
            Cause::Upgrade => "upgrade",
            Cause::WentBack(_) => "went_back",
        }
    }

    /// Nothing that a crash loop is made of.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Cause::Upgrade | Cause::WentBack(_))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Crashed { signal } => write!(f, "ended by signal {signal}{}", named(*signal)),
            Cause::KilledForMemory => f.write_str("killed by the kernel: out of memory"),
            Cause::Failed { code, said: Some(said) } => write!(f, "ended with exit code {code}: {said}"),
            Cause::Failed { code, said: None } => write!(f, "ended with exit code {code}"),
            Cause::EndedByItself => f.write_str("ended in order, unasked"),
            Cause::MemoryGuard => f.write_str("ended by its memory guard"),
            Cause::NotStarted(why) => write!(f, "could not be started: {why}"),
            Cause::NotReady => f.write_str("was not ready in time"),
            Cause::Hung => f.write_str("hung: no sign of life"),
            Cause::Unhealthy { probe, message } => write!(f, "unhealthy by the {probe} probe: {message}"),
            Cause::Upgrade => f.write_str("handed over to another version"),
            Cause::WentBack(cause) => write!(f, "went back to the version before: the new one {cause}"),
        }
    }
}

fn named(signal: i32) -> &'static str {
    match signal {
        libc::SIGKILL => " (SIGKILL)",
        libc::SIGSEGV => " (SIGSEGV)",
        libc::SIGABRT => " (SIGABRT)",
        libc::SIGBUS => " (SIGBUS)",
        libc::SIGILL => " (SIGILL)",
        libc::SIGFPE => " (SIGFPE)",
        libc::SIGTERM => " (SIGTERM)",
        _ => "",
    }
}
