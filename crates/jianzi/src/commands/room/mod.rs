//! `jianzi room`: the rooms of a data folder, looked at, played again, and tried on other versions of their game.

mod compare;
mod dump;
mod list;
mod replay;
mod step;

mod again;
mod event;
mod modules;
mod outputs;
mod reproduce;
mod source;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::config::{Config, Profile};
use crate::failure::{Exit, Failure};

pub use again::crash_where_wanted;
pub use modules::ModuleFolder;
pub use reproduce::reproduce;

#[derive(Debug, Args)]
pub struct RoomArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the rooms: kind, run, tick, members, logic, bytes.
    List(FolderArgs),
    /// Print what happened in a room, each event as a line.
    Dump(DumpArgs),
    /// Play rooms again from their images and from their beginnings, and compare; fails where they part.
    Replay(OneRoom),
    /// Show a room as it was after a tick.
    Step(StepArgs),
    /// Give a room's inputs to another version of its game, and tell where the two part; fails if they do.
    Compare(CompareArgs),
    /// Play a room again until the process crashes; what `jianzi crash reproduce` starts.
    #[command(name = again::AGAIN, hide = true)]
    Again(again::Again),
}

/// Where the rooms are.
#[derive(Debug, Args)]
pub struct FolderArgs {
    /// The server's data folder. Of a running server's journal a copy is read.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Only rooms of this app.
    #[arg(long)]
    app: Option<String>,
    /// As JSON, one line each, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct OneRoom {
    #[command(flatten)]
    folder: FolderArgs,
    /// The room's id; not needed where there is only one.
    room: Option<String>,
}

#[derive(Debug, Args)]
struct DumpArgs {
    #[command(flatten)]
    which: OneRoom,
    /// Only what happened after the tick before this one was over.
    #[arg(long, value_name = "TICK", default_value_t = 0)]
    from: u32,
    /// Only until this tick was over.
    #[arg(long, value_name = "TICK", default_value_t = u32::MAX, hide_default_value = true)]
    to: u32,
}

#[derive(Debug, Args)]
struct StepArgs {
    #[command(flatten)]
    which: OneRoom,
    /// The room is shown as it was after this tick.
    #[arg(long, value_name = "TICK")]
    to: u32,
}

#[derive(Debug, Args)]
struct CompareArgs {
    #[command(flatten)]
    which: OneRoom,
    /// A module's file, or a version's number or name.
    #[arg(long, value_name = "MODULE.wasm|VERSION")]
    on: String,
}

pub fn run(args: &RoomArgs) -> Result<(), Failure> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Dump(args) => dump::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Step(args) => step::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Again(args) => again::run(args),
    }
}

/// The data folder that is meant where none is named.
pub fn data_folder(named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| Config::defaults(Profile::Dev).server.data, Path::to_owned)
}

fn failed(message: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, message)
}
