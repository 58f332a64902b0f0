//! One event loop: opens its lines, reads them, and gives every message to the [`Play`].
//!
//! Lean on purpose, since it shares the processor with the server: one read buffer for all lines, no allocation per
//! message, and no second `read` when the first did not fill the buffer (edge-triggered epoll allows that).

use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clock::{Clock, Moment};
use mio::event::Event;
use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use prost::Message;
use protocol::{messages, operation};

use crate::heartbeat::Heartbeat;
use crate::lines::{Lines, State};
use crate::sources::{self, Sources};
use crate::sys::Timer;
use crate::{stop, websocket, wire};

/// What the players of one event loop do.
pub trait Play {
    /// The line can be used: logged in, or upgraded where there is no login.
    fn opened(&mut self, line: usize, lines: &mut Lines);

    /// One frame has arrived that the engine does not deal with itself.
    fn message(
        &mut self,
        line: usize,
        operation: u8,
        body: &[u8],
        now: Moment,
        lines: &mut Lines,
    ) -> Result<()>;

    /// Sends what is due; returns when there will be more.
    fn pace(&mut self, now: Moment, lines: &mut Lines) -> Moment;
}

/// How an engine reaches its server.
#[derive(Clone)]
pub struct Dial {
    pub server: SocketAddr,
    pub sources: Sources,
    /// By line. Against the floor, which knows no login, all tokens are empty.
    pub tokens: Vec<String>,
    /// By line: the path of the upgrade.
    pub paths: Vec<String>,
    /// Number of the first line among all lines of the run.
    pub first: usize,
}

/// Opens all lines of its dial, and keeps them.
pub struct Engine {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    pub lines: Lines,
    dial: Dial,
    clock: Clock,
    timer: Timer,
    waiting: VecDeque<(Moment, usize)>,
    opening: usize,
    open: usize,
    heartbeat: Heartbeat,
}

/// Connections begun and not yet logged in, at most: fewer than any server's backlog.
const OPENING_MAX: usize = 100;

/// No line has this number.
const TIMER: Token = Token(usize::MAX);

impl Engine {
    pub fn new(dial: Dial) -> Result<Engine> {
        let count = dial.paths.len();
        let clock = Clock::System;
        let now = clock.now();
        let (poll, timer) = (Poll::new()?, Timer::new()?);
        poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
        Ok(Engine {
            poll,
            events: Events::with_capacity(1024),
            buffer: vec![0; 256 * 1024].into_boxed_slice(),
            lines: Lines::new(count),
            dial,
            clock,
            timer,
            waiting: (0..count).map(|line| (now, line)).collect(),
            opening: 0,
            open: 0,
            heartbeat: Heartbeat::default(),
        })
    }

    /// Adds lines; they are opened while the engine runs.
    pub fn extend(&mut self, tokens: Vec<String>, path: &str) {
        let now = self.clock.now();
        self.waiting.extend((self.lines.len()..self.lines.len() + tokens.len()).map(|line| (now, line)));
        self.lines.grow(tokens.len());
        self.dial.paths.extend(tokens.iter().map(|_| path.to_owned()));
        self.dial.tokens.extend(tokens);
    }

    /// Lines that can be used.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Runs until `done` says so (true) or `until` has come (false).
    pub fn run<P: Play>(
        &mut self,
        play: &mut P,
        until: Moment,
        mut done: impl FnMut(&P, &Engine) -> bool,
    ) -> Result<bool> {
        // Often enough to see a signal or another thread's word, seldom enough to cost nothing.
        const LOOK_AROUND: Duration = Duration::from_millis(20);
        // What is due within this time is sent in one go: so much later may a message leave than it should.
        const TOGETHER: Duration = Duration::from_micros(100);
        loop {
            stop::check()?;
            let now = self.clock.now();
            if done(play, self) {
                return Ok(true);
            }
            if now >= until {
                return Ok(false);
            }
            self.open_more(now)?;
            self.heartbeat.beat(now, &mut self.lines);
            let next = play.pace(now, &mut self.lines);
            let next = next.max(now + TOGETHER).min(until).min(self.heartbeat.next()).min(now + LOOK_AROUND);
            match self.wait(next) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
            for event in events.iter().filter(|event| event.token() != TIMER) {
                self.on_event(event, play)?;
            }
            self.events = events;
        }
    }

    /// Waits for events, at most until `next`.
    fn wait(&mut self, next: Moment) -> io::Result<()> {
        const ROUNDED: Duration = Duration::from_millis(2);
        let left = next.since(self.clock.now());
        if left.is_zero() {
            return self.poll.poll(&mut self.events, Some(Duration::ZERO));
        }
        self.timer.set(left)?;
        self.poll.poll(&mut self.events, Some(left + ROUNDED))
    }

    fn open_more(&mut self, now: Moment) -> Result<()> {
        for _ in 0..self.waiting.len() {
            if self.opening >= OPENING_MAX {
                break;
            }
            let Some((due, line)) = self.waiting.pop_front() else { break };
            if due > now {
                self.waiting.push_back((due, line));
                continue;
            }
            self.connect(line)?;
        }
        Ok(())
    }

    fn connect(&mut self, line: usize) -> Result<()> {
        let source = self.dial.sources.address(self.dial.first + line, self.dial.server);
        let socket = sources::socket(self.dial.server, source)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&self.dial.server.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(error).with_context(|| format!("connect to {}", self.dial.server)),
        }
        let mut stream = TcpStream::from_std(socket.into());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(line), interest)?;
        let entry = &mut self.lines.lines[line];
        entry.stream = Some(stream);
        entry.state = State::Connecting;
        entry.stash.clear();
        self.opening += 1;
        Ok(())
    }

    fn on_event<P: Play>(&mut self, event: &Event, play: &mut P) -> Result<()> {
        let line = event.token().0;
        if event.is_writable() {
            match self.lines.lines[line].state {
                State::Connecting => self.on_connected(line)?,
                _ => self.lines.flush(line),
            }
        }
        if event.is_readable() || event.is_read_closed() {
            self.read(line, event.is_read_closed() || event.is_error(), play)?;
        }
        Ok(())
    }

    fn on_connected(&mut self, line: usize) -> Result<()> {
        let Lines { lines, faults, .. } = &mut self.lines;
        let entry = &mut lines[line];
        let Some(stream) = &entry.stream else { return Ok(()) };
        if let Some(error) = stream.take_error()? {
            return self.lose(line, &format!("connect: {error}"), None);
        }
        if stream.peer_addr().is_err() {
            return Ok(()); // Not yet.
        }
        entry.state = State::Upgrading;
        let request = websocket::upgrade_request(&self.dial.server.to_string(), &self.dial.paths[line]);
        entry.write(request.as_bytes(), faults);
        Ok(())
    }

    /// Reads until the socket is drained; a read that does not fill the buffer has drained it, unless the other end
    /// has closed, which no further event would tell.
    fn read<P: Play>(&mut self, line: usize, to_the_end: bool, play: &mut P) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.read_into(&mut buffer, line, to_the_end, play);
        self.buffer = buffer;
        result
    }

    fn read_into<P: Play>(
        &mut self,
        buffer: &mut [u8],
        line: usize,
        to_the_end: bool,
        play: &mut P,
    ) -> Result<()> {
        loop {
            let entry = &mut self.lines.lines[line];
            let Some(stream) = &mut entry.stream else { return Ok(()) };
            let kept = entry.stash.len();
            ensure!(kept < buffer.len(), "a message does not fit the read buffer of {} bytes", buffer.len());
            buffer[..kept].copy_from_slice(&entry.stash);
            let read = match stream.read(&mut buffer[kept..]) {
                Ok(0) => return self.lose(line, "the server closed the connection", None),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return self.lose(line, &format!("read: {error}"), None),
            };
            entry.stash.clear();
            let filled = kept + read;
            let consumed = self.consume(&buffer[..filled], line, play)?;
            self.lines.lines[line].stash.extend_from_slice(&buffer[consumed..filled]);
            if filled < buffer.len() && !to_the_end {
                return Ok(());
            }
        }
    }

    /// Deals with all that is whole in `bytes`; returns how much that was.
    fn consume<P: Play>(&mut self, bytes: &[u8], line: usize, play: &mut P) -> Result<usize> {
        let mut consumed = 0;
        if self.lines.lines[line].state == State::Upgrading {
            match websocket::upgrade_answer(bytes) {
                Ok(Some(length)) => {
                    consumed = length;
                    self.on_upgraded(line, play);
                }
                Ok(None) => return Ok(0),
                Err(error) => {
                    self.lose(line, &format!("{error:#}"), None)?;
                    return Ok(bytes.len());
                }
            }
        }
        let now = self.clock.now();
        while let Some(frame) = websocket::server_frame(&bytes[consumed..])? {
            match frame.opcode {
                websocket::BINARY => {
                    for framed in protocol::frames_in_message(frame.payload, u32::MAX) {
                        let (operation, body) = framed?;
                        self.on_frame(line, operation, body, now, play)?;
                    }
                }
                websocket::PING => self.lines.send_pong(line, frame.payload),
                websocket::PONG => {}
                websocket::CLOSE => {
                    let reason = frame.payload.get(2..).unwrap_or_default();
                    let reason = format!("closed by the server: {}", String::from_utf8_lossy(reason));
                    self.lose(line, &reason, None)?;
                    return Ok(bytes.len());
                }
                other => bail!("the server sends a WebSocket frame of type {other}"),
            }
            consumed += frame.length;
        }
        Ok(consumed)
    }

    fn on_upgraded<P: Play>(&mut self, line: usize, play: &mut P) {
        let token = &self.dial.tokens[line];
        if token.is_empty() {
            self.on_open(line, play);
            return;
        }
        let login = messages::Login {
            token: token.clone(),
            build: "bench".to_owned(),
            sdk: concat!("jianzi-bench/", env!("CARGO_PKG_VERSION")).to_owned(),
            device: format!("bench-{}", self.dial.first + line),
            ..Default::default()
        };
        self.lines.lines[line].state = State::LoggingIn;
        self.lines.send(line, operation::LOGIN, |body| body.extend_from_slice(&login.encode_to_vec()));
    }

    fn on_open<P: Play>(&mut self, line: usize, play: &mut P) {
        self.lines.lines[line].state = State::Open;
        self.opening -= 1;
        self.open += 1;
        play.opened(line, &mut self.lines);
    }

    fn on_frame<P: Play>(
        &mut self,
        line: usize,
        operation: u8,
        body: &[u8],
        now: Moment,
        play: &mut P,
    ) -> Result<()> {
        match operation {
            operation::WELCOME => {
                let welcome = messages::Welcome::decode(body)?;
                self.heartbeat.set(welcome.heartbeat_ms, now);
                if self.lines.lines[line].state == State::LoggingIn {
                    self.on_open(line, play);
                }
            }
            operation::HEARTBEAT => {}
            operation::PUSH => self.lines.lines[line].last_push = wire::first_number(body)?,
            operation::ERROR => {
                let error = messages::Error::decode(body)?;
                self.lines.faults.errors += 1;
                self.lines.faults.note(|| format!("error {}: {}", error.code, error.message));
            }
            operation::GOODBYE => {
                let goodbye = messages::Goodbye::decode(body)?;
                let words = format!("good-bye {}: {}", goodbye.code, goodbye.message);
                let later = Duration::from_millis(u64::from(goodbye.retry_after_ms));
                self.lose(line, &words, Some(later))?;
            }
            _ => play.message(line, operation, body, now, &mut self.lines)?,
        }
        Ok(())
    }

    /// Ends a line. One that was not open yet is tried again a few times.
    fn lose(&mut self, line: usize, why: &str, retry_after: Option<Duration>) -> Result<()> {
        const TRIES: u32 = 20;
        let entry = &mut self.lines.lines[line];
        if let Some(mut stream) = entry.stream.take() {
            self.poll.registry().deregister(&mut stream)?;
        }
        match entry.state {
            State::Idle | State::Lost => return Ok(()),
            State::Open => {
                entry.state = State::Lost;
                self.open -= 1;
                self.lines.faults.lost += 1;
                self.lines.faults.note(|| why.to_owned());
            }
            State::Connecting | State::Upgrading | State::LoggingIn => {
                entry.state = State::Idle;
                entry.tries += 1;
                self.opening -= 1;
                ensure!(entry.tries < TRIES, "line {line} cannot be opened: {why}");
                let wait = retry_after.unwrap_or_default().max(Duration::from_millis(100) * entry.tries);
                self.waiting.push_back((self.clock.now() + wait, line));
            }
        }
        Ok(())
    }
}
