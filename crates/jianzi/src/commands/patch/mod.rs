//! `jianzi patch`: mended rules of a game, from a module to live rooms and, if need be, back.

mod audit;
mod build;
mod keygen;
mod operate;
mod server;
mod show;
mod sign;
mod status;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use model::AppId;
use releases::{Bundle, Share};

use crate::failure::{Exit, Failure};

use server::ServerArgs;

#[derive(Debug, Args)]
pub struct PatchArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key that signs patches: a secret file for its owner and a public one for the servers' trust store.
    Keygen(KeygenArgs),
    /// Make a bundle of a module.
    Build(BuildArgs),
    /// Sign a bundle, in place of an earlier signature.
    Sign(SignArgs),
    /// Say what a bundle is and whether it is good; with --server, whether that server would take it.
    Verify(VerifyArgs),
    /// Give a bundle to a server, which tries it and goes on by itself.
    Publish(PublishArgs),
    /// Give the version on trial to all rooms.
    Promote(OrderArgs),
    /// Take the version on trial back, or else the stable one to what was stable before.
    Rollback(RollbackArgs),
    /// Let the rooms of one player, or one room, run a certain version.
    Pin(PinArgs),
    /// Show the versions of each game and what is on trial.
    Status(StatusArgs),
}

#[derive(Debug, Args)]
struct KeygenArgs {
    /// Whose key it is; becomes the name of both files.
    name: String,
    /// The folder for the files.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// The key counts for this app only; may be repeated. Without it: for every app.
    #[arg(long = "app", value_name = "APP")]
    apps: Vec<AppId>,
    /// The first day on which the key counts, UTC.
    #[arg(long, value_name = "YYYY-MM-DD")]
    not_before: Option<String>,
    /// The last day on which the key counts, UTC.
    #[arg(long, value_name = "YYYY-MM-DD")]
    not_after: Option<String>,
}

#[derive(Debug, Args)]
struct BuildArgs {
    /// The game's new module.
    #[arg(long, value_name = "FILE")]
    module: PathBuf,
    #[arg(long)]
    app: AppId,
    #[arg(long)]
    game: String,
    /// A version of its own, no patch of another: its number, as 1.2.3.
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["base", "number", "base_module"], required_unless_present = "base")]
    release: Option<String>,
    /// The release that is mended, as 1.2.3.
    #[arg(long, value_name = "VERSION", requires = "number", requires = "base_module")]
    base: Option<String>,
    /// The module of that release, as a file or as its hash.
    #[arg(long, value_name = "FILE|HASH")]
    base_module: Option<String>,
    /// For the how many-th time the release is mended.
    #[arg(long, value_name = "N")]
    number: Option<u32>,
    /// Who made it. Without it: the user's name.
    #[arg(long)]
    author: Option<String>,
    /// What changed and why.
    #[arg(long, default_value = "")]
    notes: String,
    /// Sign with this key at once.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The bundle's file; without it <name>.jzpatch.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SignArgs {
    bundle: PathBuf,
    /// The secret file that keygen made.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    bundle: PathBuf,
    /// The public keys that count.
    #[arg(long, value_name = "FOLDER")]
    trust: Option<PathBuf>,
    /// The module of the base, as a file or as its hash.
    #[arg(long, value_name = "FILE|HASH")]
    base_module: Option<String>,
    /// Ask the server as well: signature, base, engine, and a replay of recent matches.
    #[arg(long)]
    ask: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct PublishArgs {
    bundle: PathBuf,
    /// Of the rooms that try it first, as 10%; without it, what the server is configured for.
    #[arg(long)]
    share: Option<Share>,
    #[command(flatten)]
    server: ServerArgs,
}

/// What is left out follows where the server has one game only.
#[derive(Debug, Args)]
struct GameArgs {
    /// Without it: the app of the only game, or of the only one of that name.
    #[arg(long)]
    app: Option<String>,
    /// Without it: the only game, or the app's only one.
    #[arg(long)]
    game: Option<String>,
}

#[derive(Debug, Args)]
struct OrderArgs {
    #[command(flatten)]
    game: GameArgs,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct RollbackArgs {
    #[command(flatten)]
    game: GameArgs,
    /// For the history.
    #[arg(long, default_value = "")]
    why: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct PinArgs {
    #[command(flatten)]
    game: GameArgs,
    /// This room, when it is founded.
    #[arg(long, conflicts_with = "player", required_unless_present = "player")]
    room: Option<String>,
    /// Rooms that this player founds.
    #[arg(long)]
    player: Option<String>,
    /// The version's number, as `status` shows it; without it the pin ends.
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct StatusArgs {
    /// Of this app and game only.
    #[arg(long, requires = "game")]
    app: Option<String>,
    #[arg(long, requires = "app")]
    game: Option<String>,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
    /// Check the history's chain, and show its last steps.
    #[arg(long)]
    audit: bool,
    /// Check the history in this file instead of asking a server.
    #[arg(long, value_name = "FILE", requires = "audit")]
    file: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub fn run(args: &PatchArgs) -> Result<(), Failure> {
    match &args.command {
        Command::Keygen(args) => keygen::run(args),
        Command::Build(args) => build::run(args),
        Command::Sign(args) => sign::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Publish(args) => operate::publish(args),
        Command::Promote(args) => operate::promote(args),
        Command::Rollback(args) => operate::roll_back(args),
        Command::Pin(args) => operate::pin(args),
        Command::Status(args) if args.audit => audit::run(args),
        Command::Status(args) => status::run(args),
    }
}

fn failed(message: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, message)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let length =
        std::fs::metadata(path).map_err(|error| failed(format!("{shown} cannot be read: {error}")))?.len();
    if length > Bundle::BYTES_MAX as u64 {
        return Err(failed(format!("{shown} is larger than a patch can be")));
    }
    std::fs::read(path).map_err(|error| failed(format!("{shown} cannot be read: {error}")))
}

fn read_bundle(path: &Path) -> Result<Bundle, Failure> {
    Bundle::read(&read(path)?).map_err(|bad| failed(format!("{}: {bad}", path.display())))
}

/// Puts a whole file in place at once.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, bytes)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .map_err(|error| failed(format!("{} cannot be written: {error}", path.display())))
}

/// The name of whoever runs the command, for records; nobody relies on it.
fn user() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "operator".to_owned())
}
