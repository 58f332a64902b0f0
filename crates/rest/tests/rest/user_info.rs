//! Two versions of one address, and the statuses of a token.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::json;

use crate::bench::{Bench, Reply, agent};

#[test]
fn the_second_version_tells_more() {
    let bench = Bench::new();
    bench.token();
    bench.clock.advance(Duration::from_secs(9));
    let token = bench.token();
    let v1 = bench.get("/v1/user/info", Some(&token)).json()["data"].clone();
    assert_eq!(v1.as_object().unwrap().len(), 2);
    let v2 = bench.get("/v2/user/info", Some(&token)).json()["data"].clone();
    for field in ["id", "name"] {
        assert_eq!(v1[field], v2[field]);
    }
    assert_eq!(
        (&v2["app"], &v2["role"], &v2["token_expires_s"]),
        (&json!("demo"), &json!("player"), &json!(1_700_003_609))
    );
    assert_eq!(
        v2["profile"],
        json!({"platform": "wechat-sim", "created_ms": 1_700_000_000_000_u64, "last_login_ms": 1_700_000_009_000_u64, "logins": 2})
    );
}

/// 401 absent or expired, 403 invalid.
#[test]
fn absent_expired_and_invalid_tokens_differ() {
    let bench = Bench::new();
    let token = bench.token();
    for path in ["/v1/user/info", "/v2/user/info"] {
        let absent = bench.get(path, None);
        absent.refused(ErrorCode::NotLoggedIn);
        assert_eq!((absent.status, absent.header("www-authenticate")), (401, "Bearer"));
        bench.get(path, Some("a.b.c")).refused(ErrorCode::TokenInvalid);
        assert_eq!(bench.get(path, Some(&format!("{token}x"))).status, 403);
        let basic = agent().get(bench.url(path)).header("authorization", "Basic YTpi").call().unwrap();
        Reply::of(basic).refused(ErrorCode::NotLoggedIn);
    }
    bench.clock.advance(Duration::from_secs(3600));
    let expired = bench.get("/v1/user/info", Some(&token));
    assert_eq!(
        (expired.refused(ErrorCode::TokenExpired)["retry"].clone(), expired.status),
        (json!("login"), 401)
    );
}

#[test]
fn a_ban_is_told_with_its_reason() {
    let bench = Bench::new();
    let login = bench.login("demo", "alice");
    let player = login["player"]["id"].as_str().unwrap().into();
    bench.state.accounts.ban(&"demo".into(), &player, "cheating", None);
    let banned = bench.get("/v1/user/info", login["token"].as_str()).refused(ErrorCode::Banned);
    assert!(banned["msg"].as_str().unwrap().contains("cheating"));
}
