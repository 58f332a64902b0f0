//! HTTP requests that are not what they should be: a status, a code, a sentence, and the next one is served.

use protocol::ErrorCode;
use serde_json::json;
use testkit::{HttpAnswer, Raw, Server};

use crate::support::{options, player, start};

/// What the server says to these bytes before it hangs up.
fn answer_to(server: &Server, bytes: &[u8]) -> HttpAnswer {
    let mut raw = Raw::connect(server.address("http"));
    raw.send(bytes);
    HttpAnswer::read(&raw.read_to_end())
}

fn post(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{content_type}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn refused(answer: &HttpAnswer, status: u16, code: ErrorCode) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let envelope = answer.json();
    assert_eq!(envelope["code"], code.number(), "{}", answer.text);
    for sentence in ["msg", "msg_zh"] {
        assert!(envelope[sentence].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.text);
    }
    assert!(["never", "now", "later", "login"].contains(&envelope["retry"].as_str().unwrap()));
}

#[test]
fn a_login_with_the_wrong_json_says_what_is_wrong() {
    let server = start();
    let http = server.http();
    let long = "x".repeat(600);
    for body in [
        "",
        "null",
        "[]",
        "7",
        "\"code\"",
        "{",
        "{}",
        r#"{"code":7}"#,
        r#"{"code":null}"#,
        r#"{"code":["dev:a"]}"#,
        r#"{"code":{"dev":"a"}}"#,
        r#"{"code":"dev:a","device":1}"#,
        r#"{"code":"dev:a","build":1.5}"#,
        r#"{"code":"dev:a","app":true}"#,
        r#"{"code":"dev:a"} and more"#,
        r#"{"code":"dev:a","code":"dev:b"}"#,
        r#"{"code":"\ud800"}"#,
        &format!(r#"{{"code":"dev:{long}"}}"#),
        &format!(r#"{{"code":"dev:a","device":"{long}"}}"#),
        &format!(r#"{{"code":"dev:a","build":"{long}"}}"#),
        &format!(r#"{{"code":"dev:a","app":"{long}"}}"#),
    ] {
        refused(&http.post_bytes("/v1/login", body.as_bytes()), 400, ErrorCode::BadRequest);
    }
    refused(&http.post_bytes("/v1/login", b"{\"code\":\"\xFF\xFE\"}"), 400, ErrorCode::BadRequest);
    // Deeper than any stack likes, in a field that nobody knows and where the code should be.
    for field in ["other", "code"] {
        let deep = format!("{{\"code\":\"dev:a\",\"{field}\":{}", "[".repeat(30_000));
        refused(&http.post_bytes("/v1/login", deep.as_bytes()), 400, ErrorCode::BadRequest);
    }
    assert_eq!(http.post("/v1/login", &json!({ "code": "dev:a", "unknown": [1, 2] })).status, 200);
}

#[test]
fn a_giant_body_is_refused_before_it_is_read() {
    let mut server = start();
    let giant = vec![b' '; 1 << 20];
    refused(&server.http().post_bytes("/v1/login", &giant), 413, ErrorCode::TooLong);
    // Announced, but never sent: the answer does not wait for it.
    let announced =
        b"POST /v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9999999999\r\n\r\n";
    refused(&answer_to(&server, announced), 413, ErrorCode::TooLong);
    // Of unknown length: read up to the limit and no further.
    let mut chunked =
        b"POST /v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..65 {
        chunked.extend_from_slice(b"400\r\n");
        chunked.extend_from_slice(&[b' '; 0x400]);
        chunked.extend_from_slice(b"\r\n");
    }
    refused(&answer_to(&server, &chunked), 413, ErrorCode::TooLong);
    let before = server.resident_bytes();
    for _ in 0..50 {
        server.http().post_bytes("/v1/login", &giant);
    }
    assert!(server.resident_bytes() < before + (16 << 20), "50 MiB were not kept");
    assert!(server.is_alive());
}

#[test]
fn the_content_type_is_json_or_absent() {
    let server = start();
    let body = br#"{"code":"dev:a"}"#;
    let with = |content_type: &str| answer_to(&server, &post("/v1/login", content_type, body));
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        refused(&with(&format!("Content-Type: {wrong}\r\n")), 400, ErrorCode::BadRequest);
    }
    for good in
        ["", "Content-Type: application/json\r\n", "content-type: Application/JSON; charset=utf-8\r\n"]
    {
        assert_eq!(with(good).status, 200, "{good:?}");
    }
}

#[test]
fn unknown_paths_and_methods_are_named_as_such() {
    let server = start();
    let http = server.http();
    for path in [
        "/v1/nothing",
        "/v3/user/info",
        "/v1/login/",
        "/play/../../etc/passwd",
        "/play/%2e%2e/x",
        "/admin/v1/builds",
    ] {
        refused(&http.get(path), 404, ErrorCode::NotFound);
    }
    for (method, path) in
        [("GET", "/v1/login"), ("DELETE", "/v1/user/info"), ("PUT", "/v1/refresh"), ("BREW", "/v1/version")]
    {
        refused(&http.request(method, path, &[], b""), 405, ErrorCode::MethodNotAllowed);
    }
    refused(&http.get("/v1/version?app=nobodys"), 404, ErrorCode::UnknownApp);
    let token = http.token("a");
    for room in ["1-unknown0", "..%2f..%2fsecret", "x".repeat(500).as_str()] {
        refused(&http.get_as(&format!("/v1/replays/{room}"), &token), 404, ErrorCode::RoomUnknown);
    }
    // The operators' door says no more than that either.
    refused(&server.admin().get("/v1/login"), 404, ErrorCode::NotFound);
    refused(&server.admin().request("DELETE", "/metrics", &[], b""), 405, ErrorCode::MethodNotAllowed);
}

#[test]
fn what_is_not_http_is_told_so() {
    let mut server = start();
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n", "a".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200));
    let nul = "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n";
    for bytes in
        ["\x16\x03\x01 hello TLS", "SSH-2.0-OpenSSH_9.6\r\n", "\x12\x34\x01\x0A\0\0\0\0", nul, &long, &many]
    {
        let answer = answer_to(&server, bytes.as_bytes());
        assert_eq!(answer.status, 400, "{bytes:?}: {answer:?}");
        assert!(!answer.text.is_empty());
    }
    // Handshakes that are none.
    for (with, without) in [
        ("", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        ("Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Version: 13\r\n"),
    ] {
        let upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        assert_eq!(answer_to(&server, upgrade.replace(without, with).as_bytes()).status, 400, "{without}");
    }
    // An upgrade elsewhere is an ordinary request for something that is not there.
    let elsewhere = "GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(answer_to(&server, elsewhere.as_bytes()).status, 404);
    assert!(server.is_alive());
    player(&server, "still-works");
}

/// Requests cut off in the middle, in every place.
#[test]
fn a_request_may_end_anywhere() {
    // Nobody waits for a timeout: an end is noticed also when it comes with the last bytes.
    let mut server = Server::start(options().with("GATEWAY__LOGIN_TIMEOUT", "10m"));
    let whole = post("/v1/login", "Content-Type: application/json\r\n", br#"{"code":"dev:a"}"#);
    for length in (0..whole.len()).step_by(3) {
        let mut raw = Raw::connect(server.address("http"));
        raw.send(&whole[..length]);
        raw.stream().shutdown(std::net::Shutdown::Write).unwrap();
        let said = raw.read_to_end();
        assert!(!said.starts_with(b"HTTP/1.1 200"), "after {length} bytes");
    }
    assert_eq!(answer_to(&server, &whole).status, 200);
    assert!(server.is_alive());
}

#[test]
fn forwarded_addresses_count_where_a_listed_proxy_says_them() {
    let limits = |options: testkit::ServerOptions| options.with("LOGIN__PER_ADDRESS", "1/s burst 3");
    let from = |server: &Server, forwarded: &str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", forwarded)];
        server.http().request("POST", "/v1/login", &headers, br#"{"code":"dev:a"}"#)
    };
    // This machine's address is not listed: whatever it says, it stays one address.
    let unlisted = Server::start(limits(options()));
    let answers: Vec<_> = (0..8).map(|number| from(&unlisted, &format!("203.0.113.{number}"))).collect();
    let sent_away: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(sent_away.len() >= 4, "{} of 8", sent_away.len());
    refused(sent_away[0], 429, ErrorCode::TooManyRequests);
    assert!(sent_away[0].header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().unwrap() >= 1));

    let listed = Server::start(limits(options()).with("SERVER__PROXIES", "127.0.0.1"));
    for number in 0..20 {
        assert_eq!(from(&listed, &format!("203.0.113.{number}")).status, 200, "each is its own address");
    }
    let same: Vec<_> = (0..8).map(|_| from(&listed, "198.51.100.7").status).collect();
    assert!(same.contains(&429), "one address behind the proxy is limited: {same:?}");
    // What the client wrote itself stands before what the proxy saw, and is not believed.
    let spoofed: Vec<_> =
        (0..8).map(|number| from(&listed, &format!("10.0.0.{number}, 198.51.100.9")).status).collect();
    assert!(spoofed.contains(&429), "{spoofed:?}");
}

#[test]
fn pages_of_listed_origins_may_call() {
    let preflight = |server: &Server, origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        server.http().request("OPTIONS", "/v1/login", &headers, b"")
    };
    let allowed = |answer: &HttpAnswer| answer.header("access-control-allow-origin").map(str::to_owned);
    let any = start();
    let answer = preflight(&any, "https://anybody.example");
    assert_eq!((answer.status, allowed(&answer).as_deref()), (204, Some("https://anybody.example")));
    let headers = answer.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");

    let listed = Server::start(options().with("CORS__ORIGINS", "https://game.example"));
    assert_eq!(allowed(&preflight(&listed, "https://game.example")).as_deref(), Some("https://game.example"));
    let other = preflight(&listed, "https://evil.example");
    assert_eq!((other.status, allowed(&other)), (403, None));
    let plain = listed.http().request("GET", "/v1/version", &[("origin", "https://evil.example")], b"");
    assert_eq!((plain.status, allowed(&plain)), (200, None), "the browser keeps it from the page");
    assert_eq!(plain.header("vary"), Some("origin"));
}

/// Every path and method that `/openapi.json` names is served, and needs a token exactly where it says so.
#[test]
fn openapi_describes_what_is_served() {
    let server = start();
    let http = server.http();
    let document = http.get("/openapi.json").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let paths = document["paths"].as_object().unwrap();
    for known in ["/v1/login", "/v1/refresh", "/v1/logout", "/v1/user/info", "/v2/user/info", "/v1/version"] {
        assert!(paths.contains_key(known), "{known}");
    }
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let answer =
                http.request(&method.to_uppercase(), &path.replace("{room}", "1-unknown0"), &[], b"");
            assert!(![404, 405].contains(&answer.status), "{method} {path}: {}", answer.text);
            assert_eq!(answer.status == 401, operation.get("security").is_some(), "{method} {path}");
            let described = &operation["responses"][answer.status.to_string()];
            assert!(described.is_object(), "{method} {path}: {} is not described", answer.status);
        }
    }
}
