//! `jianzi patch sign`.

use std::path::Path;

use releases::PrivateKey;

use super::{SignArgs, failed, read_bundle, write};
use crate::commands::config::print_out;
use crate::failure::Failure;

pub(super) fn run(args: &SignArgs) -> Result<(), Failure> {
    let mut bundle = read_bundle(&args.bundle)?;
    let key = read_key(&args.key)?;
    bundle.sign(&key);
    write(&args.bundle, &bundle.write())?;
    let shown = args.bundle.display();
    print_out(&format!("{shown} is signed by {}; next: jianzi patch publish {shown}\n", key.name()))
}

pub(super) fn read_key(path: &Path) -> Result<PrivateKey, Failure> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| failed(format!("{shown} cannot be read: {error}")))?;
    PrivateKey::from_file(&text).map_err(|bad| failed(format!("{shown}: {bad}")))
}
