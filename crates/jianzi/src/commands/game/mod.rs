//! `jianzi game`: the rules of authoritative rooms, from an empty folder to a module that was tried out.

mod build;
mod bundled;
mod new;
mod project;
mod run;
mod test;

mod drive;
mod report;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::failure::Failure;

pub use project::Project;

#[derive(Debug, Args)]
pub struct GameArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a folder with a small game, its tests and all that it needs of Jianzi.
    New(NewArgs),
    /// Build the module, and say whether a room could run it.
    Build(FolderArgs),
    /// Run the game's own tests, without a server.
    Test(FolderArgs),
    /// Play a room of the module with random inputs, and measure it.
    Run(RunArgs),
}

#[derive(Debug, Args)]
pub struct NewArgs {
    /// The folder to make; its last part is the game's name.
    pub folder: PathBuf,
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    pub lang: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Rust,
    #[value(name = "assemblyscript", alias = "as")]
    AssemblyScript,
}

#[derive(Debug, Args)]
pub struct FolderArgs {
    /// The game's folder.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The game's folder, which is built first, or a module.
    #[arg(default_value = ".")]
    pub game: PathBuf,
    /// At most; the run ends when the game does.
    #[arg(long, default_value_t = 2400)]
    pub ticks: u32,
    /// Bots included.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub seats: u16,
    /// How many of the last seats the rules play themselves.
    #[arg(long, default_value_t = 0)]
    pub bots: u16,
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub tick_hz: u32,
    /// Of the room, and of the inputs.
    #[arg(long, default_value_t = 1)]
    pub seed: u32,
    /// What players send, in hexadecimal; may be repeated. Without it, up to four random bytes.
    #[arg(long = "input", value_name = "HEX", value_parser = drive::hex)]
    pub inputs: Vec<drive::Input>,
    /// Out of 100 ticks, a player sends something in so many.
    #[arg(long, value_name = "PERCENT", default_value_t = 30, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub activity: u8,
    /// A property of the room; may be repeated.
    #[arg(long = "property", value_name = "KEY=VALUE", value_parser = property)]
    pub properties: Vec<(String, String)>,
}

pub fn run(args: &GameArgs) -> Result<(), Failure> {
    match &args.command {
        Command::New(args) => new::run(args),
        Command::Build(args) => build::run(args),
        Command::Test(args) => test::run(args),
        Command::Run(args) => run::run(args),
    }
}

fn property(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it has the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
