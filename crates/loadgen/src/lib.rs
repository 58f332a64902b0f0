//! `jianzi bench`: the load generator, and the bare relay that serves as yardstick. `bench/README.md` says how to use it.
//!
//! The generator shares the processor with the server that it measures, so it is lean: one event loop by default, no
//! allocation per message, hot messages read by hand.

mod cli;
mod run;

// One measurement.
mod faults;
mod figures;
mod games;
mod idle;
mod login;
mod measure;
mod report;
mod search;
mod shapes;

// The players: an event loop over many connections.
mod engine;
mod heartbeat;
mod http_login;
mod lines;
mod lobby;
mod pacer;
mod sources;
mod websocket;
mod wire;

// The servers, and what they use.
mod child;
mod floor;
mod process;
mod server;
mod stop;
mod sys;
mod wire_cost;

use std::ffi::OsString;

use anyhow::Result;
use clap::Parser;

/// Runs `jianzi bench` with the arguments that follow the word `bench`. Ends the process on wrong arguments, as
/// command lines do.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Result<()> {
    let name = OsString::from("jianzi bench");
    let cli = cli::Cli::parse_from(std::iter::once(name).chain(args));
    run::run(cli)
}
