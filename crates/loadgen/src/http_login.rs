//! `POST /v1/login` over one kept-alive connection, blocking.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clock::Clock;
use serde::Deserialize;

use crate::server::Door;
use crate::sources::Sources;
use crate::stop;

/// Logs players in over a few connections, side by side; gives their tokens in order.
pub fn tokens(door: &Door, players: Range<usize>, sources: Sources) -> Result<Vec<String>> {
    const CONNECTIONS: usize = 8;
    let share = players.len().div_ceil(CONNECTIONS).max(1);
    let log_in = |from: usize| {
        let mut http = HttpLogin::new(door, sources, from / share);
        let to = (from + share).min(players.end);
        (from..to).map(|player| http.login(player)).collect::<Result<Vec<String>>>()
    };
    std::thread::scope(|scope| {
        let log_in = &log_in;
        let starts = players.clone().step_by(share);
        let threads: Vec<_> = starts.map(|from| scope.spawn(move || log_in(from))).collect();
        let mut tokens = Vec::with_capacity(players.len());
        for thread in threads {
            tokens.extend(thread.join().map_err(|_| anyhow!("a login thread panicked"))??);
        }
        Ok(tokens)
    })
}

/// A connection that logs bench players in.
pub struct HttpLogin {
    server: SocketAddr,
    source: Option<SocketAddr>,
    stream: Option<TcpStream>,
    app: String,
    request: String,
    answer: Vec<u8>,
}

impl HttpLogin {
    /// `number` tells connections of one run apart: each takes the next source address.
    pub fn new(door: &Door, sources: Sources, number: usize) -> HttpLogin {
        HttpLogin {
            server: door.address,
            source: sources.address(number, door.address),
            stream: None,
            app: door.app.clone(),
            request: String::new(),
            answer: Vec::new(),
        }
    }

    /// Logs the player in that the simulator knows as `dev:bench-<player>`; returns the access token. Waits and tries
    /// again a few times when the server says "later".
    pub fn login(&mut self, player: usize) -> Result<String> {
        const TRIES: u32 = 20;
        for _ in 0..TRIES {
            match self.try_login(player)? {
                Outcome::Token(token) => return Ok(token),
                Outcome::Later(wait) => stop::wait_until(Clock::System.now() + wait)?,
            }
        }
        bail!("the server put off the login of bench-{player} {TRIES} times")
    }

    fn try_login(&mut self, player: usize) -> Result<Outcome> {
        self.compose(player);
        let exchanged = self.exchange();
        let (status, body) = exchanged.with_context(|| format!("POST http://{}/v1/login", self.server))?;
        let answer: Answer = serde_json::from_slice(&self.answer[body..])
            .with_context(|| format!("the login answer {status} is not the documented JSON"))?;
        match answer.data {
            Some(data) if status == 200 && answer.code == 0 => Ok(Outcome::Token(data.token)),
            _ if matches!(status, 429 | 503) => {
                let wait = Duration::from_millis(answer.retry_after_ms.unwrap_or(200).clamp(20, 5000));
                Ok(Outcome::Later(wait))
            }
            _ => bail!(
                "the server refused the login of bench-{player}: {status}, {} {}",
                answer.code,
                answer.msg
            ),
        }
    }

    fn compose(&mut self, player: usize) {
        let app = &self.app;
        let body = format!(
            r#"{{"app":"{app}","code":"dev:bench-{player}","build":"bench","device":"bench-{player}"}}"#
        );
        self.request = format!(
            "POST /v1/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.server,
            body.len()
        );
    }

    /// Sends the request and reads the whole answer; returns its status and where its body begins. A kept-alive
    /// connection that the server has closed meanwhile is opened anew once.
    fn exchange(&mut self) -> Result<(u16, usize)> {
        if let Some(mut stream) = self.stream.take() {
            let reused = self.exchange_on(&mut stream);
            if reused.is_ok() {
                self.stream = Some(stream);
                return reused;
            }
        }
        let mut stream = connect(self.server, self.source)?;
        let result = self.exchange_on(&mut stream)?;
        self.stream = Some(stream);
        Ok(result)
    }

    fn exchange_on(&mut self, stream: &mut TcpStream) -> Result<(u16, usize)> {
        stream.write_all(self.request.as_bytes())?;
        read_answer(stream, &mut self.answer)
    }
}

/// One request on a connection of its own; the JSON of the answer, whatever its status.
pub fn ask(server: SocketAddr, method: &str, path: &str, body: &str) -> Result<serde_json::Value> {
    let mut stream = connect(server, None)?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let (status, body) =
        read_answer(&mut stream, &mut answer).with_context(|| format!("{method} http://{server}{path}"))?;
    serde_json::from_slice(&answer[body..])
        .with_context(|| format!("the answer {status} to {method} {path} is not JSON"))
}

/// Reads a whole answer; its status and where its body begins.
fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<(u16, usize)> {
    answer.clear();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk)?;
        ensure!(read > 0, "the server closed the connection within its answer");
        answer.extend_from_slice(&chunk[..read]);
        if let Some((status, body, length)) = answer_head(answer)?
            && answer.len() >= body + length
        {
            answer.truncate(body + length);
            return Ok((status, body));
        }
    }
}

enum Outcome {
    Token(String),
    Later(Duration),
}

#[derive(Deserialize)]
struct Answer {
    code: u32,
    #[serde(default)]
    msg: String,
    retry_after_ms: Option<u64>,
    data: Option<AnswerData>,
}

#[derive(Deserialize)]
struct AnswerData {
    token: String,
}

/// Connects from a given address, with a limit on every wait.
pub fn connect(server: SocketAddr, source: Option<SocketAddr>) -> Result<TcpStream> {
    const LIMIT: Duration = Duration::from_secs(10);
    let socket = crate::sources::socket(server, source)?;
    socket.connect_timeout(&server.into(), LIMIT).with_context(|| format!("connect to {server}"))?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

/// Status, where the body begins, and the body's length, once the head is whole.
fn answer_head(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(body) = response.parse(bytes)? else { return Ok(None) };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.context("the answer has no Content-Length")?;
    let length = std::str::from_utf8(length.value)?.trim().parse()?;
    Ok(Some((response.code.unwrap_or_default(), body, length)))
}
