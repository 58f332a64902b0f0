//! A crash as people read it and as it is kept: text and JSON.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{rooms, time};

/// Everything known of one crash. Kept as JSON in the folder of crashes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Its file's name without `.json`; begins with the time.
    pub id: String,
    pub cause: Cause,
    /// The signal's number, if one ended the process.
    pub signal: Option<i32>,
    /// The address that could not be used.
    pub address: Option<u64>,
    /// The exit code, if the process ended by itself.
    pub exit_code: Option<i32>,
    /// The process that sent the signal, if it was another one.
    pub sent_by: Option<i32>,
    /// A panic's own words, with the place in the source.
    pub message: Option<String>,
    /// Milliseconds since 1970, UTC.
    pub time_ms: u64,
    /// When the process began.
    pub started_ms: u64,
    pub pid: u32,
    pub version: String,
    pub profile: String,
    pub build_id: String,
    pub binary: String,
    /// The one that crashed; none if nobody could look.
    pub thread: Option<Thread>,
    /// The others, where they stood at that moment.
    pub other_threads: Vec<Thread>,
    /// The last rooms of each thread that plays rooms, the newest first.
    pub rooms: Vec<SteppedRoom>,
    /// The last log lines, the oldest first.
    pub lines: Vec<String>,
    /// What the reader of this report should know about its gaps.
    pub notes: Vec<String>,
    /// Whether an alert was raised for it.
    pub alerted: bool,
    /// Whether the error tracker has it.
    pub tracked: bool,
}

/// Why a process ended that should not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Segv,
    Bus,
    Ill,
    Fpe,
    Abort,
    StackOverflow,
    /// A bug that the program found itself.
    Panic,
    /// Killed by the kernel for want of memory.
    OutOfMemory,
    /// `kill -9` by somebody.
    Killed,
    /// Another signal that ends a process.
    Signal,
    /// It left with an exit code and without tidying up.
    Exit,
    /// Nobody saw how it ended: kill -9, want of memory, or loss of power.
    #[default]
    Vanished,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    pub id: u32,
    pub name: String,
    /// From the innermost call outwards.
    pub frames: Vec<Frame>,
    /// Whether the stack was followed to its end.
    pub whole: bool,
}

/// One call. An inlined function is a frame of its own with the same address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub address: u64,
    /// File of the module, and the address within it as its own tables count.
    pub module: String,
    pub offset: u64,
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
}

/// What a thread that plays rooms was doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteppedRoom {
    /// Which thread: `shard 3`, `recovery 0`, `quarantine`, `probation`.
    #[serde(alias = "shard", deserialize_with = "rooms::place_or_slot")]
    pub place: String,
    /// `app/room`.
    pub room: String,
    pub tick: u32,
    /// In the middle of the step; otherwise it was the last room that the thread stepped.
    pub within: bool,
}

impl Report {
    /// The innermost function of the program's own source, or else the innermost with a name: what crashes are told
    /// apart by. A signal from another process has none: any thread takes it.
    pub fn culprit(&self) -> Option<&str> {
        if self.sent_by.is_some() {
            return None;
        }
        let frames = &self.thread.as_ref()?.frames;
        let named = || frames.iter().filter_map(|frame| Some((frame.function.as_deref()?, frame)));
        let is_own = |frame: &Frame| {
            let file = frame.file.as_deref().unwrap_or_default();
            // The panic's hook stands between the panic and its end.
            file.starts_with("crates/") && file != "crates/crashes/src/panics.rs"
        };
        let own = named().find(|(_, frame)| is_own(frame));
        own.or_else(|| named().next()).map(|(function, _)| function)
    }

    /// One line: what happened.
    pub fn headline(&self) -> String {
        let mut line = self.cause.words().to_owned();
        if let Some(address) = self.address.filter(|_| self.cause.has_address()) {
            line += &format!(" at {address:#x}");
        }
        if let Some(code) = self.exit_code {
            line += &format!(" (exit code {code})");
        }
        if let Some(sender) = self.sent_by {
            return line + &format!(", asked to by process {sender}");
        }
        if let Some(thread) = self.thread.as_ref().filter(|thread| !thread.name.is_empty()) {
            line += &format!(" in thread {}", thread.name);
        }
        if let Some(function) = self.culprit() {
            line += &format!(", {function}");
        }
        line
    }
}

impl Cause {
    /// The short name in files and lists.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Segv => "segv",
            Cause::Bus => "bus",
            Cause::Ill => "ill",
            Cause::Fpe => "fpe",
            Cause::Abort => "abort",
            Cause::StackOverflow => "stack_overflow",
            Cause::Panic => "panic",
            Cause::OutOfMemory => "out_of_memory",
            Cause::Killed => "killed",
            Cause::Signal => "signal",
            Cause::Exit => "exit",
            Cause::Vanished => "vanished",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Cause::Segv => "SIGSEGV: memory that is not there",
            Cause::Bus => "SIGBUS: memory that has no ground, such as a file cut short or a full disk",
            Cause::Ill => "SIGILL: an instruction that does not exist",
            Cause::Fpe => "SIGFPE: arithmetic without a result",
            Cause::Abort => "SIGABRT: aborted",
            Cause::StackOverflow => "stack overflow",
            Cause::Panic => "panic",
            Cause::OutOfMemory => "killed by the kernel for want of memory",
            Cause::Killed => "killed (SIGKILL)",
            Cause::Signal => "ended by a signal",
            Cause::Exit => "left without an orderly stop",
            Cause::Vanished => "vanished: kill -9, want of memory, or loss of power",
        }
    }

    fn has_address(self) -> bool {
        matches!(self, Cause::Segv | Cause::Bus | Cause::Ill | Cause::Fpe | Cause::StackOverflow)
    }
}

/// As `jianzi crash show` prints it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "crash    {}", self.headline())?;
        writeln!(f, "time     {}", time::written(self.time_ms))?;
        let up = self.time_ms.saturating_sub(self.started_ms) as f64 / 1000.0;
        writeln!(f, "process  {}, up {up:.1} s", self.pid)?;
        writeln!(f, "program  jianzi {} (profile {}, build {})", self.version, self.profile, self.build_id)?;
        if let Some(sender) = self.sent_by {
            writeln!(f, "sent by  process {sender}")?;
        }
        if let Some(message) = &self.message {
            writeln!(f, "message  {message}")?;
        }
        for room in &self.rooms {
            let doing = if room.within { "stepping" } else { "last stepped" };
            writeln!(f, "{:<8} {doing} {}, tick {}", room.place, room.room, room.tick)?;
        }
        for note in &self.notes {
            writeln!(f, "note     {note}")?;
        }
        for thread in self.thread.iter().chain(&self.other_threads) {
            write!(f, "\n{thread}")?;
        }
        if !self.lines.is_empty() {
            writeln!(f, "\nlast log lines")?;
        }
        self.lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "thread {} ({})", self.name, self.id)?;
        for (number, frame) in self.frames.iter().enumerate() {
            writeln!(f, "{number:4}  {frame}")?;
        }
        if !self.whole {
            writeln!(f, "      … the stack goes on; no more of it was kept or understood")?;
        }
        Ok(())
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(function) => f.write_str(function)?,
            None => {
                let module = self.module.rsplit('/').next().unwrap_or_default();
                write!(f, "{:#x} ({module}+{:#x})", self.address, self.offset)?;
            }
        }
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "  at {file}:{line}"),
            (Some(file), None) => write!(f, "  at {file}"),
            _ => Ok(()),
        }
    }
}
