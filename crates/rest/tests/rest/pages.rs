//! Pages embedded in the binary.

use protocol::ErrorCode;

use crate::bench::{Bench, INDEX, Reply, SCRIPT, agent};

#[test]
fn pages_are_served_with_type_and_etag() {
    let bench = Bench::new();
    let index = bench.get("/play/", None);
    assert_eq!((index.status, index.body.as_slice()), (200, INDEX));
    assert_eq!(index.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(index.header("x-content-type-options"), "nosniff");
    assert_eq!(bench.get("/play/index.html?room=1", None).body, INDEX);
    let script = bench.get("/play/a/game.js", None);
    assert_eq!((script.body.as_slice(), script.header("content-type")), (SCRIPT, "text/javascript"));
    assert_ne!(script.header("etag"), index.header("etag"));

    let etag = index.header("etag");
    let strong = |known: &str| {
        let request = agent().get(bench.url("/play/")).header("if-none-match", known);
        Reply::of(request.call().unwrap())
    };
    for known in [etag.to_owned(), format!("\"x\", W/{etag}"), "*".into()] {
        let unchanged = strong(&known);
        assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, etag));
    }
    assert_eq!(strong("\"x\"").status, 200);
}

#[test]
fn the_folder_is_found_and_keeps_the_invitation() {
    let bench = Bench::new();
    for (path, to) in [
        ("/play?invite=K7Q2", "/play/?invite=K7Q2"),
        ("/play", "/play/"),
        ("/", "/play/"),
        ("/?lang=en", "/play/?lang=en"),
    ] {
        let reply = bench.get(path, None);
        assert!((300..400).contains(&reply.status));
        assert_eq!(reply.header("location"), to);
    }
    let production = Bench::with(|state| state.config.start_at_play = false, Default::default());
    production.get("/", None).refused(ErrorCode::NotFound);
}

#[test]
fn nothing_else_is_reachable() {
    let bench = Bench::new();
    for path in [
        "/play/../Cargo.toml",
        "/play/%2e%2e/Cargo.toml",
        "/play//etc/passwd",
        "/play/none",
        "/play/a/",
        "/play/a",
    ] {
        let answer =
            bench.raw(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}
