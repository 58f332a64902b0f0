//! Rooms whose rules run in the server: their speed, what their players see of patches and of bad neighbours, and how soon
//! they are back after a crash.

mod guests;
mod hotfix;
mod neighbours;
mod rebuild;

use std::ops::Range;

use anyhow::{Result, ensure};
use protocol::messages::Durability;
use serde_json::{Value, json};

use crate::cli::{AuthoritativeArgs, RebuildArgs, RunArgs};
use crate::figures::Figures;
use crate::measure::{Crowd, measure};
use crate::report::Report;
use crate::run::{in_turns, on_fresh_server, room_names};
use crate::server::{Server, Target};
use crate::shapes::lockstep::{Game, Lockstep, Pace};

/// The game that every developer's server has.
const DEMO: Game = Game { name: "jianzi", seed: 1 };

pub fn run_authoritative(args: &AuthoritativeArgs, report: &mut Report) -> Result<()> {
    let result = in_turns("authoritative", parameters(args), &[Target::Jianzi], &args.run, |_| {
        on_fresh_server(Target::Jianzi, &args.server, |server| {
            let crowd = crowd(args);
            measure(server, &args.run, crowd, |_| String::new(), players(pace(args), crowd))
        })
    })?;
    report.add(result);
    Ok(())
}

pub fn run_hotfix(args: &AuthoritativeArgs, report: &mut Report) -> Result<()> {
    own_server("hotfix", args.server.url.as_deref())?;
    let result = in_turns("hotfix", parameters(args), &[Target::Jianzi], &args.run, |_| {
        on_fresh_server(Target::Jianzi, &args.server, |server| hotfix::measure(server, args))
    })?;
    report.add(result);
    Ok(())
}

pub fn run_neighbours(args: &AuthoritativeArgs, report: &mut Report) -> Result<()> {
    own_server("neighbours", args.server.url.as_deref())?;
    let result = in_turns("neighbours", parameters(args), &[Target::Jianzi], &args.run, |_| {
        on_fresh_server(Target::Jianzi, &args.server, |server| neighbours::measure(server, args))
    })?;
    report.add(result);
    Ok(())
}

pub fn run_rebuild(args: &RebuildArgs, report: &mut Report) -> Result<()> {
    own_server("rebuild", args.server.url.as_deref())?;
    let parameters = json!({
        "rooms": args.rooms, "state_kib": args.state_kib, "play_s": args.play, "tick_hz": args.tick_hz,
    });
    let one = |_| {
        let server = Server::start(Target::Jianzi, &args.server)?;
        rebuild::measure(server, args)
    };
    report.add(in_turns("rebuild", parameters, &[Target::Jianzi], &args.run, one)?);
    Ok(())
}

fn own_server(what: &str, url: Option<&str>) -> Result<()> {
    ensure!(url.is_none(), "{what} starts its own server: --url cannot be used");
    Ok(())
}

fn parameters(args: &AuthoritativeArgs) -> Value {
    json!({"rooms": args.rooms, "players": args.players, "tick_hz": args.tick_hz})
}

fn crowd(args: &AuthoritativeArgs) -> Crowd {
    Crowd { groups: args.rooms.max(1), group: args.players.max(1) }
}

fn pace(args: &AuthoritativeArgs) -> Pace {
    room_pace(DEMO, args.players.max(1), args.tick_hz)
}

fn room_pace(game: Game, players: usize, tick_hz: u32) -> Pace {
    Pace {
        players,
        tick_hz,
        ticks_per_message: 1,
        input_bytes: 1,
        inputs_per_message: 1,
        hash_every: 0,
        durability: Durability::SemiSync,
        game: Some(game),
    }
}

/// Makes the players of an event loop, given its rooms.
fn players(pace: Pace, crowd: Crowd) -> impl Fn(Range<usize>) -> Lockstep {
    let names = room_names(crowd.groups);
    move |rooms: Range<usize>| {
        Lockstep::new(rooms.len(), pace, names[rooms.clone()].to_vec(), rooms.start as u64)
    }
}

/// A window of so many seconds at least.
fn window(run: &RunArgs, seconds: f64) -> RunArgs {
    RunArgs { seconds: run.seconds.max(seconds), ..run.clone() }
}

/// The figures of the load, and those of a story behind them.
fn told(mut figures: Figures, tell: impl FnOnce(&mut Figures)) -> Figures {
    tell(&mut figures);
    figures
}
