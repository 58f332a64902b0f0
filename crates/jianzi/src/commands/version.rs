//! `jianzi version`.

use super::config::print_out;
use crate::failure::Failure;

pub fn run() -> Result<(), Failure> {
    print_out(&format!("jianzi {} (protocol {})\n", env!("CARGO_PKG_VERSION"), protocol::VERSION))
}
