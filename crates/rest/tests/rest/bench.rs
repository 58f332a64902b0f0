//! A server as the wiring makes it: a listener reads the head's beginning and hands the socket over.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use accounts::{Accounts, AccountsConfig, AppConfig};
use admission::Proxies;
use axum::Router;
use bytes::Bytes;
use clock::{Chance, Clock, ManualClock};
use model::{AppId, RoomId};
use platform::Secret;
use protocol::{ErrorCode, Fault};
use releases::Releases;
use rest::{ConnectionLimits, HttpServer, Origins, Peer, Replays, RestConfig, RestState, StaticFiles};
use serde_json::{Value, json};
use telemetry::Metrics;
use tokio::runtime::Runtime;
use wechat_sim::WechatSim;

pub const ROOM: &str = "17-k3v9x2m4p7";
pub const INDEX: &[u8] = b"<!doctype html><title>jianzi</title>";
pub const SCRIPT: &[u8] = b"console.log('jianzi')";
static PAGES: &[(&str, &str, &[u8])] =
    &[("index.html", "text/html; charset=utf-8", INDEX), ("a/game.js", "text/javascript", SCRIPT)];

/// How much of a request the listener has read before it hands over.
const PREFIX_BYTES: usize = 9;

pub struct Bench {
    pub address: SocketAddr,
    pub state: RestState,
    pub sim: Arc<WechatSim>,
    pub clock: Arc<ManualClock>,
    /// While false, logins are refused as too many.
    pub admits: Arc<AtomicBool>,
    /// Logins that came as far as the limits.
    pub attempts: Arc<AtomicUsize>,
    pub server: HttpServer,
    pub runtime: Runtime,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(|_| {}, ConnectionLimits::default())
    }

    pub fn with(change: impl FnOnce(&mut RestState), limits: ConnectionLimits) -> Bench {
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let sim = Arc::new(WechatSim::new(Clock::Manual(clock.clone()), Chance::seeded(1)));
        let app = |id: &str| AppConfig { id: AppId::new(id), jwt_keys: vec![Secret::new(id.repeat(32))] };
        let accounts = Accounts::new(
            AccountsConfig::new(vec![app("demo"), app("other")]),
            sim.clone(),
            Clock::Manual(clock.clone()),
            Chance::seeded(2),
        );
        let admits = Arc::new(AtomicBool::new(true));
        let attempts = Arc::new(AtomicUsize::new(0));
        let mut state = RestState {
            accounts: Arc::new(accounts.unwrap()),
            releases: Arc::new(Releases::new(Vec::new()).unwrap()),
            replays: Arc::new(OneReplay),
            admit: Arc::new({
                let (admits, attempts) = (admits.clone(), attempts.clone());
                move |attempt| {
                    attempts.fetch_add(1, Ordering::SeqCst);
                    if admits.load(Ordering::SeqCst) {
                        return Ok(());
                    }
                    let fault = Fault::new(ErrorCode::TooManyRequests, format!("{attempt:?}"));
                    Err(fault.retry_after(Duration::from_millis(1500)))
                }
            }),
            proxies: Arc::new(Proxies::default()),
            metrics: Arc::new(Metrics::default()),
            clock: Clock::Manual(clock.clone()),
            config: RestConfig {
                origins: Origins::Any,
                pages: StaticFiles::new(PAGES),
                start_at_play: true,
                ..RestConfig::default()
            },
        };
        change(&mut state);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = HttpServer::new(rest::router(state.clone()), limits);
        let address = listen(server.clone(), runtime.handle().clone());
        Bench { address, state, sim, clock, admits, attempts, server, runtime }
    }

    pub fn login(&self, app: &str, name: &str) -> Value {
        let answer = self.post("/v1/login", &json!({"app": app, "code": format!("dev:{name}")}), None);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].clone()
    }

    pub fn token(&self) -> String {
        self.login("demo", "alice")["token"].as_str().unwrap().to_owned()
    }

    pub fn get(&self, path: &str, token: Option<&str>) -> Reply {
        let mut request = agent().get(self.url(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Reply::of(request.call().unwrap())
    }

    pub fn post(&self, path: &str, body: &Value, token: Option<&str>) -> Reply {
        let mut request = agent().post(self.url(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Reply::of(request.send_json(body).unwrap())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Writes these bytes on a fresh connection and reads to its end.
    pub fn raw(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may have refused and closed before it has read all.
        let _ = stream.write_all(request);
        read_to_end(&mut stream)
    }
}

/// Serves a router on a listener of its own: what the admin side has.
pub fn serve(router: Router) -> (SocketAddr, HttpServer, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = HttpServer::new(router, ConnectionLimits::default());
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn({
        let server = server.clone();
        async move { server.serve_listener(listener).await }
    });
    (address, server, runtime)
}

pub fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    let config =
        config.http_status_as_error(false).max_redirects(0).timeout_global(Some(Duration::from_secs(20)));
    config.allow_non_standard_methods(true).build().into()
}

pub fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is an end too.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn of(mut response: ureq::http::Response<ureq::Body>) -> Reply {
        let body = response.body_mut().read_to_vec().unwrap();
        Reply { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The failure of this code with everything that an envelope has to say about it.
    #[track_caller]
    pub fn refused(&self, code: ErrorCode) -> Value {
        let body = self.json();
        assert_eq!(body["code"], code.number(), "{body}");
        assert_eq!(self.status, code.http_status());
        assert_eq!(body["msg_zh"], code.chinese());
        assert!(body["msg"].as_str().is_some_and(|sentence| sentence.ends_with('.') || sentence.len() > 10));
        assert!(["never", "now", "later", "login"].contains(&body["retry"].as_str().unwrap()));
        assert!(body["retry_after_ms"].is_u64());
        body
    }
}

/// One room of one app has been played.
struct OneReplay;

impl Replays for OneReplay {
    fn file(&self, app: &AppId, room: &RoomId) -> Result<Vec<u8>, Fault> {
        match (app.as_str(), room.as_str()) {
            ("demo", ROOM) => Ok((0..=255).collect()),
            _ => Err(ErrorCode::RoomUnknown.into()),
        }
    }

    fn json(&self, app: &AppId, room: &RoomId) -> Result<Value, Fault> {
        self.file(app, room).map(|file| json!({"bytes": file.len()}))
    }
}

/// Reads a few bytes of every connection and hands it over, until the process ends.
fn listen(server: HttpServer, runtime: tokio::runtime::Handle) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (server, runtime) = (server.clone(), runtime.clone());
            // One thread each: a client that sends nothing must not keep the others waiting.
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut prefix = [0; PREFIX_BYTES];
                let read = stream.read(&mut prefix).unwrap_or(0);
                let peer = Peer { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), told: None };
                server.spawn(&runtime, stream, Bytes::copy_from_slice(&prefix[..read]), peer);
            });
        }
    });
    address
}
