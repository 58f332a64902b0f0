//! `jianzi serve`: the server as a configuration file says.

use clock::Chance;

use super::settings;
use crate::cli::ServeArgs;
use crate::config::Profile;
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::{dev_keys, wiring};

pub fn run(args: ServeArgs) -> Result<(), Failure> {
    let mut config = settings::load(Some(&args.config), args.profile, Profile::Production, args.overrides)?;
    // Locked until the server has ended.
    let folder = DataFolder::open(&config.server.data)?;
    if config.profile.is_dev() {
        dev_keys::fill(&mut config, &folder, &mut Chance::system())?;
    }
    wiring::run(config)
}
