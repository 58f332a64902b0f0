//! Close to the memory limit nobody new comes in; at its edge the server ends in order and comes back.

use std::process::Command;

use prost::Message as _;
use protocol::{ErrorCode, Header, messages, operation};
use serde_json::json;
use testkit::{Raw, Server, ServerOptions, eventually};

use crate::stage::{JIANZI, Options, last_cause};

#[test]
fn at_the_edge_the_server_ends_with_its_own_code_and_is_started_again() {
    let data = tempfile::tempdir().unwrap();
    let any = "127.0.0.1:0";
    let mut alone = Command::new(JIANZI);
    alone.args(["dev", "--http", any, "--tcp", any, "--admin", any, "--data"]).arg(data.path());
    let ended = testkit::run(alone.env("JIANZI_SERVER__MEMORY_LIMIT", "1MiB"));
    assert_eq!(ended.code, Some(7), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("memory_edge") && ended.stderr.contains("handing_over"),
        "{}",
        ended.stderr
    );

    let mut supervised = Options::new(&["--crash-limit", "2", "--crash-pause", "1h"])
        .with("JIANZI_SERVER__MEMORY_LIMIT", "1MiB")
        .start();
    let status = supervised.until("it was started again", |status| status["restarts"].as_u64() >= Some(1));
    assert_eq!(last_cause(&status), "memory_guard");
}

#[test]
fn close_to_the_limit_nobody_new_comes_in() {
    let resident = Server::start(ServerOptions::new(JIANZI)).resident_bytes();
    // Between 85 and 95 % of the limit. By how much a process differs from the last one is found by trying.
    let server =
        [90, 88, 92, 86, 94].into_iter().find_map(|percent| short_of_memory(resident * 100 / percent));
    let server = server.expect("one of the limits fits");
    let refused = server.http().post("/v1/login", &json!({ "code": "dev:late", "device": "d" }));
    assert_eq!(refused.status, 503, "{}", refused.text);
    // A login without HTTP: a name, as the protocol's founding client says it.
    let mut player = Raw::connect(server.address("tcp"));
    let name = b"late";
    let header = Header { operation: operation::LOGIN, length: name.len() as u32 };
    player.send(&[&header.encode()[..], name].concat());
    let (answer, body) = player.next_frame().unwrap();
    assert_eq!(answer, operation::ERROR);
    let error = messages::Error::decode(&body[..]).unwrap();
    assert_eq!(ErrorCode::from_number(error.code), Some(ErrorCode::Overloaded));
    assert!(error.retry_after_ms > 0);
}

/// A server that has just found itself short of memory; `None` if it has enough, or far too little.
fn short_of_memory(limit: u64) -> Option<Server> {
    let options = ServerOptions::new(JIANZI).with("SERVER__MEMORY_LIMIT", &limit.to_string());
    let mut server = Server::start(options);
    let found = eventually("the guard has looked", || {
        let first = server.events("memory_limit").pop()?;
        let used = first.split_whitespace().find_map(|word| word.strip_prefix("used="))?;
        let used: u64 = used.parse().unwrap();
        match used * 100 / limit {
            85..95 if server.is_alive() => (!server.events("memory_short").is_empty()).then_some(true),
            _ => Some(false),
        }
    });
    (found && server.is_alive()).then_some(server)
}
