//! One player over plain TCP: logs in, plays in lockstep, and after each loss comes back as the SDK does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clock::{Chance, Clock, Moment};
use prost::Message;
use protocol::messages::input_refused::Refusal;
use protocol::{HEADER_BYTES, Header, messages, operation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::oracle::Oracle;
use crate::wire;

/// What all players of one measurement share.
pub struct Shared {
    pub address: std::net::SocketAddr,
    pub spec: messages::RoomSpec,
    /// Of the last kill: its number, and when it was.
    pub kills: AtomicU64,
    pub killed_at: AtomicU64,
    pub stop_sending: AtomicBool,
    pub stop: AtomicBool,
}

pub struct Player {
    pub shared: Arc<Shared>,
    pub token: String,
    pub room: String,
    pub oracle: Oracle,
    pub counts: Counts,
    /// Of the last welcome: within which time after a loss the first try is made.
    pub retry_within: Duration,
}

/// What this player went through.
#[derive(Default)]
pub struct Counts {
    /// Microseconds from a kill to the next frame.
    pub back_us: Vec<u64>,
    pub connects: u64,
    /// The last kill after which frames came again.
    pub healed: u64,
    /// The player was put into no match, or another one.
    pub matches_lost: u64,
    pub last_error: String,
}

/// As the SDK: a first try after a random time up to what the welcome said, then more and more time between tries.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const MAX_BODY: u32 = 1 << 20;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

impl Player {
    /// Plays until it is told to stop.
    pub async fn play(mut self) -> Player {
        let mut wait = Duration::ZERO;
        while !self.stopped() {
            if let Err(error) = self.connection(&mut wait).await {
                self.counts.last_error = format!("{error:#}");
            }
            if self.stopped() {
                break;
            }
            let jitter = Chance::system().below(wait.max(self.retry_within).as_micros() as u64);
            tokio::time::sleep_until(Instant::now() + Duration::from_micros(jitter)).await;
            wait = (wait * 2).clamp(self.retry_within, LONGEST_WAIT);
        }
        self
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// One connection, from its login to its end.
    async fn connection(&mut self, wait: &mut Duration) -> Result<()> {
        self.counts.connects += 1;
        let socket = TcpStream::connect(self.shared.address).await?;
        socket.set_nodelay(true)?;
        let mut line = Line { socket, received: Vec::new(), body: Vec::new(), calls: 0 };
        let login = messages::Login {
            token: self.token.clone(),
            build: "bench".into(),
            sdk: "bench".into(),
            ..messages::Login::default()
        };
        line.send(operation::LOGIN, &login.encode_to_vec()).await?;
        let welcome = line.wait_for(operation::WELCOME).await?;
        let welcome = messages::Welcome::decode(&welcome[..])?;
        self.retry_within = Duration::from_millis(welcome.retry_within_ms.into()).min(LONGEST_WAIT);
        let joined = self.enter(&mut line).await?;
        self.oracle.seated(joined.seat.context("a player without a seat")?);
        let resumed = self.resume(&mut line, joined.channel).await?;
        *wait = Duration::ZERO;
        for (number, data) in self.oracle.again(resumed.applied) {
            line.send_input(joined.channel, number, &data).await?;
        }
        self.listen(&mut line, joined.channel).await
    }

    /// Everybody asks for the room to be made, which makes it once, and takes a seat.
    async fn enter(&mut self, line: &mut Line) -> Result<messages::Joined> {
        let create = messages::CreateRoom {
            room: self.room.clone(),
            spec: Some(self.shared.spec.clone()),
            join: true,
        };
        let known_run = self.oracle.run();
        let answer = line.call("rooms.create", &create).await?;
        let joined = messages::Joined::decode(&answer[..])?;
        let view = joined.room.as_ref().context("a room without a view")?;
        if view.room != self.room || (known_run > 0 && view.run < known_run) {
            self.counts.matches_lost += 1;
            bail!("another match: run {} after run {known_run}", view.run);
        }
        Ok(joined)
    }

    async fn resume(&mut self, line: &mut Line, channel: u32) -> Result<messages::Joined> {
        let ask = messages::ResumeRoom { channel, from_tick: self.oracle.next_tick() };
        let answer = match line.call("rooms.resume", &ask).await {
            Err(refused) if refused.downcast_ref::<Refused>().is_some_and(Refused::is_too_far) => {
                self.oracle.start_over();
                let ask = messages::ResumeRoom { channel, from_tick: 1 };
                line.call("rooms.resume", &ask).await?
            }
            answer => answer?,
        };
        Ok(messages::Joined::decode(&answer[..])?)
    }

    async fn listen(&mut self, line: &mut Line, channel: u32) -> Result<()> {
        let hz = self.shared.spec.lockstep.as_ref().map_or(20, |lockstep| lockstep.tick_hz.max(1));
        let mut pace = tokio::time::interval(Duration::from_secs(1) / hz);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            while let Some(operation) = line.next()? {
                match operation {
                    operation::FRAME => self.frame(&line.body)?,
                    operation::INPUT_REFUSED => {
                        let refused = messages::InputRefused::decode(&line.body[..])?;
                        if refused.reason == i32::from(Refusal::Gap) {
                            // Something before it did not arrive: all that waits goes again.
                            let resumed = self.resume(line, channel).await?;
                            for (number, data) in self.oracle.again(resumed.applied) {
                                line.send_input(channel, number, &data).await?;
                            }
                        } else {
                            self.oracle.refused(refused.number);
                        }
                    }
                    operation::ERROR | operation::GOODBYE => bail!("the server said good-bye"),
                    _ => {}
                }
            }
            tokio::select! {
                read = line.socket.read_buf(&mut line.received) => ensure!(read? > 0, "the connection was closed"),
                _ = pace.tick() => {
                    if self.stopped() {
                        return Ok(());
                    }
                    if !self.shared.stop_sending.load(Ordering::Relaxed) && let Some((number, data)) = self.oracle.input() {
                        line.send_input(channel, number, &data).await?;
                    }
                }
            }
        }
    }

    fn frame(&mut self, body: &[u8]) -> Result<()> {
        let mut entries = Vec::new();
        let view = wire::frame(body, |entry| {
            entries.push(entry.to_vec());
            Ok(())
        })?;
        let before = self.oracle.next_tick();
        self.oracle.frame(&view, &entries)?;
        let kills = self.shared.kills.load(Ordering::Acquire);
        // A frame of before the kill may still have been on its way: one of a new run is after it.
        if kills > self.counts.healed && self.oracle.next_tick() > before && u64::from(view.run) > kills {
            self.counts.healed = kills;
            let killed_at = Moment::from_micros(self.shared.killed_at.load(Ordering::Acquire));
            self.counts.back_us.push(Clock::System.now().since(killed_at).as_micros() as u64);
        }
        Ok(())
    }
}

/// A call that the server answered with an error.
#[derive(Debug)]
struct Refused(messages::Error);

impl Refused {
    /// The room has yet to reach the tick that was asked for.
    fn is_too_far(&self) -> bool {
        self.0.code == protocol::ErrorCode::BadRequest.number()
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.0.code, self.0.message)
    }
}

impl std::error::Error for Refused {}

/// A connection with its frames.
struct Line {
    socket: TcpStream,
    received: Vec<u8>,
    /// Of the last frame.
    body: Vec<u8>,
    calls: u32,
}

impl Line {
    /// The operation of the next whole frame; its body is in `body`.
    fn next(&mut self) -> Result<Option<u8>> {
        let Some((head, rest)) = self.received.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let header = Header::decode(*head, MAX_BODY).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let length = header.length as usize;
        if rest.len() < length {
            return Ok(None);
        }
        self.body.clear();
        self.body.extend_from_slice(&rest[..length]);
        self.received.drain(..HEADER_BYTES + length);
        Ok(Some(header.operation))
    }

    async fn send(&mut self, operation: u8, body: &[u8]) -> Result<()> {
        let mut frame = Header { operation, length: body.len() as u32 }.encode().to_vec();
        frame.extend_from_slice(body);
        Ok(self.socket.write_all(&frame).await?)
    }

    async fn send_input(&mut self, channel: u32, number: u32, data: &[u8]) -> Result<()> {
        let mut body = Vec::with_capacity(32);
        wire::put_input(&mut body, channel, number, data);
        self.send(operation::INPUT, &body).await
    }

    async fn call(&mut self, method: &str, message: &impl Message) -> Result<Vec<u8>> {
        self.calls += 1;
        let mut body = Vec::new();
        wire::put_call(&mut body, self.calls, method, &message.encode_to_vec());
        self.send(operation::CALL, &body).await?;
        let answer = messages::Answer::decode(&self.wait_for(operation::ANSWER).await?[..])?;
        match answer.error {
            Some(error) => Err(Refused(error).into()),
            None => Ok(answer.body.to_vec()),
        }
    }

    /// The body of the next frame of this kind; what else comes before it is for nobody.
    async fn wait_for(&mut self, wanted: u8) -> Result<Vec<u8>> {
        let wait = async {
            loop {
                while let Some(operation) = self.next()? {
                    if operation == wanted {
                        return Ok(std::mem::take(&mut self.body));
                    }
                    if operation == operation::ERROR || operation == operation::GOODBYE {
                        let error = messages::Error::decode(&self.body[..]).unwrap_or_default();
                        bail!("the server said {} {}", error.code, error.message);
                    }
                }
                ensure!(self.socket.read_buf(&mut self.received).await? > 0, "the connection was closed");
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, wait).await.context("no answer")?
    }
}
