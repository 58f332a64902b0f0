//! One file for each command.

pub mod dev;
pub mod serve;

pub mod alert;
pub mod bench;
pub mod config;
pub mod crash;
pub mod game;
pub mod replay;
pub mod version;

mod settings;
