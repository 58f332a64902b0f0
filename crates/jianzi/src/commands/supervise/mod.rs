//! `jianzi supervise -- serve …`: a parent that looks after the server; see the crate `supervisor`.

mod watchman;

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use supervisor::{CrashLoop, Limits, Outcome, Plan, Post, PostError, ProbePlan, Sockets};

use crate::cli;
use crate::config::Config;
use crate::config::value::{Given, Value};
use crate::failure::{Exit, Failure};
use crate::os::{self, Notifier, PassedSockets};

use watchman::Watchman;

#[derive(Debug, Args)]
pub struct SuperviseArgs {
    /// How often the server is probed: over TCP, over HTTP (/healthz), and by the script.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    probe_every: Duration,
    /// A probe that takes longer has failed.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    probe_within: Duration,
    /// So often in a row a probe fails before the server is started again.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    probe_failures: u32,
    /// A program that ends with 0 while the server is well; finds JIANZI_HTTP, JIANZI_ADMIN, JIANZI_PID.
    #[arg(long, value_name = "FILE")]
    probe_script: Option<PathBuf>,
    /// A server that gives no sign of life for so long hangs, and is started again.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    watchdog: Duration,
    /// From the start of a server until it is ready.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    ready_within: Duration,
    /// A server that was ready for so long was well; a later crash begins a new count.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    steady_after: Duration,
    /// Crashes in a row that make a crash loop.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    crash_limit: u32,
    /// In a crash loop: keep trying, once in --crash-pause, or exit with code 6.
    #[arg(long, default_value = "keep-trying")]
    crash_loop: Then,
    /// Between two tries in a crash loop.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    crash_pause: Duration,
    /// How long a version has to stay well after `jianzi upgrade` before it is confirmed.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    trial: Duration,
    /// A version on trial is ready within this time.
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = time)]
    trial_ready_within: Duration,
    /// The server: `serve …` or `dev …`, with its options.
    #[arg(last = true, required = true, value_name = "SERVER")]
    server: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Then {
    KeepTrying,
    Exit,
}

pub fn run(args: SuperviseArgs) -> Result<(), Failure> {
    let config = cli::configuration_of(&args.server)?;
    telemetry::init_logging(config.log.format, &config.log.level)
        .map_err(|error| Failure::new(Exit::Configuration, error))?;
    let data = &config.server.data;
    os::create_private_folder(data).map_err(|error| {
        let message = format!("the data folder {} cannot be made: {error}; see --data", data.display());
        Failure::new(Exit::DataFolder, message)
    })?;
    os::raise_file_limit();
    let post = Post::take(data).map_err(|error: PostError| Failure::new(Exit::DataFolder, error))?;
    let sockets = sockets(&config)?;
    let watchman = Watchman::start(&config, args.steady_after)?;
    let plan = Plan { incidents: watchman.ear(), ..plan(args, &config, sockets) };
    let addresses = plan.sockets.addresses();
    let addresses: Vec<String> =
        addresses.iter().map(|(name, address)| format!("{name}={address}")).collect();
    tracing::info!(event = "supervising", "listening for the server: {}", addresses.join(" "));
    let outcome = supervisor::run(post, plan);
    watchman.stop();
    match outcome.map_err(|error| Failure::new(Exit::Failed, error))? {
        Outcome::Stopped => Ok(()),
        Outcome::Refused(code) => {
            Err(Failure::new(refusal(code), "the server did not start; it says above what it does not like"))
        }
        Outcome::CrashLoop => Err(Failure::new(Exit::CrashLoop, "the server crashed again and again")),
    }
}

fn plan(args: SuperviseArgs, config: &Config, sockets: Sockets) -> Plan {
    let notifier = Arc::new(Notifier::from_environment());
    let mut check = args.server.clone();
    check.push("--check".into());
    let defaults = Limits::default();
    Plan {
        limits: Limits {
            ready_within: args.ready_within,
            trial_ready_within: args.trial_ready_within,
            trial: args.trial,
            watchdog: args.watchdog.max(LEAST_WATCHDOG),
            stop_within: config.server.drain_within + STOP_MARGIN,
            probe_failures: args.probe_failures,
            steady_after: args.steady_after,
            crash_limit: args.crash_limit,
            crash_loop: match args.crash_loop {
                Then::KeepTrying => CrashLoop::KeepTrying(args.crash_pause),
                Then::Exit => CrashLoop::Exit,
            },
            ..defaults
        },
        probes: ProbePlan { every: args.probe_every, within: args.probe_within, script: args.probe_script },
        arguments: args.server,
        check,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data: config.server.data.clone(),
        sockets,
        parent: Box::new(move |lines| notifier.tell(lines)),
        parent_watchdog: os::watchdog(),
        incidents: Box::new(|_| {}),
    }
}

/// An idle shard looks around five times a second.
const LEAST_WATCHDOG: Duration = Duration::from_secs(1);
/// For good-byes, and for threads to end.
const STOP_MARGIN: Duration = Duration::from_secs(10);

/// Those that were passed to us, or else bound here. The server keeps them whatever its configuration says later.
fn sockets(config: &Config) -> Result<Sockets, Failure> {
    let passed = PassedSockets::take().map_err(|error| Failure::new(Exit::Bind, error))?;
    let server = &config.server;
    Ok(Sockets {
        http: passed_or_bound(passed.http, &server.http)?,
        tcp: passed_or_bound(passed.tcp, &server.tcp)?,
        admin: passed_or_bound(passed.admin, &[server.admin])?,
    })
}

fn passed_or_bound(passed: Vec<TcpListener>, addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Failure> {
    if !passed.is_empty() {
        return Ok(passed);
    }
    let bound = addresses.iter().map(|address| gateway::bind(*address)).collect::<Result<_, _>>();
    bound.map_err(|error| Failure::new(Exit::Bind, error))
}

fn refusal(code: i32) -> Exit {
    let refusals = [Exit::Usage, Exit::Configuration, Exit::Bind, Exit::DataFolder];
    refusals.into_iter().find(|exit| *exit as i32 == code).unwrap_or(Exit::Failed)
}

fn time(text: &str) -> Result<Duration, String> {
    Duration::read(&Given::Text(text.to_owned()))
}
