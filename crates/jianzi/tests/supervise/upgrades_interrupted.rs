//! kill -9 of either process at every step of an upgrade: in the end a server runs.

use std::io::Read;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::stage::{Options, Supervised, pid_in, signal};
use crate::upgrades::copy;

/// The steps as the audit log has them, with what may be running while each is the last one.
const STEPS: [&str; 5] = ["asked", "checked", "begun", "on_trial", "confirmed"];

struct Upgrading {
    supervised: Supervised,
    before: Value,
    client: Child,
    _folder: tempfile::TempDir,
}

/// An upgrade that has just got there.
fn upgrading_until(step: &str) -> Upgrading {
    let folder = tempfile::tempdir().unwrap();
    let trial = if step == "confirmed" { "200ms" } else { "1h" };
    let supervised = Options::new(&["--trial", trial]).ready();
    let before = supervised.status();
    let new = copy(folder.path()).display().to_string();
    let mut client = supervised.command(&["upgrade", &new]);
    // What it says on standard output is in the audit log, too.
    let client = client.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    supervised.until_step(step);
    Upgrading { supervised, before, client, _folder: folder }
}

impl Upgrading {
    /// What the one who asked for it is told in the end, if it is bad news.
    fn complaint(&mut self) -> String {
        let mut said = String::new();
        self.client.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Upgrading {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

#[test]
fn a_supervisor_killed_at_any_step_leaves_what_the_next_one_needs() {
    for step in STEPS {
        let mut upgrading = upgrading_until(step);
        let supervised = &mut upgrading.supervised;
        signal(supervised.pid(), "-KILL");
        supervised.wait();
        if step != "confirmed" {
            let complaint = upgrading.complaint();
            assert!(complaint.contains("`jianzi status` tells how things stand"), "{step}: {complaint}");
        }
        let supervised = &upgrading.supervised;
        let addresses = crate::stage::addresses_in(&upgrading.before);
        let options = Options { addresses, data: Some(supervised.data.clone()), ..Options::new(&[]) };
        let next = options.ready();
        assert_eq!(next.http().get("/v1/version").status, 200, "{step}");
        let version = next.status()["server"]["version"].clone();
        let decided = next.audit().iter().any(|(written, _)| written == "confirmed");
        assert_eq!(version == upgrading.before["server"]["version"], !decided, "{step}: {version}");
        if ["begun", "on_trial"].contains(&step) {
            let (last, why) = next.audit().pop().unwrap();
            assert_eq!((last.as_str(), why.contains("supervisor ended")), ("went_back", true), "{step}");
        }
    }
}

#[test]
fn a_server_killed_at_any_step_is_replaced() {
    for step in STEPS {
        let mut upgrading = upgrading_until(step);
        let supervised = &mut upgrading.supervised;
        // The old one, or the new one once there is one.
        let killed =
            pid_in(&supervised.until("there is a server", |status| pid_in(status).is_some())).unwrap();
        // It may be on its way out anyway.
        let _ = std::process::Command::new("kill").args(["-KILL", &killed.to_string()]).status();
        let status = supervised.until("another server is ready", |status| {
            let state = status["server"]["state"].as_str().unwrap();
            state.starts_with("ready") && pid_in(status) != Some(killed)
        });
        assert_eq!(supervised.http().get("/v1/version").status, 200, "{step}: {status}");
    }
}
