//! `jianzi crash`: the reports of crashes, listed, shown and reproduced.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use crashes::Report;

use super::config::print_out;
use crate::config::{Config, Profile};
use crate::failure::{Exit, Failure};

#[derive(Debug, Args)]
pub struct CrashArgs {
    #[command(subcommand)]
    what: What,
    /// The server's data folder.
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<PathBuf>,
    /// As JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the reports, the newest first.
    List,
    /// Show one report: cause, stacks with functions, rooms, the last log lines.
    Show {
        /// A file, a report's name, or "latest".
        #[arg(default_value = "latest")]
        file: String,
    },
    /// Run the inputs of the rooms that ticked again, each in a process of its own, until one dies the same way.
    Reproduce {
        /// A file, a report's name, or "latest".
        #[arg(default_value = "latest")]
        file: String,
        /// How often each room is played.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
        times: u32,
    },
}

pub fn run(args: &CrashArgs) -> Result<(), Failure> {
    let data = args.data.clone().unwrap_or_else(|| Config::defaults(Profile::Dev).server.data);
    let folder = data.join(crate::wiring::CRASHES);
    match &args.what {
        What::List => {
            let reports = crashes::list(&folder);
            match args.json {
                true => print_json(&reports),
                false if reports.is_empty() => print_out(&format!("no crash in {}\n", folder.display())),
                false => print_out(&reports.iter().map(line).collect::<String>()),
            }
        }
        What::Show { file } => {
            let mut report =
                crashes::find(&folder, file).map_err(|problem| Failure::new(Exit::Failed, problem))?;
            crashes::resolve(&mut report);
            if args.json { print_json(&report) } else { print_out(&report.to_string()) }
        }
        What::Reproduce { file, times } => {
            let mut report =
                crashes::find(&folder, file).map_err(|problem| Failure::new(Exit::Failed, problem))?;
            crashes::resolve(&mut report);
            super::room::reproduce(&report, &data, *times)
        }
    }
}

fn line(report: &Report) -> String {
    let version = match report.version.as_str() {
        "" => "?",
        version => version,
    };
    format!("{}  jianzi {version}  {}\n", report.id, report.headline())
}

fn print_json(what: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(what).map_err(|error| Failure::new(Exit::Failed, error))?;
    print_out(&(text + "\n"))
}
