//! Accounts over the simulated WeChat.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod bench;
mod forgeries;
mod logins;
mod refreshes;
