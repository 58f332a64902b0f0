//! Live rooms with state, a server killed in the midst of them, and the time until its successor has them all again.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clock::{Clock, Moment};

use super::{guests, players, room_pace};
use crate::cli::RebuildArgs;
use crate::engine::{Dial, Engine};
use crate::figures::Figures;
use crate::lines::Window;
use crate::measure::Crowd;
use crate::server::Server;
use crate::shapes::Shape;
use crate::shapes::lockstep::{Game, Lockstep};
use crate::sources::Sources;
use crate::sys;

pub fn measure(server: Server, args: &RebuildArgs) -> Result<Figures> {
    guests::publish(&server, &args.server, &[guests::STATE])?;
    let before = server.memory()?.context("the server's memory")?;
    let mut engine = enter(&server, args)?;
    let mut play = rooms(args);
    play_on(&mut engine, &mut play, args)?;

    let memory = server.memory()?.context("the server's memory")?;
    let journal = server.data().context("the server's data folder")?.join("journal");
    // The players must not leave before the server dies: empty rooms would end.
    sys::kill(server.pid.context("the server's process id")?)?;
    let journal_bytes = bytes_below(&journal)?;
    let tally = play.into_tally();
    drop(engine);
    let mut successor = server.kill_and_start_again(&args.server)?;
    let recovered = successor.recovered(Duration::from_secs(60))?;

    let ready = successor.ready_after.context("when the successor was ready")?;
    let mut figures = Figures::default();
    figures.push("rooms_rebuilt", recovered.rooms as f64);
    figures.push("rooms_missing", args.rooms as f64 - recovered.rooms as f64);
    figures.push("rebuilt_after_ms", recovered.after.as_secs_f64() * 1000.0);
    figures.push("ready_after_ms", ready.as_secs_f64() * 1000.0);
    if let Some(used) = successor.cpu_time()? {
        figures.push("cpu_ms_until_rebuilt", used.as_secs_f64() * 1000.0);
    }
    figures.push("journal_mib", journal_bytes as f64 / 1048576.0);
    let grown = memory.resident as f64 - before.resident as f64;
    figures.push("server_rss_kib_per_room", grown / 1024.0 / args.rooms.max(1) as f64);
    figures.push("frames_before_kill", tally.arrived as f64);
    tally.mistakes.iter().for_each(|(name, count)| figures.push(*name, *count as f64));
    Ok(figures)
}

fn enter(server: &Server, args: &RebuildArgs) -> Result<Engine> {
    let sources = Sources(args.run.sources);
    Engine::new(Dial {
        server: server.door.address,
        sources,
        tokens: server.tokens(0..args.rooms, sources)?,
        paths: vec![server.path(String::new); args.rooms],
        first: 0,
    })
}

/// One player in each.
fn rooms(args: &RebuildArgs) -> Lockstep {
    let game = Game { name: guests::STATE.name, seed: args.state_kib.max(1) };
    players(room_pace(game, 1, args.tick_hz), Crowd { groups: args.rooms, group: 1 })(0..args.rooms)
}

fn play_on(engine: &mut Engine, play: &mut Lockstep, args: &RebuildArgs) -> Result<()> {
    const NEVER: Moment = Moment::from_micros(u64::MAX);
    let now = Clock::System.now();
    let limit = now + Duration::from_secs(30) + Duration::from_millis(args.rooms as u64 * 10);
    if !engine.run(play, limit, |play, _| play.ready())? {
        let first = engine.lines.faults.first.as_deref().unwrap_or("no fault was told");
        bail!("not all rooms play: {} of {} lines are open; {first}", engine.open(), args.rooms);
    }
    let now = Clock::System.now();
    play.start(now, Window { from: now, to: NEVER });
    engine.run(play, now + Duration::from_secs_f64(args.play), |_, _| false)?;
    let faults = &engine.lines.faults;
    ensure!(faults.lost == 0, "{} connections were lost before the kill: {:?}", faults.lost, faults.first);
    Ok(())
}

fn bytes_below(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() { bytes_below(&entry.path())? } else { found.len() };
    }
    Ok(bytes)
}
