//! The program itself, run against a small server that speaks Jianzi's wire and can be told to make mistakes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;
mod rooms;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use clock::Clock;
use fake::{Fake, Mistake};
use protocol::messages::Durability;
use serde_json::Value;

#[test]
fn echo_in_a_closed_loop_answers_every_call() {
    let fake = Fake::start(Mistake::None);
    let median = fake.bench(&["echo", "--connections", "8", "--against", "jianzi"]);
    assert!(median["arrived_per_s"].as_f64().unwrap() > 100.0, "{median}");
    assert!(median["latency_p50_ms"].as_f64().unwrap() > 0.0, "{median}");
    assert!(median["wire_up_bytes_per_player_s"].as_f64().unwrap() > 1000.0, "{median}");
    for none in ["missing", "lost_connections", "errors"] {
        assert_eq!(median[none], 0.0, "{none} in {median}");
    }
}

#[test]
fn echo_in_an_open_loop_keeps_its_rate() {
    let fake = Fake::start(Mistake::None);
    let median = fake.bench(&["echo", "--connections", "8", "--rate", "400", "--against", "jianzi"]);
    let sent = median["sent_per_s"].as_f64().unwrap();
    assert!((396.0..=404.0).contains(&sent), "{median}");
    assert_eq!(median["missing"], 0.0, "{median}");
}

#[test]
fn relay_counts_what_reaches_the_others() {
    let fake = Fake::start(Mistake::None);
    let args =
        ["relay", "--rooms", "5", "--players", "3", "--rate", "20", "--threads", "2", "--against", "jianzi"];
    let median = fake.bench(&args);
    assert_eq!(median["sent_per_s"], 300.0, "{median}");
    let arrived = median["arrived_per_s"].as_f64().unwrap();
    assert!((450.0..=750.0).contains(&arrived), "{median}");
    assert_eq!(median["missing"], 0.0, "{median}");
    assert!(median.get("gaps").is_none(), "{median}");
}

#[test]
fn relay_misses_what_the_server_drops() {
    let fake = Fake::start(Mistake::DropsRelays { every: 10 });
    let median = fake.bench(&["relay", "--rooms", "2", "--rate", "20", "--against", "jianzi"]);
    assert!(median["missing"].as_f64().unwrap() > 0.0, "{median}");
    assert!(median["gaps"].as_f64().unwrap() > 0.0, "{median}");
}

#[test]
fn lockstep_follows_inputs_into_frames() {
    for (ticks_per_message, inputs_per_message) in [("1", "1"), ("2", "1"), ("2", "2")] {
        let fake = Fake::start(Mistake::None);
        let mut args = vec!["lockstep", "--rooms", "3", "--tick-hz", "50"];
        args.extend(["--ticks-per-message", ticks_per_message, "--inputs-per-message", inputs_per_message]);
        let median = fake.bench(&args);
        assert_eq!(median["sent_per_s"], 600.0, "{median}");
        assert_eq!(median["missing"], 0.0, "{median}");
        for mistake in LOCKSTEP_MISTAKES {
            assert!(median.get(mistake).is_none(), "{mistake} in {median}");
        }
        // 12 players, at least 2 reports each in 1.3 s of 50 Hz.
        assert!(fake.state_hashes() >= 24, "{}", fake.state_hashes());
        assert_eq!(median["lost_connections"], 0.0, "{median}");
        // Half a message's ticks on average.
        let p50 = median["latency_p50_ms"].as_f64().unwrap();
        assert!((1.0..=500.0).contains(&p50), "{median}");
    }
}

#[test]
fn lockstep_tells_each_mistake_of_the_server() {
    let mistakes = [
        (Mistake::RepeatsTicks { every: 7 }, "repeated_ticks"),
        (Mistake::SkipsTicks { every: 7 }, "missing_ticks"),
        (Mistake::LosesInputs { every: 7 }, "acknowledged_but_not_carried"),
        (Mistake::SwapsInputs, "inputs_out_of_order"),
        (Mistake::TellsSeatsApart, "frames_differ_between_players"),
    ];
    std::thread::scope(|scope| {
        for (mistake, name) in mistakes {
            scope.spawn(move || {
                let median = Fake::start(mistake).bench(&["lockstep", "--rooms", "2", "--tick-hz", "50"]);
                assert!(
                    median.get(name).is_some_and(|count| count.as_f64() > Some(0.0)),
                    "{name} in {median}"
                );
            });
        }
    });
}

#[test]
fn authoritative_goes_on_at_a_state_and_sends_again_what_a_new_run_has_lost() {
    for mistake in [Mistake::None, Mistake::BeginsNewRun { at: 40 }] {
        let median = Fake::start(mistake).bench(&["authoritative", "--rooms", "3", "--tick-hz", "50"]);
        assert_eq!(median["sent_per_s"], 600.0, "{median}");
        assert_eq!(median["missing"], 0.0, "{median}");
        for mistake in LOCKSTEP_MISTAKES.iter().chain(&["frames_without_a_state"]) {
            assert!(median.get(mistake).is_none(), "{mistake} in {median}");
        }
    }
}

#[test]
fn authoritative_tells_each_mistake_of_the_server() {
    let mistakes = [
        (Mistake::SkipsTicks { every: 7 }, "missing_ticks"),
        (Mistake::RepeatsTicks { every: 7 }, "repeated_ticks"),
        (Mistake::TellsSeatsApart, "frames_differ_between_players"),
    ];
    for (mistake, name) in mistakes {
        let median = Fake::start(mistake).bench(&["authoritative", "--rooms", "2", "--tick-hz", "50"]);
        assert!(median.get(name).is_some_and(|count| count.as_f64() > Some(0.0)), "{name} in {median}");
    }
}

#[test]
fn lockstep_at_several_levels_has_a_column_for_each() {
    let fake = Fake::start(Mistake::None);
    let result = fake.result(&["lockstep", "--rooms", "1", "--tick-hz", "50", "--level", "async,sync"]);
    for (column, name) in ["async", "sync"].into_iter().enumerate() {
        let target = &result["targets"][column];
        assert_eq!(target["target"], name, "{result}");
        assert_eq!(target["median"]["missing"], 0.0, "{result}");
    }
    assert_eq!(fake.levels(), [Durability::Async, Durability::Sync]);
}

#[test]
fn idle_counts_connections_and_memory() {
    let fake = Fake::start(Mistake::None);
    let pid = std::process::id().to_string();
    let args = ["idle", "--connections", "40", "--steps", "2", "--against", "jianzi", "--pid", &pid];
    let median = fake.bench(&args);
    assert_eq!(median["connections"], 40.0, "{median}");
    assert_eq!(median["lost_connections"], 0.0, "{median}");
    assert!(median.get("rss_bytes_per_connection_to_20").is_some(), "{median}");
    assert_eq!(fake.logins(), 40);
}

#[test]
fn login_goes_through_both_doors() {
    let fake = Fake::start(Mistake::None);
    let median = fake.bench(&["login", "--connections", "4", "--players", "50"]);
    assert!(median["logins_per_s"].as_f64().unwrap() > 10.0, "{median}");
    assert!(fake.logins() > 10);
}

#[test]
fn search_finds_where_the_server_gives_up() {
    let fake = Fake::start(Mistake::DropsRelaysAbove { rooms: 6 });
    let args = ["search", "relay", "--from", "2", "--step", "1", "--bound-ms", "5000", "--against", "jianzi"];
    let median = fake.bench(&args);
    assert_eq!(median["rooms"], 6.0, "{median}");
}

#[test]
fn the_floor_echoes_relays_and_holds_idle_connections() {
    for shape in [
        &["echo", "--connections", "8"][..],
        &["relay", "--rooms", "5", "--players", "3"],
        &["idle", "--connections", "50"],
    ] {
        let median = fake::bench(&[shape, &["--against", "floor"]].concat());
        assert_eq!(median["lost_connections"], 0.0, "{shape:?}: {median}");
        assert!(median.get("missing").is_none_or(|missing| missing == 0.0), "{shape:?}: {median}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = run(&["echo", "--against", "jianzi", "--url", &format!("ws://127.0.0.1:{port}/ws")]);
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("/v1/login") && error.contains("refused"), "{error}");
}

#[test]
fn a_signal_ends_the_run_and_its_children() {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(["echo", "--against", "floor", "--seconds", "100"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(bench.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    let children = format!("/proc/{0}/task/{0}/children", bench.id());
    let clock = Clock::System;
    let until = clock.now() + Duration::from_secs(20);
    let child = loop {
        let children = std::fs::read_to_string(&children).unwrap();
        if let Some(child) = children.split_whitespace().next() {
            break child.to_owned();
        }
        assert!(clock.now() < until, "no child was started");
        std::thread::yield_now();
    };
    assert!(Command::new("kill").args(["-TERM", &bench.id().to_string()]).status().unwrap().success());
    assert!(!bench.wait().unwrap().success());
    assert!(!std::fs::exists(format!("/proc/{child}")).unwrap(), "the child outlives the run");
}

const LOCKSTEP_MISTAKES: [&str; 8] = [
    "repeated_ticks",
    "missing_ticks",
    "inputs_out_of_order",
    "inputs_refused",
    "inputs_held_back",
    "acknowledged_but_not_carried",
    "frames_differ_between_players",
    "frames_of_an_older_run",
];

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(args)
        .args(["--seconds", "1", "--warm-up", "0.3", "--repeat", "1"])
        .output()
        .unwrap()
}

/// Runs the program and gives its first result.
fn result(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("result.json");
    let output = run(&[args, &["--json", file.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let result: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    result["results"][0].clone()
}
