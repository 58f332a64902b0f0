//! The id of a session, small enough to travel with every input.

use std::fmt;

use arrayvec::ArrayString;

const MAX_BYTES: usize = 20;

/// One login of one player; outlives its sockets. Held in place: it is copied and compared for every input, and must not
/// cost a look into distant memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(ArrayString<MAX_BYTES>);

#[derive(Debug, thiserror::Error)]
#[error("a session's id has at most {MAX_BYTES} bytes")]
pub struct SessionIdTooLong;

impl SessionId {
    /// # Panics
    /// If the text is longer than 20 bytes; what comes from outside is read with `try_from`.
    pub fn new(text: impl AsRef<str>) -> SessionId {
        SessionId::try_from(text.as_ref()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for SessionId {
    type Error = SessionIdTooLong;

    fn try_from(text: &str) -> Result<SessionId, SessionIdTooLong> {
        ArrayString::from(text).map(SessionId).map_err(|_| SessionIdTooLong)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
