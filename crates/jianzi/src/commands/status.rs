//! `jianzi status`: how is the server?

use std::path::{Path, PathBuf};

use clap::Args;
use supervisor::{Answer, Ask, NoSupervisor};

use super::config::print_out;
use super::settings;
use crate::cli::Overrides;
use crate::config::Profile;
use crate::failure::{Exit, Failure};

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub which: Which,
    /// As JSON, for programs.
    #[arg(long)]
    pub json: bool,
}

/// Which supervisor is asked.
#[derive(Debug, Args)]
pub struct Which {
    /// The server's data folder; without it that of the configuration, or else ./jianzi-data, /var/lib/jianzi.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The server's configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub fn run(args: &StatusArgs) -> Result<(), Failure> {
    match args.which.ask(&Ask::Status, |_| {})? {
        Answer::Status(status) if args.json => {
            let json = serde_json::to_string_pretty(&status).map_err(|error| {
                Failure::new(Exit::Failed, format!("the status cannot be written: {error}"))
            })?;
            print_out(&(json + "\n"))
        }
        Answer::Status(status) => print_out(&status.to_string()),
        other => Err(Failure::new(Exit::Failed, format!("the supervisor answers something else: {other:?}"))),
    }
}

impl Which {
    /// The last line of the answer; `hear` gets every one.
    pub fn ask(&self, ask: &Ask, hear: impl FnMut(&Answer)) -> Result<Answer, Failure> {
        let data = self.folder()?;
        supervisor::ask(&data, ask, hear).map_err(|error| {
            let advice = match error {
                NoSupervisor::Silent { .. } => "is it started with `jianzi supervise`? See --data",
                NoSupervisor::Unclear(_) => "`jianzi status` tells how things stand now",
            };
            Failure::new(Exit::Failed, format!("{error}; {advice}"))
        })
    }

    fn folder(&self) -> Result<PathBuf, Failure> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        if let Some(file) = &self.config {
            let config = settings::load(Some(file), None, Profile::Production, Overrides::default())?;
            return Ok(config.server.data);
        }
        if let Some(data) = std::env::var_os("JIANZI_SERVER__DATA") {
            return Ok(data.into());
        }
        let usual = ["jianzi-data", "/var/lib/jianzi"].map(Path::new);
        let found = usual.into_iter().find(|folder| folder.join("supervisor").is_dir());
        found.map(Path::to_owned).ok_or_else(|| {
            Failure::new(Exit::Failed, "no supervised server is found here; name its data folder with --data")
        })
    }
}
