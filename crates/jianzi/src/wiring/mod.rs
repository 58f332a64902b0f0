//! The whole program, built in start order: every part, and what it is given of the others.

mod http_door;
mod incidents;
mod journal;
mod pages;
mod replays;
mod room_maker;
mod tls_stream;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use accounts::Accounts;
use admission::LoginLimits;
use clock::{Chance, Clock};
use gateway::{Gateway, GatewayError, Parts, ResumeKey, Sessions};
use link::LocalLink;
use matchmaking::Matchmaking;
use platform::Secret;
use releases::Releases;
use rest::{AdminState, AdmitLogin, ConnectionLimits, HttpServer, Origins, RestConfig, RestState};
use rooms::{Rooms, RoomsConfig};
use telemetry::Metrics;
use tokio::runtime::{Builder, Runtime};
use wechat_sim::WechatSim;

use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::limits::Limits;
use crate::{lan, os};

use http_door::HttpHandOver;
use incidents::Incidents;
pub use incidents::{CRASHES, VITAL_THREADS};
use replays::FinishedRooms;
use room_maker::{MatchedRooms, PlayersOfSessions};

/// Runs the server until it is asked to stop.
pub fn run(config: Config) -> Result<(), Failure> {
    telemetry::remember_lines(crashes::remember_line);
    telemetry::init_logging(config.log.format, &config.log.level)
        .map_err(|error| Failure::new(Exit::Configuration, error))?;
    let _crashes = incidents::keep_crashes(&config);
    let limits = Limits::find(config.limits.connections);
    let runtime = runtime()?;
    let server = start(&config, &runtime)?;
    limits.log();
    announce(&config, &server);
    let watched = server.rooms.clone();
    let not_ready = Arc::new(move || watched.is_ready().err().into_iter().collect());
    let mut incidents = Incidents::start(&config, &Clock::System, not_ready, Arc::default())?;
    runtime.block_on(os::asked_to_stop());
    incidents.watch_no_more();
    tracing::info!(event = "stopping", "asked to stop: no new sessions, rooms are told");
    server.stop(&runtime, config.server.drain_within);
    incidents.stop(false);
    tracing::info!(event = "stopped");
    Ok(())
}

/// The running parts that somebody has to stop.
struct Server {
    gateway: Gateway,
    http: HttpServer,
    admin: HttpServer,
    admin_address: SocketAddr,
    matchmaking: Arc<Matchmaking>,
    rooms: Arc<Rooms>,
}

fn start(config: &Config, runtime: &Runtime) -> Result<Server, Failure> {
    let clock = Clock::System;
    let metrics = Arc::new(Metrics::default());
    let configuration = |error: &dyn std::fmt::Display| Failure::new(Exit::Configuration, error);

    // Who a player is. The simulator is the only platform so far.
    if !config.profile.is_dev() {
        tracing::warn!(
            event = "simulated_platform",
            "logins go to the simulator, which believes everybody who names a player"
        );
    }
    let platform = Arc::new(WechatSim::new(clock.clone(), Chance::system()));
    let accounts = Accounts::new(config.accounts(), platform, clock.clone(), Chance::system())
        .map(Arc::new)
        .map_err(|error| configuration(&error))?;
    let releases =
        Releases::new(config.build_rules()).map(Arc::new).map_err(|error| configuration(&error))?;

    // Rooms, their journal, and their way to the players.
    let sessions = Arc::new(Sessions::new(config.gateway().session));
    let journal = journal::open(config)?;
    let rooms = Rooms::start(
        RoomsConfig { epoch: journal.epoch(), ..config.rooms() },
        clock.clone(),
        Chance::system(),
        journal,
        Arc::new(LocalLink::new(sessions.clone())),
        metrics.clone(),
    )
    .map_err(|error| Failure::new(Exit::Failed, error))?;
    let matchmaking = Matchmaking::start(
        config.matchmaking(),
        clock.clone(),
        Chance::system(),
        Arc::new(MatchedRooms::new(rooms.clone())),
        Arc::new(PlayersOfSessions::new(sessions.clone())),
        metrics.clone(),
    )
    .map_err(|error| Failure::new(Exit::Failed, error))?;

    // HTTP for clients, on connections that the gateway hands over.
    let rest = rest::router(RestState {
        accounts: accounts.clone(),
        releases: releases.clone(),
        replays: Arc::new(FinishedRooms::new(rooms.clone())),
        admit: admit_logins(config, clock.clone()),
        proxies: Arc::new(config.proxies()),
        metrics: metrics.clone(),
        clock: clock.clone(),
        config: RestConfig {
            origins: origins(config),
            pages: pages::demo_game(config.profile.is_dev()),
            start_at_play: config.profile.is_dev(),
            ..RestConfig::default()
        },
    });
    let http = HttpServer::new(rest, ConnectionLimits { proxies: config.proxies(), ..Default::default() });

    // The players' door.
    let resume_key = config.server.resume_key.as_ref().map_or("", Secret::reveal);
    let gateway = Gateway::start(Parts {
        config: config.gateway(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        accounts,
        releases: releases.clone(),
        rooms: rooms.clone(),
        matchmaking: matchmaking.clone(),
        sessions,
        resume_key: ResumeKey::new(resume_key.as_bytes(), clock),
        http: Arc::new(HttpHandOver::new(http.clone(), runtime.handle().clone())),
    })
    .map_err(|error| gateway_failure(&error))?;

    // The operators' door.
    let ready_rooms = rooms.clone();
    let mut operators = rest::admin_router(AdminState {
        not_ready: Arc::new(move || ready_rooms.is_ready().err().into_iter().collect()),
        metrics: Arc::new(move || metrics.render()),
        releases,
        token: config.server.admin_token.clone(),
    });
    if config.profile.is_dev() {
        operators = operators.merge(rest::dev_crash_router(config.server.admin_token.clone()));
    }
    let admin = HttpServer::new(operators, ConnectionLimits::default());
    let bind = |error| Failure::new(Exit::Bind, format!("cannot listen on {}: {error}", config.server.admin));
    let listener = runtime.block_on(tokio::net::TcpListener::bind(config.server.admin)).map_err(bind)?;
    let admin_address = listener.local_addr().map_err(bind)?;
    let serving = admin.clone();
    runtime.spawn(async move { serving.serve_listener(listener).await });

    Ok(Server { gateway, http, admin, admin_address, matchmaking, rooms })
}

impl Server {
    /// No new sessions; rooms are told and may end; connections are told when to come back; then everything stops.
    fn stop(self, runtime: &Runtime, at_most: Duration) {
        self.gateway.refuse_new_sessions();
        let left = self.rooms.drain(at_most);
        tracing::info!(event = "drained", rooms_left = left);
        self.matchmaking.stop();
        // Before the sessions end: rooms outlive this process, and are not to hear that everybody left.
        self.rooms.stop();
        self.gateway.stop(FAREWELL);
        self.http.stop();
        self.admin.stop();
        runtime.block_on(async { self.http.drained(FAREWELL).await });
    }
}

/// For logins that wait for the platform and replays that are read. Each thread costs its allocator's memory.
const BLOCKING_THREADS: usize = 32;

/// For connections that have been told to go.
const FAREWELL: Duration = Duration::from_secs(2);

/// Says that the server is ready, and where.
fn announce(config: &Config, server: &Server) {
    let named = |name: &str, addresses: &[SocketAddr]| {
        addresses.iter().map(|address| format!("{name}={address} ")).collect::<String>()
    };
    let http = server.gateway.http_addresses();
    let bound = format!(
        "{}{}admin={}",
        named("http", http),
        named("tcp", server.gateway.tcp_addresses()),
        server.admin_address
    );
    tracing::info!(event = "ready", profile = %config.profile, "ready {bound}");
    if config.profile.is_dev()
        && let Some(first) = http.first()
    {
        tracing::info!(event = "play", "play at {}/play", public_url(config, local(*first)));
        if config.lan
            && let Some(address) = lan::address()
        {
            let url = public_url(config, SocketAddr::new(address, first.port()));
            println!("{}", lan::invitation(&format!("{url}/play")));
        }
    }
}

/// What the operator calls this server, or else this address.
fn public_url(config: &Config, address: SocketAddr) -> String {
    let scheme = if config.tls_files().is_some() { "https" } else { "http" };
    match config.server.public_url.trim_end_matches('/') {
        "" => format!("{scheme}://{address}"),
        configured => configured.to_owned(),
    }
}

/// An address that a browser on this machine can open.
fn local(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip([127, 0, 0, 1].into());
    }
    address
}

fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(Duration::from_secs(2))
        .thread_name("http")
        .enable_all()
        .build();
    built.map_err(|error| Failure::new(Exit::Failed, format!("threads cannot be started: {error}")))
}

fn admit_logins(config: &Config, clock: Clock) -> Arc<AdmitLogin> {
    let limits = Mutex::new(LoginLimits::new(config.login_limits(), clock.now()));
    Arc::new(move |attempt| {
        let mut limits = limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.attempt(attempt.app, attempt.device, attempt.address.key(), clock.now())
    })
}

fn origins(config: &Config) -> Origins {
    match config.cors.origins.iter().any(|origin| origin == "*") {
        true => Origins::Any,
        false => Origins::Listed(config.cors.origins.clone()),
    }
}

fn gateway_failure(error: &GatewayError) -> Failure {
    let exit = match error {
        GatewayError::Bind(_) => Exit::Bind,
        GatewayError::Tls(_) => Exit::Configuration,
        GatewayError::Threads(_) => Exit::Failed,
    };
    Failure::new(exit, error)
}
