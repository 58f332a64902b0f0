//! `jianzi replay FILE`: is this match what it says?

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use room_core::modules::{self, Modules};
use room_core::replay::{Finding, Report, read, verify};

use super::config::print_out;
use super::room::ModuleFolder;
use crate::cli::ReplayArgs;
use crate::failure::{Exit, Failure};

pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let shown = args.file.display();
    let bytes = std::fs::read(&args.file)
        .map_err(|error| Failure::new(Exit::Failed, format!("{shown} cannot be read: {error}")))?;
    match verify(&bytes, &modules_for(args, &bytes)?) {
        Ok(report) => print_out(&describe(&report)),
        // Nothing was found against the file.
        Err(Finding::Module(missing)) => {
            let advice = "name the data folder of a server that has it with --data FOLDER, or publish its bundle again";
            Err(Failure::new(
                Exit::Failed,
                format!("{shown} cannot be played again here: {missing}; {advice}"),
            ))
        }
        Err(finding) => Err(Failure::new(Exit::Failed, format!("{shown} is not a true replay: {finding}"))),
    }
}

/// A room that ran a game is played by its module.
fn modules_for(args: &ReplayArgs, bytes: &[u8]) -> Result<Arc<dyn Modules>, Failure> {
    let game = match read(bytes) {
        Ok(replay) => replay.founding.spec.authoritative.map(|authoritative| authoritative.game),
        // What is wrong with the file is said when it is verified.
        Err(_) => None,
    };
    let Some(game) = game else { return Ok(modules::none()) };
    let folder = args.data.clone().or_else(|| data_folder_of(&args.file)).ok_or_else(|| {
        let file = args.file.display();
        let message = format!(
            "{file} is the replay of a room that ran the game {game:?}: playing it again takes the game's modules; \
             name the server's data folder with --data FOLDER"
        );
        Failure::new(Exit::Failed, message)
    })?;
    Ok(Arc::new(ModuleFolder::of(&folder)?))
}

/// Where the server itself put the file: `replays/APP/ROOM.jzrp`.
fn data_folder_of(file: &Path) -> Option<PathBuf> {
    let folder = std::fs::canonicalize(file).ok()?.ancestors().nth(3)?.to_owned();
    folder.join("games").is_dir().then_some(folder)
}

fn describe(report: &Report) -> String {
    let mut out = String::new();
    let seconds = report.duration_ms as f64 / 1000.0;
    // Writing to a String cannot fail.
    let _ = writeln!(out, "The replay is true: {} state hashes compared, all equal.", report.hashes);
    let _ = writeln!(out, "  app     {}", report.room.app);
    let _ = writeln!(out, "  room    {} ({})", report.room.room, report.mode);
    let _ = writeln!(out, "  build   {}", report.build);
    let _ = writeln!(out, "  played  {} ticks, {seconds:.1} s, in {} run(s)", report.ticks, report.runs);
    let _ = writeln!(out, "  log     {} events, {} of them inputs", report.events, report.inputs);
    for seat in &report.seats {
        let bot = if seat.bot { ", bot" } else { "" };
        let _ = writeln!(out, "  seat {:<2} {} ({}{bot})", seat.seat, seat.name, seat.player);
    }
    let _ = match &report.ended {
        Some(ended) => {
            let agreed = if report.agreed { "agreed" } else { "disputed" };
            writeln!(out, "  ended   {}, {} result(s), {agreed}", ended.reason, ended.results.len())
        }
        None => writeln!(out, "  ended   not yet: the log stops before the room does"),
    };
    out
}
