//! Reports over Sentry's protocol: the endpoint takes the envelope apart as a tracker does.

use alerts::tracker::{Context, Delivered, Dsn, Tracker, event_id};
use crashes::{Cause, Frame, Report, SteppedRoom, Thread};
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Received};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
const NOW_MS: u64 = 1_795_255_739_123;

fn report(id: &str) -> Report {
    let frame = |function: &str, line| Frame {
        function: Some(function.into()),
        file: Some("crates/rooms/src/shard/step.rs".into()),
        line: Some(line),
        address: 0x1000,
        module: "/opt/jianzi".into(),
        ..Frame::default()
    };
    Report {
        id: id.into(),
        cause: Cause::Segv,
        signal: Some(11),
        address: Some(16),
        time_ms: NOW_MS - 5000,
        started_ms: NOW_MS - 65_000,
        pid: 7,
        version: "0.1.0".into(),
        profile: "production".into(),
        build_id: "0123456789abcdef0123".into(),
        message: Some(format!("bad token {TOKEN}")),
        thread: Some(Thread {
            id: 9,
            name: "rooms-0".into(),
            frames: vec![frame("rooms::shard::step::inner", 5), frame("rooms::shard::turn::outer", 9)],
            whole: true,
        }),
        other_threads: vec![Thread { id: 10, name: "gateway-0".into(), ..Thread::default() }],
        rooms: vec![SteppedRoom {
            place: "quarantine".into(),
            room: "game/3-abc".into(),
            tick: 41,
            within: true,
        }],
        lines: vec!["WARN rooms: slow".into(), format!("INFO rest: login token={TOKEN}")],
        ..Report::default()
    }
}

fn tracker(endpoint: &Endpoint) -> Tracker {
    let dsn: Dsn = endpoint.url("/42").replace("http://", "http://public-key@").parse().unwrap();
    Tracker::new(dsn, Context { environment: "staging".into(), server: "node-1".into() })
}

/// The head, and the event, checked for their lengths.
fn open(received: &Received) -> (Value, Value) {
    let text = std::str::from_utf8(&received.body).unwrap();
    let mut lines = text.splitn(3, '\n');
    let head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let item: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let payload = lines.next().unwrap();
    let length = item["length"].as_u64().unwrap() as usize;
    assert_eq!((item["type"].as_str(), &payload[length..]), (Some("event"), "\n"));
    (head, serde_json::from_str(&payload[..length]).unwrap())
}

#[test]
fn an_envelope_carries_release_environment_rooms_and_logs_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::start(r#"{"id":"x"}"#);
    crashes::save(folder.path(), &report("20261121T100854.123Z-segv")).unwrap();
    let delivered = tracker(&endpoint).deliver(folder.path(), NOW_MS);
    assert_eq!(delivered, Delivered { sent: 1, again_after: None });

    let received = &endpoint.received(1)[0];
    assert_eq!(received.path, "/api/42/envelope/");
    assert_eq!(received.header("content-type"), Some("application/x-sentry-envelope"));
    let auth = received.header("x-sentry-auth").unwrap();
    assert!(
        auth.starts_with("Sentry sentry_version=7,") && auth.ends_with("sentry_key=public-key"),
        "{auth}"
    );
    let (head, event) = open(received);
    assert_eq!(head["event_id"], event["event_id"]);
    let id = event["event_id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(event["release"], "jianzi@0.1.0");
    assert_eq!((&event["environment"], &event["server_name"]), (&"staging".into(), &"node-1".into()));
    assert_eq!((&event["level"], &event["timestamp"]), (&"fatal".into(), &1_795_255_734.123.into()));
    let exception = &event["exception"]["values"][0];
    assert_eq!((&exception["type"], &exception["thread_id"]), (&"segv".into(), &9.into()));
    let frames = exception["stacktrace"]["frames"].as_array().unwrap();
    assert_eq!(frames[0]["function"], "rooms::shard::turn::outer", "the outermost call first");
    assert_eq!((&frames[1]["lineno"], &frames[1]["in_app"]), (&5.into(), &true.into()));
    let stepped = &event["contexts"]["rooms"]["stepped"][0];
    assert_eq!((&stepped["place"], &stepped["room"]), (&json!("quarantine"), &json!("game/3-abc")));
    let breadcrumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    assert_eq!((breadcrumbs.len(), &breadcrumbs[0]["level"]), (2, &"warning".into()));
    assert_eq!(event["threads"]["values"].as_array().unwrap().len(), 2);
    assert!(!String::from_utf8_lossy(&received.body).contains(TOKEN));
}

#[test]
fn what_was_taken_is_not_sent_again_and_a_busy_tracker_is_asked_later() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::start("{}");
    let (first, second) = (report("20261121T100000.000Z-segv"), report("20261121T100001.000Z-segv"));
    for report in [&first, &second] {
        crashes::save(folder.path(), report).unwrap();
    }
    let mut old = report("20200101T000000.000Z-segv");
    old.time_ms = 1_577_836_800_000;
    crashes::save(folder.path(), &old).unwrap();
    let tracker = tracker(&endpoint);
    endpoint.answer_next(503, "");
    let delivered = tracker.deliver(folder.path(), NOW_MS);
    assert!(delivered.sent == 0 && delivered.again_after.is_some(), "{delivered:?}");
    assert_eq!(tracker.deliver(folder.path(), NOW_MS), Delivered { sent: 2, again_after: None });
    assert_eq!(tracker.deliver(folder.path(), NOW_MS), Delivered::default());
    let ids: Vec<String> =
        endpoint.received(3).iter().map(|r| open(r).1["event_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [event_id(&first), event_id(&first), event_id(&second)], "the same id, the oldest first");

    crashes::save(folder.path(), &report("20261121T100002.000Z-segv")).unwrap();
    endpoint.answer_next(400, "{\"detail\":\"bad\"}");
    assert_eq!(tracker.deliver(folder.path(), NOW_MS), Delivered::default(), "a refusal for good");
    assert_eq!(tracker.deliver(folder.path(), NOW_MS), Delivered::default());
    assert_eq!(endpoint.count(), 4);
}
