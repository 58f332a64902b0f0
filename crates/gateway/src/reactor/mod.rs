//! The gateway's threads: each waits for its sockets, reads them, and writes what came of it.

mod entry;
mod live;
mod mailbox;

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clock::Moment;
use link::Class;
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use prost::Message;
use protocol::{ErrorCode, Fault, messages, operation};
use slab::Slab;

use crate::connection::{self, Connection};
use crate::login;
use crate::services::Services;

pub use entry::ListenerKind;
use entry::{Entry, Outcome};
pub use mailbox::{Mailbox, Order};

const WAKER: Token = Token(usize::MAX);
const FIRST_LISTENER: usize = usize::MAX / 2;
/// How often silence and deadlines are looked for.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// Events handled before what they gave rise to is written: more would save a few calls and cost latency.
const EVENTS: usize = 256;
/// A batch this large that nobody is answered for was inputs, which wait for their rooms' next turn (5 ms) anyway: a
/// pause this short gathers more of them and saves most of the waking up. Measured: 10 % less time per frame. A full
/// batch means that more is waiting already.
const BUSY: usize = 4;
const PAUSE: Duration = Duration::from_millis(1);
/// How long a connection that we have ended may take to end too, and one that was turned away to say what it is.
const LINGER: Duration = Duration::from_secs(2);
/// Connections of one reactor that wait to hear why they may not come in; those beyond are ended at once.
const TURNED_AWAY_AT_ONCE: usize = 1024;

/// One thread's world.
pub struct Reactor {
    services: Arc<Services>,
    poll: Poll,
    entries: Slab<Entry>,
    /// The first reactor accepts for all.
    listeners: Vec<(TcpListener, ListenerKind)>,
    mailbox: Arc<Mailbox>,
    /// All reactors' mailboxes: new connections go round.
    mailboxes: Vec<Arc<Mailbox>>,
    next_mailbox: usize,
    buffer: Vec<u8>,
    next_sweep: Moment,
    /// What the last sweep saw waiting for slow connections.
    queued_bytes: i64,
    /// Entries that the doorman did not let in.
    uncounted: usize,
    stopping: bool,
}

impl Reactor {
    pub fn new(services: Arc<Services>) -> io::Result<Reactor> {
        let poll = Poll::new()?;
        let mailbox = Arc::new(Mailbox::new(mio::Waker::new(poll.registry(), WAKER)?));
        Ok(Reactor {
            services,
            poll,
            entries: Slab::new(),
            listeners: Vec::new(),
            mailbox,
            mailboxes: Vec::new(),
            next_mailbox: 0,
            buffer: vec![0; 64 * 1024],
            next_sweep: Moment::ZERO,
            queued_bytes: 0,
            uncounted: 0,
            stopping: false,
        })
    }

    pub fn mailbox(&self) -> Arc<Mailbox> {
        self.mailbox.clone()
    }

    /// Makes this reactor the one that accepts, for all of `mailboxes`.
    pub fn accept_for(
        &mut self,
        listeners: Vec<(TcpListener, ListenerKind)>,
        mailboxes: Vec<Arc<Mailbox>>,
    ) -> io::Result<()> {
        self.mailboxes = mailboxes;
        for (mut listener, kind) in listeners {
            let token = Token(FIRST_LISTENER + self.listeners.len());
            self.poll.registry().register(&mut listener, token, Interest::READABLE)?;
            self.listeners.push((listener, kind));
        }
        Ok(())
    }

    /// Runs until it is told to stop.
    pub fn run(mut self) {
        connection::gather_on_this_thread();
        let mut events = Events::with_capacity(EVENTS);
        while !self.stopping {
            let until_sweep = self.next_sweep.since(self.services.clock.now());
            match self.poll.poll(&mut events, Some(until_sweep.max(Duration::from_millis(1)))) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(event = "poll_failed", %error, "the gateway cannot wait for its sockets");
                    return;
                }
            }
            for event in &events {
                self.on_event(event);
            }
            let answered = connection::flush_deferred();
            if !answered && (BUSY..EVENTS).contains(&events.iter().count()) {
                std::thread::park_timeout(PAUSE);
            }
            let now = self.services.clock.now();
            if now >= self.next_sweep {
                self.next_sweep = now + SWEEP_EVERY;
                self.sweep(now);
                connection::flush_deferred();
            }
        }
    }

    fn on_event(&mut self, event: &Event) {
        match event.token() {
            WAKER => self.read_mail(),
            Token(token) if token >= FIRST_LISTENER => self.accept(token - FIRST_LISTENER),
            Token(key) => self.on_socket(key, event),
        }
    }

    fn on_socket(&mut self, key: usize, event: &Event) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if event.is_writable()
            && let Some(live) = entry.live()
        {
            live.connection.on_writable();
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            let ended = event.is_read_closed() || event.is_error();
            match entry.on_readable(&self.services, &mut self.buffer, ended) {
                Outcome::GoOn => {}
                Outcome::Close => self.forget(key),
                Outcome::HandOver(mut http) => {
                    let _ = self.poll.registry().deregister(&mut http.socket);
                    self.forget(key);
                    self.services.http.serve(http.into_connection());
                }
            }
        }
    }

    fn read_mail(&mut self) {
        while let Some(order) = self.mailbox.take() {
            match order {
                Order::Adopt { socket, kind, peer } => self.adopt(socket, kind, peer),
                Order::CloseListeners => self.close_listeners(),
                Order::Drain => {
                    self.close_listeners();
                    let fault =
                        Fault::from(ErrorCode::Draining).retry_after(self.services.config.retry_within);
                    for (_, entry) in &self.entries {
                        if let Some(live) = entry.live() {
                            live.connection.close(operation::GOODBYE, &fault);
                        }
                    }
                }
                Order::Stop => self.stopping = true,
            }
        }
    }

    fn close_listeners(&mut self) {
        for (listener, _) in &mut self.listeners {
            let _ = self.poll.registry().deregister(listener);
        }
        self.listeners.clear();
    }

    fn accept(&mut self, index: usize) {
        loop {
            let Some((listener, kind)) = self.listeners.get(index) else { return };
            let kind = *kind;
            match listener.accept() {
                Ok((socket, peer)) => {
                    let turn = self.next_mailbox % self.mailboxes.len().max(1);
                    self.next_mailbox = self.next_mailbox.wrapping_add(1);
                    match self.mailboxes.get(turn) {
                        Some(mailbox) if !Arc::ptr_eq(mailbox, &self.mailbox) => {
                            mailbox.put(Order::Adopt { socket, kind, peer: peer.ip() });
                        }
                        _ => self.adopt(socket, kind, peer.ip()),
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    // Out of files, most likely: the next arrival or sweep tries again.
                    self.services.metrics.gateway.refused_total.of(&["accept_failed"]).increment();
                    tracing::warn!(event = "accept_failed", %error, "a connection could not be accepted");
                    return;
                }
            }
        }
    }

    fn adopt(&mut self, socket: TcpStream, kind: ListenerKind, peer: IpAddr) {
        let services = self.services.clone();
        let _ = socket.set_nodelay(true);
        let tls = match services.tls.as_ref().map(crate::tls::TlsAcceptor::accept).transpose() {
            Ok(tls) => tls,
            Err(error) => {
                tracing::warn!(event = "tls_failed", %error);
                return;
            }
        };
        let mut entry = Entry::new(socket, tls, kind, peer, &services);
        services.metrics.gateway.accepted_total.of(&[kind.label()]).increment();
        if let Err(fault) = services.doorman.admit(entry.address.key(), entry.opened_at) {
            entry.counted = false;
            if self.uncounted >= TURNED_AWAY_AT_ONCE {
                entry.refuse(&services, &fault);
                return;
            }
            entry.turn_away(&services, fault);
        }
        let slot = self.entries.vacant_entry();
        let token = Token(slot.key());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let Some(socket) = entry.socket_mut() else { return };
        if let Err(error) = self.poll.registry().register(socket, token, interest) {
            tracing::warn!(event = "register_failed", %error);
            if entry.counted {
                services.doorman.leave(entry.address.key(), None);
            }
            return;
        }
        self.uncounted += usize::from(!entry.counted);
        services.metrics.gateway.connections_open.of(&[kind.label()]).increment();
        entry.listener = kind;
        slot.insert(entry);
    }

    /// Releases everything that a connection held.
    fn forget(&mut self, key: usize) {
        let entry = self.entries.remove(key);
        self.uncounted -= usize::from(!entry.counted);
        release(&self.services, &entry);
    }

    fn sweep(&mut self, now: Moment) {
        let services = self.services.clone();
        let mut over = Vec::new();
        for (key, entry) in &mut self.entries {
            if sweep_entry(&services, entry, now) {
                over.push(key);
            }
        }
        for key in over {
            self.forget(key);
        }
        let live = self.entries.iter().filter_map(|(_, entry)| entry.live());
        let queued = live.map(|live| live.connection.backlog() as i64).sum::<i64>();
        services.metrics.gateway.queued_bytes.add(queued - self.queued_bytes);
        self.queued_bytes = queued;
        for index in 0..self.listeners.len() {
            self.accept(index);
        }
    }
}

/// Counts a connection out, and lets its session wait for it.
fn release(services: &Services, entry: &Entry) {
    let live = entry.live();
    let session = live.and_then(|live| live.session.as_ref());
    if entry.counted {
        services.doorman.leave(entry.address.key(), session.map(AsRef::as_ref));
    }
    services.metrics.gateway.connections_open.of(&[entry.listener.label()]).decrement();
    if let Some(live) = live {
        let reason = live.connection.closing();
        let label = reason.as_ref().map_or("client", |fault| fault.code.name());
        services.metrics.gateway.closes_total.of(&[label]).increment();
        match reason.map(|fault| fault.code) {
            Some(ErrorCode::TooSlow) => services.metrics.gateway.slow_consumers_total.increment(),
            Some(ErrorCode::Flood) => services.metrics.gateway.floods_total.increment(),
            _ => {}
        }
        if let Some(session) = &live.session {
            login::connection_lost(services, session, &live.connection, services.clock.now());
        }
    }
}

/// Looks after one connection; `true` if it is over.
fn sweep_entry(services: &Services, entry: &mut Entry, now: Moment) -> bool {
    let config = &services.config;
    let silent = now.since(entry.heard_at);
    let Some(live) = entry.live() else {
        if entry.is_turned_away() {
            let over = now.since(entry.opened_at) >= LINGER;
            if over {
                entry.say_why();
            }
            return over;
        }
        if now.since(entry.opened_at) < config.login_timeout {
            return false;
        }
        entry.refuse(services, &ErrorCode::LoginTimeout.into());
        return true;
    };
    if live.connection.has_ended() {
        return live.connection.closed_for(now) > LINGER;
    }
    let Some(session) = &live.session else {
        if now.since(entry.opened_at) >= config.login_timeout {
            live.connection.close(operation::ERROR, &ErrorCode::LoginTimeout.into());
        }
        return false;
    };
    for id in session.overdue_calls(now) {
        crate::calls::deadline_passed(session, id);
    }
    if silent >= config.heartbeat * 3 {
        live.connection.close(operation::GOODBYE, &ErrorCode::Idle.into());
    } else if silent >= config.heartbeat + config.heartbeat / 2 && !entry.probed {
        probe(services, &live.connection);
        entry.probed = true;
    }
    false
}

/// Asks a silent client for a word: a half-open socket answers with an error sooner or later.
fn probe(services: &Services, connection: &Arc<Connection>) {
    let heartbeat =
        messages::Heartbeat { time_ms: services.clock.wall_ms() as f64, ..messages::Heartbeat::default() };
    connection.send(operation::HEARTBEAT, &heartbeat.encode_to_vec(), None, Class::Reliable);
}
