//! A server in threads: login by HTTP, then the wire; as simple as it can be, and as wrong as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use prost::Message as _;
use protocol::{Header, messages, operation};
use serde_json::Value;
use tungstenite::{Message, WebSocket};

use crate::rooms::{Rooms, Sitting};

pub struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    None,
    DropsRelays {
        every: u32,
    },
    DropsRelaysAbove {
        rooms: usize,
    },
    RepeatsTicks {
        every: u32,
    },
    SkipsTicks {
        every: u32,
    },
    LosesInputs {
        every: u32,
    },
    SwapsInputs,
    TellsSeatsApart,
    /// A run that goes on a few ticks back, and without some inputs that were acknowledged.
    BeginsNewRun {
        at: u32,
    },
}

/// The sending half of a connection.
#[derive(Clone)]
pub struct Wire(Arc<Mutex<TcpStream>>);

struct Shared {
    rooms: Rooms,
    logins: AtomicU32,
}

impl Fake {
    pub fn start(mistake: Mistake) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { rooms: Rooms::new(mistake), logins: AtomicU32::new(0) });
        let door = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&door);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Fake { address, shared }
    }

    pub fn bench(&self, args: &[&str]) -> Value {
        self.result(args)["targets"][0]["median"].clone()
    }

    /// With all columns.
    pub fn result(&self, args: &[&str]) -> Value {
        crate::result(&[args, &["--url", &format!("ws://{}/ws", self.address)]].concat())
    }

    pub fn state_hashes(&self) -> usize {
        self.shared.rooms.state_hashes()
    }

    /// Of the rooms that were made.
    pub fn levels(&self) -> Vec<messages::Durability> {
        self.shared.rooms.levels()
    }

    pub fn logins(&self) -> u32 {
        self.shared.logins.load(Ordering::SeqCst)
    }
}

pub fn bench(args: &[&str]) -> Value {
    crate::result(args)["targets"][0]["median"].clone()
}

impl Wire {
    /// Sends one frame; a connection that is gone takes nothing.
    pub fn send(&self, operation: u8, message: &impl prost::Message) {
        let body = message.encode_to_vec();
        let header = Header { operation, length: body.len() as u32 }.encode();
        let length = header.len() + body.len();
        let mut bytes = vec![0x82];
        match length {
            0..126 => bytes.push(length as u8),
            _ => {
                bytes.push(126);
                bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&body);
        let _ = self.0.lock().unwrap().write_all(&bytes);
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    let mut first = [0; 4];
    stream.set_nodelay(true).unwrap();
    let _ = stream.peek(&mut first);
    if &first == b"POST" {
        let _ = serve_http(stream, shared);
    } else if let Ok(socket) = tungstenite::accept(stream) {
        serve_socket(socket, shared);
    }
}

/// Answers logins on a kept-alive connection until it ends.
fn serve_http(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut answers = stream.try_clone()?;
    let mut requests = BufReader::new(stream);
    let mut requests_seen = 0;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        requests.read_exact(&mut body)?;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["app"], &body["build"]), (&"jianzi-demo".into(), &"bench".into()));
        requests_seen += 1;
        // Every seventh request is put off.
        let (status, answer) = if requests_seen % 7 == 0 {
            ("429 Too Many Requests", r#"{"code":4004,"msg":"slow down","retry_after_ms":20}"#.to_owned())
        } else {
            shared.logins.fetch_add(1, Ordering::SeqCst);
            let data = serde_json::json!({"token": body["code"]});
            ("200 OK", serde_json::json!({"code": 0, "msg": "ok", "data": data}).to_string())
        };
        write!(answers, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())?;
    }
}

fn serve_socket(mut socket: WebSocket<TcpStream>, shared: &Shared) {
    let wire = Wire(Arc::new(Mutex::new(socket.get_ref().try_clone().unwrap())));
    let mut seat = None;
    serve_frames(&mut socket, &wire, &mut seat, shared);
    if let Some(seat) = seat {
        shared.rooms.leave(&seat);
    }
}

fn serve_frames(socket: &mut WebSocket<TcpStream>, wire: &Wire, seat: &mut Option<Sitting>, shared: &Shared) {
    while let Ok(message) = socket.read() {
        let Message::Binary(bytes) = message else { continue };
        for frame in protocol::frames_in_message(&bytes, 65536) {
            let (operation, body) = frame.unwrap();
            match operation {
                operation::LOGIN => {
                    let login = messages::Login::decode(body).unwrap();
                    assert!(!login.token.is_empty());
                    let welcome = messages::Welcome { heartbeat_ms: 200, ..Default::default() };
                    wire.send(operation::WELCOME, &welcome);
                }
                operation::CALL => {
                    let call = messages::Call::decode(body).unwrap();
                    let answer = match call.method.as_str() {
                        "echo" => call.body,
                        method => shared.rooms.call(method, &call.body, wire, seat).into(),
                    };
                    wire.send(
                        operation::ANSWER,
                        &messages::Answer { id: call.id, error: None, body: answer },
                    );
                }
                operation::RELAY => {
                    let relay = messages::Relay::decode(body).unwrap();
                    shared.rooms.relay(seat.as_ref().unwrap(), relay);
                }
                operation::INPUT => {
                    let input = messages::Input::decode(body).unwrap();
                    shared.rooms.input(seat.as_ref().unwrap(), input);
                }
                operation::STATE_HASH => {
                    let report = messages::StateHash::decode(body).unwrap();
                    shared.rooms.state_hash(seat.as_ref().unwrap(), report);
                }
                operation::HEARTBEAT => wire.send(operation::HEARTBEAT, &messages::Heartbeat::default()),
                operation::GOODBYE => return,
                other => panic!("operation {other}"),
            }
        }
    }
}
