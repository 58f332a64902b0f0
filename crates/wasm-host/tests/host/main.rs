//! The host with real modules, written as text.

mod abi;
mod cache;
mod crash_reports;
mod game;
mod hostile;
mod images;
mod limits;
mod property;
mod real;
mod refusals;
mod rooms;
mod signals;
