//! Live matches on a server that is killed again and again under its supervisor: how long until everybody has frames
//! again, and what was lost of what had been acknowledged.

mod oracle;
mod player;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clock::{Clock, Moment};
use protocol::messages::{Durability, LockstepSpec, RoomKind, RoomSpec, StartRule};
use tokio::runtime::Builder;

use crate::cli::{FaultsArgs, KillLevel};
use crate::figures::{Figures, micros_histogram};
use crate::server::{Server, Target};
use crate::sources::Sources;
use crate::{process, stop, sys};

use oracle::Oracle;
use player::{Counts, Player, Shared};

/// One number of connections with one rate of kills.
pub fn measure(
    args: &FaultsArgs,
    connections: usize,
    kills_per_minute: u32,
    names: &[String],
) -> Result<Figures> {
    let server = Server::start_supervised(&args.server)?;
    let supervisor = server.pid.context("the supervisor's process id")?;
    let tokens = server.tokens(0..connections, Sources(args.run.sources))?;
    let shared = Arc::new(Shared {
        address: server.tcp.context("the server's TCP address")?,
        spec: spec(args),
        kills: AtomicU64::new(0),
        killed_at: AtomicU64::new(0),
        stop_sending: AtomicBool::new(false),
        stop: AtomicBool::new(false),
    });
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let players: Vec<_> = tokens
        .into_iter()
        .enumerate()
        .map(|(index, token)| {
            let player = Player {
                shared: shared.clone(),
                token,
                room: names[index / args.players].clone(),
                oracle: Oracle::new(),
                counts: Counts::default(),
                retry_within: Duration::from_millis(100),
            };
            runtime.spawn(player.play())
        })
        .collect();

    let kills = kill_again_and_again(args, supervisor, kills_per_minute, &shared)?;
    // Nothing new is sent; what is on its way arrives.
    shared.stop_sending.store(true, Ordering::Relaxed);
    stop::wait_until(Clock::System.now() + SETTLING)?;
    shared.stop.store(true, Ordering::Relaxed);
    let players = runtime.block_on(async {
        let mut done = Vec::with_capacity(players.len());
        for player in players {
            done.push(player.await?);
        }
        Ok::<_, tokio::task::JoinError>(done)
    })?;
    figures(&players, kills)
}

const WARM_UP: Duration = Duration::from_secs(3);
/// After the last kill: longer than anybody should need to come back.
const SETTLING: Duration = Duration::from_secs(5);

fn kill_again_and_again(args: &FaultsArgs, supervisor: u32, per_minute: u32, shared: &Shared) -> Result<u64> {
    let apart = Duration::from_secs(60) / per_minute.max(1);
    let start = Clock::System.now() + WARM_UP;
    let mut kills = 0;
    stop::wait_until(start)?;
    let end = start + Duration::from_secs_f64(args.run.seconds);
    let mut next = start + apart / 2;
    while next < end {
        stop::wait_until(next)?;
        let server = living_child(supervisor)?;
        kills += 1;
        shared.killed_at.store(Clock::System.now().since(Moment::ZERO).as_micros() as u64, Ordering::Release);
        shared.kills.store(kills, Ordering::Release);
        sys::kill(server)?;
        next = next + apart;
    }
    stop::wait_until(end)?;
    ensure!(kills > 0, "a window of {} s has no kill at {per_minute} a minute", args.run.seconds);
    Ok(kills)
}

/// The server, once there is one.
fn living_child(supervisor: u32) -> Result<u32> {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    const LOOKS: u32 = 500;
    for _ in 0..LOOKS {
        if let Some(server) = process::newest_child(supervisor)? {
            return Ok(server);
        }
        stop::wait_until(Clock::System.now() + LOOK_EVERY)?;
    }
    bail!("the supervisor has not started the server again")
}

fn figures(players: &[Player], kills: u64) -> Result<Figures> {
    let mut back = micros_histogram();
    let sum = |of: fn(&Player) -> u64| players.iter().map(of).sum::<u64>() as f64;
    players.iter().flat_map(|player| &player.counts.back_us).for_each(|us| back.saturating_record(*us));
    if let Some(odd) = players.iter().find(|player| player.counts.healed < kills) {
        eprintln!("a player is not back: {}", odd.counts.last_error);
    }
    let mut figures = Figures::default();
    figures.push("kills", kills as f64);
    figures.push("back_p50_ms", back.value_at_quantile(0.5) as f64 / 1000.0);
    figures.push("back_p99_ms", back.value_at_quantile(0.99) as f64 / 1000.0);
    figures.push("back_max_ms", back.max() as f64 / 1000.0);
    figures.push("returns", back.len() as f64);
    figures.push(
        "players_not_back",
        players.iter().filter(|player| player.counts.healed < kills).count() as f64,
    );
    figures.push("inputs_acknowledged", sum(|player| player.oracle.acknowledged()));
    figures.push("inputs_refused", sum(|player| player.oracle.refusals()));
    figures.push("acknowledged_inputs_lost", sum(|player| player.oracle.lost()));
    figures.push("acknowledged_bytes_lost", sum(|player| player.oracle.lost() * INPUT_BYTES));
    figures.push("inputs_twice", sum(|player| player.oracle.doubled()));
    figures.push("ticks_taken_back", sum(|player| player.oracle.ticks_lost));
    figures.push("matches_lost", sum(|player| player.counts.matches_lost));
    figures.push("rooms_with_two_histories", different_histories(players) as f64);
    figures.push("connections_made", sum(|player| player.counts.connects));
    Ok(figures)
}

const INPUT_BYTES: u64 = 8;

/// Rooms whose players hold different ticks, up to the last that both know.
fn different_histories(players: &[Player]) -> usize {
    let mut rooms: BTreeMap<&str, Vec<&Player>> = BTreeMap::new();
    players.iter().for_each(|player| rooms.entry(&player.room).or_default().push(player));
    let differ = |members: &&Vec<&Player>| {
        let up_to = members.iter().map(|player| player.oracle.next_tick() - 1).min().unwrap_or(0);
        let mut digests = members.iter().map(|player| player.oracle.digest(up_to));
        let first = digests.next();
        digests.any(|digest| Some(digest) != first)
    };
    rooms.values().filter(differ).count()
}

fn spec(args: &FaultsArgs) -> RoomSpec {
    let durability = match args.level {
        KillLevel::Async => Durability::Async,
        KillLevel::SemiSync => Durability::SemiSync,
        KillLevel::Sync => Durability::Sync,
    };
    RoomSpec {
        kind: RoomKind::Lockstep.into(),
        mode: "faults".into(),
        seats: args.players as u32,
        start: StartRule::WhenFull.into(),
        durability: durability.into(),
        lockstep: Some(LockstepSpec { tick_hz: args.tick_hz, seed: 1, ..LockstepSpec::default() }),
        ..RoomSpec::default()
    }
}

/// What is not a supervised server cannot be killed and come back.
pub fn check(args: &FaultsArgs) -> Result<()> {
    ensure!(args.server.url.is_none(), "faults start their own server: --url cannot be used");
    ensure!(args.server.against.targets().contains(&Target::Jianzi), "the bare relay has nothing to lose");
    Ok(())
}
