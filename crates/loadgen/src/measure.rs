//! One measurement: log in, open the lines, warm up, measure for the length of a window, let the last effects arrive.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clock::{Clock, Moment};

use crate::cli::RunArgs;
use crate::engine::{Dial, Engine};
use crate::figures::Figures;
use crate::lines::Window;
use crate::process;
use crate::server::Server;
use crate::shapes::story::Story;
use crate::shapes::{Shape, Tally};
use crate::sources::Sources;
use crate::stop;
use crate::wire_cost::{WireCost, WireSample};

/// How many lines a load has, and in groups of how many they belong together on one event loop.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub groups: usize,
    pub group: usize,
}

/// Measures one load against one server, as [`measure_during`] does, undisturbed.
pub fn measure<S: Shape>(
    server: &Server,
    args: &RunArgs,
    crowd: Crowd,
    path: impl Fn(usize) -> String,
    make: impl Fn(Range<usize>) -> S,
) -> Result<Figures> {
    measure_during(server, args, crowd, path, make, |_| Ok(())).map(|(figures, _)| figures)
}

/// Measures one load against one server; `during` disturbs it within the window. `make` is given the groups of one event loop, `path` the number of a group.
pub fn measure_during<S: Shape>(
    server: &Server,
    args: &RunArgs,
    crowd: Crowd,
    path: impl Fn(usize) -> String,
    make: impl Fn(Range<usize>) -> S,
    during: impl FnOnce(Window) -> Result<()>,
) -> Result<(Figures, Story)> {
    let clock = Clock::System;
    let lines = crowd.groups * crowd.group;
    let sources = Sources(args.sources);
    let memory_before = server.memory()?;
    let tokens = server.tokens(0..lines, sources)?;
    let threads = args.threads.clamp(1, crowd.groups.max(1));
    let share = crowd.groups.div_ceil(threads);

    let window = OnceLock::new();
    let (sender, reports) = channel();
    std::thread::scope(|scope| {
        for groups in (0..crowd.groups).step_by(share).map(|from| from..(from + share).min(crowd.groups)) {
            let range = groups.start * crowd.group..groups.end * crowd.group;
            let dial = Dial {
                server: server.door.address,
                sources,
                tokens: tokens[range.clone()].to_vec(),
                paths: range.clone().map(|line| server.path(|| path(line / crowd.group))).collect(),
                first: range.start,
            };
            let play = make(groups);
            let (sender, window) = (sender.clone(), &window);
            let open_limit = Duration::from_secs(30) + Duration::from_millis(lines as u64 * 2);
            scope.spawn(move || {
                let result = run_loop(dial, play, open_limit, window, &sender);
                let _ = sender.send(Report::Done(Box::new(result)));
            });
        }
        drop(sender);

        let loops = crowd.groups.div_ceil(share);
        let result = (|| {
            for _ in 0..loops {
                match stop::receive(&reports, NEVER)?.context("an event loop has died")? {
                    Report::Ready => {}
                    Report::Done(result) => {
                        return Err(result.err().unwrap_or_else(|| anyhow!("an event loop ended early")));
                    }
                }
            }
            let start = clock.now();
            let from = start + Duration::from_secs_f64(args.warm_up);
            let span = Window { from, to: from + Duration::from_secs_f64(args.seconds) };
            let _ = window.set(Start { now: start, window: span });
            stop::wait_until(span.from)?;
            let before = Spent::now(server)?;
            during(span)?;
            stop::wait_until(span.to)?;
            let spent = Spent::now(server)?.since(&before);
            let memory = server.memory()?.zip(memory_before).map(|(after, before)| {
                (
                    after.resident as f64 - before.resident as f64,
                    after.anonymous as f64 - before.anonymous as f64,
                )
            });
            let mut tally = Tally::default();
            let mut wire = WireCost::default();
            for _ in 0..loops {
                if let Report::Done(result) =
                    stop::receive(&reports, NEVER)?.context("an event loop has died")?
                {
                    let (part, cost) = (*result)?;
                    tally.add(part);
                    wire.add(cost);
                }
            }
            Ok((summary(&tally, &wire, &spent, memory, crowd, args.seconds), tally.story))
        })();
        // Loops that still wait for the start must end too.
        let _ =
            window.set(Start { now: Moment::ZERO, window: Window { from: Moment::ZERO, to: Moment::ZERO } });
        result
    })
}

const NEVER: Moment = Moment::from_micros(u64::MAX);

#[derive(Clone, Copy)]
struct Start {
    now: Moment,
    window: Window,
}

enum Report {
    Ready,
    Done(Box<Result<(Tally, WireCost)>>),
}

/// One event loop's life.
fn run_loop<S: Shape>(
    dial: Dial,
    mut play: S,
    open_limit: Duration,
    start: &OnceLock<Start>,
    reports: &Sender<Report>,
) -> Result<(Tally, WireCost)> {
    const DRAIN: Duration = Duration::from_secs(2);
    let clock = Clock::System;
    let count = dial.paths.len();
    let mut engine = Engine::new(dial)?;
    if !engine.run(&mut play, clock.now() + open_limit, |play, _| play.ready() || start.get().is_some())? {
        let first = engine.lines.faults.first.clone().unwrap_or_else(|| "no fault was told".to_owned());
        return Err(anyhow!(
            "{} of {count} lines were open after {} s, and not all were where the load needs them; {first}",
            engine.open(),
            open_limit.as_secs()
        ));
    }
    let _ = reports.send(Report::Ready);
    engine.run(&mut play, NEVER, |_, _| start.get().is_some())?;
    let Some(Start { now, window }) = start.get().copied() else { return Err(anyhow!("no start was given")) };
    play.start(now, window);
    engine.run(&mut play, window.from, |_, _| false)?;
    let sample = WireSample::take(&engine.lines);
    engine.run(&mut play, window.to, |_, _| false)?;
    let cost = sample.cost_since(&engine.lines);
    engine.run(&mut play, window.to + DRAIN, |play, _| play.settled())?;
    engine.lines.hang_up();
    let mut tally = play.into_tally();
    tally.faults.add(engine.lines.faults.clone());
    Ok((tally, cost))
}

/// Processor time at one moment, or between two.
struct Spent {
    server: Option<Duration>,
    generator: Duration,
}

impl Spent {
    fn now(server: &Server) -> Result<Spent> {
        Ok(Spent { server: server.cpu_time()?, generator: process::cpu_time(std::process::id())? })
    }

    fn since(&self, before: &Spent) -> Spent {
        let server = self.server.zip(before.server).map(|(now, before)| now.saturating_sub(before));
        Spent { server, generator: self.generator.saturating_sub(before.generator) }
    }
}

fn summary(
    tally: &Tally,
    wire: &WireCost,
    spent: &Spent,
    memory: Option<(f64, f64)>,
    crowd: Crowd,
    seconds: f64,
) -> Figures {
    let mut figures = Figures::default();
    figures.push("sent_per_s", tally.sent as f64 / seconds);
    figures.push("arrived_per_s", tally.arrived as f64 / seconds);
    figures.push_latency(&tally.latency);
    if let Some(server) = spent.server {
        figures.push("server_cpu_us_per_message", server.as_secs_f64() * 1e6 / tally.arrived.max(1) as f64);
        figures.push("server_cores", server.as_secs_f64() / seconds);
    }
    figures.push("generator_cores", spent.generator.as_secs_f64() / seconds);
    if !tally.lag.is_empty() {
        figures.push("generator_lag_p99_ms", tally.lag.value_at_quantile(0.99) as f64 / 1000.0);
    }
    if let Some((resident, anonymous)) = memory {
        let groups = crowd.groups as f64;
        figures.push("server_rss_kib_per_connection", resident / 1024.0 / groups / crowd.group as f64);
        if crowd.group > 1 {
            figures.push("server_rss_kib_per_room", resident / 1024.0 / groups);
            figures.push("server_anonymous_kib_per_room", anonymous / 1024.0 / groups);
        }
    }
    wire.push_figures(&mut figures, seconds);
    figures.push("missing", tally.wanted.saturating_sub(tally.seen) as f64);
    for (name, count) in &tally.mistakes {
        figures.push(*name, *count as f64);
    }
    figures.push("lost_connections", tally.faults.lost as f64);
    figures.push("errors", tally.faults.errors as f64);
    if let Some(first) = &tally.faults.first {
        eprintln!("  first fault: {first}");
    }
    figures
}
