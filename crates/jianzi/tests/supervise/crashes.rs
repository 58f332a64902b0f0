//! The server crashes, hangs, crashes again and again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;

use testkit::{HttpAnswer, LIMIT, eventually};

use crate::stage::{Options, addresses_in, has_gone, last_cause, pid_in, process_state, signal};

#[test]
fn a_crashed_server_is_back_at_once_at_the_same_addresses() {
    let mut supervised = Options::new(&[]).ready();
    let before = supervised.status();
    assert_eq!(supervised.http().get("/v1/version").status, 200);
    signal(pid_in(&before).unwrap(), "-KILL");
    let after = supervised.until_restarted(1);
    assert_ne!(pid_in(&after), pid_in(&before));
    assert_eq!(addresses_in(&after), addresses_in(&before));
    assert_eq!(supervised.http().get("/v1/version").status, 200);
    assert_eq!(last_cause(&after), "crashed");
    let down_ms = after["recent"][0]["down_ms"].as_u64().expect("it is ready again");
    assert!(down_ms < 5000, "{after}");
    eprintln!("from the end of one server to the next one's readiness: {down_ms} ms");
    let shown = testkit::run(&mut supervised.command(&["status"])).stdout;
    for words in [
        "server      ready, process",
        "ended by signal 9 (SIGKILL)",
        "http        127.0.0.1:",
        "restarts    1",
    ] {
        assert!(shown.contains(words), "{words} in:\n{shown}");
    }
}

#[test]
fn a_crash_leaves_a_report_that_says_what_the_supervisor_saw() {
    let mut supervised = Options::new(&[]).ready();
    let server = supervised.server_pid();
    signal(server, "-SEGV");
    assert_eq!(last_cause(&supervised.until_restarted(1)), "crashed");
    let report = eventually("the report is made", || supervised.events("crash_report").pop());
    assert!(report.contains("SIGSEGV"), "{report}");
    let listed = testkit::run(&mut supervised.command(&["crash", "list"]));
    assert!(listed.stdout.lines().any(|line| line.contains("SIGSEGV")), "{}{}", listed.stdout, listed.stderr);
}

#[test]
fn who_should_know_of_a_crash_is_told() {
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", hook.local_addr().unwrap());
    let mut supervised = Options::new(&[]).with("JIANZI_ALERTS__WEBHOOK", &address).ready();
    signal(supervised.server_pid(), "-SEGV");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for connection in hook.incoming() {
            let _ = tell.send(read_post(connection.unwrap()));
        }
    });
    let crash = loop {
        let message = told.recv_timeout(LIMIT).expect("a message");
        if message["kind"] == "crash" {
            break message;
        }
    };
    assert!(crash.to_string().contains("SIGSEGV"), "{crash}");
    supervised.until_restarted(1);
}

/// The JSON of a request, which is answered with 200.
fn read_post(mut connection: TcpStream) -> serde_json::Value {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            None if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_connection_made_while_there_is_no_server_waits_for_the_next_one() {
    let mut supervised = Options::new(&[]).ready();
    let (address, server) = (supervised.address("http"), supervised.server_pid());
    // A supervisor that stands still starts nothing.
    signal(supervised.pid(), "-STOP");
    eventually("the supervisor stands still", || {
        (process_state(supervised.pid()) == Some('T')).then_some(())
    });
    signal(server, "-KILL");
    eventually("the server has ended", || has_gone(server).then_some(()));
    let mut connection = TcpStream::connect(address).expect("nobody is refused");
    connection.write_all(b"GET /v1/version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    signal(supervised.pid(), "-CONT");
    connection.set_read_timeout(Some(LIMIT)).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    assert_eq!(HttpAnswer::read(&answer).status, 200);
    assert_eq!(last_cause(&supervised.until_restarted(1)), "crashed");
}

#[test]
fn a_server_that_hangs_is_killed_and_started_again() {
    let mut supervised = Options::new(&["--watchdog", "1s"]).ready();
    let server = supervised.server_pid();
    signal(server, "-STOP");
    let after = supervised.until_restarted(1);
    assert_eq!(last_cause(&after), "hung");
    assert!(has_gone(server));
    // It is told to abort first, so that a report can be written of where it stood.
    let first = eventually("it is told", || supervised.events("signal_sent").into_iter().next());
    assert!(first.contains("signal=Abort"), "{first}");
    assert_eq!(supervised.http().get("/v1/version").status, 200);
}

#[test]
fn a_healthy_server_is_left_alone_by_watchdog_and_probes() {
    let mut supervised =
        Options::new(&["--watchdog", "1s", "--probe-every", "50ms", "--probe-failures", "1"]).ready();
    let looked = |status: &serde_json::Value| {
        let probes = status["probes"].as_array().unwrap();
        probes.len() == 2 && probes.iter().all(|probe| probe["looked_at_ms"].is_u64())
    };
    supervised.until("both probes have looked, and the watchdog's time is over", |status| {
        looked(status) && status["server"]["uptime_ms"].as_u64().unwrap() > 2500
    });
    assert_eq!(supervised.status()["restarts"], 0, "{}", supervised.log());
}

#[test]
fn a_crash_loop_ends_the_supervisor_where_that_is_wanted() {
    let mut supervised =
        Options::new(&["--crash-limit", "3", "--crash-loop", "exit", "--steady-after", "1h"]).ready();
    for crash in 1..=3 {
        let status = supervised.until_ready();
        signal(pid_in(&status).unwrap(), "-KILL");
        if crash < 3 {
            supervised.until_restarted(crash);
        }
    }
    assert_eq!(supervised.wait().code(), Some(6));
    eventually("it is told", || (supervised.events("crash_loop").len() == 1).then_some(()));
    assert_eq!(supervised.events("server_started").len(), 3);
}

#[test]
fn why_a_server_does_not_start_again_is_told() {
    let limits =
        ["--crash-limit", "2", "--crash-pause", "1h", "--steady-after", "1h", "--probe-every", "50ms"];
    let mut supervised = Options::new(&limits).ready();
    let looked = |status: &serde_json::Value, wanted: bool| {
        let probes = status["probes"].as_array().unwrap();
        probes.len() == 2 && probes.iter().all(|probe| probe["looked_at_ms"].is_u64() == wanted)
    };
    supervised.until("both probes have looked", |status| looked(status, true));
    std::fs::write(supervised.folder().join("games/history.jsonl"), "no history\n").unwrap();
    signal(supervised.server_pid(), "-KILL");
    let status = supervised.until("the supervisor waits", |status| status["server"]["state"] == "waiting");
    assert!(looked(&status, false), "of the server that was: {status}");
    let shown = testkit::run(&mut supervised.command(&["status"])).stdout;
    for words in ["ended with exit code 5: the history", "line 1", "tcp: there is no server to look at"] {
        assert!(shown.contains(words), "{words} in:\n{shown}");
    }
}

#[test]
fn a_crash_loop_is_slowed_down_otherwise() {
    let mut supervised =
        Options::new(&["--crash-limit", "2", "--crash-pause", "1h", "--steady-after", "1h"]).ready();
    for crash in 1..=2 {
        let status = supervised.until_ready();
        signal(pid_in(&status).unwrap(), "-KILL");
        if crash < 2 {
            supervised.until_restarted(crash);
        }
    }
    let status = supervised.until("the supervisor waits", |status| status["server"]["state"] == "waiting");
    assert_eq!(pid_in(&status), None);
    assert_eq!(status["server"]["crashes_in_a_row"], 2);
    let shown = testkit::run(&mut supervised.command(&["status"])).stdout;
    let told = "server      waiting: down after 2 crash(es) in a row; next try in 59 min";
    assert!(shown.contains(told), "{shown}");
    // Still nobody is refused, and it can be told to stop.
    TcpStream::connect(supervised.address("http")).expect("the sockets are held");
    signal(supervised.pid(), "-TERM");
    assert_eq!(supervised.wait().code(), Some(0));
}
