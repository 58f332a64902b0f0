//! A connection's outgoing side, usable from any thread: frames are written at once where the socket takes them.
//!
//! On a gateway's own thread writes are gathered while a batch of events is handled and leave with [`flush_deferred`],
//! one system call per connection; everywhere else (a shard's turn) they leave immediately.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::{Clock, Moment};
use link::{Class, Tail};
use mio::net::TcpStream;
use prost::Message;
use protocol::{Fault, HEADER_BYTES, Header, operation};
use rustls::ServerConnection;
use telemetry::Metrics;

use crate::wire::websocket::{self, Opcode};

/// How frames are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    WebSocket,
    Tcp,
}

/// One socket after its handshake.
///
/// The reading thread looks at everything but `out` with each event, and whoever sends writes `out`: on a cache line
/// of its own, so that neither makes the other wait for memory.
pub struct Connection {
    socket: TcpStream,
    transport: Transport,
    /// Bytes that may wait for a slow receiver before the connection is cut.
    queue_limit: usize,
    has_tls: bool,
    metrics: Arc<Metrics>,
    out: OwnLine<Mutex<Out>>,
    /// Whether `out` holds bytes that the socket did not take: what a writable event looks at first.
    blocked: AtomicBool,
    /// Set with `Out::closing`, to be looked at without the lock.
    ended: AtomicBool,
}

#[repr(align(64))]
struct OwnLine<T>(T);

/// What a latest-only message replaces: an older one of the same sender in the same room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Latest {
    channel: u32,
    key: u16,
}

#[derive(Default)]
struct Out {
    pending: Vec<u8>,
    /// How much of `pending` the socket has taken.
    sent: usize,
    /// Waiting latest-only messages by key, each already a whole frame.
    latest: Vec<(Latest, Vec<u8>)>,
    tls: Option<Box<ServerConnection>>,
    /// In this thread's list for [`flush_deferred`].
    deferred: bool,
    closing: Option<(Fault, Moment)>,
}

impl Out {
    fn waiting_bytes(&self) -> usize {
        let latest: usize = self.latest.iter().map(|(_, frame)| frame.len()).sum();
        self.pending.len() - self.sent + latest
    }
}

/// What became of bytes given to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Accepted,
    /// The receiver is too slow, or gone: the connection has been cut.
    Cut,
}

thread_local! {
    /// The connections with gathered output; `None` on threads that write at once.
    static DEFERRED: RefCell<Option<Vec<Arc<Connection>>>> = const { RefCell::new(None) };
    /// Emptied buffers, to be used again.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// From now on this thread gathers what it sends until it calls [`flush_deferred`].
pub fn gather_on_this_thread() {
    DEFERRED.with_borrow_mut(|deferred| *deferred = Some(Vec::new()));
}

/// Writes what this thread has gathered; answers whether there was anything.
pub fn flush_deferred() -> bool {
    let Some(mut connections) = DEFERRED.with_borrow_mut(|deferred| deferred.as_mut().map(std::mem::take))
    else {
        return false;
    };
    let any = !connections.is_empty();
    for connection in connections.drain(..) {
        let mut out = connection.lock();
        out.deferred = false;
        connection.write_out(&mut out);
    }
    // Keeps the list's memory.
    DEFERRED.with_borrow_mut(|deferred| *deferred = Some(connections));
    any
}

impl Connection {
    pub fn new(
        socket: TcpStream,
        tls: Option<Box<ServerConnection>>,
        transport: Transport,
        queue_limit: usize,
        metrics: Arc<Metrics>,
    ) -> Connection {
        Connection {
            socket,
            transport,
            queue_limit,
            has_tls: tls.is_some(),
            metrics,
            out: OwnLine(Mutex::new(Out { tls, ..Out::default() })),
            blocked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    pub fn transport(&self) -> Transport {
        self.transport
    }

    pub fn has_tls(&self) -> bool {
        self.has_tls
    }

    /// Sends one frame: the body, and behind it the tail.
    pub fn send(self: &Arc<Self>, operation: u8, body: &[u8], tail: Option<Tail>, class: Class) -> Sent {
        let mut tail_bytes = [0; Tail::MAX_BYTES];
        let tail_length = tail.map_or(0, |tail| tail.encode(&mut tail_bytes));
        let encoded_tail = &tail_bytes[..tail_length];
        let mut out = self.lock();
        if out.closing.is_some() {
            return Sent::Cut;
        }
        match class {
            Class::LatestOnly { key } if self.blocked.load(Ordering::Relaxed) => {
                let mut frame = Vec::new();
                self.append_frame(&mut frame, operation, body, encoded_tail);
                let latest = Latest { channel: tail.map_or(0, |tail| tail.channel), key };
                match out.latest.iter_mut().find(|(known, _)| *known == latest) {
                    Some((_, waiting)) => *waiting = frame,
                    None => out.latest.push((latest, frame)),
                }
            }
            _ => self.append_frame(&mut out.pending, operation, body, encoded_tail),
        }
        self.after_append(out)
    }

    /// Sends a message that is not part of a room's play.
    pub fn send_message(self: &Arc<Self>, operation: u8, message: &impl Message) -> Sent {
        self.send(operation, &message.encode_to_vec(), None, Class::Reliable)
    }

    /// Sends bytes as they are: an HTTP answer before the first frame.
    pub fn send_raw(self: &Arc<Self>, bytes: &[u8]) -> Sent {
        let mut out = self.lock();
        out.pending.extend_from_slice(bytes);
        self.after_append(out)
    }

    pub fn send_pong(self: &Arc<Self>, payload: &[u8]) -> Sent {
        let mut out = self.lock();
        websocket::write_header(&mut out.pending, Opcode::Pong, payload.len());
        out.pending.extend_from_slice(payload);
        self.after_append(out)
    }

    /// Says why, then ends the connection: the last frame, the transport's own farewell, end of stream.
    pub fn close(self: &Arc<Self>, farewell_operation: u8, fault: &Fault) {
        let mut out = self.lock();
        if out.closing.is_some() {
            return;
        }
        let error = fault.to_message();
        let body = if farewell_operation == operation::ERROR {
            error.encode_to_vec()
        } else {
            let goodbye = protocol::messages::Goodbye {
                code: error.code,
                message: error.message,
                retry_after_ms: error.retry_after_ms,
            };
            goodbye.encode_to_vec()
        };
        self.append_frame(&mut out.pending, farewell_operation, &body, &[]);
        self.finish(out, fault.code.close_code(), fault.clone());
    }

    /// Ends the connection because the client said so.
    pub fn close_politely(self: &Arc<Self>) {
        let out = self.lock();
        if out.closing.is_none() {
            self.finish(out, 1000, Fault::new(protocol::ErrorCode::Idle, "the client said good-bye"));
        }
    }

    fn finish(&self, mut out: MutexGuard<'_, Out>, code: u16, fault: Fault) {
        if self.transport == Transport::WebSocket {
            websocket::write_close(&mut out.pending, code, &fault.message);
        }
        self.write_out(&mut out);
        self.end(&mut out, fault);
        if let Some(tls) = &mut out.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut &self.socket);
        }
        // What waits in the kernel still goes out; the peer's own end of stream lets the reactor forget the socket.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// The server has ended the connection.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Why the server ended the connection, if it did.
    pub fn closing(&self) -> Option<Fault> {
        self.lock().closing.as_ref().map(|(fault, _)| fault.clone())
    }

    /// How long ago the server ended the connection; zero if it did not.
    pub fn closed_for(&self, now: Moment) -> Duration {
        self.lock().closing.as_ref().map_or(Duration::ZERO, |(_, at)| now.since(*at))
    }

    /// The socket takes bytes again.
    pub fn on_writable(&self) {
        if self.blocked.load(Ordering::SeqCst) {
            self.write_out(&mut self.lock());
        }
    }

    /// Reads what has arrived. `Ok(0)` is the end; `WouldBlock` means nothing more for now.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.has_tls {
            return (&self.socket).read(buffer);
        }
        let mut out = self.lock();
        let Some(tls) = &mut out.tls else { return Ok(0) };
        let read = crate::tls::read(tls, &self.socket, buffer);
        if tls.wants_write() {
            let _ = tls.write_tls(&mut &self.socket);
        }
        read
    }

    /// Bytes that wait for the receiver.
    pub fn backlog(&self) -> usize {
        self.lock().waiting_bytes()
    }

    fn append_frame(&self, into: &mut Vec<u8>, operation: u8, body: &[u8], tail: &[u8]) {
        self.metrics.gateway.frames_out_total.of(operation).increment();
        let length = body.len() + tail.len();
        if into.capacity() == 0
            && let Some(spare) = SPARE.with_borrow_mut(Vec::pop)
        {
            *into = spare;
        }
        into.reserve(length + HEADER_BYTES + 10);
        if self.transport == Transport::WebSocket {
            websocket::write_header(into, Opcode::Binary, HEADER_BYTES + length);
        }
        into.extend_from_slice(&Header { operation, length: length as u32 }.encode());
        into.extend_from_slice(body);
        into.extend_from_slice(tail);
    }

    fn after_append(self: &Arc<Self>, mut out: MutexGuard<'_, Out>) -> Sent {
        if out.waiting_bytes() > self.queue_limit {
            self.cut(&mut out);
            return Sent::Cut;
        }
        if self.blocked.load(Ordering::Relaxed) {
            return Sent::Accepted;
        }
        let gathered = out.deferred
            || DEFERRED.with_borrow_mut(|deferred| {
                deferred.as_mut().map(|connections| connections.push(self.clone())).is_some()
            });
        if gathered {
            out.deferred = true;
        } else {
            self.write_out(&mut out);
        }
        Sent::Accepted
    }

    fn cut(&self, out: &mut Out) {
        self.end(out, protocol::ErrorCode::TooSlow.into());
        out.pending = Vec::new();
        out.latest = Vec::new();
        out.sent = 0;
        // The reactor hears of it as the end of the stream.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    fn end(&self, out: &mut Out, why: Fault) {
        out.closing = Some((why, Clock::System.now()));
        self.ended.store(true, Ordering::Relaxed);
    }

    fn write_out(&self, out: &mut Out) {
        loop {
            match self.write_pending(out) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Once more after telling: room that appeared in between would be told to nobody.
                    if self.blocked.swap(true, Ordering::SeqCst) {
                        return;
                    }
                    continue;
                }
                // The reactor sees the broken socket for itself.
                Err(_) => {
                    out.sent = out.pending.len();
                    out.latest.clear();
                }
            }
            recycle(&mut out.pending);
            out.sent = 0;
            if self.blocked.load(Ordering::Relaxed) {
                self.blocked.store(false, Ordering::SeqCst);
            }
            if out.latest.is_empty() {
                return;
            }
            for (_, frame) in std::mem::take(&mut out.latest) {
                out.pending.extend_from_slice(&frame);
            }
        }
    }

    fn write_pending(&self, out: &mut Out) -> io::Result<()> {
        while out.sent < out.pending.len() {
            let taken = match &mut out.tls {
                None => (&self.socket).write(&out.pending[out.sent..]),
                Some(tls) => crate::tls::write(tls, &self.socket, &out.pending[out.sent..]),
            };
            match taken {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    out.sent += taken;
                    self.metrics.gateway.writes_total.increment();
                    self.metrics.gateway.bytes_out_total.add(taken as u64);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(tls) = &mut out.tls {
            while tls.wants_write() {
                tls.write_tls(&mut &self.socket)?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An idle connection keeps no buffer.
fn recycle(buffer: &mut Vec<u8>) {
    const KEEP_BYTES: usize = 4096;
    const KEEP_BUFFERS: usize = 64;
    let mut emptied = std::mem::take(buffer);
    if emptied.capacity() > 0 && emptied.capacity() <= KEEP_BYTES {
        emptied.clear();
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < KEEP_BUFFERS {
                spare.push(emptied);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;

    use super::*;

    /// A connection, and the other end of its socket.
    fn pair(queue_limit: usize) -> (Arc<Connection>, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = TcpStream::from_std(socket);
        (Arc::new(Connection::new(socket, None, Transport::Tcp, queue_limit, Arc::default())), client)
    }

    fn read_frame(client: &mut std::net::TcpStream) -> (u8, Vec<u8>) {
        let mut header = [0; HEADER_BYTES];
        client.read_exact(&mut header).unwrap();
        let header = Header::decode(header, u32::MAX).unwrap();
        let mut body = vec![0; header.length as usize];
        client.read_exact(&mut body).unwrap();
        (header.operation, body)
    }

    fn is_blocked(connection: &Connection) -> bool {
        connection.blocked.load(Ordering::SeqCst)
    }

    #[test]
    fn a_slow_receiver_gets_the_newest_of_what_may_be_replaced() {
        let (connection, mut client) = pair(64 << 20);
        let big = vec![7; 60_000];
        let mut sent = 0;
        while !is_blocked(&connection) {
            assert_eq!(connection.send(operation::RELAY, &big, None, Class::Reliable), Sent::Accepted);
            sent += 1;
        }
        for number in 0..100_u8 {
            for key in [1, 2] {
                connection.send(operation::RELAY, &[number, key as u8], None, Class::LatestOnly { key });
            }
        }
        for _ in 0..sent {
            while is_blocked(&connection) {
                connection.on_writable();
                let mut byte = [0];
                if client.peek(&mut byte).is_ok() {
                    break;
                }
            }
            assert_eq!(read_frame(&mut client), (operation::RELAY, big.clone()));
            connection.on_writable();
        }
        assert_eq!(read_frame(&mut client), (operation::RELAY, vec![99, 1]));
        assert_eq!(read_frame(&mut client), (operation::RELAY, vec![99, 2]));
        assert_eq!(connection.backlog(), 0);
    }

    #[test]
    fn what_may_be_replaced_is_bounded_too() {
        let (connection, _client) = pair(1 << 20);
        while !is_blocked(&connection) {
            connection.send(operation::RELAY, &[7; 60_000], None, Class::Reliable);
        }
        let latest = |key| connection.send(operation::RELAY, &[7; 60_000], None, Class::LatestOnly { key });
        assert!((0..100).map(latest).any(|sent| sent == Sent::Cut));
        assert_eq!(connection.backlog(), 0);
    }

    #[test]
    fn senders_of_two_rooms_do_not_replace_each_other() {
        let (connection, _client) = pair(64 << 20);
        while !is_blocked(&connection) {
            connection.send(operation::RELAY, &[7; 60_000], None, Class::Reliable);
        }
        for channel in [1, 2] {
            let tail = Some(Tail { channel, applied: 0 });
            connection.send(operation::RELAY, b"here", tail, Class::LatestOnly { key: 0 });
        }
        assert_eq!(connection.lock().latest.len(), 2);
    }

    #[test]
    fn a_receiver_that_takes_nothing_is_cut_at_its_bound() {
        let (connection, mut client) = pair(100_000);
        let mut bytes = 0_usize;
        while connection.send(operation::FRAME, &[7; 50_000], None, Class::Reliable) == Sent::Accepted {
            bytes += 50_000;
            assert!(bytes < 100 << 20, "never cut");
        }
        assert_eq!(connection.closing().map(|fault| fault.code), Some(protocol::ErrorCode::TooSlow));
        assert_eq!(connection.backlog(), 0, "nothing is kept for it");
        assert_eq!(connection.send(operation::FRAME, b"more", None, Class::Reliable), Sent::Cut);
        let mut rest = Vec::new();
        // What the kernel had taken may still arrive, or the connection is reset.
        let end = client.read_to_end(&mut rest);
        assert!(end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    }

    #[test]
    fn a_gathering_thread_writes_once() {
        let (connection, mut client) = pair(1 << 20);
        let metrics = connection.metrics.clone();
        std::thread::spawn(move || {
            gather_on_this_thread();
            for number in 0..10 {
                connection.send(operation::PUSH, &[number], None, Class::Reliable);
            }
            assert_eq!(connection.metrics.gateway.writes_total.get(), 0);
            flush_deferred();
        })
        .join()
        .unwrap();
        for number in 0..10 {
            assert_eq!(read_frame(&mut client), (operation::PUSH, vec![number]));
        }
        assert_eq!(metrics.gateway.writes_total.get(), 1);
    }

    #[test]
    fn the_tail_stands_behind_the_body() {
        let (connection, mut client) = pair(1 << 20);
        let tail = Tail { channel: 3, applied: 300 };
        let body = protocol::messages::Frame { run: 1, tick: 9, ..Default::default() };
        connection.send(operation::FRAME, &body.encode_to_vec(), Some(tail), Class::Reliable);
        let (_, received) = read_frame(&mut client);
        let whole = protocol::messages::Frame { channel: 3, applied: 300, ..body };
        assert_eq!(received, whole.encode_to_vec());
    }
}
