//! The `jianzi` binary: commands, configuration, wiring, life cycle.

mod cli;
mod commands;
mod config;
mod failure;

mod wiring;

mod data_folder;
mod dev_keys;
mod lan;
mod limits;
mod os;

use std::process::ExitCode;

use clap::Parser;

// Many small, short-lived buffers from many threads: measurably less time than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before any other engine sets handlers for signals.
    crashes::install(wiring::VITAL_THREADS);
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("jianzi: {failure}");
            os::tell_supervisor_why(&failure.to_string());
            failure.exit.into()
        }
    }
}
