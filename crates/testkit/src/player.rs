//! A player on a WebSocket, with somebody else's client (tungstenite).

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};

use bytes::Bytes;
use prost::Message as _;
use protocol::{ErrorCode, frames_in_message, messages, operation};
use tungstenite::{Message, WebSocket};

use crate::raw::frame;
use crate::wait::LIMIT;

/// A logged-in player.
pub struct Player {
    socket: WebSocket<TcpStream>,
    pub welcome: messages::Welcome,
    /// Frames that came while something else was waited for.
    unread: VecDeque<(u8, Bytes)>,
    /// Ticks that came with others and were not asked for yet.
    ticks: VecDeque<(u32, Vec<(u32, Bytes)>)>,
    /// Call ids are the session's: set it after a resume, or old answers come back.
    pub last_call: u32,
}

/// Inputs by tick, gathered from frames.
pub type Frames = Vec<(u32, Vec<(u32, Bytes)>)>;

impl Player {
    /// Connects and logs in with a token.
    pub fn connect(address: SocketAddr, token: &str) -> Player {
        let login =
            messages::Login { token: token.to_owned(), build: "1.0.0".to_owned(), ..Default::default() };
        Player::try_log_in(address, &login).unwrap_or_else(|(code, message)| panic!("{code:?}: {message}"))
    }

    /// Connects with a login of one's own; what the server says against it otherwise.
    pub fn try_log_in(
        address: SocketAddr,
        login: &messages::Login,
    ) -> Result<Player, (Option<ErrorCode>, String)> {
        let mut socket = Player::open(address, "/ws");
        let _ = socket.send(Message::binary(frame(operation::LOGIN, login)));
        let mut unread = VecDeque::new();
        match next_frame(&mut socket, &mut unread) {
            Some((operation::WELCOME, body)) => {
                let welcome = messages::Welcome::decode(body).expect("a welcome");
                Ok(Player { socket, welcome, unread, ticks: VecDeque::new(), last_call: 0 })
            }
            Some((operation::ERROR | operation::GOODBYE, body)) => {
                // Both begin with code and message.
                let error = messages::Error::decode(body).expect("an error");
                Err((ErrorCode::from_number(error.code), error.message))
            }
            other => panic!("neither welcome nor error: {other:?}"),
        }
    }

    /// A WebSocket that has not said anything yet.
    pub fn open(address: SocketAddr, path: &str) -> WebSocket<TcpStream> {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        let (socket, _) =
            tungstenite::client(format!("ws://{address}{path}"), stream).expect("a WebSocket handshake");
        socket
    }

    /// Sends one frame.
    pub fn send(&mut self, operation: u8, body: &impl prost::Message) {
        self.socket.send(Message::binary(frame(operation, body))).expect("the server takes it");
    }

    pub fn socket(&mut self) -> &mut WebSocket<TcpStream> {
        &mut self.socket
    }

    /// Makes a call and waits for its answer.
    pub fn call<A: prost::Message + Default>(
        &mut self,
        method: &str,
        body: &impl prost::Message,
    ) -> Result<A, messages::Error> {
        self.last_call += 1;
        let id = self.last_call;
        self.send_call(id, method, body);
        let answer = self.answer(id);
        match answer.error {
            Some(error) => Err(error),
            None => Ok(A::decode(answer.body).expect("the method's answer")),
        }
    }

    pub fn send_call(&mut self, id: u32, method: &str, body: &impl prost::Message) {
        self.last_call = self.last_call.max(id);
        let body = body.encode_to_vec().into();
        self.send(operation::CALL, &messages::Call { id, method: method.to_owned(), deadline_ms: 0, body });
    }

    pub fn answer(&mut self, id: u32) -> messages::Answer {
        let is_it = |body: &Bytes| messages::Answer::decode(body.clone()).is_ok_and(|answer| answer.id == id);
        let body = self.next_where(|operation, body| operation == operation::ANSWER && is_it(body));
        messages::Answer::decode(body).expect("checked")
    }

    /// The next frame of an operation; others stay for later.
    pub fn next_of(&mut self, wanted: u8) -> Bytes {
        self.next_where(|operation, _| operation == wanted)
    }

    /// The next push that `pick` wants.
    pub fn next_push<T>(&mut self, mut pick: impl FnMut(messages::push::Event) -> Option<T>) -> T {
        loop {
            let push = messages::Push::decode(self.next_of(operation::PUSH)).expect("a push");
            if let Some(picked) = push.event.and_then(&mut pick) {
                return picked;
            }
        }
    }

    /// Ticks from the room's frames, `from` to `until`; checks that they come in order, once.
    pub fn frames(&mut self, from: u32, until: u32) -> Frames {
        let mut wanted = Frames::new();
        for tick in from..=until {
            while self.ticks.is_empty() {
                let frame = messages::Frame::decode(self.next_of(operation::FRAME)).expect("a frame");
                self.ticks.extend((frame.tick..).zip(frame.ticks.iter().map(|inputs| read_tick(inputs))));
            }
            let next = self.ticks.pop_front().expect("one at least");
            assert_eq!(next.0, tick, "ticks come in order, once");
            wanted.push(next);
        }
        wanted
    }

    /// `None` when the server has ended the connection.
    pub fn next_frame(&mut self) -> Option<(u8, Bytes)> {
        match self.unread.pop_front() {
            Some(frame) => Some(frame),
            None => next_frame(&mut self.socket, &mut self.unread),
        }
    }

    fn next_where(&mut self, mut wanted: impl FnMut(u8, &Bytes) -> bool) -> Bytes {
        if let Some(index) = self.unread.iter().position(|(operation, body)| wanted(*operation, body)) {
            return self.unread.remove(index).map(|(_, body)| body).expect("found");
        }
        let mut passed = std::mem::take(&mut self.unread);
        loop {
            let (operation, body) = self.next_frame().expect("the server goes on");
            if wanted(operation, &body) {
                // What came behind it in the same message is already in `unread`.
                passed.append(&mut self.unread);
                self.unread = passed;
                return body;
            }
            passed.push_back((operation, body));
        }
    }
}

/// The inputs of one tick: `varint seat, varint length, bytes` each.
fn read_tick(mut bytes: &[u8]) -> Vec<(u32, Bytes)> {
    let mut inputs = Vec::new();
    while !bytes.is_empty() {
        let seat = prost::encoding::decode_varint(&mut bytes).expect("a seat") as u32;
        let length = prost::encoding::decode_varint(&mut bytes).expect("a length") as usize;
        let (data, rest) = bytes.split_at(length);
        inputs.push((seat, Bytes::copy_from_slice(data)));
        bytes = rest;
    }
    inputs
}

fn next_frame(socket: &mut WebSocket<TcpStream>, unread: &mut VecDeque<(u8, Bytes)>) -> Option<(u8, Bytes)> {
    loop {
        if let Some(frame) = unread.pop_front() {
            return Some(frame);
        }
        match socket.read() {
            Ok(Message::Binary(message)) => {
                for frame in frames_in_message(&message, u32::MAX) {
                    let (operation, body) = frame.expect("the server sends good frames");
                    unread.push_back((operation, Bytes::copy_from_slice(body)));
                }
            }
            Ok(Message::Close(_)) => return None,
            Ok(_) => {}
            Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => return None,
            Err(tungstenite::Error::Protocol(_)) => return None,
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                panic!("nothing came within {LIMIT:?}");
            }
            Err(tungstenite::Error::Io(_)) => return None,
            Err(error) => panic!("the WebSocket broke: {error}"),
        }
    }
}
