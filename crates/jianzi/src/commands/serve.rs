//! `jianzi serve`: the server as a configuration file says.

use clock::Chance;

use super::{check, settings};
use crate::cli::ServeArgs;
use crate::config::{Config, Profile};
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::{dev_keys, wiring};

pub fn run(args: ServeArgs) -> Result<(), Failure> {
    let check = args.overrides.check;
    let mut config = configure(args)?;
    if check {
        return check::would_start(&config);
    }
    // Locked until the server has ended.
    let folder = DataFolder::open(&config.server.data)?;
    if config.profile.is_dev() {
        dev_keys::fill(&mut config, &folder, &mut Chance::system())?;
    }
    wiring::run(config)
}

/// What the server would run with, but for the keys that a developer's data folder keeps.
pub fn configure(args: ServeArgs) -> Result<Config, Failure> {
    settings::load(Some(&args.config), args.profile, Profile::Production, args.overrides)
}
