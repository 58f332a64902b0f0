//! The operators' listener.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use model::AppId;
use platform::Secret;
use protocol::ErrorCode;
use releases::Releases;
use rest::{AdminState, admin_router};
use serde_json::{Value, json};

use crate::bench::{Reply, agent, serve};

#[test]
fn health_readiness_and_metrics() {
    let reasons = Arc::new(Mutex::new(Vec::<String>::new()));
    let state = AdminState {
        not_ready: Arc::new({
            let reasons = reasons.clone();
            move || reasons.lock().unwrap().clone()
        }),
        ..admin_state(None)
    };
    let (address, _server, _runtime) = serve(admin_router(state));
    assert_eq!(get(address, "/healthz").status, 200);
    assert_eq!(get(address, "/readyz").body, b"ready\n");
    reasons.lock().unwrap().push("journal behind".into());
    let not_ready = get(address, "/readyz");
    assert_eq!((not_ready.status, not_ready.body.as_slice()), (503, b"journal behind\n".as_slice()));
    let metrics = get(address, "/metrics");
    assert_eq!(metrics.body, b"jianzi_up 1\n");
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    get(address, "/v1/login").refused(ErrorCode::NotFound);
}

#[test]
fn the_table_of_builds_is_changed_by_who_has_the_token() {
    let state = admin_state(Some("an-operators-token"));
    let releases = state.releases.clone();
    let (address, _server, _runtime) = serve(admin_router(state));
    let table =
        json!({"builds": [{"app": "demo", "pattern": "<1.2", "decision": "must_update", "message": "更新"}]});
    put(address, None, &table).refused(ErrorCode::NotLoggedIn);
    for wrong in ["another", "an-operators-toke", "an-operators-tokens"] {
        put(address, Some(wrong), &table).refused(ErrorCode::Forbidden);
    }
    assert!(releases.rules().is_empty());
    assert_eq!(put(address, Some("an-operators-token"), &table).json()["data"], table);
    let verdict = releases.decide(&AppId::new("demo"), "1.1");
    assert_eq!(verdict.message, "更新");
    for (bad, part) in [
        (json!({"builds": [{"pattern": "<x", "decision": "allow"}]}), "rule 1"),
        (json!({"builds": [{"pattern": "*", "decision": "perhaps"}]}), "perhaps"),
        (json!({"builds": [{"pattern": "*", "decision": "allow", "sever": "x"}]}), "sever"),
        (json!({}), "builds"),
        (json!([]), "expected"),
    ] {
        let refused = put(address, Some("an-operators-token"), &bad).refused(ErrorCode::BadRequest);
        assert!(refused["msg"].as_str().unwrap().contains(part), "{refused}");
    }
    assert_eq!(releases.rules().len(), 1, "a bad table changes nothing");
}

#[test]
fn without_a_token_nobody_may() {
    let (address, _server, _runtime) = serve(admin_router(admin_state(None)));
    put(address, Some(""), &json!({"builds": []})).refused(ErrorCode::Forbidden);
    put(address, Some("x"), &json!({"builds": []})).refused(ErrorCode::Forbidden);
    get(address, "/admin/v1/builds").refused(ErrorCode::Forbidden);
}

fn admin_state(token: Option<&str>) -> AdminState {
    AdminState {
        not_ready: Arc::new(Vec::new),
        metrics: Arc::new(|| "jianzi_up 1\n".into()),
        releases: Arc::new(Releases::new(Vec::new()).unwrap()),
        token: token.map(Secret::new),
    }
}

fn get(address: SocketAddr, path: &str) -> Reply {
    Reply::of(agent().get(format!("http://{address}{path}")).call().unwrap())
}

fn put(address: SocketAddr, token: Option<&str>, table: &Value) -> Reply {
    let mut request = agent().put(format!("http://{address}/admin/v1/builds"));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    Reply::of(request.send_json(table).unwrap())
}
