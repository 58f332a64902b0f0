//! Whatever a client sends, it hears what was wrong and the server goes on.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::json;

use crate::bench::{Bench, Reply, agent};

#[test]
fn json_of_the_wrong_shape_is_refused_with_a_place() {
    let bench = Bench::new();
    let deep = format!("{{\"code\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let cases: [(&str, &str); 13] = [
        ("", "EOF"),
        ("{", "EOF"),
        ("nonsense", "line 1"),
        ("[]", "expected"),
        ("null", "expected"),
        ("\"code\"", "expected"),
        ("{}", "missing field `code`"),
        (r#"{"code":7}"#, "invalid type: integer `7`, expected a string"),
        (r#"{"code":null}"#, "expected a string"),
        (r#"{"code":["dev:alice"]}"#, "expected a string"),
        (r#"{"code":"dev:a","build":{}}"#, "expected a string"),
        (r#"{"code":"dev:a","code":"dev:b"}"#, "duplicate field"),
        (&deep, "expected a string"),
    ];
    for (body, part) in cases {
        let sentence =
            send(&bench, "application/json", body.as_bytes()).refused(ErrorCode::BadRequest)["msg"].clone();
        assert!(sentence.as_str().unwrap().contains(part), "{sentence} for {}", &body[..body.len().min(40)]);
    }
    send(&bench, "application/json", b"{\"code\":\"\xff\xfe\"}").refused(ErrorCode::BadRequest);
    bench.login("demo", "alice");
}

#[test]
fn unknown_fields_are_passed_over_however_deep() {
    let bench = Bench::new();
    let deep = format!(r#"{{"code":"dev:a","more":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    for body in [r#"{"code":"dev:a","nick":{"x":[1]},"app":null}"#, deep.as_str()] {
        let reply = send(&bench, "application/json; charset=UTF-8", body.as_bytes());
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

#[test]
fn giant_bodies_are_refused_unread() {
    let bench = Bench::new();
    let giant = format!(r#"{{"code":"{}"}}"#, "x".repeat(64 * 1024));
    assert_eq!(
        send(&bench, "application/json", giant.as_bytes()).refused(ErrorCode::TooLong)["retry"],
        "never"
    );
    // Announced only: refused before a byte of it came.
    let head = "POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let answer =
        bench.raw(format!("{head}content-length: 99999999999\r\nconnection: close\r\n\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // Not announced: refused as soon as it is too much.
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(4));
    let answer = bench.raw(chunked.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let long = json!({"code": "dev:a", "device": "d".repeat(129)});
    let sentence = bench.post("/v1/login", &long, None).refused(ErrorCode::BadRequest)["msg"].clone();
    assert!(sentence.as_str().unwrap().contains("device"));
}

#[test]
fn other_content_types_are_refused_and_none_passes() {
    let bench = Bench::new();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "x", ""] {
        send(&bench, content_type, br#"{"code":"dev:a"}"#).refused(ErrorCode::BadRequest);
    }
    let body = r#"{"code":"dev:a"}"#;
    let bare = format!(
        "POST /v1/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(bench.raw(bare.as_bytes()).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let body_within = Duration::from_millis(200);
    let bench = Bench::with(|state| state.config.body_within = body_within, Default::default());
    let head = "POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let answer = bench.raw(format!("{head}content-length: 40\r\n\r\n{{\"code\"").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(&ErrorCode::Idle.number().to_string()));
}

#[test]
fn unknown_addresses_and_methods_have_an_envelope() {
    let bench = Bench::new();
    for path in
        ["/nowhere", "/v1", "/v1/", "/v1/login/", "/v3/user/info", "/metrics", "/healthz", "/admin/v1/builds"]
    {
        bench.get(path, None).refused(ErrorCode::NotFound);
    }
    let wrong = bench.get("/v1/login", None);
    wrong.refused(ErrorCode::MethodNotAllowed);
    assert_eq!(wrong.header("allow"), "POST");
    let delete = agent().delete(bench.url("/v1/user/info")).call().unwrap();
    Reply::of(delete).refused(ErrorCode::MethodNotAllowed);
    for query in ["?build=%ff%fe", "?app=demo&app=demo", "?%"] {
        let reply = bench.get(&format!("/v1/version{query}"), None);
        assert!(reply.status == 200 || reply.status == 400, "{reply:?}");
    }
    bench.get("/v1/version?app=demo&app=demo", None).refused(ErrorCode::BadRequest);
}

#[test]
fn bytes_that_are_no_http_end_the_connection_only() {
    let bench = Bench::new();
    let long_head = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(2000));
    let garbage: [&[u8]; 6] = [
        b"\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/user/info HTTP/1.1\r\nauthorization: Bearer \xff\xfe\r\nconnection: close\r\n\r\n",
        b"POST /v1/login HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
        long_head.as_bytes(),
        many_headers.as_bytes(),
    ];
    for bytes in garbage {
        let answer = bench.raw(bytes);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    bench.login("demo", "alice");
}

fn send(bench: &Bench, content_type: &str, body: &[u8]) -> Reply {
    let request = agent().post(bench.url("/v1/login")).header("content-type", content_type);
    Reply::of(request.send(body).unwrap())
}
