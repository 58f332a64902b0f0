//! The whole program, built in start order: every part, and what it is given of the others.

mod dev_tools;
mod disk_guard;
mod games;
mod heartbeat;
mod http_door;
mod incidents;
mod journal;
mod look;
mod memory_guard;
mod pages;
mod replays;
mod room_maker;
mod tls_stream;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use accounts::Accounts;
use admission::LoginLimits;
use alerts::Alerts;
use clock::{Chance, Clock};
use gateway::{Gateway, GatewayError, Parts, PassedListeners, ResumeKey, Sessions};
use journal_file::FileJournal;
use link::LocalLink;
use matchmaking::Matchmaking;
use platform::Secret;
use protocol::{ErrorCode, Fault};
use releases::{Patches, Releases};
use rest::{
    AdminState, AdmitLogin, ConnectionLimits, HttpServer, Origins, PatchAdmin, RestConfig, RestState,
};
use rooms::{Rooms, RoomsConfig};
use telemetry::Metrics;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::unbounded_channel;
use wechat_sim::WechatSim;

use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::limits::Limits;
use crate::os::{Asked, Notifier, PassedSockets};
use crate::{lan, os};

use dev_tools::PageTools;
use games::{Demo, Followed, Following, Games, LiveMatches};
use heartbeat::Heartbeat;
use http_door::HttpHandOver;
pub use incidents::{CRASHES, VITAL_THREADS};
use incidents::{Incidents, NotReady};
pub use look::{Found, look};
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
    let notifier = Arc::new(Notifier::from_environment());
    let (ask, mut asked) = unbounded_channel();
    {
        let _within = runtime.enter();
        os::listen(&ask)
            .map_err(|error| Failure::new(Exit::Failed, format!("signals cannot be heard: {error}")))?;
    }
    let short_of_memory = Arc::new(AtomicBool::new(false));
    let alerts = incidents::alerts(&config, &Clock::System)?;
    let server = start(&config, &runtime, short_of_memory.clone(), alerts.clone())?;
    limits.log();
    announce(&config, &server);
    if let Some(limit) = memory_guard::Limit::find(config.server.memory_limit.0 as u64) {
        runtime.spawn(memory_guard::watch(limit, short_of_memory.clone(), ask.clone()));
    }
    let not_ready = server.not_ready.clone();
    let mut incidents = Incidents::start(&config, &Clock::System, alerts, not_ready, short_of_memory)?;
    let heartbeat = Heartbeat::start(server.rooms.clone(), config.rooms().shards, notifier.clone(), ask)
        .map_err(|error| Failure::new(Exit::Failed, error))?;

    let why = runtime.block_on(asked.recv()).unwrap_or(Asked::End);
    notifier.tell("STOPPING=1");
    incidents.watch_no_more();
    match why {
        Asked::End => {
            tracing::info!(event = "stopping", "asked to stop: no new sessions, rooms are told");
            server.stop(&runtime, config.server.drain_within);
        }
        Asked::HandOver | Asked::FreeMemory => {
            tracing::info!(
                event = "handing_over",
                "rooms stop between two ticks; a successor goes on with them"
            );
            server.hand_over();
        }
    }
    heartbeat.stop();
    incidents.stop(why != Asked::End);
    tracing::info!(event = "stopped");
    match why {
        Asked::FreeMemory => Err(Failure::new(Exit::Memory, "out of memory: ended to be started again")),
        Asked::End | Asked::HandOver => Ok(()),
    }
}

/// The running parts that somebody has to stop.
struct Server {
    gateway: Gateway,
    http: HttpServer,
    admin: HttpServer,
    admin_address: SocketAddr,
    matchmaking: Arc<Matchmaking>,
    rooms: Arc<Rooms>,
    patches: Arc<Patches>,
    not_ready: NotReady,
    /// Of a developer's server.
    _following: Option<Following>,
}

fn start(
    config: &Config,
    runtime: &Runtime,
    short_of_memory: Arc<AtomicBool>,
    alerts: Alerts,
) -> Result<Server, Failure> {
    let clock = Clock::System;
    let metrics = Arc::new(Metrics::default());
    let configuration = |error: &dyn std::fmt::Display| Failure::new(Exit::Configuration, error);
    let passed = PassedSockets::take().map_err(|error| Failure::new(Exit::Bind, error))?;

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
    let games = Games::open(config, &clock)?;
    let demo_games = if config.profile.is_dev() { Demo::install(config, &games)? } else { Vec::new() };
    let followed = Followed::begin(config, &games)?;
    let rooms = Rooms::start(
        RoomsConfig { epoch: journal.epoch(), games: games.for_rooms(), ..config.rooms() },
        clock.clone(),
        Chance::system(),
        journal.clone(),
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

    let (modules, catalog) = (games.for_rooms().modules, games.catalog().clone());
    let not_ready = not_ready(rooms.clone(), journal.clone());
    let replay = Arc::new(LiveMatches::new(journal, modules.clone(), config.games.trial_ticks));
    let patches = games.start_patches(rooms.clone(), replay, alerts, clock.clone())?;
    let following = followed.map(|followed| followed.follow(rooms.clone())).transpose()?;

    // HTTP for clients, on connections that the gateway hands over.
    let mut rest = rest::router(RestState {
        accounts: accounts.clone(),
        releases: releases.clone(),
        replays: Arc::new(FinishedRooms::new(rooms.clone(), modules.clone(), catalog)),
        admit: admit_logins(config, clock.clone(), short_of_memory.clone()),
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
    if config.profile.is_dev() {
        let demo = Demo::start(config, patches.clone(), demo_games, clock.clone())?;
        rest = rest.merge(rest::dev_tools_router(Arc::new(PageTools::new(demo))));
    }
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
        passed: PassedListeners { http: passed.http, tcp: passed.tcp },
        short_of_memory,
    })
    .map_err(|error| gateway_failure(&error))?;

    // The operators' door.
    let mut operators = rest::admin_router(AdminState {
        not_ready: not_ready.clone(),
        metrics: Arc::new(move || metrics.render()),
        releases,
        token: config.server.admin_token.clone(),
    });
    operators = operators.merge(rest::patch_router(PatchAdmin {
        patches: patches.clone(),
        token: config.server.admin_token.clone(),
    }));
    if config.profile.is_dev() {
        operators = operators.merge(rest::dev_crash_router(config.server.admin_token.clone()));
    }
    let admin = HttpServer::new(operators, ConnectionLimits::default());
    let bind = |error| Failure::new(Exit::Bind, format!("cannot listen on {}: {error}", config.server.admin));
    let listener = match passed.admin.into_iter().next() {
        Some(socket) => {
            let _within = runtime.enter();
            tokio::net::TcpListener::from_std(socket)
        }
        None => runtime.block_on(tokio::net::TcpListener::bind(config.server.admin)),
    };
    let listener = listener.map_err(bind)?;
    let admin_address = listener.local_addr().map_err(bind)?;
    let serving = admin.clone();
    runtime.spawn(async move { serving.serve_listener(listener).await });

    Ok(Server {
        gateway,
        http,
        admin,
        admin_address,
        matchmaking,
        rooms,
        patches,
        not_ready,
        _following: following,
    })
}

/// Why the server takes no players right now.
fn not_ready(rooms: Arc<Rooms>, journal: Arc<FileJournal>) -> NotReady {
    const NO_SPACE: &str = "journal: it was opened on a full disk, and waits for space";
    Arc::new(move || {
        let of_journal = journal.waits_for_space().then(|| NO_SPACE.to_owned());
        rooms.is_ready().err().or(of_journal).into_iter().collect()
    })
}

impl Server {
    /// No new sessions; rooms are told and may end; connections are told when to come back; then everything stops.
    fn stop(self, runtime: &Runtime, at_most: Duration) {
        self.gateway.refuse_new_sessions();
        let left = self.rooms.drain(at_most);
        tracing::info!(event = "drained", rooms_left = left);
        self.matchmaking.stop();
        self.patches.stop();
        // Before the sessions end: rooms outlive this process, and are not to hear that everybody left.
        self.rooms.stop();
        self.gateway.stop(FAREWELL);
        self.http.stop();
        self.admin.stop();
        runtime.block_on(async { self.http.drained(FAREWELL).await });
    }
}

impl Server {
    /// Whoever comes next goes on with the rooms. Connections end with the process, without a good-bye that would keep
    /// players away for a while.
    fn hand_over(self) {
        self.gateway.accept_no_more();
        self.admin.stop();
        self.patches.stop();
        self.rooms.stop();
        self.matchmaking.stop();
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

fn admit_logins(config: &Config, clock: Clock, short_of_memory: Arc<AtomicBool>) -> Arc<AdmitLogin> {
    let limits = Mutex::new(LoginLimits::new(config.login_limits(), clock.now()));
    Arc::new(move |attempt| {
        if short_of_memory.load(Ordering::Relaxed) {
            return Err(Fault::new(ErrorCode::Overloaded, "The server is short of memory.")
                .retry_after(Duration::from_secs(5)));
        }
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
