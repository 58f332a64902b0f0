//! `jianzi upgrade FILE`: another version for a supervised server.

use std::path::PathBuf;

use clap::Args;
use supervisor::{Answer, Ask};

use super::config::print_out;
use super::status::Which;
use crate::failure::{Exit, Failure};

#[derive(Debug, Args)]
pub struct UpgradeArgs {
    /// The program of the other version. It is copied; the file may go afterwards.
    file: PathBuf,
    #[command(flatten)]
    which: Which,
}

/// Ends when the version is confirmed or has been taken back. Interrupted, it goes on all the same.
pub fn run(args: &UpgradeArgs) -> Result<(), Failure> {
    // The supervisor may stand in another folder.
    let file = args.file.canonicalize().map_err(|error| {
        Failure::new(Exit::Failed, format!("{} cannot be found: {error}", args.file.display()))
    })?;
    let say = |answer: &Answer| {
        if let Answer::Said(text) | Answer::Done(text) = answer {
            let _ = print_out(&format!("{text}\n"));
        }
    };
    match args.which.ask(&Ask::Upgrade { file }, say)? {
        Answer::Failed(why) => Err(Failure::new(Exit::Failed, why)),
        _ => Ok(()),
    }
}
