//! How a command ends, as its exit code says it. `jianzi --help` lists them.

use std::fmt;
use std::process::ExitCode;

/// Exit codes are a promise to scripts and supervisors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for could not be done, or a replay is not what it says.
    Failed = 1,
    /// The command line cannot be understood (clap's own code).
    Usage = 2,
    Configuration = 3,
    /// An address cannot be listened on: in use, not of this machine, not permitted.
    Bind = 4,
    /// The data folder cannot be used, or another process uses it.
    DataFolder = 5,
    /// The server crashed again and again, and the supervisor was told to give up then.
    CrashLoop = 6,
    /// The server ended in order just before its memory did; it wants to be started again at once.
    Memory = 7,
}

pub const EXIT_CODES: &str = "Exit codes: 0 done · 1 failed · 2 command line · 3 configuration · \
     4 an address cannot be listened on · 5 data folder · 6 crash loop · 7 out of memory";

/// A command that did not do what it should, told in a sentence that an operator can act on.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl fmt::Display) -> Failure {
        Failure { exit, message: message.to_string() }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
