//! What the HTTP interface is made of; wiring and tests fill it in.

use std::sync::Arc;
use std::time::Duration;

use accounts::Accounts;
use admission::{ClientAddress, Proxies};
use bytes::Bytes;
use clock::Clock;
use model::{AppId, RoomId};
use protocol::Fault;
use releases::Releases;
use telemetry::Metrics;
use tokio::sync::Semaphore;

use crate::cors::Origins;
use crate::static_files::StaticFiles;

/// The parts that clients' requests need.
#[derive(Clone)]
pub struct RestState {
    pub accounts: Arc<Accounts>,
    pub releases: Arc<Releases>,
    pub replays: Arc<dyn Replays>,
    /// Asked before every login; the fault is the answer.
    pub admit: Arc<AdmitLogin>,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Arc<Proxies>,
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    pub config: RestConfig,
}

#[derive(Clone, Debug)]
pub struct RestConfig {
    /// Web pages of which other servers may use this one.
    pub origins: Origins,
    /// Served under `/play/`.
    pub pages: StaticFiles,
    /// Sends `/` to `/play/`.
    pub start_at_play: bool,
    /// Longest request body, in bytes.
    pub body_max: usize,
    /// Time for a request's body to arrive.
    pub body_within: Duration,
    /// Time for an answer, waiting for the platform included.
    pub answer_within: Duration,
    /// Logins and replay files that wait for somebody else at once; more wait their turn.
    pub blocking_at_once: usize,
    /// Matches that are played again at once; more are sent away.
    pub computing_at_once: usize,
}

impl Default for RestConfig {
    fn default() -> RestConfig {
        RestConfig {
            origins: Origins::Listed(Vec::new()),
            pages: StaticFiles::default(),
            start_at_play: false,
            body_max: 64 * 1024,
            body_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(15),
            blocking_at_once: 128,
            computing_at_once: 2,
        }
    }
}

/// The limits in front of logins.
pub type AdmitLogin = dyn Fn(LoginAttempt<'_>) -> Result<(), Fault> + Send + Sync;

/// Somebody wants to log in.
#[derive(Clone, Copy, Debug)]
pub struct LoginAttempt<'a> {
    pub app: &'a AppId,
    /// The SDK's own device id; may be empty.
    pub device: &'a str,
    pub address: ClientAddress,
}

/// Where replays come from. Calls may block.
pub trait Replays: Send + Sync {
    /// The replay file of a room, as `jianzi replay` reads it.
    ///
    /// # Errors
    /// `room_unknown` also for a room of another app.
    fn file(&self, app: &AppId, room: &RoomId) -> Result<Vec<u8>, Fault>;

    /// The same replay for people and scripts. Plays the whole match again.
    ///
    /// # Errors
    /// As [`Replays::file`].
    fn json(&self, app: &AppId, room: &RoomId) -> Result<serde_json::Value, Fault>;
}

/// The state as handlers see it.
pub(crate) struct Shared {
    pub(crate) rest: RestState,
    pub(crate) blocking: Arc<Semaphore>,
    pub(crate) computing: Arc<Semaphore>,
    /// `/openapi.json`.
    pub(crate) openapi: Bytes,
}
