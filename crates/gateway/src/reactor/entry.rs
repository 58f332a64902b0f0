//! One connection's incoming side, owned by one reactor, from its first byte: what is it, who is behind it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use admission::{ClientAddress, ProxyHeader, read_proxy_header};
use clock::Moment;
use mio::net::TcpStream;
use protocol::{ErrorCode, Fault, Header, operation};
use rustls::ServerConnection;

use super::live::{Here, Live};
use crate::connection::{Connection, Transport};
use crate::login;
use crate::services::{HttpConnection, Services};
use crate::wire::handshake::{self, Head, UpgradeRequest};

/// A connection from its first byte to its last.
pub struct Entry {
    kind: Kind,
    pub opened_at: Moment,
    pub heard_at: Moment,
    /// A heartbeat has been sent into the silence.
    pub probed: bool,
    pub address: ClientAddress,
    /// A listed proxy's header may still come. Only once: what stands behind it was written by the client.
    awaits_proxy: bool,
    /// Why it may not come in: said as soon as it is known in which words, since a WebSocket's client cannot read
    /// the answer to a handshake that failed.
    turned_away: Option<Box<Fault>>,
    /// The doorman counts it.
    pub counted: bool,
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
            awaits_proxy: address.is_proxy,
            turned_away: None,
            counted: true,
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

    /// The connection may stay until it has been told this, and no longer.
    pub fn turn_away(&mut self, services: &Services, fault: Fault) {
        services.metrics.gateway.refused_total.of(&[fault.code.name()]).increment();
        self.turned_away = Some(Box::new(fault));
    }

    pub fn is_turned_away(&self) -> bool {
        self.turned_away.is_some()
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
        let at = Here { services, address: self.address, now: self.heard_at };
        let Kind::Live(live) = &mut self.kind else { return Outcome::Close };
        if self.arrived.is_empty() {
            let used = live.on_bytes(at, bytes);
            self.arrived.extend_from_slice(&bytes[used..]);
            return Outcome::GoOn;
        }
        self.arrived.extend_from_slice(bytes);
        let used = live.on_bytes(at, &mut self.arrived);
        self.arrived.drain(..used);
        if self.arrived.is_empty() {
            // An idle connection keeps no buffer.
            self.arrived = Vec::new();
        }
        Outcome::GoOn
    }

    /// Finds out what the connection is.
    fn on_head(&mut self, services: &Services) -> Outcome {
        if self.awaits_proxy {
            match read_proxy_header(&self.arrived) {
                Ok(ProxyHeader::Absent) => self.awaits_proxy = false,
                Ok(ProxyHeader::Incomplete) => return Outcome::GoOn,
                Ok(ProxyHeader::Present { source, length }) => {
                    self.awaits_proxy = false;
                    self.arrived.drain(..length);
                    if let Some(source) = source {
                        let proxies = &services.config.proxies;
                        let address = proxies.client_address(self.address.ip, Some(source.ip()), None);
                        self.move_to(services, address);
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
            Head::Other => match self.turned_away.take() {
                None => self.hand_over(),
                Some(fault) => self.say_no(&fault),
            },
            Head::Upgrade { request, length } => {
                self.arrived.drain(..length);
                if let Some(forwarded) = &request.forwarded_for {
                    let address =
                        services.config.proxies.client_address(self.address.ip, None, Some(forwarded));
                    self.move_to(services, address);
                }
                self.go_live(services, Transport::WebSocket, Some(request))
            }
        }
    }

    /// The client is not where it seemed to be: it counts at its own address from now on, if there is room.
    fn move_to(&mut self, services: &Services, address: ClientAddress) {
        if address == self.address || self.is_turned_away() {
            return;
        }
        match services.doorman.relocate(self.address.key(), address.key(), self.heard_at) {
            Ok(()) => self.address = address,
            Err(fault) => self.turn_away(services, fault),
        }
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
        let at = Here { services, address: self.address, now: self.heard_at };
        let mut live = Live::new(connection, at);
        if let Some(request) = upgrade {
            let mut accept = Vec::new();
            handshake::write_accept(&mut accept, &request);
            live.connection.send_raw(&accept);
            if let Some(token) = request.token.filter(|_| self.turned_away.is_none()) {
                let login = protocol::messages::Login {
                    token,
                    build: request.build.unwrap_or_default(),
                    device: request.device.unwrap_or_default(),
                    ..Default::default()
                };
                let request = login::LoginRequest::Message(login);
                if let Err(fault) = live.log_in(at, request) {
                    live.connection.close(operation::ERROR, &fault);
                }
            }
        }
        if let Some(fault) = self.turned_away.take() {
            live.connection.close(operation::ERROR, &fault);
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
        self.say_no(fault)
    }

    /// What the connection was turned away for, where it never said a word itself.
    pub fn say_why(&mut self) {
        if let Some(fault) = self.turned_away.take() {
            self.say_no(&fault);
        }
    }

    fn say_no(&mut self, fault: &Fault) -> Outcome {
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
