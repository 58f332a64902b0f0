//! Replays by room.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use model::{AppId, RoomId};
use protocol::{ErrorCode, Fault};
use rest::{ConnectionLimits, Replays};
use serde_json::{Value, json};

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

/// Also when nobody waits for the answers any more: the work goes on behind them.
#[test]
fn matches_that_are_played_again_take_no_more_than_their_own_threads() {
    let long = Arc::new(LongMatches::default());
    let bench = Bench::with(
        |state| {
            state.replays = long.clone();
            state.config.answer_within = Duration::from_secs(1);
            // A login that had to wait its turn behind a replay would get none.
            state.config.blocking_at_once = 1;
        },
        ConnectionLimits::default(),
    );
    let token = bench.token();
    let path = format!("/v1/replays/{ROOM}.json");
    for _ in 0..2 {
        bench.get(&path, Some(&token)).refused(ErrorCode::DeadlineExceeded);
    }
    long.until(|state| state.playing == 2);
    let refused = bench.get(&path, Some(&token));
    assert!(refused.refused(ErrorCode::TooManyRequests)["retry_after_ms"].as_u64().unwrap() > 0);
    assert_eq!(refused.header("retry-after"), "2");
    bench.login("demo", "bob");
    assert_eq!(bench.get(&format!("/v1/replays/{ROOM}"), Some(&token)).status, 200, "the file is only read");

    long.change(|state| state.may_end = true);
    long.until(|state| state.playing == 0);
    // The place is given back a moment after the match has ended.
    let played = (0..1000).map(|_| bench.get(&path, Some(&token))).find(|reply| reply.status != 429);
    assert_eq!(played.expect("a place").json()["data"]["played"], true);
}

/// Playing them again lasts until it may end.
#[derive(Default)]
struct LongMatches {
    state: Mutex<Playing>,
    changed: Condvar,
}

#[derive(Default)]
struct Playing {
    playing: usize,
    may_end: bool,
}

impl LongMatches {
    fn change(&self, change: impl FnOnce(&mut Playing)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    #[track_caller]
    fn until(&self, is_so: impl Fn(&Playing) -> bool) {
        let limit = Duration::from_secs(20);
        let waited =
            self.changed.wait_timeout_while(self.state.lock().unwrap(), limit, |state| !is_so(state));
        assert!(!waited.unwrap().1.timed_out());
    }
}

impl Replays for LongMatches {
    fn file(&self, _: &AppId, _: &RoomId) -> Result<Vec<u8>, Fault> {
        Ok(vec![1])
    }

    fn json(&self, _: &AppId, _: &RoomId) -> Result<Value, Fault> {
        self.change(|state| state.playing += 1);
        self.until(|state| state.may_end);
        self.change(|state| state.playing -= 1);
        Ok(json!({ "played": true }))
    }
}
