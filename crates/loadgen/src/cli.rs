//! The command line of `jianzi bench`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::messages::Durability;

use crate::report::Column;
use crate::server::Target;

/// Measures Jianzi, and beside it a bare WebSocket relay of the same shape.
#[derive(Debug, Parser)]
#[command(name = "jianzi bench", bin_name = "jianzi bench")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Idle authenticated connections: server memory for each.
    Idle(IdleArgs),
    /// Calls of the method `echo`: closed loop, or open loop with --rate.
    Echo(EchoArgs),
    /// HTTP login and socket login, end to end, per second.
    Login(LoginArgs),
    /// Rooms in which every player sends and all others receive.
    Relay(RelayArgs),
    /// Lockstep rooms: from sending an input to the frame that acknowledges it.
    Lockstep(LockstepArgs),
    /// Live lockstep matches on a supervised server that is killed again and again.
    Faults(FaultsArgs),
    /// Rooms whose rules run in the server: from sending an input to the frame that acknowledges it.
    Authoritative(AuthoritativeArgs),
    /// Live authoritative rooms are patched, then given a patch that fails: what their players see.
    Hotfix(AuthoritativeArgs),
    /// Authoritative rooms beside one whose rules are hostile: how late their frames come.
    Neighbours(AuthoritativeArgs),
    /// A server with live authoritative rooms is killed: how long until its successor has rebuilt them.
    Rebuild(RebuildArgs),
    /// The largest number of rooms that holds a bound of p99 latency.
    Search(SearchArgs),
    /// The whole table.
    All(AllArgs),
    /// The shapes that the bare relay has too (idle, echo, relay), both side by side.
    WsFloor(AllArgs),
    /// The bare WebSocket relay itself, as a server; ends when its standard input does.
    WsFloorServer(FloorArgs),
    /// Holds connections open for `idle`; told how many through standard input.
    #[command(hide = true)]
    IdleLines(IdleLinesArgs),
}

/// Which server is measured.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// Measure the server that runs there (ws://host:port/ws) instead of starting one.
    #[arg(long)]
    pub url: Option<String>,
    /// Process of the server at --url, for its CPU time and memory.
    #[arg(long, requires = "url")]
    pub pid: Option<u32>,
    /// The program to start as `PROGRAM dev …`; this very program if absent.
    #[arg(long, conflicts_with = "url")]
    pub server: Option<PathBuf>,
    /// A further argument for the server; may be repeated.
    #[arg(long, conflicts_with = "url", allow_hyphen_values = true)]
    pub server_arg: Vec<String>,
    /// A setting NAME=VALUE for the server's environment; may be repeated.
    #[arg(long, conflicts_with = "url")]
    pub server_env: Vec<String>,
    /// The app that the players log in to.
    #[arg(long, default_value = "jianzi-demo")]
    pub app: String,
    /// What is measured: Jianzi, the bare relay, or both in turns.
    #[arg(long, value_enum, default_value_t = Against::Both)]
    pub against: Against,
    /// Threads of the bare relay.
    #[arg(long, default_value_t = 1)]
    pub floor_threads: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Against {
    Both,
    Jianzi,
    Floor,
}

impl Against {
    pub fn targets(self) -> &'static [Target] {
        match self {
            Against::Both => &[Target::Jianzi, Target::Floor],
            Against::Jianzi => &[Target::Jianzi],
            Against::Floor => &[Target::Floor],
        }
    }
}

/// How it is measured.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// Length of the measured window, in seconds.
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// Load before the window, in seconds.
    #[arg(long, default_value_t = 2.0)]
    pub warm_up: f64,
    /// Repetitions, each with a fresh server; the table shows medians.
    #[arg(long, default_value_t = 3)]
    pub repeat: usize,
    /// Event loops of the generator.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Source addresses, 127.0.0.2 and following, that connections come from.
    #[arg(long, default_value_t = 8)]
    pub sources: u8,
    /// Also write everything, every repetition included, to this file as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct IdleArgs {
    /// Connections to each server process.
    #[arg(long, default_value_t = 19_000)]
    pub connections: usize,
    /// Server processes, each with a generator process of its own: beyond one process's file limit.
    #[arg(long, default_value_t = 1)]
    pub servers: usize,
    /// Look at the memory after every so many connections, to see whether it grows evenly.
    #[arg(long, default_value_t = 4)]
    pub steps: usize,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct EchoArgs {
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Length of the call's body.
    #[arg(long, default_value_t = 64)]
    pub bytes: usize,
    /// Open loop: calls per second of all connections together.
    #[arg(long)]
    pub rate: Option<f64>,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LoginArgs {
    /// Logins side by side.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// Players who log in again and again.
    #[arg(long, default_value_t = 10_000)]
    pub players: usize,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct RelayArgs {
    #[arg(long, default_value_t = 250)]
    pub rooms: usize,
    #[arg(long, default_value_t = 4)]
    pub players: usize,
    /// Messages per player and second.
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// Length of a message's data, at least 16.
    #[arg(long, default_value_t = 32)]
    pub bytes: usize,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct LockstepArgs {
    #[arg(long, default_value_t = 400)]
    pub rooms: usize,
    #[arg(long, default_value_t = 4)]
    pub players: usize,
    /// Ticks per second, and inputs per player and second.
    #[arg(long, default_value_t = 20)]
    pub tick_hz: u32,
    #[arg(long, default_value_t = 1)]
    pub ticks_per_message: u32,
    /// Length of an input's data.
    #[arg(long, default_value_t = 8)]
    pub input_bytes: usize,
    /// Inputs that a player collects before it sends them in one message.
    #[arg(long, default_value_t = 1)]
    pub inputs_per_message: u32,
    /// Each player reports a state hash every so many ticks; 0 for never.
    #[arg(long, default_value_t = 20)]
    pub hash_every: u32,
    /// The rooms' durability; of several each has a column.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [KillLevel::SemiSync])]
    pub level: Vec<KillLevel>,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct SearchArgs {
    #[arg(value_enum)]
    pub shape: Searched,
    /// The bound of p99; for lockstep one message's ticks + 10 ms if absent, for relay 50 ms.
    #[arg(long)]
    pub bound_ms: Option<f64>,
    /// Rooms to begin with.
    #[arg(long, default_value_t = 100)]
    pub from: usize,
    /// The answer is exact to this many rooms.
    #[arg(long, default_value_t = 50)]
    pub step: usize,
    #[arg(long, default_value_t = 4)]
    pub players: usize,
    /// Messages, or ticks, per second.
    #[arg(long, default_value_t = 20)]
    pub rate: u32,
    /// Length of a message's or an input's data.
    #[arg(long, default_value_t = 32)]
    pub bytes: usize,
    /// Lockstep only.
    #[arg(long, default_value_t = 1)]
    pub ticks_per_message: u32,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Searched {
    Relay,
    Lockstep,
}

#[derive(Clone, Debug, Args)]
pub struct FaultsArgs {
    /// Players with a connection; several numbers are measured one after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 500, 1000])]
    pub connections: Vec<usize>,
    /// `kill -9` of the server per minute; several numbers are measured one after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 3, 5])]
    pub kills: Vec<u32>,
    /// Of each room.
    #[arg(long, default_value_t = 4)]
    pub players: usize,
    /// Ticks per second, and inputs per player and second.
    #[arg(long, default_value_t = 20)]
    pub tick_hz: u32,
    /// The rooms' durability.
    #[arg(long, value_enum, default_value_t = KillLevel::SemiSync)]
    pub level: KillLevel,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KillLevel {
    Async,
    #[value(alias = "semi_sync")]
    SemiSync,
    Sync,
}

impl KillLevel {
    pub fn durability(self) -> Durability {
        match self {
            KillLevel::Async => Durability::Async,
            KillLevel::SemiSync => Durability::SemiSync,
            KillLevel::Sync => Durability::Sync,
        }
    }
}

impl Column for KillLevel {
    fn name(self) -> &'static str {
        match self {
            KillLevel::Async => "async",
            KillLevel::SemiSync => "semi-sync",
            KillLevel::Sync => "sync",
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct AuthoritativeArgs {
    #[arg(long, default_value_t = 1000)]
    pub rooms: usize,
    /// Of each room.
    #[arg(long, default_value_t = 4)]
    pub players: usize,
    /// Ticks per second, and inputs per player and second.
    #[arg(long, default_value_t = 20)]
    pub tick_hz: u32,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct RebuildArgs {
    #[arg(long, default_value_t = 1000)]
    pub rooms: usize,
    /// State of each room, in KiB.
    #[arg(long, default_value_t = 100)]
    pub state_kib: u32,
    /// Seconds that the rooms play before the server is killed.
    #[arg(long, default_value_t = 20.0)]
    pub play: f64,
    #[arg(long, default_value_t = 20)]
    pub tick_hz: u32,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct AllArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Clone, Debug, Args)]
pub struct FloorArgs {
    /// Threads that serve; 1 has no thread hand-over at all.
    #[arg(long, default_value_t = 1)]
    pub floor_threads: usize,
}

#[derive(Clone, Debug, Args)]
pub struct IdleLinesArgs {
    #[arg(long)]
    pub address: std::net::SocketAddr,
    #[arg(long)]
    pub path: String,
    /// Number of the first player.
    #[arg(long)]
    pub first: usize,
    /// Log in by HTTP to this app; without it there is no login.
    #[arg(long)]
    pub app: Option<String>,
    #[arg(long)]
    pub sources: u8,
}
