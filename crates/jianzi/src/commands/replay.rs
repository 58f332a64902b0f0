//! `jianzi replay FILE`: is this match what it says?

use std::fmt::Write;

use room_core::replay::{Report, verify};

use super::config::print_out;
use crate::cli::ReplayArgs;
use crate::failure::{Exit, Failure};

pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let shown = args.file.display();
    let bytes = std::fs::read(&args.file)
        .map_err(|error| Failure::new(Exit::Failed, format!("{shown} cannot be read: {error}")))?;
    match verify(&bytes, &room_core::modules::none()) {
        Ok(report) => print_out(&describe(&report)),
        Err(finding) => Err(Failure::new(Exit::Failed, format!("{shown} is not a true replay: {finding}"))),
    }
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
