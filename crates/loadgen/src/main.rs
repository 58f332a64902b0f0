//! `jianzi bench` without the rest of `jianzi`.

use std::ffi::OsString;

fn main() -> anyhow::Result<()> {
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    // As in `jianzi bench …`, so that the program can start itself the same way in both forms.
    if args.first().is_some_and(|first| first == "bench") {
        args.remove(0);
    }
    loadgen::run(args)
}
