//! An error on its way to a client.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::errors::ErrorCode;
use crate::messages;

/// A code, a sentence about this very case, and when to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub code: ErrorCode,
    /// In English.
    pub message: Cow<'static, str>,
    /// For errors that say "later".
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// Without a time to wait.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Fault {
        Fault { code, message: message.into(), retry_after: None }
    }

    /// With a time to wait.
    pub fn retry_after(mut self, duration: Duration) -> Fault {
        self.retry_after = Some(duration);
        self
    }

    /// As it goes over the wire.
    pub fn to_message(&self) -> messages::Error {
        messages::Error {
            code: self.code.number(),
            message: self.message.to_string(),
            retry_after_ms: self.retry_after.map_or(0, |duration| duration.as_millis() as u32),
        }
    }
}

/// The sentence of the code itself, where there is nothing to add.
impl From<ErrorCode> for Fault {
    fn from(code: ErrorCode) -> Fault {
        Fault::new(code, code.english())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.name())
    }
}

impl std::error::Error for Fault {}
