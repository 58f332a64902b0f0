//! One file for each command.

pub mod dev;
pub mod serve;

#[cfg(unix)]
pub mod status;
#[cfg(unix)]
pub mod supervise;
#[cfg(unix)]
pub mod upgrade;

pub mod alert;
pub mod bench;
pub mod config;
pub mod crash;
pub mod game;
pub mod patch;
pub mod replay;
pub mod room;
pub mod version;

mod check;
mod settings;
