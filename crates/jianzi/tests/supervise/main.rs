//! The supervisor and its server, both the real binary: crashes, hangs, upgrades, service managers.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod stage;

mod crashes;
mod memory;
mod probes;
mod service_manager;
mod stops;
mod upgrades;
mod upgrades_in_play;
mod upgrades_interrupted;
