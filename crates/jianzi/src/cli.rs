//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
#[cfg(unix)]
use crate::config::Config;
use crate::config::Profile;
#[cfg(unix)]
use crate::failure::Exit;
use crate::failure::{EXIT_CODES, Failure};

/// Jianzi (毽子): the self-hosted backend for mini games.
#[derive(Debug, Parser)]
#[command(name = "jianzi", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine, with nothing beside it: simulated login, demo game, bots.
    Dev(DevArgs),
    /// Run the server from a configuration file.
    Serve(ServeArgs),
    /// Look after a server: start it, probe it, start it again, exchange it for another version.
    #[cfg(unix)]
    Supervise(commands::supervise::SuperviseArgs),
    /// Ask the supervisor how its server is.
    #[cfg(unix)]
    Status(commands::status::StatusArgs),
    /// Exchange a supervised server for another version; goes back by itself if that is not well.
    #[cfg(unix)]
    Upgrade(commands::upgrade::UpgradeArgs),
    /// Print every option with its default and meaning, as a configuration file.
    Config(ConfigArgs),
    /// Verify a replay file: play its log again and compare every state hash.
    Replay(ReplayArgs),
    /// Look into rooms of a data folder: list, dump, play again, compare with another version of their game.
    Room(commands::room::RoomArgs),
    /// List and show reports of crashes, and run what led to one again.
    Crash(commands::crash::CrashArgs),
    /// Try the channels that alerts go to.
    Alert(commands::alert::AlertArgs),
    /// Measure a server; `jianzi bench --help` tells more.
    #[command(disable_help_flag = true)]
    Bench(BenchArgs),
    /// Write, build, test and try out the rules of authoritative rooms.
    Game(commands::game::GameArgs),
    /// Mend the rules of live rooms: sign, try, publish, watch, take back.
    Patch(commands::patch::PatchArgs),
    /// Print the version of the program and of the protocol.
    Version,
}

#[derive(Debug, Args)]
pub struct DevArgs {
    /// Listen on the local network too, and print a code that a phone can read.
    #[arg(long)]
    pub lan: bool,
    /// The folder of a game with rules in the server: it is built, installed, and built again when its source changes,
    /// live rooms going on with the new rules.
    #[arg(long, value_name = "FOLDER")]
    pub game: Option<PathBuf>,
    /// A configuration file over the defaults of the profile "dev".
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file; `jianzi config` prints one to begin with.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Overrides the profile that the file names; without either it is "production".
    #[arg(long)]
    pub profile: Option<Profile>,
    #[command(flatten)]
    pub overrides: Overrides,
}

/// What the command line says goes before file and environment. Port 0 picks a free port.
#[derive(Debug, Default, Args)]
pub struct Overrides {
    /// Address of HTTP and WebSocket; may be repeated.
    #[arg(long, value_name = "IP:PORT")]
    pub http: Vec<SocketAddr>,
    /// Address of plain TCP; may be repeated.
    #[arg(long, value_name = "IP:PORT")]
    pub tcp: Vec<SocketAddr>,
    /// Address of /metrics, /healthz, /readyz and the operators' calls.
    #[arg(long, value_name = "IP:PORT")]
    pub admin: Option<SocketAddr>,
    /// Folder for what the server keeps.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Start nothing, but say whether the server would start. It may run meanwhile.
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Whose defaults.
    #[arg(long, default_value = "production")]
    pub profile: Profile,
    /// Print nothing, but say whether `serve` would start with this file.
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    pub file: PathBuf,
    /// The data folder of the server whose game the room ran; not needed for a file that lies in it.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BenchArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// What `serve …` or `dev …` would run with; for those who start it.
#[cfg(unix)]
pub fn configuration_of(server: &[OsString]) -> Result<Config, Failure> {
    let words = std::iter::once(OsString::from("jianzi")).chain(server.iter().cloned());
    match Cli::try_parse_from(words).map(|cli| cli.command) {
        Ok(Command::Serve(args)) => commands::serve::configure(args),
        Ok(Command::Dev(args)) => commands::dev::configure(args),
        Ok(_) => Err(Failure::new(Exit::Usage, "after `--` comes `serve …` or `dev …`")),
        Err(error) => Err(Failure::new(Exit::Usage, format!("after `--`: {}", error.render()))),
    }
}

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Dev(args) => commands::dev::run(args),
        Command::Serve(args) => commands::serve::run(args),
        #[cfg(unix)]
        Command::Supervise(args) => commands::supervise::run(args),
        #[cfg(unix)]
        Command::Status(args) => commands::status::run(&args),
        #[cfg(unix)]
        Command::Upgrade(args) => commands::upgrade::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Room(args) => commands::room::run(&args),
        Command::Crash(args) => commands::crash::run(&args),
        Command::Alert(args) => commands::alert::run(&args),
        Command::Bench(args) => commands::bench::run(args),
        Command::Game(args) => commands::game::run(&args),
        Command::Patch(args) => commands::patch::run(&args),
        Command::Version => commands::version::run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_operators_pages_know_every_command_and_what_supervise_is_told() {
        for page in
            [include_str!("../../../docs/operations.md"), include_str!("../../../docs/en/operations.md")]
        {
            for command in Cli::command().get_subcommands() {
                let name = command.get_name();
                let row = page.lines().find(|line| line.starts_with('|') && names(line, name));
                let row = row.unwrap_or_else(|| panic!("`{name}` has no row"));
                for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
                    assert!(row.contains(below.get_name()), "{name} {}: {row}", below.get_name());
                }
            }
            let supervise = Cli::command().find_subcommand("supervise").cloned().into_iter();
            let options = supervise.flat_map(|command| command.get_arguments().cloned().collect::<Vec<_>>());
            for option in options.filter_map(|option| option.get_long().map(|long| format!("--{long}"))) {
                assert!(names(page, &option), "`{option}`");
            }
        }
    }

    /// As code, alone or with arguments behind it: one name may be the beginning of another.
    fn names(text: &str, name: &str) -> bool {
        ["`", " "].iter().any(|end| text.contains(&format!("`{name}{end}")))
    }

    #[test]
    fn arguments_of_bench_are_passed_on_untouched() {
        let cli = Cli::try_parse_from(["jianzi", "bench", "lockstep", "--rooms", "3", "--help"]).unwrap();
        let Command::Bench(bench) = cli.command else { panic!("{cli:?}") };
        assert_eq!(bench.args, ["lockstep", "--rooms", "3", "--help"]);
    }

    #[test]
    fn wrong_arguments_have_their_own_exit_code() {
        for wrong in [&["jianzi"][..], &["jianzi", "serve"], &["jianzi", "dev", "--http", "x"]] {
            assert_eq!(Cli::try_parse_from(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
