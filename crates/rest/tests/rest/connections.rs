//! Connections: handed over, slow, too many, ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use rest::{ConnectionLimits, Peer};
use serde_json::json;
use wechat_sim::SimFault;

use crate::bench::{Bench, read_to_end};

const GET: &[u8] = b"GET /v1/version HTTP/1.1\r\nhost: x\r\n\r\n";

/// Wherever the listener stopped reading, nothing is lost.
#[test]
fn a_request_may_be_split_anywhere() {
    let bench = Bench::new();
    let body = br#"{"code":"dev:alice"}"#;
    let head = b"POST /v1/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20\r\n\r\n";
    let request = [head.as_slice(), body.as_slice()].concat();
    for at in 0..=request.len() {
        let (prefix, rest) = request.split_at(at);
        let (mut client, server_side) = tokio::io::duplex(1 << 16);
        let answer = bench.runtime.block_on(async {
            let peer = Peer { ip: [10, 0, 0, 1].into(), told: None };
            let serving = bench.server.serve_connection(server_side, Bytes::copy_from_slice(prefix), peer);
            let asking = async {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                client.write_all(rest).await.unwrap();
                let mut answer = String::new();
                client.read_to_string(&mut answer).await.unwrap();
                answer
            };
            tokio::join!(serving, asking).1
        });
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("alice"), "split at {at}: {answer}");
    }
}

#[test]
fn a_connection_serves_many_requests_and_a_pipeline() {
    let bench = Bench::new();
    let mut stream = bench.connect();
    stream.write_all(&GET.repeat(50)).unwrap();
    stream.write_all(b"GET /v1/version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    assert_eq!(read_to_end(&mut stream).matches("HTTP/1.1 200").count(), 51);
}

#[test]
fn a_head_that_drips_is_cut_off() {
    let limits = ConnectionLimits { head_within: Duration::from_millis(300), ..Default::default() };
    let bench = Bench::with(|_| {}, limits);
    let mut stream = bench.connect();
    stream.write_all(b"GET /v1/version HTTP/1.1\r\nhost:").unwrap();
    let answer = read_to_end(&mut stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    // Kept alive and silent: the same.
    let mut stream = bench.connect();
    stream.write_all(GET).unwrap();
    assert_eq!(read_to_end(&mut stream).matches("HTTP/1.1 200").count(), 1);
    wait_until(|| bench.server.connections() == 0);
}

#[test]
fn a_connection_does_not_live_for_ever() {
    let limits = ConnectionLimits {
        lifetime: Duration::from_millis(300),
        last_request_within: Duration::from_millis(100),
        ..Default::default()
    };
    let bench = Bench::with(|_| {}, limits);
    // Never reads its answers, never stops asking.
    let mut stream = bench.connect();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    while stream.write_all(&GET.repeat(100)).is_ok() {}
    wait_until(|| bench.server.connections() == 0);
    bench.login("demo", "alice");
}

#[test]
fn too_many_connections_are_told_so() {
    let limits = ConnectionLimits { connections: 4, ..Default::default() };
    let bench = Bench::with(|_| {}, limits);
    let mut held: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = bench.connect();
            stream.write_all(b"GET /v1/version HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    wait_until(|| bench.server.connections() == 4);
    let refused = bench.raw(GET);
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 2"), "{refused}");
    assert!(refused.contains("5002"), "{refused}");
    for stream in &mut held {
        stream.write_all(b"host: x\r\nconnection: close\r\n\r\n").unwrap();
        assert!(read_to_end(stream).starts_with("HTTP/1.1 200"));
    }
    wait_until(|| bench.server.connections() == 0);
    bench.login("demo", "alice");
}

#[test]
fn stopping_ends_idle_connections_at_once_and_busy_ones_after_their_answer() {
    let bench = Bench::new();
    let mut idle = bench.connect();
    idle.write_all(GET).unwrap();
    let mut first_line = String::new();
    BufReader::new(idle.try_clone().unwrap()).read_line(&mut first_line).unwrap();
    assert!(first_line.contains("200"));

    bench.sim.inject(SimFault::Slow(Duration::from_secs(600)), None);
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| bench.post("/v1/login", &json!({"code": "dev:alice"}), None));
        wait_until(|| bench.attempts.load(Ordering::SeqCst) == 1);
        bench.server.stop();
        let mut rest = Vec::new();
        idle.read_to_end(&mut rest).unwrap();
        assert!(
            !bench.runtime.block_on(bench.server.drained(Duration::from_millis(50))),
            "the login still waits"
        );
        bench.sim.heal();
        assert_eq!(busy.join().unwrap().status, 200);
    });
    assert!(bench.runtime.block_on(bench.server.drained(Duration::from_secs(10))));
}

#[test]
fn requests_are_counted_by_pattern() {
    let bench = Bench::new();
    let token = bench.token();
    bench.get("/v1/replays/17-nothere", Some(&token));
    bench.get("/no/such/thing", None);
    bench.raw(b"BREW /v1/version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let metrics = bench.state.metrics.render();
    for line in [
        r#"http_requests_total{method="POST",path="/v1/login",status="200"} 1"#,
        r#"http_requests_total{method="GET",path="/v1/replays/{room}",status="404"} 1"#,
        r#"http_requests_total{method="GET",path="none",status="404"} 1"#,
        r#"http_requests_total{method="other",path="/v1/version",status="405"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[track_caller]
pub fn wait_until(condition: impl Fn() -> bool) {
    let clock = clock::Clock::System;
    let started = clock.now();
    while !condition() {
        assert!(clock.now().since(started) < Duration::from_secs(20), "the condition did not come true");
        std::thread::yield_now();
    }
}
