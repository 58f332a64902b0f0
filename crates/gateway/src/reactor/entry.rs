//! One connection's incoming side, owned by one reactor: bytes arrive, become frames, are dispatched.

use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use admission::{ClientAddress, FloodMeter, ProxyHeader, read_proxy_header};
use clock::Moment;
use mio::net::TcpStream;
use protocol::{ErrorCode, Fault, HEADER_BYTES, Header, frames_in_message, operation};
use rustls::ServerConnection;

use crate::connection::{Connection, Transport};
use crate::dispatch::{self, Ending};
use crate::login;
use crate::services::{HttpConnection, Services};
use crate::session::Session;
use crate::wire::handshake::{self, Head, UpgradeRequest};
use crate::wire::websocket::{self, Opcode};

/// A connection from its first byte to its last.
pub struct Entry {
    kind: Kind,
    pub opened_at: Moment,
    pub heard_at: Moment,
    /// A heartbeat has been sent into the silence.
    pub probed: bool,
    pub address: ClientAddress,
    pub listener: ListenerKind,
    /// Bytes that are not a whole frame yet; empty most of the time.
    arrived: Vec<u8>,
}

enum Kind {
    /// The first bytes are not understood yet.
    Head {
        socket: TcpStream,
        tls: Option<Box<ServerConnection>>,
    },
    Live(Live),
    /// Moved out.
    Gone,
}

/// What is expected on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    Http,
    Tcp,
}

impl ListenerKind {
    /// For metrics.
    pub fn label(self) -> &'static str {
        match self {
            ListenerKind::Http => "http",
            ListenerKind::Tcp => "tcp",
        }
    }
}

/// A connection that speaks frames.
pub struct Live {
    pub connection: Arc<Connection>,
    pub session: Option<Arc<Session>>,
    meter: FloodMeter,
    /// The client has spoken since its login.
    spoken: bool,
    /// The beginning of a message that comes in several WebSocket frames.
    fragments: Option<Vec<u8>>,
}

/// What became of an event.
pub enum Outcome {
    GoOn,
    /// Forget the connection.
    Close,
    /// It is ordinary HTTP: somebody else's from now on.
    HandOver(Box<OrdinaryHttp>),
}

/// A connection on its way out of the reactor.
pub struct OrdinaryHttp {
    pub socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
    already_read: Vec<u8>,
    address: IpAddr,
}

impl OrdinaryHttp {
    pub fn into_connection(self) -> HttpConnection {
        let OrdinaryHttp { socket, tls, already_read, address } = self;
        HttpConnection { socket: socket.into(), tls, already_read, address }
    }
}

impl Entry {
    pub fn new(
        socket: TcpStream,
        tls: Option<Box<ServerConnection>>,
        listener: ListenerKind,
        peer: IpAddr,
        services: &Services,
    ) -> Entry {
        let now = services.clock.now();
        let address = services.config.proxies.client_address(peer, None, None);
        Entry {
            kind: Kind::Head { socket, tls },
            opened_at: now,
            heard_at: now,
            probed: false,
            address,
            listener,
            arrived: Vec::new(),
        }
    }

    pub fn socket_mut(&mut self) -> Option<&mut TcpStream> {
        match &mut self.kind {
            Kind::Head { socket, .. } => Some(socket),
            Kind::Live(_) | Kind::Gone => None,
        }
    }

    pub fn live(&self) -> Option<&Live> {
        match &self.kind {
            Kind::Live(live) => Some(live),
            Kind::Head { .. } | Kind::Gone => None,
        }
    }

    pub fn is_head(&self) -> bool {
        matches!(self.kind, Kind::Head { .. })
    }

    /// The socket has something to read, its end too if `ended`. `buffer` is the thread's own, for all its connections.
    pub fn on_readable(&mut self, services: &Services, buffer: &mut [u8], ended: bool) -> Outcome {
        self.heard_at = services.clock.now();
        self.probed = false;
        loop {
            let read = match &mut self.kind {
                Kind::Head { socket, tls: None, .. } => socket.read(buffer),
                Kind::Head { socket, tls: Some(tls), .. } => crate::tls::read(tls, socket, buffer),
                Kind::Live(live) => live.connection.read(buffer),
                Kind::Gone => return Outcome::Close,
            };
            let length = match read {
                Ok(0) => return Outcome::Close,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Outcome::GoOn,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Outcome::Close,
            };
            services.metrics.gateway.bytes_in_total.add(length as u64);
            match self.on_bytes(services, &mut buffer[..length]) {
                Outcome::GoOn => {}
                other => return other,
            }
            // A short read has emptied the socket; the next bytes raise the next event. An end that came along with
            // these bytes raises no other.
            if length < buffer.len() && !ended && cfg!(target_os = "linux") && !self.has_tls() {
                return Outcome::GoOn;
            }
        }
    }

    fn has_tls(&self) -> bool {
        match &self.kind {
            Kind::Head { tls, .. } => tls.is_some(),
            Kind::Live(live) => live.connection.has_tls(),
            Kind::Gone => false,
        }
    }

    fn on_bytes(&mut self, services: &Services, bytes: &mut [u8]) -> Outcome {
        if self.is_head() {
            self.arrived.extend_from_slice(bytes);
            return self.on_head(services);
        }
        let now = self.heard_at;
        let address = self.address;
        let Kind::Live(live) = &mut self.kind else { return Outcome::Close };
        let (used, outcome) = if self.arrived.is_empty() {
            let (used, outcome) = live.on_bytes(services, address, now, bytes);
            if used < bytes.len() {
                self.arrived.extend_from_slice(&bytes[used..]);
            }
            (0, outcome)
        } else {
            self.arrived.extend_from_slice(bytes);
            live.on_bytes(services, address, now, &mut self.arrived)
        };
        if used >= self.arrived.len() {
            // An idle connection keeps no buffer.
            self.arrived = Vec::new();
        } else {
            self.arrived.drain(..used);
        }
        outcome
    }

    /// Finds out what the connection is.
    fn on_head(&mut self, services: &Services) -> Outcome {
        let Kind::Head { socket, .. } = &mut self.kind else { return Outcome::GoOn };
        let peer = socket.peer_addr().ok().map(|peer| peer.ip().to_canonical());
        let proxied = peer.is_some_and(|peer| services.config.proxies.lists(peer));
        if proxied {
            match read_proxy_header(&self.arrived) {
                Ok(ProxyHeader::Absent) => {}
                Ok(ProxyHeader::Incomplete) => return Outcome::GoOn,
                Ok(ProxyHeader::Present { source, length }) => {
                    self.arrived.drain(..length);
                    if let (Some(source), Some(peer)) = (source, peer) {
                        let address = services.config.proxies.client_address(peer, Some(source.ip()), None);
                        if let Err(fault) = self.move_to(services, address) {
                            return self.refuse(services, &fault);
                        }
                    }
                }
                Err(error) => {
                    tracing::debug!(event = "bad_proxy_header", error = ?error);
                    return Outcome::Close;
                }
            }
        }
        match self.listener {
            ListenerKind::Tcp => self.go_live(services, Transport::Tcp, None),
            ListenerKind::Http => self.on_request_head(services),
        }
    }

    fn on_request_head(&mut self, services: &Services) -> Outcome {
        match handshake::read_head(&self.arrived) {
            Head::Incomplete => Outcome::GoOn,
            Head::Bad(sentence) => self.refuse(services, &Fault::new(ErrorCode::BadRequest, sentence)),
            Head::Other => self.hand_over(),
            Head::Upgrade { request, length } => {
                self.arrived.drain(..length);
                if let Some(forwarded) = &request.forwarded_for {
                    let address =
                        services.config.proxies.client_address(self.address.ip, None, Some(forwarded));
                    if let Err(fault) = self.move_to(services, address) {
                        return self.refuse(services, &fault);
                    }
                }
                self.go_live(services, Transport::WebSocket, Some(request))
            }
        }
    }

    /// The client is not where it seemed to be: it counts at its own address from now on.
    fn move_to(&mut self, services: &Services, address: ClientAddress) -> Result<(), Fault> {
        if address == self.address {
            return Ok(());
        }
        services.doorman.admit(address.key(), self.heard_at)?;
        services.doorman.leave(self.address.key(), None);
        self.address = address;
        Ok(())
    }

    fn go_live(
        &mut self,
        services: &Services,
        transport: Transport,
        upgrade: Option<UpgradeRequest>,
    ) -> Outcome {
        let Kind::Head { socket, tls, .. } = std::mem::replace(&mut self.kind, Kind::Gone) else {
            return Outcome::Close;
        };
        let limit = services.config.queue_bytes;
        let connection = Arc::new(Connection::new(socket, tls, transport, limit, services.metrics.clone()));
        let mut live = Live {
            connection,
            session: None,
            meter: FloodMeter::new(&services.config.flood, self.heard_at),
            spoken: false,
            fragments: None,
        };
        if let Some(request) = upgrade {
            let mut accept = Vec::new();
            handshake::write_accept(&mut accept, &request);
            live.connection.send_raw(&accept);
            if let Some(token) = request.token {
                let login = protocol::messages::Login {
                    token,
                    build: request.build.unwrap_or_default(),
                    device: request.device.unwrap_or_default(),
                    ..Default::default()
                };
                let request = login::LoginRequest::Message(login);
                if let Err(fault) = live.log_in(services, self.address, request) {
                    live.connection.close(operation::ERROR, &fault);
                }
            }
        }
        self.kind = Kind::Live(live);
        let mut arrived = std::mem::take(&mut self.arrived);
        if arrived.is_empty() { Outcome::GoOn } else { self.on_bytes(services, &mut arrived) }
    }

    fn hand_over(&mut self) -> Outcome {
        let Kind::Head { socket, tls, .. } = std::mem::replace(&mut self.kind, Kind::Gone) else {
            return Outcome::Close;
        };
        let already_read = std::mem::take(&mut self.arrived);
        Outcome::HandOver(Box::new(OrdinaryHttp { socket, tls, already_read, address: self.address.ip }))
    }

    /// Ends a connection that never became anything, with a sentence where its protocol has a place for one.
    pub fn refuse(&mut self, services: &Services, fault: &Fault) -> Outcome {
        services.metrics.gateway.refused_total.of(&[fault.code.name()]).increment();
        if let Kind::Head { socket, tls } = &mut self.kind {
            let mut answer = Vec::new();
            let retry_after_s = fault.retry_after.map(|after| after.as_secs().max(1));
            match self.listener {
                ListenerKind::Http => {
                    let status = fault.code.http_status();
                    handshake::write_refusal(&mut answer, status, &fault.to_string(), retry_after_s);
                }
                ListenerKind::Tcp => {
                    let body = prost::Message::encode_to_vec(&fault.to_message());
                    let header = Header { operation: operation::ERROR, length: body.len() as u32 };
                    answer.extend_from_slice(&header.encode());
                    answer.extend_from_slice(&body);
                }
            }
            // Best effort: whoever is refused gets one write, no queue.
            let _ = match tls {
                None => socket.write(&answer),
                Some(tls) => crate::tls::write(tls, socket, &answer).and_then(|_| tls.write_tls(socket)),
            };
            let _: io::Result<()> = socket.shutdown(std::net::Shutdown::Write);
        }
        Outcome::Close
    }
}

impl Live {
    /// Handles every whole frame in `bytes`; answers how many bytes were used.
    fn on_bytes(
        &mut self,
        services: &Services,
        address: ClientAddress,
        now: Moment,
        bytes: &mut [u8],
    ) -> (usize, Outcome) {
        let mut used = 0;
        let result = match self.connection.transport() {
            Transport::WebSocket => self.on_websocket(services, address, now, bytes, &mut used),
            Transport::Tcp => self.on_stream(services, address, now, bytes, &mut used),
        };
        match result {
            Ok(()) => {}
            Err(Ending::Fault(fault)) => {
                tracing::debug!(event = "connection_refused", address = %address.ip, code = fault.code.name(),
                    reason = %fault.message);
                self.connection.close(operation::ERROR, &fault);
            }
            Err(Ending::Goodbye) => {
                if let Some(session) = &self.session {
                    login::end_session(services, session);
                }
                self.connection.close_politely();
            }
            Err(Ending::Closed) => self.connection.close_politely(),
        }
        // What comes after the end is read and thrown away, until the peer ends too.
        let used = if self.connection.has_ended() { bytes.len() } else { used };
        (used, Outcome::GoOn)
    }

    fn on_websocket(
        &mut self,
        services: &Services,
        address: ClientAddress,
        now: Moment,
        bytes: &mut [u8],
        used: &mut usize,
    ) -> Result<(), Ending> {
        // Several frames may share a message, and the article's client pads: twice the largest body is enough.
        let limit = services.config.max_body as usize * 2;
        loop {
            let frame = match websocket::read_frame(bytes, *used, limit) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error @ websocket::WsError::TooLong { .. }) => {
                    return Err(Fault::new(ErrorCode::TooLong, error.to_string()).into());
                }
                Err(error) => return Err(Fault::new(ErrorCode::BadRequest, error.to_string()).into()),
            };
            *used = frame.payload.end;
            let payload = &bytes[frame.payload];
            match frame.opcode {
                Opcode::Binary if frame.last && self.fragments.is_none() => {
                    self.on_message(services, address, now, payload)?;
                }
                Opcode::Binary | Opcode::Continuation => {
                    if (frame.opcode == Opcode::Binary) != self.fragments.is_none() {
                        let sentence = "the message's parts are out of order";
                        return Err(Fault::new(ErrorCode::BadRequest, sentence).into());
                    }
                    let fragments = self.fragments.get_or_insert_default();
                    fragments.extend_from_slice(payload);
                    if fragments.len() > limit {
                        let sentence = format!("the message is over the limit of {limit} bytes");
                        return Err(Fault::new(ErrorCode::TooLong, sentence).into());
                    }
                    // A part is a frame too: endless tiny parts are a flood.
                    self.meter.count(&services.config.flood, now, payload.len())?;
                    if frame.last {
                        let message = self.fragments.take().unwrap_or_default();
                        self.on_message(services, address, now, &message)?;
                    }
                }
                Opcode::Text => return Err(Fault::from(ErrorCode::TextNotAllowed).into()),
                Opcode::Ping => {
                    self.meter.count(&services.config.flood, now, payload.len())?;
                    self.connection.send_pong(payload);
                }
                Opcode::Pong => self.meter.count(&services.config.flood, now, payload.len())?,
                Opcode::Close => return Err(Ending::Closed),
            }
        }
    }

    fn on_message(
        &mut self,
        services: &Services,
        address: ClientAddress,
        now: Moment,
        message: &[u8],
    ) -> Result<(), Ending> {
        for frame in frames_in_message(message, services.config.max_body) {
            let (operation, body) = frame.map_err(|error| Fault::new(error.code(), error.to_string()))?;
            self.on_frame(services, address, now, operation, body)?;
        }
        Ok(())
    }

    fn on_stream(
        &mut self,
        services: &Services,
        address: ClientAddress,
        now: Moment,
        bytes: &[u8],
        used: &mut usize,
    ) -> Result<(), Ending> {
        while let Some((header, rest)) = bytes[*used..].split_first_chunk::<HEADER_BYTES>() {
            let header = Header::decode(*header, services.config.max_body)
                .map_err(|error| Fault::new(error.code(), error.to_string()))?;
            let Some(body) = rest.get(..header.length as usize) else { return Ok(()) };
            *used += HEADER_BYTES + body.len();
            self.on_frame(services, address, now, header.operation, body)?;
        }
        Ok(())
    }

    fn on_frame(
        &mut self,
        services: &Services,
        address: ClientAddress,
        now: Moment,
        operation: u8,
        body: &[u8],
    ) -> Result<(), Ending> {
        services.metrics.gateway.frames_in_total.of(operation).increment();
        self.meter.count(&services.config.flood, now, HEADER_BYTES + body.len())?;
        match &self.session {
            Some(session) => {
                if !std::mem::replace(&mut self.spoken, true) {
                    session.has_spoken();
                }
                dispatch::dispatch(services, session, &self.connection, now, operation, body)
            }
            None if operation == operation::LOGIN => {
                let request = login::LoginRequest::read(body)?;
                self.log_in(services, address, request).map_err(Ending::Fault)
            }
            None => Err(Fault::from(ErrorCode::NotLoggedIn).into()),
        }
    }

    fn log_in(
        &mut self,
        services: &Services,
        address: ClientAddress,
        request: login::LoginRequest<'_>,
    ) -> Result<(), Fault> {
        if services.draining.is_on() {
            return Err(Fault::from(ErrorCode::Draining).retry_after(services.config.retry_within));
        }
        let session = login::log_in(services, &self.connection, request)?;
        if let Err(fault) = services.doorman.log_in(address.key(), &session) {
            login::connection_lost(services, &session, &self.connection, services.clock.now());
            return Err(fault);
        }
        self.session = Some(session);
        Ok(())
    }
}
