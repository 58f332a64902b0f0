//! Login, refresh, logout.

use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::ErrorCode;
use releases::{BuildRule, Decision};
use serde_json::json;
use wechat_sim::SimFault;

use crate::bench::Bench;

#[test]
fn a_code_gives_tokens_that_work() {
    let bench = Bench::new();
    let reply = bench.post("/v1/login", &json!({"code": "dev:alice"}), None);
    let body = reply.json();
    assert_eq!((&body["code"], &body["msg"]), (&json!(0), &json!("ok")));
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(reply.header("cache-control"), "no-store");
    let data = &body["data"];
    assert_eq!(data["expires_in"], 3600);
    assert_eq!(data["player"]["name"], "alice");
    assert_eq!(data["build"]["decision"], "allow");
    let info = bench.get("/v1/user/info", data["token"].as_str()).json();
    assert_eq!(info["data"]["id"], data["player"]["id"]);
}

#[test]
fn refresh_and_logout() {
    let bench = Bench::new();
    let first = bench.login("demo", "alice");
    let refresh = json!({"refresh_token": first["refresh_token"]});
    let second = bench.post("/v1/refresh", &refresh, None).json()["data"].clone();
    assert_eq!(second["player"], first["player"]);
    // The answer was lost: the same again.
    let again = bench.post("/v1/refresh", &refresh, None).json()["data"].clone();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    let token = second["token"].as_str();
    assert_eq!(bench.post("/v1/logout", &json!({}), token).json()["data"], json!({}));
    bench.get("/v1/user/info", token).refused(ErrorCode::TokenInvalid);
    let spent = json!({"refresh_token": second["refresh_token"]});
    bench.post("/v1/refresh", &spent, None).refused(ErrorCode::RefreshInvalid);
}

#[test]
fn apps_do_not_share_players() {
    let bench = Bench::new();
    let (demo, other) = (bench.login("demo", "alice"), bench.login("other", "alice"));
    assert_ne!(demo["player"]["id"], other["player"]["id"]);
    bench
        .post("/v1/login", &json!({"app": "third", "code": "dev:alice"}), None)
        .refused(ErrorCode::UnknownApp);
    assert_eq!(bench.get("/v2/user/info", other["token"].as_str()).json()["data"]["app"], "other");
    bench.clock.advance(Duration::from_secs(3600));
    bench.get("/v2/user/info", other["token"].as_str()).refused(ErrorCode::TokenExpired);
}

#[test]
fn the_platform_s_faults_are_told() {
    let bench = Bench::new();
    for (fault, code) in [
        (SimFault::Busy, ErrorCode::PlatformUnavailable),
        (SimFault::InvalidCode, ErrorCode::CodeRejected),
        (SimFault::UsedCode, ErrorCode::CodeRejected),
        (SimFault::HighRisk, ErrorCode::Banned),
    ] {
        bench.sim.inject(fault, Some(1));
        bench.post("/v1/login", &json!({"code": "dev:alice"}), None).refused(code);
    }
    bench.login("demo", "alice");
}

#[test]
fn a_slow_platform_holds_nobody_else_up_and_ends_in_time() {
    let answer_within = Duration::from_millis(300);
    let bench = Bench::with(|state| state.config.answer_within = answer_within, Default::default());
    let token = bench.token();
    bench.sim.inject(SimFault::Slow(Duration::from_secs(600)), None);
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| bench.post("/v1/login", &json!({"code": "dev:bob"}), None)))
            .collect();
        bench.get("/v1/user/info", Some(&token)).json();
        for reply in slow {
            reply.join().unwrap().refused(ErrorCode::DeadlineExceeded);
        }
    });
    bench.sim.heal();
    bench.login("demo", "bob");
}

#[test]
fn limits_answer_with_a_time_to_wait() {
    let bench = Bench::new();
    bench.admits.store(false, Ordering::SeqCst);
    let reply = bench.post("/v1/login", &json!({"code": "dev:alice", "device": "phone-7"}), None);
    let body = reply.refused(ErrorCode::TooManyRequests);
    assert_eq!((&body["retry"], &body["retry_after_ms"]), (&json!("later"), &json!(1500)));
    assert_eq!(reply.header("retry-after"), "2");
    // What the limit was asked about.
    let attempt = body["msg"].as_str().unwrap();
    assert!(
        attempt.contains("demo") && attempt.contains("phone-7") && attempt.contains("127.0.0.1"),
        "{attempt}"
    );
}

#[test]
fn addresses_come_from_listed_proxies_only() {
    let attempt = |bench: &Bench| {
        bench.admits.store(false, Ordering::SeqCst);
        let request =
            crate::bench::agent().post(bench.url("/v1/login")).header("x-forwarded-for", "9.9.9.9, 8.8.8.8");
        let reply = crate::bench::Reply::of(request.send_json(json!({"code": "dev:alice"})).unwrap());
        reply.refused(ErrorCode::TooManyRequests)["msg"].as_str().unwrap().to_owned()
    };
    let direct = attempt(&Bench::new());
    assert!(direct.contains("127.0.0.1") && !direct.contains("8.8.8.8"), "{direct}");
    let listed = admission::Proxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let behind = attempt(&Bench::with(move |state| state.proxies = listed.into(), Default::default()));
    assert!(behind.contains("8.8.8.8") && !behind.contains("9.9.9.9"), "{behind}");
}

#[test]
fn the_version_table_decides_at_login_and_changes_at_run_time() {
    let bench = Bench::new();
    let rule = |pattern: &str, decision, server: &str| BuildRule {
        app: None,
        pattern: pattern.into(),
        decision,
        message: "请更新到新版本".into(),
        server: server.into(),
    };
    let login = |build: &str| bench.post("/v1/login", &json!({"code": "dev:alice", "build": build}), None);
    assert_eq!(login("1.0").status, 200);
    bench
        .state
        .releases
        .replace(vec![
            rule("<1.2", Decision::MustUpdate, ""),
            rule("1.2.*", Decision::PleaseUpdate, ""),
            rule("2.*", Decision::OtherServer, "wss://next.example"),
        ])
        .unwrap();
    assert_eq!(login("1.0").refused(ErrorCode::Outdated)["msg"], "请更新到新版本");
    assert_eq!(login("1.2.0").json()["data"]["build"]["decision"], "please_update");
    assert_eq!(login("2.0").json()["data"]["build"]["server"], "wss://next.example");
    let verdict = bench.get("/v1/version?app=demo&build=1.1.9", None).json();
    assert_eq!(verdict["data"]["decision"], "must_update");
    assert_eq!(bench.get("/v1/version", None).json()["data"]["decision"], "allow");
    bench.get("/v1/version?app=third", None).refused(ErrorCode::UnknownApp);
}
