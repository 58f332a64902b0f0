//! What `jianzi patch` asks of the operators' listener.

use std::net::SocketAddr;
use std::sync::Arc;

use clock::{Chance, Clock, ManualClock};
use model::AppId;
use platform::Secret;
use protocol::ErrorCode;
use releases::testing::Obedient;
use releases::{
    Base, Bundle, Draft, Patches, PatchesConfig, PrivateKey, RolloutConfig, Share, TrustStore, check_history,
    module_hash,
};
use rest::{AdminState, HttpServer, PatchAdmin, admin_router, patch_router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::bench::{Reply, agent, serve};

const TOKEN: &str = "an-operators-token";

struct PatchBench {
    address: SocketAddr,
    patches: Arc<Patches>,
    rooms: Arc<Obedient>,
    key: PrivateKey,
    _server: (HttpServer, Runtime, TempDir),
}

#[test]
fn a_patch_is_published_watched_promoted_and_taken_back() {
    let bench = PatchBench::new();
    let (one, two) = (module(1), module(2));
    let release = bench.bundle("release-1.0.0", None, &one);
    let verdict = bench.post_bytes("/verify", &release).json();
    assert_eq!((&verdict["data"]["signer"], &verdict["data"]["live"]), (&json!("alice"), &json!(true)));
    let published = bench.post_bytes("?by=bob", &release).json();
    assert_eq!(published["data"]["state"], "confirmed");
    let hotfix = bench.bundle("hotfix-1.0.0-v1", Some(&one), &two);
    bench.post_bytes("?share=25%25&by=bob", &hotfix);
    let status = bench.wait_for(|game| game["trial"]["stage"] == "canary");
    assert_eq!((&status["stable"], &status["trial"]["share"]), (&json!(1), &json!("25%")));
    assert!(bench.rooms.asked.lock().unwrap().contains(&"swap 25% to 2".to_owned()));
    assert_eq!(bench.post_bytes("", &hotfix).json()["data"]["already"], true);

    let order = json!({"app": "demo", "game": "jianzi", "by": "carol"});
    assert_eq!(bench.post("/promote", &order).json()["data"][0]["stable"], 2);
    bench.post("/promote", &order).refused(ErrorCode::BadRequest);
    let mut back = order.clone();
    back["why"] = "wrong prices".into();
    bench.post("/rollback", &back);
    let status = bench.wait_for(|game| game["versions"][1]["state"] == "rolled_back");
    assert_eq!((&status["stable"], &status["trial"]), (&json!(1), &Value::Null));
    assert_eq!(status["versions"][1]["why"], "an operator asked for it: wrong prices");

    let history = String::from_utf8(bench.get("/history").body).unwrap();
    let checked = check_history(&history).unwrap();
    let all = bench.get("").json();
    assert_eq!(all["data"]["history"], json!({"entries": checked.entries, "head": checked.head}));
    assert_eq!(all["data"]["problems"], json!([]));
    assert!(history.contains(r#""by":"carol""#) && bench.patches.problems().is_empty());
}

#[test]
fn pins_are_set_and_ended() {
    let bench = PatchBench::new();
    bench.post_bytes("", &bench.bundle("release-1.0.0", None, &module(1)));
    let order = |more: Value| {
        let mut order = json!({"app": "demo", "game": "jianzi"});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        order
    };
    let pinned = bench.post("/pin", &order(json!({"room": "17-k3v9x2m4p7", "version": 1}))).json();
    assert_eq!(pinned["data"][0]["pinned_rooms"], 1);
    let pinned = bench.post("/pin", &order(json!({"player": "p", "version": 1}))).json();
    assert_eq!(pinned["data"][0]["pinned_players"], 1);
    let ended = bench.post("/pin", &order(json!({"room": "17-k3v9x2m4p7", "version": null}))).json();
    assert_eq!(ended["data"][0]["pinned_rooms"], 0);
    for bad in [
        json!({"room": "17-k3v9x2m4p7", "version": 9}),
        json!({"room": "nowhere", "version": 1}),
        json!({"room": "17-k3v9x2m4p7", "player": "p", "version": 1}),
        json!({"version": 1}),
        json!({"room": "17-k3v9x2m4p7", "version": 1, "more": 1}),
    ] {
        bench.post("/pin", &order(bad)).refused(ErrorCode::BadRequest);
    }
}

#[test]
fn what_is_refused_says_why() {
    let bench = PatchBench::new();
    let good = bench.bundle("release-1.0.0", None, &module(1));
    let mut tampered = good.clone();
    *tampered.last_mut().unwrap() ^= 1;
    for (bytes, part) in [(&tampered[..], "tampered"), (b"text", "no patch bundle"), (&good[..30], "cut off")]
    {
        for path in ["", "/verify"] {
            let refused = bench.post_bytes(path, bytes).refused(ErrorCode::BadRequest);
            assert!(refused["msg"].as_str().unwrap().contains(part), "{refused}");
        }
    }
    bench.post_bytes("?share=200%25", &good).refused(ErrorCode::BadRequest);
    bench.post_bytes("", &vec![0; Bundle::BYTES_MAX + 1]).refused(ErrorCode::TooLong);
    bench.get("?app=demo").refused(ErrorCode::BadRequest);
    bench.get("?app=demo&game=jianzi").refused(ErrorCode::NotFound);
    let order = json!({"app": "demo", "game": "jianzi"});
    bench.post("/promote", &order).refused(ErrorCode::NotFound);
    bench.post("/rollback", &order).refused(ErrorCode::NotFound);
    bench.post("/rollback", &json!({"app": "demo"})).refused(ErrorCode::BadRequest);
}

#[test]
fn nobody_gets_through_without_the_token() {
    let bench = PatchBench::new();
    let url = |path: &str| format!("http://{}/admin/v1/patches{path}", bench.address);
    for path in ["", "/history"] {
        Reply::of(agent().get(url(path)).call().unwrap()).refused(ErrorCode::NotLoggedIn);
        let wrong = agent().get(url(path)).header("authorization", "Bearer wrong");
        Reply::of(wrong.call().unwrap()).refused(ErrorCode::Forbidden);
    }
    for path in ["", "/verify", "/promote", "/rollback", "/pin"] {
        Reply::of(agent().post(url(path)).send_json(json!({})).unwrap()).refused(ErrorCode::NotLoggedIn);
    }
    // The rest of the listener is what it was.
    assert_eq!(
        Reply::of(agent().get(format!("http://{}/healthz", bench.address)).call().unwrap()).status,
        200
    );
    Reply::of(agent().get(format!("http://{}/nothing", bench.address)).call().unwrap())
        .refused(ErrorCode::NotFound);
}

impl PatchBench {
    fn new() -> PatchBench {
        let folder = TempDir::new().unwrap();
        let key = PrivateKey::draw("alice", &mut Chance::seeded(1)).unwrap();
        let config = PatchesConfig {
            folder: folder.path().join("games"),
            trust: folder.path().join("trust"),
            share: Share::per_mille(100).unwrap(),
            rollout: RolloutConfig::default(),
        };
        std::fs::create_dir_all(&config.trust).unwrap();
        let trusted = TrustStore::file("alice", key.public(), &[], None, None).unwrap();
        std::fs::write(config.trust.join("alice.toml"), trusted).unwrap();
        let clock = Clock::Manual(Arc::new(ManualClock::new(1_795_219_200_000)));
        let (catalog, _) = Patches::open_catalog(&config, clock.clone()).unwrap();
        let rooms = Arc::new(Obedient::default());
        let patches = Arc::new(Patches::start(config, rooms.parts(clock), catalog).unwrap());
        let token = Some(Secret::new(TOKEN));
        let admin = admin_router(AdminState {
            not_ready: Arc::new(Vec::new),
            metrics: Arc::new(String::new),
            releases: Arc::new(releases::Releases::new(Vec::new()).unwrap()),
            token: token.clone(),
        });
        let router = admin.merge(patch_router(PatchAdmin { patches: patches.clone(), token }));
        let (address, server, runtime) = serve(router);
        PatchBench { address, patches, rooms, key, _server: (server, runtime, folder) }
    }

    fn bundle(&self, name: &str, base: Option<&[u8]>, module: &[u8]) -> Vec<u8> {
        let name: releases::PatchName = name.parse().unwrap();
        let version = name.line().to_owned();
        let draft = Draft {
            base: base.map(|module| Base { version, module: module_hash(module) }),
            name,
            app: AppId::new("demo"),
            game: "jianzi".into(),
            abi: 1,
            author: "Alice".into(),
            made_ms: 0,
            notes: String::new(),
        };
        let mut bundle = Bundle::build(draft, module.to_vec()).unwrap();
        bundle.sign(&self.key);
        bundle.write()
    }

    fn get(&self, path: &str) -> Reply {
        let url = format!("http://{}/admin/v1/patches{path}", self.address);
        Reply::of(agent().get(url).header("authorization", format!("Bearer {TOKEN}")).call().unwrap())
    }

    fn post(&self, path: &str, order: &Value) -> Reply {
        let url = format!("http://{}/admin/v1/patches{path}", self.address);
        let request = agent().post(url).header("authorization", format!("Bearer {TOKEN}"));
        Reply::of(request.send_json(order).unwrap())
    }

    fn post_bytes(&self, path: &str, bytes: &[u8]) -> Reply {
        let url = format!("http://{}/admin/v1/patches{path}", self.address);
        let request = agent().post(url).header("authorization", format!("Bearer {TOKEN}"));
        Reply::of(request.header("content-type", "application/octet-stream").send(bytes).unwrap())
    }

    /// The game once its status is as wanted.
    fn wait_for(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..5000 {
            let status = self.get("?app=demo&game=jianzi").json()["data"]["games"][0].clone();
            if wanted(&status) {
                return status;
            }
            std::thread::yield_now();
        }
        panic!("{}", self.get("").json());
    }
}

/// A module of ours; each number gives another.
fn module(number: u32) -> Vec<u8> {
    let calls = ["jz_alloc", "jz_init", "jz_join", "jz_leave", "jz_input", "jz_tick", "jz_save", "jz_load"];
    let calls: String = calls
        .iter()
        .map(|name| format!(r#"(func (export "{name}") (result i32) i32.const {number})"#))
        .collect();
    wat::parse_str(format!(
        r#"(module (memory (export "memory") 1) (func (export "jz_abi") (result i32) i32.const 1) {calls})"#
    ))
    .unwrap()
}
