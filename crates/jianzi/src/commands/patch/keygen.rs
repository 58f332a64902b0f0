//! `jianzi patch keygen`.

use std::fs::OpenOptions;
use std::io::Write;

use clock::Chance;
use releases::{PrivateKey, TrustStore};

use super::{KeygenArgs, failed};
use crate::commands::config::print_out;
use crate::failure::Failure;
use crate::os;

pub(super) fn run(args: &KeygenArgs) -> Result<(), Failure> {
    let key = PrivateKey::draw(&args.name, &mut Chance::system()).map_err(failed)?;
    let (from, until) = (args.not_before.as_deref(), args.not_after.as_deref());
    let public = TrustStore::file(key.name(), key.public(), &args.apps, from, until).map_err(failed)?;
    std::fs::create_dir_all(&args.out)
        .map_err(|error| failed(format!("{} cannot be made: {error}", args.out.display())))?;
    let secret_file = args.out.join(format!("{}.key", key.name()));
    let public_file = args.out.join(format!("{}.toml", key.name()));
    for file in [&secret_file, &public_file] {
        if file.exists() {
            return Err(failed(format!("{} is there already; a key is never overwritten", file.display())));
        }
    }
    let cannot = |error| failed(format!("{} cannot be written: {error}", args.out.display()));
    os::open_private_file(&secret_file)
        .and_then(|mut file| file.write_all(key.to_file().as_bytes()).and_then(|()| file.sync_all()))
        .map_err(cannot)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&public_file)
        .and_then(|mut file| file.write_all(public.as_bytes()))
        .map_err(cannot)?;
    print_out(&format!(
        "{}   the secret: keep it with its owner, away from servers and repositories\n\
         {}  the public key: put it into the folder `trust` of each server's data folder\n",
        secret_file.display(),
        public_file.display()
    ))
}
