//! Small games for measurements, and how a server gets them: as operators bring it any game, with a key, a bundle and
//! `jianzi patch publish`.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cli::ServerArgs;
use crate::server::{Server, program};

/// A game whose module is part of the bench.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    pub name: &'static str,
    module: &'static [u8],
}

/// Burns nearly all that a call may burn in every tick, and ends well.
pub const BUSY: Guest = Guest { name: "busy", module: include_bytes!("busy.wasm") };
/// Never comes back from a tick: every call is ended.
pub const ENDLESS: Guest = Guest { name: "endless", module: include_bytes!("endless.wasm") };
/// Has as many KiB of state as its seed says.
pub const STATE: Guest = Guest { name: "state", module: include_bytes!("state.wasm") };

/// Publishes games to a server of our own, signed with a key that it is made to trust.
pub fn publish(server: &Server, args: &ServerArgs, guests: &[Guest]) -> Result<()> {
    let data =
        server.data().context("games are published to a server of the bench's own only, not to --url")?;
    let admin = server.admin.context("the server does not tell its admin address")?.to_string();
    let file = |name: &str| data.join(name).to_string_lossy().into_owned();
    let patch = |arguments: &[&str]| -> Result<()> {
        let output = Command::new(program(args)?).arg("patch").args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "jianzi patch {}: {said}", arguments.join(" "));
        Ok(())
    };
    let folder = data.to_string_lossy();
    patch(&["keygen", "bench", "--out", &folder])?;
    std::fs::rename(file("bench.toml"), file("trust/bench.toml"))
        .context("put the bench's public key into the server's trust store")?;
    for Guest { name, module } in guests {
        let (module_file, bundle) = (file(&format!("{name}.wasm")), file(&format!("{name}.jzpatch")));
        std::fs::write(&module_file, module)?;
        let app = ["--app", &args.app, "--game", name, "--release", "1.0.0", "--key", &file("bench.key")];
        patch(&[&["build", "--module", &module_file, "--out", &bundle], &app[..]].concat())?;
        patch(&["publish", &bundle, "--server", &admin, "--data", &folder])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_what_their_sources_say() {
        for (guest, source) in [
            (BUSY, include_str!("busy.wat")),
            (ENDLESS, include_str!("endless.wat")),
            (STATE, include_str!("state.wat")),
        ] {
            assert!(
                wat::parse_str(source).unwrap() == guest.module,
                "{}.wasm is not its source's",
                guest.name
            );
        }
    }
}
