//! `jianzi patch` as operators use it: the real binary, the real modules of the demo game, and a server's operators'
//! listener whose rooms do at once what they are asked.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use clock::Clock;
use platform::Secret;
use releases::testing::Obedient;
use releases::{Patches, PatchesConfig, Releases, RolloutConfig, Share};
use rest::{AdminState, ConnectionLimits, HttpServer, PatchAdmin, admin_router, patch_router};
use serde_json::Value;
use tempfile::TempDir;
use testkit::Ended;
use tokio::runtime::Runtime;

const TOKEN: &str = "an-operators-token";
const SCOPE: [&str; 4] = ["--app", "demo", "--game", "jianzi"];

#[test]
fn from_a_key_to_all_rooms_and_back() {
    let bench = Bench::new();
    let made = bench.good(&["keygen", "alice", "--out", &bench.path("keys"), "--app", "demo"]);
    assert!(made.contains("alice.key") && made.contains("trust"), "{made}");
    bench.trust("alice");
    bench.build_release();
    let published = bench.good(&["publish", &bench.path("release.jzpatch"), "--by", "alice"]);
    assert!(
        published.contains("release-1.0.0 of demo/jianzi is published as version 1: confirmed"),
        "{published}"
    );

    let built = bench.build_hotfix(1, "jianzi-v2.wasm");
    assert!(built.contains("not signed yet") && built.contains("live rooms can be patched"), "{built}");
    let hotfix = bench.path("hotfix1.jzpatch");
    let signed = bench.good(&["sign", &hotfix, "--key", &bench.path("keys/alice.key")]);
    assert!(signed.contains("signed by alice"), "{signed}");
    let trust = bench.path("data/trust");
    let one = module("jianzi-v1.wasm");
    let verified = bench.good(&["verify", &hotfix, "--trust", &trust, "--base-module", &one, "--ask"]);
    for part in [
        "hotfix-1.0.0-v1 for demo/jianzi",
        "holds, by alice",
        "base        1.0.0",
        "that of",
        "ABI         1",
        "runs in the engine",
        "there, there: live rooms can be patched",
        "would take it, to follow release-1.0.0",
        "2 recent matches, 1200 ticks, none ended badly",
    ] {
        assert!(verified.contains(part), "{part:?} in {verified}");
    }
    let published = bench.good(&["publish", &hotfix, "--share", "25%"]);
    assert!(published.contains("hotfix-1.0.0-v1 of demo/jianzi is published as version 2"), "{published}");
    let again = bench.good(&["publish", &hotfix]);
    assert!(
        again.contains("was published before, as version 2") && again.contains("Nothing was done"),
        "{again}"
    );

    let status = testkit::eventually("the canary begins", || {
        Some(bench.good(&["status"])).filter(|status| status.contains("canary for"))
    });
    assert!(status.contains("25% of the rooms") && status.contains("*   1  release-1.0.0"), "{status}");
    bench.bad(&["promote", "--game", "chess"], &["--app and --game", "demo/jianzi"]);
    // The server has one game: nobody has to name it.
    let promoted = bench.good(&["promote"]);
    assert!(promoted.contains("*   2  hotfix-1.0.0-v1"), "{promoted}");
    bench.bad(&[&["promote"], &SCOPE[..]].concat(), &["confirmed already"]);
    let why = ["--why", "the net is too low", "--by", "carol"];
    bench.good(&[&["rollback", "--app", "demo"], &why[..]].concat());
    let status = testkit::eventually("the version is back", || {
        Some(bench.good(&["status"])).filter(|status| status.contains("rolled back"))
    });
    assert!(status.contains("*   1  release-1.0.0") && status.contains("the net is too low"), "{status}");

    let json: Value = serde_json::from_str(&bench.good(&["status", "--json"])).unwrap();
    assert_eq!(json["games"][0]["versions"][1]["state"], "rolled_back");
    let audit = bench.good(&["status", "--audit"]);
    assert!(audit.contains("    2  ") && audit.contains("share 25%"), "{audit}");
    assert!(
        audit.contains("carol") && audit.contains("rolled back") && audit.contains("steps, each linked"),
        "{audit}"
    );
    let entries = json["history"]["entries"].as_u64().unwrap();
    let audited: Value = serde_json::from_str(&bench.good(&["status", "--audit", "--json"])).unwrap();
    assert_eq!((audited["entries"].as_u64(), &audited["head"]), (Some(entries), &json["history"]["head"]));
}

#[test]
fn pins_are_seen_and_end() {
    let bench = Bench::published();
    let pin = |more: &[&str]| bench.good(&[&["pin"], &SCOPE[..], more].concat());
    assert!(pin(&["--player", "alice", "--version", "1"]).contains("pinned: 0 room(s), 1 player(s)"));
    assert!(pin(&["--room", "17-k3v9x2m4p7", "--version", "1"]).contains("pinned: 1 room(s), 1 player(s)"));
    assert!(pin(&["--player", "alice"]).contains("pinned: 1 room(s), 0 player(s)"));
    bench.bad(&[&["pin"], &SCOPE[..], &["--player", "alice", "--version", "7"]].concat(), &["version 7"]);
}

#[test]
fn what_is_wrong_with_a_bundle_is_said() {
    let bench = Bench::published();
    let release = bench.path("release.jzpatch");
    let trust = bench.path("data/trust");
    // A stranger, an unsigned one, a module that is another base's, a damaged file.
    bench.good(&["keygen", "mallory", "--out", &bench.path("keys")]);
    bench.build_hotfix(1, "jianzi-v2.wasm");
    let hotfix = bench.path("hotfix1.jzpatch");
    bench.bad(&["verify", &hotfix], &["! signature", "none yet", "not good"]);
    bench.bad(&["publish", &hotfix], &["not signed"]);
    bench.good(&["sign", &hotfix, "--key", &bench.path("keys/mallory.key")]);
    bench.bad(&["verify", &hotfix, "--trust", &trust], &["! signature", "stranger"]);
    bench.bad(&["publish", &hotfix], &["Refused", "stranger"]);
    bench.bad(&["verify", &hotfix, "--base-module", &module("jianzi-v2.wasm")], &["! base", "1.0.0"]);
    let mut bytes = std::fs::read(&release).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let damaged = bench.path("damaged.jzpatch");
    std::fs::write(&damaged, &bytes).unwrap();
    bench.bad(&["verify", &damaged], &["tampered"]);
    bench.bad(&["publish", &damaged], &["tampered"]);
    let text = bench.path("text.wasm");
    std::fs::write(&text, "text").unwrap();
    let build = ["build", "--module", &text, "--release", "2.0.0"];
    bench.bad(&[&build, &SCOPE[..]].concat(), &["text.wasm", "no WebAssembly module"]);
    let game = module("jianzi-v1.wasm");
    let build = ["build", "--module", &game, "--release", "../2"];
    bench.bad(&[&build, &SCOPE[..]].concat(), &["release-"]);
    let incomplete = ["build", "--module", &game, "--base", "1.0.0", "--number", "1"];
    assert_eq!(bench.run(&[&incomplete, &SCOPE[..]].concat()).code, Some(2));
    bench.bad(&["keygen", "alice", "--out", &bench.path("keys")], &["never overwritten"]);
    bench.bad(&["keygen", "bob", "--out", &bench.path("keys"), "--not-after", "tomorrow"], &["2026-11-21"]);
}

#[test]
fn a_server_that_is_not_there_or_says_no_is_named() {
    let bench = Bench::new();
    let status = |server: &str, token: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
        command.args(["patch", "status", "--server", server]).env("JIANZI_SERVER__ADMIN_TOKEN", token);
        testkit::run(&mut command)
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = status(&free, TOKEN);
    assert!(ended.code == Some(1) && ended.stderr.contains("does not answer"), "{ended:?}");
    let ended = status(&bench.address.to_string(), "wrong");
    assert!(ended.code == Some(1) && ended.stderr.contains("token is wrong"), "{ended:?}");
    assert!(!format!("{ended:?}").contains("wrong\""), "{ended:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
    let folder = bench.path("nothing");
    command.args(["patch", "status", "--data", &folder]).env_remove("JIANZI_SERVER__ADMIN_TOKEN");
    let ended = testkit::run(&mut command);
    assert!(ended.code == Some(1) && ended.stderr.contains("no admin token"), "{ended:?}");
    assert!(bench.good(&["status"]).contains("no game has a version"));
}

#[test]
fn a_history_that_was_changed_is_found_out() {
    let bench = Bench::published();
    let file = bench.path("data/games/history.jsonl");
    bench.good(&["status", "--audit", "--file", &file]);
    let whole = std::fs::read_to_string(&file).unwrap();
    let changed = bench.path("changed.jsonl");
    std::fs::write(&changed, whole.replacen("confirmed", "refuseded", 1)).unwrap();
    bench.bad(&["status", "--audit", "--file", &changed], &["not what was written", "line 2 was changed"]);
    std::fs::write(&file, whole.replacen("\"by\":\"", "\"by\":\"m", 1)).unwrap();
    bench.bad(&["status", "--audit"], &["not what was written", "line 1 was changed"]);
}

#[cfg(unix)]
#[test]
fn a_secret_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let bench = Bench::new();
    bench.good(&["keygen", "alice", "--out", &bench.path("keys")]);
    let mode = |name: &str| std::fs::metadata(bench.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("keys/alice.key"), 0o600);
    let secret = std::fs::read_to_string(bench.path("keys/alice.key")).unwrap();
    let public = std::fs::read_to_string(bench.path("keys/alice.toml")).unwrap();
    let digits = secret.lines().find_map(|line| line.strip_prefix("secret = ")).unwrap();
    assert!(!public.contains(digits.trim_matches('"')));
}

struct Bench {
    folder: TempDir,
    address: SocketAddr,
    _server: (HttpServer, Runtime, Arc<Patches>),
}

impl Bench {
    fn new() -> Bench {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        let config = PatchesConfig {
            folder: data.join("games"),
            trust: data.join("trust"),
            share: Share::per_mille(100).unwrap(),
            rollout: RolloutConfig::default(),
        };
        std::fs::create_dir_all(&config.trust).unwrap();
        let (catalog, _) = Patches::open_catalog(&config, Clock::System).unwrap();
        let parts = Arc::new(Obedient::default()).parts(Clock::System);
        let patches = Arc::new(Patches::start(config, parts, catalog).unwrap());
        let token = Some(Secret::new(TOKEN));
        let admin = admin_router(AdminState {
            not_ready: Arc::new(Vec::new),
            metrics: Arc::new(String::new),
            releases: Arc::new(Releases::new(Vec::new()).unwrap()),
            token: token.clone(),
        });
        let router = admin.merge(patch_router(PatchAdmin { patches: patches.clone(), token }));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = HttpServer::new(router, ConnectionLimits::default());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = server.clone();
        runtime.spawn(async move { serving.serve_listener(listener).await });
        Bench { folder, address, _server: (server, runtime, patches) }
    }

    /// With a trusted alice, and her release 1.0.0 stable.
    fn published() -> Bench {
        let bench = Bench::new();
        bench.good(&["keygen", "alice", "--out", &bench.path("keys")]);
        bench.trust("alice");
        bench.build_release();
        bench.good(&["publish", &bench.path("release.jzpatch")]);
        bench
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn trust(&self, name: &str) {
        let file = format!("{name}.toml");
        let (from, to) = (self.path(&format!("keys/{file}")), self.path(&format!("data/trust/{file}")));
        std::fs::copy(from, to).unwrap();
    }

    fn build_release(&self) {
        let (game, key, out) =
            (module("jianzi-v1.wasm"), self.path("keys/alice.key"), self.path("release.jzpatch"));
        let build = ["build", "--module", &game, "--release", "1.0.0", "--key", &key, "--out", &out];
        let built = self.good(&[&build, &SCOPE[..]].concat());
        assert!(
            built.contains("release-1.0.0 for demo/jianzi") && built.contains("signed by alice"),
            "{built}"
        );
    }

    fn build_hotfix(&self, number: u32, name: &str) -> String {
        let (game, base, number) = (module(name), module("jianzi-v1.wasm"), number.to_string());
        let out = self.path(&format!("hotfix{number}.jzpatch"));
        let build =
            ["build", "--module", &game, "--base", "1.0.0", "--base-module", &base, "--number", &number];
        let about = ["--notes", "The net is lower.", "--author", "Alice", "--out", &out];
        self.good(&[&build, &SCOPE[..], &about].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
        command.arg("patch").args(arguments).current_dir(self.folder.path());
        command
            .env("JIANZI_SERVER__ADMIN_TOKEN", TOKEN)
            .env("JIANZI_SERVER__ADMIN", self.address.to_string());
        testkit::run(&mut command)
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended.stdout
    }

    /// A failure whose words an operator can act on.
    #[track_caller]
    fn bad(&self, arguments: &[&str], words: &[&str]) {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:?}");
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(words.iter().all(|word| told.contains(word)) && !told.contains("panicked"), "{told}");
    }
}

/// A module of the demo game.
fn module(name: &str) -> String {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../games/jianzi/room/dist");
    folder.join(name).to_str().unwrap().to_owned()
}
