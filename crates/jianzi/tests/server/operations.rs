//! What operators see and do: the ready line, logs, health, metrics, the version table, an orderly stop.

use std::net::SocketAddr;

use prost::Message as _;
use protocol::messages::build_verdict::Decision;
use protocol::messages::push::Event;
use protocol::{ErrorCode, messages, operation};
use serde_json::{Value, json};
use testkit::{HttpAnswer, Player, Raw, Server, frame};
use tungstenite::Message;

use crate::support::{
    create, join, lockstep_spec, options, player, relay_spec, resume, resume_login, room_id, start,
    two_in_lockstep,
};

#[test]
fn the_ready_line_names_every_address() {
    let mut options = options();
    options.arguments = vec!["--http".into(), "127.0.0.1:0".into(), "--tcp".into(), "[::1]:0".into()];
    let server = Server::start(options);
    let ready = server.events("ready");
    assert_eq!(ready.len(), 1, "{ready:?}");
    let addresses: Vec<(&str, SocketAddr)> = ready[0]
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .filter_map(|(name, address)| Some((name, address.parse().ok()?)))
        .collect();
    let names: Vec<_> = addresses.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["http", "http", "tcp", "tcp", "admin"], "{}", ready[0]);
    for (name, address) in addresses {
        assert_ne!(address.port(), 0);
        match name {
            "http" => assert_eq!(testkit::Http::new(address).get("/v1/version").status, 200),
            "admin" => assert_eq!(testkit::Http::new(address).get("/healthz").status, 200),
            _ => {
                let mut raw = Raw::connect(address);
                raw.send(&frame(operation::CALL, &messages::Call::default()));
                assert_eq!(raw.next_frame().unwrap().0, operation::ERROR);
            }
        }
    }
    let limits = server.events("limits");
    assert!(limits.len() == 1 && limits[0].contains("binds_first="), "{limits:?}");
}

#[test]
fn production_logs_json_and_no_secrets() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("jianzi.toml");
    let keys = ["q8ZrPk2vXw7TnB4mLd9JhF3sGc6YtR5a", "0vXw7TnB4mLd9JhF3sGc6YtR5aPkq8Zr"];
    let config = format!(
        "[server]\nresume_key = \"{}\"\n[[apps]]\nid = \"game\"\nplatform = \"simulator\"\njwt_keys = [\"{}\"]\n",
        keys[0], keys[1]
    );
    std::fs::write(&file, config).unwrap();
    let mut options = options().with("LOG__LEVEL", "debug").with("SERVER__DRAIN_WITHIN", "1s");
    options.command = "serve";
    options.arguments = vec!["--config".into(), file.display().to_string()];
    let server = Server::start(options);
    let token = server.http().token("a");
    let player = Player::connect(server.address("http"), &token);
    server.http().get("/v1/nothing");
    server.http().get(&format!("/v1/version?token={token}"));
    drop(player);
    server.terminate();
    testkit::eventually("the last line", || (!server.events("stopped").is_empty()).then_some(()));

    let log = server.log();
    let mut events = Vec::new();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        for field in ["timestamp", "level", "target"] {
            assert!(line[field].is_string(), "{line}");
        }
        events.push(line["event"].as_str().unwrap_or_else(|| panic!("no event in {line}")).to_owned());
    }
    for event in ["limits", "ready", "http_request", "session_opened", "stopping", "stopped"] {
        assert!(events.iter().any(|said| said == event), "{event} in {events:?}");
    }
    for secret in keys.into_iter().chain([token.as_str()]) {
        assert!(!log.contains(secret), "a secret in the log: {log}");
    }
}

#[test]
fn health_and_metrics_tell_what_happens() {
    let server = start();
    assert_eq!(server.admin().get("/healthz").text, "ok\n");
    let ready = server.admin().get("/readyz");
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));

    let ([mut one, _two], ..) = two_in_lockstep(&server, lockstep_spec(2));
    let echo = messages::Property { key: "k".into(), value: "v".into() };
    for _ in 0..3 {
        let _: messages::Property = one.call("echo", &echo).unwrap();
    }
    one.call::<messages::Property>("no.such.method", &echo).unwrap_err();
    one.frames(1, 20);
    let raw = Raw::connect(server.address("tcp"));
    let text = server.admin().get("/metrics");
    assert!(text.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let metrics = text.text;
    let at_least = |series: &str, least: f64| {
        let found = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value: f64 = found.unwrap_or_else(|| panic!("{series} in {metrics}")).parse().unwrap();
        assert!(value >= least, "{series} {value}");
    };
    at_least("jianzi_gateway_connections_open{listener=\"http\"}", 2.0);
    at_least("jianzi_gateway_logins_total{outcome=\"new\"}", 2.0);
    at_least("jianzi_gateway_calls_seconds_count{method=\"echo\",status=\"ok\"}", 3.0);
    at_least("jianzi_gateway_calls_seconds_bucket{method=\"echo\",status=\"ok\",le=\"+Inf\"}", 3.0);
    at_least("jianzi_gateway_bytes_in_total", 100.0);
    at_least("jianzi_rooms_open{kind=\"lockstep\"}", 1.0);
    at_least("jianzi_rooms_ticks_total", 20.0);
    at_least("jianzi_rooms_tick_lag_seconds_count", 20.0);
    at_least("http_requests_total{method=\"POST\",path=\"/v1/login\",status=\"200\"}", 2.0);
    at_least("http_request_seconds_count{method=\"POST\",path=\"/v1/login\"}", 2.0);
    assert!(!metrics.contains("no.such.method"), "what clients write is no label");
    drop(raw);

    // Every line is one that Prometheus reads: a comment, or a series with one number.
    for line in metrics.lines() {
        let good = line.starts_with("# HELP ")
            || line.starts_with("# TYPE ")
            || line.rsplit_once(' ').is_some_and(|(series, value)| {
                series.starts_with(|c: char| c.is_ascii_lowercase()) && value.parse::<f64>().is_ok()
            });
        assert!(good, "{line:?}");
    }
    // And none of it stands at the players' door.
    for path in ["/metrics", "/healthz", "/readyz", "/admin/v1/builds"] {
        assert_eq!(server.http().get(path).status, 404, "{path}");
    }
}

const ADMIN: &str = "an-operator's-token-4711";

fn put_builds(server: &Server, token: &str, table: &Value) -> HttpAnswer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    server.admin().request("PUT", "/admin/v1/builds", &headers, table.to_string().as_bytes())
}

/// The verdict of the welcome, or the code of the refusal.
fn log_in_as(server: &Server, token: &str, build: &str) -> Result<messages::BuildVerdict, ErrorCode> {
    let login = messages::Login { token: token.to_owned(), build: build.to_owned(), ..Default::default() };
    match Player::try_log_in(server.address("http"), &login) {
        Ok(player) => Ok(player.welcome.build.unwrap_or_default()),
        Err((code, message)) => {
            assert!(message.contains("shop"), "the table's own words: {message}");
            Err(code.expect("a known code"))
        }
    }
}

#[test]
fn the_version_table_changes_while_the_server_runs() {
    let server = Server::start(options().with("SERVER__ADMIN_TOKEN", ADMIN));
    let token = server.http().token("a");
    assert_eq!(log_in_as(&server, &token, "1.0.0").unwrap().decision(), Decision::Allow);
    let mut playing = Player::connect(server.address("http"), &server.http().token("playing"));

    let rule = |pattern: &str, decision: &str| json!({ "pattern": pattern, "decision": decision, "message": "see the shop" });
    let mut elsewhere = rule("3.*", "other_server");
    elsewhere["server"] = json!("wss://next.example");
    let table =
        json!({ "builds": [rule("<1.2.0", "must_update"), rule("1.2.*", "please_update"), elsewhere] });
    let replaced = put_builds(&server, ADMIN, &table);
    assert_eq!(replaced.status, 200, "{}", replaced.text);

    assert_eq!(log_in_as(&server, &token, "1.1.9").err(), Some(ErrorCode::Outdated));
    let please = log_in_as(&server, &token, "1.2.5").unwrap();
    assert_eq!((please.decision(), please.message.as_str()), (Decision::PleaseUpdate, "see the shop"));
    let other = log_in_as(&server, &token, "3.0.1").unwrap();
    assert_eq!((other.decision(), other.server.as_str()), (Decision::OtherServer, "wss://next.example"));
    assert_eq!(log_in_as(&server, &token, "2.0.0").unwrap().decision(), Decision::Allow);
    // The HTTP interface says the same.
    let body = |build: &str| json!({ "code": "dev:a", "build": build });
    let outdated = server.http().post("/v1/login", &body("1.0.0"));
    assert_eq!((outdated.status, &outdated.json()["code"]), (426, &json!(ErrorCode::Outdated.number())));
    assert_eq!(
        server.http().post("/v1/login", &body("1.2.0")).json()["data"]["build"]["decision"],
        "please_update"
    );
    let version = server.http().get("/v1/version?build=3.1").json();
    assert_eq!(version["data"]["server"], "wss://next.example");
    // Whoever plays goes on.
    let echo = messages::Property { key: "k".into(), value: "v".into() };
    assert_eq!(playing.call::<messages::Property>("echo", &echo).unwrap().value, "v");

    // Neither a stranger nor a bad table changes anything.
    assert_eq!(put_builds(&server, "a-wrong-token-a-wrong-token", &json!({ "builds": [] })).status, 403);
    assert_eq!(server.admin().request("PUT", "/admin/v1/builds", &[], b"{\"builds\":[]}").status, 401);
    for bad in [
        json!({ "builds": [rule("<", "allow")] }),
        json!({ "builds": [rule("1.0", "explode")] }),
        json!({ "builds": [rule("1.0", "other_server")] }),
        json!({ "builds": [{ "pattern": "1.0", "decision": "allow", "mesage": "?" }] }),
        json!({ "build": [] }),
        json!([]),
    ] {
        let answer = put_builds(&server, ADMIN, &bad);
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text);
    }
    assert_eq!(log_in_as(&server, &token, "1.1.9").err(), Some(ErrorCode::Outdated));
    assert_eq!(put_builds(&server, ADMIN, &json!({ "builds": [] })).status, 200);
    assert_eq!(log_in_as(&server, &token, "1.1.9").unwrap().decision(), Decision::Allow);
}

#[test]
fn without_an_admin_token_nobody_changes_the_table() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("jianzi.toml");
    let config = "[server]\nresume_key = \"q8ZrPk2vXw7TnB4mLd9JhF3sGc6YtR5a\"\n\
        [[apps]]\nid = \"game\"\nplatform = \"simulator\"\njwt_keys = [\"0vXw7TnB4mLd9JhF3sGc6YtR5aPkq8Zr\"]\n";
    std::fs::write(&file, config).unwrap();
    let mut options = options();
    options.command = "serve";
    options.arguments = vec!["--config".into(), file.display().to_string()];
    let server = Server::start(options);
    for token in ["", "anything"] {
        assert_eq!(put_builds(&server, token, &json!({ "builds": [] })).status, 403, "{token:?}");
    }
}

fn goodbye(player: &mut Player) -> messages::Goodbye {
    messages::Goodbye::decode(player.next_of(operation::GOODBYE)).unwrap()
}

#[test]
fn a_server_that_is_asked_to_stop_says_good_bye() {
    let clock = clock::Clock::System;
    let server = Server::start(options().with("SERVER__DRAIN_WITHIN", "1s"));
    let mut idle = player(&server, "idle");
    let [mut one, mut two] = ["one", "two"].map(|name| player(&server, name));
    let created = create(&mut one, relay_spec(2));
    let joined = join(&mut two, &room_id(&created));
    resume(&mut one, created.channel, 0);
    resume(&mut two, joined.channel, 0);
    // Somebody who will never take leave, and one who has not logged in.
    let mut stubborn = Raw::connect(server.address("tcp"));
    let login = messages::Login { token: server.http().token("stubborn"), ..Default::default() };
    stubborn.send(&frame(operation::LOGIN, &login));
    assert_eq!(stubborn.next_frame().unwrap().0, operation::WELCOME);
    let _silent = Raw::connect(server.address("http"));
    let (http, admin) = (server.address("http"), server.address("admin"));

    let began = clock.now();
    server.terminate();
    for player in [&mut one, &mut two] {
        player.next_push(|event| match event {
            Event::Notice(notice) => (notice.kind == "draining").then_some(()),
            _ => None,
        });
    }
    for player in [&mut idle, &mut one, &mut two] {
        let goodbye = goodbye(player);
        assert_eq!(ErrorCode::from_number(goodbye.code), Some(ErrorCode::Draining));
        assert!(goodbye.retry_after_ms > 0, "when to come back");
        let end = player.socket().read();
        assert!(matches!(end, Ok(Message::Close(Some(_)))), "nothing after the good-bye: {end:?}");
    }
    let status = server.wait();
    assert_eq!(status.code(), Some(0));
    let took = clock.now().since(began);
    assert!(took.as_secs() < 8, "drain of one second and farewells of two: {took:?}");
    for address in [http, admin] {
        assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
    }
    // What was said to the stubborn one still lies in its socket.
    let (operation, body) = stubborn.next_frame().unwrap();
    assert_eq!(operation, operation::GOODBYE);
    assert!(messages::Goodbye::decode(body.as_slice()).unwrap().retry_after_ms > 0);
}

/// While a room plays on, the door is closed for new sessions only.
#[test]
fn a_draining_server_lets_matches_play_on_and_nobody_new_in() {
    let server = Server::start(options().with("SERVER__DRAIN_WITHIN", "20s"));
    let ([one, mut two], [channel, _], room) = two_in_lockstep(&server, lockstep_spec(2));
    let token = server.http().token("late");
    server.terminate();
    let login = messages::Login { token, ..Default::default() };
    let refused =
        testkit::eventually("no new sessions", || Player::try_log_in(server.address("http"), &login).err());
    assert_eq!(refused.0, Some(ErrorCode::Draining));
    let ready = server.admin().get("/readyz");
    assert_eq!((ready.status, ready.text.as_str()), (503, "rooms are draining\n"));
    assert_eq!(server.admin().get("/healthz").status, 200, "not ready, but well");
    // Who plays may lose the connection and come back.
    let welcome = one.welcome.clone();
    drop(one);
    let mut one = Player::try_log_in(server.address("http"), &resume_login(&server, "one", &welcome))
        .expect("no new session");
    assert!(one.welcome.resumed);
    // A session's call ids go on: those before are answered from memory.
    one.send_call(100, "echo", &messages::Property::default());
    one.answer(100);
    resume(&mut one, channel, 1);
    // The match goes on, to its end; then the server stops without waiting for the rest of its time.
    two.frames(1, 60);
    for player in [&mut one, &mut two] {
        let report =
            messages::ReportResult { room: room.clone(), result: b"over".to_vec().into(), hash: 1, tick: 60 };
        let _: messages::RoomView = player.call("rooms.result", &report).unwrap();
    }
    let clock = clock::Clock::System;
    let ended = clock.now();
    goodbye(&mut one);
    drop((one, two));
    assert_eq!(server.wait().code(), Some(0));
    assert!(clock.now().since(ended).as_secs() < 10, "{:?}", clock.now().since(ended));
}
