//! Replays by room.

use protocol::ErrorCode;

use crate::bench::{Bench, ROOM};

#[test]
fn a_replay_comes_as_bytes_and_as_json() {
    let bench = Bench::new();
    let token = bench.token();
    let file = bench.get(&format!("/v1/replays/{ROOM}"), Some(&token));
    assert_eq!(file.body, (0..=255).collect::<Vec<u8>>());
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert!(file.header("content-disposition").contains(ROOM));
    let json = bench.get(&format!("/v1/replays/{ROOM}.json"), Some(&token)).json();
    assert_eq!((&json["code"], &json["data"]["bytes"]), (&0.into(), &256.into()));
}

#[test]
fn replays_belong_to_their_app_and_need_a_token() {
    let bench = Bench::new();
    bench.get(&format!("/v1/replays/{ROOM}"), None).refused(ErrorCode::NotLoggedIn);
    let other = bench.login("other", "alice");
    for path in [ROOM.to_owned(), format!("{ROOM}.json")] {
        bench.get(&format!("/v1/replays/{path}"), other["token"].as_str()).refused(ErrorCode::RoomUnknown);
    }
    let token = bench.token();
    for room in ["17-unknown1", "x", ".json", "999-abcdef", "%2e%2e%2fetc", "17-k3v9x2m4p7%0d%0a", "毽子"] {
        let reply = bench.get(&format!("/v1/replays/{room}"), Some(&token));
        reply.refused(ErrorCode::RoomUnknown);
    }
}
