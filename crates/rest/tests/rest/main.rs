//! The HTTP interface over real sockets.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod bench;

mod logins;
mod user_info;

mod bad_input;
mod cors;
mod openapi;
mod pages;
mod replays;

mod admin;
mod connections;
mod patches;
mod shares;
