//! The connections of one event loop, and what can be sent on them.

use std::io::{self, Write};

use clock::Moment;
use mio::net::TcpStream;
use protocol::{Header, operation};

use crate::sys::{self, TcpCounts};
use crate::{websocket, wire};

/// All connections of one event loop, by number from 0.
pub struct Lines {
    pub(crate) lines: Vec<Line>,
    scratch: Vec<u8>,
    pub faults: Faults,
}

/// What went wrong on any line: how often, and the first in words.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Lines that were open and are not any more.
    pub lost: u64,
    /// Errors that the server told without closing.
    pub errors: u64,
    pub first: Option<String>,
}

pub(crate) struct Line {
    pub stream: Option<TcpStream>,
    pub state: State,
    /// The begun frame at the end of the last read.
    pub stash: Vec<u8>,
    unsent: Vec<u8>,
    pub last_push: u32,
    pub tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not opened yet, or waiting for another try.
    Idle,
    Connecting,
    Upgrading,
    LoggingIn,
    Open,
    Lost,
}

impl Lines {
    pub fn new(count: usize) -> Lines {
        let mut lines =
            Lines { lines: Vec::new(), scratch: Vec::with_capacity(64 * 1024), faults: Faults::default() };
        lines.grow(count);
        lines
    }

    pub(crate) fn grow(&mut self, count: usize) {
        let line = || Line {
            stream: None,
            state: State::Idle,
            stash: Vec::new(),
            unsent: Vec::new(),
            last_push: 0,
            tries: 0,
        };
        self.lines.extend((0..count).map(|_| line()));
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_open(&self, line: usize) -> bool {
        self.lines[line].state == State::Open
    }

    /// Sends one frame; the closure appends the body. On a line that is not open nothing happens.
    pub fn send(&mut self, line: usize, operation: u8, write_body: impl FnOnce(&mut Vec<u8>)) {
        self.send_message(line, |message| put_frame(message, operation, write_body));
    }

    /// Sends one message; the closure appends its frames with [`put_frame`].
    pub fn send_message(&mut self, line: usize, write_frames: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.clear();
        self.scratch.resize(websocket::HEADROOM, 0);
        write_frames(&mut self.scratch);
        let start = websocket::mask_in_place(&mut self.scratch, websocket::BINARY);
        let Lines { lines, scratch, faults } = self;
        lines[line].write(&scratch[start..], faults);
    }

    pub(crate) fn send_heartbeat(&mut self, line: usize) {
        let last_push = self.lines[line].last_push;
        self.send(line, operation::HEARTBEAT, |body| wire::put_heartbeat(body, last_push));
    }

    pub(crate) fn send_pong(&mut self, line: usize, payload: &[u8]) {
        self.scratch.clear();
        self.scratch.resize(websocket::HEADROOM, 0);
        self.scratch.extend_from_slice(payload);
        let start = websocket::mask_in_place(&mut self.scratch, websocket::PONG);
        let Lines { lines, scratch, faults } = self;
        lines[line].write(&scratch[start..], faults);
    }

    /// What the kernel counts for a line; nothing for one that is gone.
    pub fn tcp_counts(&self, line: usize) -> Option<TcpCounts> {
        self.lines[line].stream.as_ref().and_then(|stream| sys::tcp_counts(stream).ok())
    }

    /// Says good-bye on every open line and closes it, so that the server forgets sessions and rooms at once.
    pub fn hang_up(&mut self) {
        for line in 0..self.lines.len() {
            if self.is_open(line) {
                self.send(line, operation::GOODBYE, |_| ());
            }
            self.lines[line].stream = None;
        }
    }

    pub(crate) fn flush(&mut self, line: usize) {
        let Lines { lines, faults, .. } = self;
        let line = &mut lines[line];
        let unsent = std::mem::take(&mut line.unsent);
        if !unsent.is_empty() {
            line.write(&unsent, faults);
        }
    }
}

/// Appends one frame; the closure appends the body.
pub fn put_frame(message: &mut Vec<u8>, operation: u8, write_body: impl FnOnce(&mut Vec<u8>)) {
    let header = message.len();
    let body = header + protocol::HEADER_BYTES;
    message.resize(body, 0);
    write_body(message);
    let length = (message.len() - body) as u32;
    message[header..body].copy_from_slice(&Header { operation, length }.encode());
}

impl Line {
    pub(crate) fn write(&mut self, mut bytes: &[u8], faults: &mut Faults) {
        let Some(stream) = &mut self.stream else { return };
        while self.unsent.is_empty() && !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    faults.note(|| format!("write: {error}"));
                    return; // Reading finds the end and tells it.
                }
            }
        }
        self.unsent.extend_from_slice(bytes);
    }
}

impl Faults {
    /// Keeps the first fault's words.
    pub fn note(&mut self, words: impl FnOnce() -> String) {
        if self.first.is_none() {
            self.first = Some(words());
        }
    }

    pub fn add(&mut self, other: Faults) {
        self.lost += other.lost;
        self.errors += other.errors;
        if self.first.is_none() {
            self.first = other.first;
        }
    }
}

/// A part of a test's life, by the clock that every thread shares.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub from: Moment,
    pub to: Moment,
}

impl Window {
    pub fn holds(self, moment: Moment) -> bool {
        self.from <= moment && moment < self.to
    }
}
