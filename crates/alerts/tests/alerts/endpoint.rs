//! An HTTP endpoint that keeps what it is sent and answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Shared {
    received: Vec<Received>,
    /// Status and body; then the usual one.
    answers: VecDeque<(u16, String)>,
    usual: String,
}

pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl Endpoint {
    /// Answers 200 with this body.
    pub fn start(usual: &str) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared { usual: usual.to_owned(), ..Shared::default() }));
        let state = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = state.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &state));
            }
        });
        Endpoint { address, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request gets this instead of the usual answer.
    pub fn answer_next(&self, status: u16, body: &str) {
        self.shared.lock().unwrap().answers.push_back((status, body.to_owned()));
    }

    /// Waits for so many requests and gives all.
    pub fn received(&self, at_least: usize) -> Vec<Received> {
        testkit::eventually("the endpoint's requests", || {
            let received = self.shared.lock().unwrap().received.clone();
            (received.len() >= at_least).then_some(received)
        })
    }

    pub fn count(&self) -> usize {
        self.shared.lock().unwrap().received.len()
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<Shared>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let path = first.split(' ').nth(1).unwrap().to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut received = Received { path, headers, body: Vec::new() };
        let length = received.header("content-length").unwrap().parse().unwrap();
        received.body.resize(length, 0);
        reader.read_exact(&mut received.body).unwrap();
        let (status, body) = {
            let mut state = state.lock().unwrap();
            state.received.push(received);
            let usual = (200, state.usual.clone());
            state.answers.pop_front().unwrap_or(usual)
        };
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
