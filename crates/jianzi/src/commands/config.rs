//! `jianzi config`: every option, or whether a file is good.

use super::settings;
use crate::cli::{ConfigArgs, Overrides};
use crate::config::{Profile, print};
use crate::failure::Failure;

pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    match &args.check {
        None => print_out(&print(args.profile)),
        Some(file) => {
            let config = settings::load(Some(file), None, Profile::Production, Overrides::default())?;
            print_out(&format!("{} is good (profile {})\n", file.display(), config.profile))
        }
    }
}

/// A reader that goes away early, such as `head`, is no failure.
pub(super) fn print_out(text: &str) -> Result<(), Failure> {
    use std::io::Write;

    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(())
}
