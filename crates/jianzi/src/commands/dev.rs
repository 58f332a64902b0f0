//! `jianzi dev`: everything in one process, with nothing beside it.

use std::net::{IpAddr, Ipv4Addr};

use clock::Chance;

use super::{check, settings};
use crate::cli::DevArgs;
use crate::config::{Config, Profile};
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::{dev_keys, wiring};

pub fn run(args: DevArgs) -> Result<(), Failure> {
    let check = args.overrides.check;
    let mut config = configure(args)?;
    if check {
        return check::would_start(&config);
    }
    // Locked until the server has ended.
    let folder = DataFolder::open(&config.server.data)?;
    super::room::crash_where_wanted()?;
    dev_keys::fill(&mut config, &folder, &mut Chance::system())?;
    wiring::run(config)
}

/// What the server would run with, but for the keys that the data folder keeps.
pub fn configure(args: DevArgs) -> Result<Config, Failure> {
    let dev = Some(Profile::Dev);
    let mut config = settings::load(args.config.as_deref(), dev, Profile::Dev, args.overrides)?;
    config.lan = args.lan;
    config.game = args.game;
    if args.lan {
        listen_on_lan(&mut config);
    }
    Ok(config)
}

/// Addresses of this machine alone become addresses of all its networks; the operators' address stays.
fn listen_on_lan(config: &mut Config) {
    let server = &mut config.server;
    for address in server.http.iter_mut().chain(&mut server.tcp).filter(|address| address.ip().is_loopback())
    {
        address.set_ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    }
}
