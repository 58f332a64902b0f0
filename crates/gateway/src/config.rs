//! What an operator can set about the gateway.

use std::net::SocketAddr;
use std::time::Duration;

use admission::{ArrivalsConfig, ConnectionLimitsConfig, FloodConfig, Proxies, Rate};

use crate::session::SessionLimits;
use crate::tls::TlsFiles;

/// Listeners and bounds. The defaults suit one machine with players behind carrier NAT.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// HTTP and WebSocket; TLS where `tls` is set.
    pub http: Vec<SocketAddr>,
    /// The same protocol without WebSocket.
    pub tcp: Vec<SocketAddr>,
    pub tls: Option<TlsFiles>,
    /// Threads that read sockets.
    pub reactors: usize,
    /// Of one frame, in bytes.
    pub max_body: u32,
    /// From accepting a connection to its login.
    pub login_timeout: Duration,
    /// How often a client is to be heard. One that is silent for three of these is taken for gone.
    pub heartbeat: Duration,
    /// For how long a session waits for its client to come back.
    pub resume_window: Duration,
    /// Clients that lose their connection come back after a random time up to this.
    pub retry_within: Duration,
    /// Bytes that may wait for one slow connection.
    pub queue_bytes: usize,
    /// For a call that names no deadline.
    pub call_deadline: Duration,
    pub session: SessionLimits,
    /// How many connections there may be.
    pub connections: ConnectionLimitsConfig,
    /// How fast new ones may come.
    pub arrivals: ArrivalsConfig,
    /// How much one may send.
    pub flood: FloodConfig,
    /// Whose PROXY header and `X-Forwarded-For` are believed.
    pub proxies: Proxies,
}

impl Default for GatewayConfig {
    fn default() -> GatewayConfig {
        GatewayConfig {
            http: Vec::new(),
            tcp: Vec::new(),
            tls: None,
            reactors: 1,
            max_body: 64 * 1024,
            login_timeout: Duration::from_secs(5),
            heartbeat: Duration::from_secs(15),
            resume_window: Duration::from_secs(60),
            retry_within: Duration::from_millis(500),
            queue_bytes: 256 * 1024,
            call_deadline: Duration::from_secs(10),
            session: SessionLimits::default(),
            connections: ConnectionLimitsConfig {
                all: 0,
                per_account: 8,
                per_device: 32,
                per_address: 0,
                pending_per_address: 2_000,
            },
            arrivals: ArrivalsConfig {
                all: Rate { per_second: 5_000, burst: 10_000 },
                per_address: Rate { per_second: 1_000, burst: 5_000 },
                longest_wait: Duration::from_secs(30),
                addresses: 100_000,
            },
            flood: FloodConfig {
                frames: Rate { per_second: 300, burst: 600 },
                bytes: Rate { per_second: 256 * 1024, burst: 1024 * 1024 },
            },
            proxies: Proxies::default(),
        }
    }
}
