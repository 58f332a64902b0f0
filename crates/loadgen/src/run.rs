//! The subcommands: which shape, with which parameters, against which servers, how often.

use std::ops::Range;

use anyhow::{Result, ensure};
use clap::Parser;
use clock::Chance;
use model::RoomId;
use serde_json::{Value, json};

use crate::cli::{
    AllArgs, Cli, Command, EchoArgs, FaultsArgs, IdleArgs, KillLevel, LockstepArgs, LoginArgs, RelayArgs,
    RunArgs, SearchArgs, Searched, ServerArgs,
};
use crate::figures::Figures;
use crate::measure::{Crowd, measure};
use crate::report::{Column, Report, ShapeResult, TargetResult};
use crate::search::Search;
use crate::server::{Server, Target};
use crate::shapes::echo::Echo;
use crate::shapes::lockstep::{Lockstep, Pace};
use crate::shapes::relay::Relay;
use crate::{faults, floor, games, idle, login, process, stop};

pub fn run(cli: Cli) -> Result<()> {
    match &cli.command {
        Command::WsFloorServer(args) => return floor::serve(args),
        Command::IdleLines(args) => return idle::hold(args),
        _ => stop::listen()?,
    }
    let mut report = Report::new();
    let (run, result) = match &cli.command {
        Command::Idle(args) => (&args.run, run_idle(args, &mut report)),
        Command::Echo(args) => (&args.run, run_echo(args, &mut report)),
        Command::Login(args) => (&args.run, run_login(args, &mut report)),
        Command::Relay(args) => (&args.run, run_relay(args, &mut report)),
        Command::Lockstep(args) => (&args.run, run_lockstep(args, &mut report)),
        Command::Faults(args) => (&args.run, run_faults(args, &mut report)),
        Command::Authoritative(args) => (&args.run, games::run_authoritative(args, &mut report)),
        Command::Hotfix(args) => (&args.run, games::run_hotfix(args, &mut report)),
        Command::Neighbours(args) => (&args.run, games::run_neighbours(args, &mut report)),
        Command::Rebuild(args) => (&args.run, games::run_rebuild(args, &mut report)),
        Command::Search(args) => (&args.run, run_search(args, &mut report)),
        Command::All(args) => (&args.run, run_all(args, &mut report)),
        Command::WsFloor(args) => (&args.run, run_floor_shapes(args, &mut report)),
        Command::WsFloorServer(_) | Command::IdleLines(_) => return Ok(()),
    };
    // What was measured before a failure is not lost.
    report.warn();
    if let Some(path) = &run.json {
        report.write(path)?;
    }
    result
}

fn run_idle(args: &IdleArgs, report: &mut Report) -> Result<()> {
    let mut args = args.clone();
    ensure!(args.server.url.is_none() || args.servers <= 1, "--url names one server, not {}", args.servers);
    if let Some(limit) = process::file_limit() {
        const OTHER_FILES: usize = 200;
        args.connections = args.connections.min((limit as usize).saturating_sub(OTHER_FILES)).max(1);
    }
    let parameters = json!({"connections": args.connections, "servers": args.servers});
    let targets = args.server.against.targets();
    let result = in_turns("idle", parameters, targets, &args.run, |target| idle::measure(target, &args))?;
    report.add(result);
    Ok(())
}

fn run_echo(args: &EchoArgs, report: &mut Report) -> Result<()> {
    let parameters = json!({"connections": args.connections, "bytes": args.bytes, "rate": args.rate});
    let result = in_turns("echo", parameters, args.server.against.targets(), &args.run, |target| {
        let crowd = Crowd { groups: args.connections.max(1), group: 1 };
        let rate = args.rate.map(|rate| rate / args.connections.max(1) as f64);
        on_fresh_server(target, &args.server, |server| {
            measure(
                server,
                &args.run,
                crowd,
                |_| "/echo".to_owned(),
                |lines: Range<usize>| Echo::new(lines.len(), args.bytes, rate, lines.start as u64),
            )
        })
    })?;
    report.add(result);
    Ok(())
}

fn run_login(args: &LoginArgs, report: &mut Report) -> Result<()> {
    let parameters = json!({"connections": args.connections, "players": args.players});
    let result = in_turns("login", parameters, &[Target::Jianzi], &args.run, |_| login::measure(args))?;
    report.add(result);
    Ok(())
}

fn run_relay(args: &RelayArgs, report: &mut Report) -> Result<()> {
    let parameters =
        json!({"rooms": args.rooms, "players": args.players, "rate": args.rate, "bytes": args.bytes});
    let result = in_turns("relay", parameters, args.server.against.targets(), &args.run, |target| {
        measure_relay(target, args, args.rooms)
    })?;
    report.add(result);
    Ok(())
}

fn run_lockstep(args: &LockstepArgs, report: &mut Report) -> Result<()> {
    let parameters = json!({
        "rooms": args.rooms,
        "players": args.players,
        "tick_hz": args.tick_hz,
        "ticks_per_message": args.ticks_per_message,
        "input_bytes": args.input_bytes,
        "inputs_per_message": args.inputs_per_message,
        "hash_every": args.hash_every,
        "level": args.level.iter().map(|level| level.name()).collect::<Vec<_>>(),
    });
    let result = in_turns("lockstep", parameters, &args.level, &args.run, |level| {
        measure_lockstep(args, args.rooms, level)
    })?;
    report.add(result);
    Ok(())
}

fn run_faults(args: &FaultsArgs, report: &mut Report) -> Result<()> {
    faults::check(args)?;
    for connections in &args.connections {
        for kills in &args.kills {
            let level = format!("{:?}", args.level);
            let parameters = json!({
                "connections": connections, "kills_per_minute": kills, "level": level,
                "players": args.players, "tick_hz": args.tick_hz,
            });
            let result = in_turns("faults", parameters, &[Target::Jianzi], &args.run, |_| {
                let names = room_names(connections.div_ceil(args.players.max(1)));
                faults::measure(args, *connections, *kills, &names)
            })?;
            report.add(result);
        }
    }
    Ok(())
}

fn run_search(args: &SearchArgs, report: &mut Report) -> Result<()> {
    let tick_ms = 1000.0 / f64::from(args.rate.max(1));
    let bound_ms = args.bound_ms.unwrap_or(match args.shape {
        Searched::Relay => 50.0,
        Searched::Lockstep => tick_ms * f64::from(args.ticks_per_message.max(1)) + 10.0,
    });
    let targets = match args.shape {
        Searched::Relay => args.server.against.targets(),
        Searched::Lockstep => &[Target::Jianzi],
    };
    let mut searches: Vec<(Search, Figures)> =
        targets.iter().map(|_| (Search::new(args.from, args.step), Figures::default())).collect();
    // One try of each in turn, as long as any is undecided.
    while searches.iter().any(|(search, _)| search.next().is_some()) {
        for ((search, best), target) in searches.iter_mut().zip(targets) {
            let Some(rooms) = search.next() else { continue };
            let mut tries = Vec::new();
            for _ in 0..args.run.repeat.max(1) {
                tries.push(try_rooms(*target, args, rooms)?);
            }
            let median = Figures::median(&tries);
            let held = holds(&median, bound_ms);
            let p99 = median.get("latency_p99_ms").unwrap_or_default();
            let word = if held { "holds" } else { "fails" };
            println!("  {} {rooms} rooms: p99 {p99:.1} ms, {word}", target.name());
            search.tried(held);
            if held {
                *best = median;
            }
        }
    }
    let shape = match args.shape {
        Searched::Relay => "search relay",
        Searched::Lockstep => "search lockstep",
    };
    let target_result = |((search, best), target): ((Search, Figures), &Target)| {
        let mut figures = Figures::default();
        figures.push("rooms", search.answer() as f64);
        best.iter().for_each(|(name, value)| figures.push(name.to_owned(), value));
        TargetResult { target: target.name(), median: figures.clone(), repetitions: vec![figures] }
    };
    report.add(ShapeResult {
        shape,
        parameters: json!({
            "bound_ms": bound_ms, "players": args.players, "rate": args.rate, "bytes": args.bytes,
            "ticks_per_message": args.ticks_per_message, "step": args.step,
        }),
        targets: searches.into_iter().zip(targets).map(target_result).collect(),
    });
    Ok(())
}

fn try_rooms(target: Target, args: &SearchArgs, rooms: usize) -> Result<Figures> {
    let (server, run) = (args.server.clone(), args.run.clone());
    let (players, bytes) = (args.players, args.bytes);
    match args.shape {
        Searched::Relay => {
            let rate = f64::from(args.rate);
            measure_relay(target, &RelayArgs { rooms, players, rate, bytes, server, run }, rooms)
        }
        Searched::Lockstep => {
            let args = LockstepArgs {
                rooms,
                players,
                tick_hz: args.rate,
                ticks_per_message: args.ticks_per_message,
                input_bytes: bytes,
                server,
                run,
                ..defaults("lockstep")
            };
            measure_lockstep(&args, rooms, KillLevel::SemiSync)
        }
    }
}

/// The bound holds and nothing was lost: all that was sent had its effect, and no connection ended.
fn holds(figures: &Figures, bound_ms: f64) -> bool {
    let none = |name| figures.get(name).unwrap_or_default() == 0.0;
    figures.get("latency_p99_ms").is_some_and(|p99| p99 <= bound_ms)
        && none("missing")
        && none("lost_connections")
        && none("inputs_held_back")
}

fn run_floor_shapes(args: &AllArgs, report: &mut Report) -> Result<()> {
    run_idle(&IdleArgs { server: args.server.clone(), run: args.run.clone(), ..defaults("idle") }, report)?;
    run_echo(&EchoArgs { server: args.server.clone(), run: args.run.clone(), ..defaults("echo") }, report)?;
    run_relay(&RelayArgs { server: args.server.clone(), run: args.run.clone(), ..defaults("relay") }, report)
}

fn run_all(args: &AllArgs, report: &mut Report) -> Result<()> {
    let (server, run) = (&args.server, &args.run);
    run_floor_shapes(args, report)?;
    let relay = RelayArgs { server: server.clone(), run: run.clone(), ..defaults("relay") };
    run_relay(&RelayArgs { rooms: 450, ..relay }, report)?;
    run_login(&LoginArgs { server: server.clone(), run: run.clone(), ..defaults("login") }, report)?;
    let lockstep = LockstepArgs { server: server.clone(), run: run.clone(), ..defaults("lockstep") };
    for rooms in [400, 1000] {
        run_lockstep(&LockstepArgs { rooms, ..lockstep.clone() }, report)?;
    }
    run_lockstep(&LockstepArgs { rooms: 100, ticks_per_message: 2, ..lockstep }, report)
}

/// A subcommand's arguments as the command line gives them when nothing is said.
fn defaults<T: clap::FromArgMatches + clap::Args>(name: &str) -> T {
    #[derive(Parser)]
    struct Only<T: clap::Args> {
        #[command(flatten)]
        args: T,
    }
    Only::<T>::parse_from([name]).args
}

fn measure_relay(target: Target, args: &RelayArgs, rooms: usize) -> Result<Figures> {
    let crowd = Crowd { groups: rooms.max(1), group: args.players.max(2) };
    let names = room_names(crowd.groups);
    on_fresh_server(target, &args.server, |server| {
        measure(
            server,
            &args.run,
            crowd,
            |group| format!("/relay/{group}"),
            |groups: Range<usize>| {
                let seed = groups.start as u64;
                let count = groups.len();
                let rooms = (target == Target::Jianzi).then(|| names[groups].to_vec());
                Relay::new(count, crowd.group, args.bytes, args.rate, rooms, seed)
            },
        )
    })
}

fn measure_lockstep(args: &LockstepArgs, rooms: usize, level: KillLevel) -> Result<Figures> {
    let crowd = Crowd { groups: rooms.max(1), group: args.players.max(1) };
    let names = room_names(crowd.groups);
    let pace = Pace {
        players: crowd.group,
        tick_hz: args.tick_hz,
        ticks_per_message: args.ticks_per_message,
        input_bytes: args.input_bytes,
        inputs_per_message: args.inputs_per_message,
        hash_every: args.hash_every,
        durability: level.durability(),
        game: None,
    };
    on_fresh_server(Target::Jianzi, &args.server, |server| {
        measure(
            server,
            &args.run,
            crowd,
            |_| String::new(),
            |groups: Range<usize>| {
                Lockstep::new(groups.len(), pace, names[groups.clone()].to_vec(), groups.start as u64)
            },
        )
    })
}

/// New ids in every run, so that a server that runs on has none of them.
pub fn room_names(count: usize) -> Vec<String> {
    let run = Chance::system().name(8);
    (0..count).map(|room| RoomId::from_name(&format!("bench{run}r{room}")).as_str().to_owned()).collect()
}

pub fn on_fresh_server(
    target: Target,
    args: &ServerArgs,
    measure: impl FnOnce(&Server) -> Result<Figures>,
) -> Result<Figures> {
    let server = Server::start(target, args)?;
    let mut figures = measure(&server)?;
    if let Some(ready) = server.ready_after {
        figures.push("ready_after_ms", ready.as_secs_f64() * 1000.0);
    }
    Ok(figures)
}

/// Repeats, each target in turn, so that what disturbs the machine disturbs all alike.
pub fn in_turns<T: Column>(
    shape: &'static str,
    parameters: Value,
    targets: &[T],
    args: &RunArgs,
    mut one: impl FnMut(T) -> Result<Figures>,
) -> Result<ShapeResult> {
    let mut repetitions: Vec<Vec<Figures>> = targets.iter().map(|_| Vec::new()).collect();
    for round in 1..=args.repeat.max(1) {
        for (target, repetitions) in targets.iter().zip(&mut repetitions) {
            eprintln!("{shape}: {} {round}/{}", target.name(), args.repeat.max(1));
            repetitions.push(one(*target)?);
        }
    }
    let targets = targets.iter().zip(repetitions).map(|(target, repetitions)| TargetResult {
        target: target.name(),
        median: Figures::median(&repetitions),
        repetitions,
    });
    Ok(ShapeResult { shape, parameters, targets: targets.collect() })
}
