//! Idle connections: what each costs the server.
//!
//! The lines are held by child processes, one per server, so that the file limit of one process bounds neither side.

use std::io::{BufRead, Write};
use std::process::Command;
use std::sync::mpsc::{TryRecvError, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clock::{Clock, Moment};

use crate::child::Process;
use crate::cli::{IdleArgs, IdleLinesArgs};
use crate::engine::{Dial, Engine, Play};
use crate::figures::Figures;
use crate::http_login;
use crate::lines::Lines;
use crate::process::Memory;
use crate::server::{Door, Server, Target};
use crate::sources::Sources;
use crate::stop;

/// Opens the connections in steps and looks at the servers' memory after each.
pub fn measure(target: Target, args: &IdleArgs) -> Result<Figures> {
    let servers = (0..args.servers.max(1)).map(|_| Server::start(target, &args.server));
    let servers = servers.collect::<Result<Vec<Server>>>()?;
    let mut holders = Vec::new();
    for (index, server) in servers.iter().enumerate() {
        holders.push(start_holder(server, index * args.connections, args)?);
    }

    let mut figures = Figures::default();
    let before = memory(&servers)?;
    let steps = args.steps.max(1);
    let (mut opened, mut last) = (0, before);
    let mut slopes = Vec::new();
    for step in 1..=steps {
        let count = args.connections * step / steps;
        open(&mut holders, count - opened)?;
        // What the server has queued for after the login.
        stop::wait_until(Clock::System.now() + Duration::from_secs_f64(args.run.warm_up))?;
        let now = memory(&servers)?;
        let added = ((count - opened) * servers.len()) as f64;
        slopes.push((count, (now.resident as f64 - last.resident as f64) / added));
        (opened, last) = (count, now);
    }

    let all = (opened * servers.len()) as f64;
    let cpu = |servers: &[Server]| -> Result<f64> {
        let times = servers.iter().map(Server::cpu_time).collect::<Result<Option<Vec<Duration>>>>()?;
        Ok(times.map_or(f64::NAN, |times| times.iter().sum::<Duration>().as_secs_f64()))
    };
    let cpu_before = cpu(&servers)?;
    stop::wait_until(Clock::System.now() + Duration::from_secs_f64(args.run.seconds))?;
    let spent = cpu(&servers)? - cpu_before;

    figures.push("connections", all);
    figures.push("server_rss_bytes_per_connection", (last.resident as f64 - before.resident as f64) / all);
    figures.push(
        "server_anonymous_bytes_per_connection",
        (last.anonymous as f64 - before.anonymous as f64) / all,
    );
    for (count, slope) in slopes {
        figures.push(format!("rss_bytes_per_connection_to_{count}"), slope);
    }
    figures.push("server_rss_mib_before", before.resident as f64 / 1048576.0);
    figures.push("server_rss_mib_after", last.resident as f64 / 1048576.0);
    figures.push("server_cpu_us_per_connection_s", spent * 1e6 / all / args.run.seconds);
    if let Some(ready) = servers.first().and_then(|server| server.ready_after) {
        figures.push("ready_after_ms", ready.as_secs_f64() * 1000.0);
    }
    let lost = open(&mut holders, 0)?;
    figures.push("lost_connections", lost as f64);
    Ok(figures)
}

fn start_holder(server: &Server, first: usize, args: &IdleArgs) -> Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "idle-lines", "--path", &server.path(|| "/echo".to_owned())]);
    command.args(["--address", &server.door.address.to_string()]);
    command.args(["--first", &first.to_string(), "--sources", &args.run.sources.to_string()]);
    if server.target == Target::Jianzi {
        command.args(["--app", &server.door.app]);
    }
    Process::start(command)
}

/// Has every holder open so many more lines; returns how many were lost so far.
fn open(holders: &mut [Process], more: usize) -> Result<usize> {
    let limit = Duration::from_secs(60) + Duration::from_millis((more * holders.len()) as u64 * 5);
    for holder in holders.iter_mut() {
        holder.tell(&format!("open {more}"))?;
    }
    let mut lost = 0;
    for holder in holders.iter_mut() {
        lost += holder.wait_for(limit, |line| line.strip_prefix("opened, lost ")?.parse::<usize>().ok())?;
    }
    Ok(lost)
}

fn memory(servers: &[Server]) -> Result<Memory> {
    let mut sum = Memory::default();
    for server in servers {
        let memory = server.memory()?.context("give --pid, so that the server's memory can be read")?;
        sum.resident += memory.resident;
        sum.anonymous += memory.anonymous;
    }
    Ok(sum)
}

/// The child's side: opens lines when told to (`open <count>`), says when they are, and holds them until its standard
/// input ends.
pub fn hold(args: &IdleLinesArgs) -> Result<()> {
    const NEVER: Moment = Moment::from_micros(u64::MAX);
    let sources = Sources(args.sources);
    let (sender, orders) = channel();
    let reader = args.clone();
    std::thread::spawn(move || {
        let mut first = reader.first;
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Some(count) = line.strip_prefix("open ").and_then(|count| count.parse::<usize>().ok()) else {
                break;
            };
            let tokens = match &reader.app {
                Some(app) => {
                    let door = Door { address: reader.address, path: reader.path.clone(), app: app.clone() };
                    http_login::tokens(&door, first..first + count, sources)
                }
                None => Ok(vec![String::new(); count]),
            };
            first += count;
            if sender.send(tokens).is_err() {
                break;
            }
        }
    });

    let dial =
        Dial { server: args.address, sources, tokens: Vec::new(), paths: Vec::new(), first: args.first };
    let mut engine = Engine::new(dial)?;
    loop {
        let mut order = Err(TryRecvError::Empty);
        engine.run(&mut Idle, NEVER, |_, _| {
            order = orders.try_recv();
            !matches!(order, Err(TryRecvError::Empty))
        })?;
        let tokens = match order {
            Ok(tokens) => tokens?,
            Err(_) => break,
        };
        engine.extend(tokens, &args.path);
        let wanted = engine.lines.len();
        let complete =
            |_: &Idle, engine: &Engine| engine.open() + engine.lines.faults.lost as usize >= wanted;
        engine.run(&mut Idle, NEVER, complete)?;
        let faults = &engine.lines.faults;
        if let Some(first) = &faults.first {
            writeln!(std::io::stderr(), "first fault: {first}")?;
        }
        writeln!(std::io::stdout(), "opened, lost {}", faults.lost)?;
    }
    engine.lines.hang_up();
    Ok(())
}

/// Does nothing; the engine beats the heart.
struct Idle;

impl Play for Idle {
    fn opened(&mut self, _line: usize, _lines: &mut Lines) {}

    fn message(&mut self, _: usize, operation: u8, _: &[u8], _: Moment, _: &mut Lines) -> Result<()> {
        if operation == 0 {
            bail!("the server sends operation 0");
        }
        Ok(())
    }

    fn pace(&mut self, _now: Moment, _lines: &mut Lines) -> Moment {
        Moment::from_micros(u64::MAX)
    }
}
