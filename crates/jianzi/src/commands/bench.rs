//! `jianzi bench`: see the crate `loadgen`.

use crate::cli::BenchArgs;
use crate::failure::{Exit, Failure};

pub fn run(args: BenchArgs) -> Result<(), Failure> {
    loadgen::run(args.args).map_err(|error| Failure::new(Exit::Failed, format!("{error:#}")))
}
