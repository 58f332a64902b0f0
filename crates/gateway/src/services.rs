//! What a gateway needs of the rest of the server.

use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use accounts::Accounts;
use clock::Clock;
use matchmaking::Matchmaking;
use protocol::{ErrorCode, Fault};
use releases::Releases;
use rooms::Rooms;
use rustls::ServerConnection;
use telemetry::Metrics;

use crate::config::GatewayConfig;
use crate::doorman::Doorman;
use crate::resume_token::ResumeKey;
use crate::session::Sessions;
use crate::tls::TlsAcceptor;

/// The parts that a gateway's threads share.
pub struct Services {
    pub config: GatewayConfig,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub accounts: Arc<Accounts>,
    pub releases: Arc<Releases>,
    pub rooms: Arc<Rooms>,
    pub matchmaking: Arc<Matchmaking>,
    pub sessions: Arc<Sessions>,
    pub resume_key: ResumeKey,
    /// Takes connections that turn out to be ordinary HTTP.
    pub http: Arc<dyn HttpDoor>,
    pub doorman: Doorman,
    pub tls: Option<TlsAcceptor>,
    pub draining: Draining,
    /// New sessions and rooms are refused while it is set.
    pub short_of_memory: Arc<AtomicBool>,
}

impl Services {
    /// Fault: `overloaded`, while what comes new would take memory that those who play need.
    pub fn has_memory(&self) -> Result<(), Fault> {
        if !self.short_of_memory.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sentence = "The server is short of memory and takes nobody new.";
        Err(Fault::new(ErrorCode::Overloaded, sentence).retry_after(SHORT_OF_MEMORY_RETRY))
    }
}

/// Players move slowly; asking sooner would not help.
const SHORT_OF_MEMORY_RETRY: Duration = Duration::from_secs(5);

/// Set once the server is about to stop: new sessions are refused.
#[derive(Default)]
pub struct Draining(AtomicBool);

impl Draining {
    pub fn begin(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whoever serves ordinary HTTP.
pub trait HttpDoor: Send + Sync {
    fn serve(&self, connection: HttpConnection);
}

/// A connection on its way to the HTTP server, with what was already read of it.
pub struct HttpConnection {
    /// Non-blocking.
    pub socket: TcpStream,
    pub tls: Option<Box<ServerConnection>>,
    /// Decrypted bytes that came before.
    pub already_read: Vec<u8>,
    /// The client's, seen through listed proxies.
    pub address: IpAddr,
}
