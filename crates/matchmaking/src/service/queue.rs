//! The way to the matchmaking thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{AppId, PlayerId, RoomKey, SessionId};
use protocol::Fault;
use protocol::messages::{MatchStart, RoomSpec};

use super::Done;
use crate::ticket::Asking;

pub(super) enum Command {
    Start(Box<StartRequest>),
    Cancel { app: AppId, player: PlayerId, ticket: String, done: Done },
    Status { app: AppId, player: PlayerId, ticket: String, done: Done },
    Gone(SessionId),
    RoomAnswered(RoomKey, Result<(), Fault>),
}

pub(super) struct StartRequest {
    pub asking: Asking,
    pub start: MatchStart,
    pub spec: RoomSpec,
    pub done: Done,
}

/// Requests are bounded by number. What tells of an end (a session's, an order's) is always taken: there are at most
/// as many as sessions and orders.
pub(super) struct Queue {
    bound: usize,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    commands: Vec<Command>,
    requests: usize,
    closed: bool,
}

pub(super) struct Refused {
    pub command: Command,
    pub closed: bool,
}

impl Queue {
    pub fn new(bound: usize) -> Queue {
        Queue { bound, inside: Mutex::default(), changed: Condvar::new() }
    }

    pub fn push(&self, command: Command) -> Result<(), Refused> {
        let mut inside = self.lock();
        if inside.closed || (command.is_request() && inside.requests >= self.bound) {
            return Err(Refused { command, closed: inside.closed });
        }
        inside.requests += usize::from(command.is_request());
        inside.commands.push(command);
        if inside.commands.len() == 1 {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// All commands, possibly none once `limit` has passed; `None` when the queue is closed and empty.
    pub fn take(&self, limit: Option<Duration>) -> Option<Vec<Command>> {
        let mut inside = self.lock();
        let nothing_yet = |inside: &mut Inside| inside.commands.is_empty() && !inside.closed;
        inside = match limit {
            None => self.changed.wait_while(inside, nothing_yet).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = self.changed.wait_timeout_while(inside, limit, nothing_yet);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if inside.closed && inside.commands.is_empty() {
            return None;
        }
        inside.requests = 0;
        Some(std::mem::take(&mut inside.commands))
    }

    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Command {
    /// Answers a request that cannot be taken.
    pub fn refuse(self, fault: Fault) {
        match self {
            Command::Start(request) => (request.done)(Err(fault)),
            Command::Cancel { done, .. } | Command::Status { done, .. } => done(Err(fault)),
            Command::Gone(_) | Command::RoomAnswered(..) => {}
        }
    }

    fn is_request(&self) -> bool {
        !matches!(self, Command::Gone(_) | Command::RoomAnswered(..))
    }
}
