//! Pages of other servers.

use rest::Origins;

use crate::bench::{Bench, Reply, agent};

#[test]
fn in_development_every_origin_may() {
    let bench = Bench::new();
    let reply = preflight(&bench, "http://localhost:7456");
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, "http://localhost:7456"));
    assert!(reply.header("access-control-allow-headers").contains("authorization"));
    assert!(reply.header("access-control-allow-methods").contains("POST"));
    let answer = get(&bench, Some("http://localhost:7456"));
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:7456");
    assert_eq!(answer.header("access-control-expose-headers"), "retry-after");
}

#[test]
fn in_production_only_listed_ones_may() {
    let listed = Origins::Listed(vec!["https://game.example".into()]);
    let bench = Bench::with(|state| state.config.origins = listed, Default::default());
    assert_eq!(preflight(&bench, "https://game.example").status, 204);
    for origin in ["https://evil.example", "https://game.example.evil.example", "http://game.example", "null"]
    {
        let reply = preflight(&bench, origin);
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, ""), "{origin}");
        assert_eq!(get(&bench, Some(origin)).header("access-control-allow-origin"), "");
    }
    let answer = get(&bench, Some("https://game.example"));
    assert_eq!(answer.header("access-control-allow-origin"), "https://game.example");
    // Caches must not mix the two up.
    assert_eq!(answer.header("vary"), "origin");
    assert_eq!(get(&bench, None).header("vary"), "origin");
}

fn preflight(bench: &Bench, origin: &str) -> Reply {
    let request = ureq::http::Request::builder()
        .method("OPTIONS")
        .uri(bench.url("/v1/login"))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    Reply::of(agent().run(request.body(()).unwrap()).unwrap())
}

fn get(bench: &Bench, origin: Option<&str>) -> Reply {
    let mut request = agent().get(bench.url("/v1/version"));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    Reply::of(request.call().unwrap())
}
