//! A gateway's life: bind, serve, drain, stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use accounts::Accounts;
use clock::Clock;
use matchmaking::Matchmaking;
use releases::Releases;
use rooms::Rooms;
use telemetry::Metrics;

use crate::config::GatewayConfig;
use crate::doorman::Doorman;
use crate::housekeeping;
use crate::listen::{BindError, PassedListeners, listen_all};
use crate::login;
use crate::reactor::{ListenerKind, Mailbox, Order, Reactor};
use crate::resume_token::ResumeKey;
use crate::services::{Draining, HttpDoor, Services};
use crate::session::Sessions;
use crate::tls::{TlsAcceptor, TlsError};

/// What a gateway is made of.
pub struct Parts {
    pub config: GatewayConfig,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub accounts: Arc<Accounts>,
    pub releases: Arc<Releases>,
    pub rooms: Arc<Rooms>,
    pub matchmaking: Arc<Matchmaking>,
    pub sessions: Arc<Sessions>,
    pub resume_key: ResumeKey,
    pub http: Arc<dyn HttpDoor>,
    pub passed: PassedListeners,
    /// Set while the process is about to run out of memory: new sessions and rooms are refused.
    pub short_of_memory: Arc<AtomicBool>,
}

/// A running gateway.
pub struct Gateway {
    services: Arc<Services>,
    http: Vec<SocketAddr>,
    tcp: Vec<SocketAddr>,
    mailboxes: Vec<Arc<Mailbox>>,
    threads: Vec<JoinHandle<()>>,
    /// Dropped to stop the housekeeping.
    housekeeping: Option<Sender<()>>,
}

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the gateway's threads cannot be started: {0}")]
    Threads(#[from] io::Error),
}

impl Gateway {
    /// Binds every listener, then starts to accept.
    pub fn start(parts: Parts) -> Result<Gateway, GatewayError> {
        let tls = parts.config.tls.clone().map(TlsAcceptor::new).transpose()?;
        let mut listeners = Vec::new();
        for (addresses, passed, kind) in [
            (&parts.config.http, parts.passed.http, ListenerKind::Http),
            (&parts.config.tcp, parts.passed.tcp, ListenerKind::Tcp),
        ] {
            let sockets = listen_all(addresses, passed)?;
            listeners.extend(sockets.into_iter().map(|listener| (listener, kind)));
        }
        let bound = |wanted: ListenerKind| {
            let of_kind = listeners.iter().filter(|(_, kind)| *kind == wanted);
            of_kind.map(|(listener, _)| listener.local_addr()).collect::<io::Result<Vec<_>>>()
        };
        let (http, tcp) = (bound(ListenerKind::Http)?, bound(ListenerKind::Tcp)?);

        let doorman = Doorman::new(&parts.config, parts.clock.now());
        let services = Arc::new(Services {
            doorman,
            tls,
            draining: Draining::default(),
            config: parts.config,
            clock: parts.clock,
            metrics: parts.metrics,
            accounts: parts.accounts,
            releases: parts.releases,
            rooms: parts.rooms,
            matchmaking: parts.matchmaking,
            sessions: parts.sessions,
            resume_key: parts.resume_key,
            http: parts.http,
            short_of_memory: parts.short_of_memory,
        });

        let count = services.config.reactors.max(1);
        let mut reactors =
            (0..count).map(|_| Reactor::new(services.clone())).collect::<io::Result<Vec<_>>>()?;
        let mailboxes: Vec<_> = reactors.iter().map(Reactor::mailbox).collect();
        if let Some(first) = reactors.first_mut() {
            first.accept_for(listeners, mailboxes.clone())?;
        }
        let mut threads = Vec::new();
        for (index, reactor) in reactors.into_iter().enumerate() {
            let thread = std::thread::Builder::new().name(format!("gateway-{index}"));
            threads.push(thread.spawn(move || reactor.run())?);
        }
        let (housekeeping, stop) = mpsc::channel();
        let house = services.clone();
        let thread = std::thread::Builder::new().name("gateway-house".to_owned());
        threads.push(thread.spawn(move || housekeeping::keep_house(&house, &stop))?);
        Ok(Gateway { services, http, tcp, mailboxes, threads, housekeeping: Some(housekeeping) })
    }

    pub fn http_addresses(&self) -> &[SocketAddr] {
        &self.http
    }

    pub fn tcp_addresses(&self) -> &[SocketAddr] {
        &self.tcp
    }

    /// Live connections.
    pub fn connections(&self) -> u32 {
        self.services.doorman.live()
    }

    pub fn is_draining(&self) -> bool {
        self.services.draining.is_on()
    }

    /// Takes no new sessions any more.
    pub fn refuse_new_sessions(&self) {
        self.services.draining.begin();
    }

    /// Accepts no more connections, whose sockets stay with whoever else holds them. Live ones go on.
    pub fn accept_no_more(&self) {
        self.tell_all(|| Order::CloseListeners);
    }

    /// Accepts no more connections and tells those there are when to come back; waits until they have gone, `at_most`
    /// so long, and stops.
    pub fn stop(mut self, at_most: Duration) {
        self.services.draining.begin();
        self.tell_all(|| Order::Drain);
        let began = self.services.clock.now();
        let (never, wait) = mpsc::channel::<()>();
        while self.connections() > 0 && self.services.clock.now().since(began) < at_most {
            let _ = wait.recv_timeout(Duration::from_millis(10));
        }
        drop(never);
        self.tell_all(|| Order::Stop);
        self.housekeeping = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        for session in self.services.sessions.all() {
            login::end_session(&self.services, &session);
        }
    }

    fn tell_all(&self, order: impl Fn() -> Order) {
        for mailbox in &self.mailboxes {
            mailbox.put(order());
        }
    }
}
