//! The hidden `jianzi room play-again`: a room's log played in a process that may crash over it.
//!
//! Standard output has a line for each event, before it happens; the last line tells which one it was.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use crashes::About;
use model::{AppId, RoomId, RoomKey};
use room_core::modules::Modules;
use room_core::{Room, RoomEvent};
use rooms::{CrashAt, Playback, crash_if_wanted};

use super::modules::ModuleFolder;
use super::{event, failed, source};
use crate::failure::{Exit, Failure};

/// The command's name.
pub const AGAIN: &str = "play-again";

/// A variable of the environment, `ROOM:TICK`: there the process crashes on purpose. For tests of this command and of a
/// developer's server.
pub const CRASH_AT: &str = "JIANZI_CRASH_AT";

/// Ticks that are made beyond what the log has: a crash comes before its tick is journaled.
const TICKS_BEYOND: u32 = 3;

#[derive(Debug, Args)]
pub struct Again {
    /// A journal that nobody else uses.
    #[arg(long)]
    pub journal: PathBuf,
    /// The data folder, for its modules.
    #[arg(long)]
    pub data: PathBuf,
    /// Where a crash is written to.
    #[arg(long)]
    pub crashes: PathBuf,
    /// APP/ROOM, as crash reports name it.
    pub room: String,
}

/// Crashes where the environment says so.
pub fn crash_where_wanted() -> Result<(), Failure> {
    let Ok(wanted) = std::env::var(CRASH_AT) else { return Ok(()) };
    let wanted: CrashAt = wanted
        .parse()
        .map_err(|problem| Failure::new(Exit::Configuration, format!("{CRASH_AT}: {problem}")))?;
    rooms::crash_at(wanted);
    Ok(())
}

pub fn run(args: &Again) -> Result<(), Failure> {
    crash_where_wanted()?;
    let (app, room) =
        args.room.split_once('/').ok_or_else(|| Failure::new(Exit::Usage, "a room is named APP/ROOM"))?;
    let key = RoomKey { app: AppId::new(app), room: room.parse::<RoomId>().map_err(failed)? };
    let about = About { version: env!("CARGO_PKG_VERSION"), profile: "play-again" };
    let _kept = crashes::keep_in(&args.crashes, &about).map_err(failed)?;
    let journal = source::open(&args.journal)?;
    let modules: Arc<dyn Modules> = Arc::new(ModuleFolder::of(&args.data)?);
    let play = || {
        let began = Playback::from_beginning(&journal, &key, &modules).map_err(failed)?;
        let playback = match began {
            Some(playback) => Some(playback),
            None => Playback::from_image(&journal, &key, &modules).map_err(failed)?,
        };
        play(playback.ok_or_else(|| failed("the journal has nothing of this room"))?, &key, &modules)
    };
    // As a shard's thread: there a panic ends the process.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("rooms-0".into()).spawn_scoped(scope, play);
        thread.map_err(failed)?.join().map_err(|_| failed("the room panicked"))?
    })
}

fn play(mut playback: Playback<'_>, key: &RoomKey, modules: &Arc<dyn Modules>) -> Result<(), Failure> {
    while let Some(next) = playback.peek().map_err(failed)? {
        let event = next.event.clone();
        if let (RoomEvent::RunBegan { .. }, Some(room)) = (&event, playback.room()) {
            // Here a process ended: what it was about to do is not in the log.
            go_on(room, key, modules)?;
        }
        let tick = playback.room().map_or(0, |room| room.tick());
        about_to(key, tick, &event);
        playback.play().map_err(failed)?;
        crashes::rested(0);
    }
    match playback.room() {
        Some(room) => go_on(room, key, modules),
        None => Ok(()),
    }
}

/// Some ticks more, in a copy.
fn go_on(room: &mut Room, key: &RoomKey, modules: &Arc<dyn Modules>) -> Result<(), Failure> {
    let mut copy = Room::restore(&room.image(), modules).map_err(failed)?;
    let mut outputs = Vec::new();
    for _ in 0..TICKS_BEYOND {
        let Some(tick) = copy.next_tick() else { break };
        about_to(key, copy.tick(), &tick);
        let made = copy.try_apply(&tick, &mut outputs);
        crashes::rested(0);
        if made.is_err() {
            // The game fails, which is its own affair: the server lives.
            break;
        }
        outputs.clear();
    }
    Ok(())
}

fn about_to(key: &RoomKey, tick: u32, event: &RoomEvent) {
    let mut out = io::stdout().lock();
    // Nobody listens: then it is played nevertheless.
    let _ = writeln!(out, "{tick}\t{}", event::call(event)).and_then(|()| out.flush());
    drop(out);
    let next = tick.saturating_add(1);
    crashes::stepping(0, key.app.as_str(), key.room.as_str(), next);
    if matches!(event, RoomEvent::Tick { .. }) {
        crash_if_wanted(key, next);
    }
}
