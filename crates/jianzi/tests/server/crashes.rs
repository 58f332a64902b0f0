//! The server crashes in every way, and says afterwards what happened; people and the error tracker hear of it.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use prost::Message as _;
use protocol::{messages, operation};
use serde_json::Value;
use testkit::{LIMIT, Server, eventually};

use crate::support::{input, lockstep_spec, options, start, two_in_lockstep};

const ADMIN: &str = "an-operator's-token-4711";

/// A server of this data folder whose operator has a token.
fn start_in(data: &Path) -> Server {
    let mut options = options().with("SERVER__ADMIN_TOKEN", ADMIN);
    options.data = Some(data.to_owned());
    Server::start(options)
}

fn crash(server: &Server, how: &str) {
    let token = format!("Bearer {ADMIN}");
    let mut stream = std::net::TcpStream::connect(server.address("admin")).unwrap();
    // Whether there is an answer depends on who is faster.
    let head = format!(
        "POST /dev/crash?how={how} HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let _ = stream.read(&mut [0; 64]);
}

fn jianzi(arguments: &[&str], data: &Path) -> testkit::Ended {
    testkit::run(Command::new(env!("CARGO_BIN_EXE_jianzi")).args(arguments).arg("--data").arg(data))
}

fn latest(data: &Path) -> Value {
    let shown = jianzi(&["crash", "show", "--json"], data);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    serde_json::from_str(&shown.stdout).unwrap()
}

fn functions(thread: &Value) -> Vec<&str> {
    thread["frames"].as_array().unwrap().iter().filter_map(|frame| frame["function"].as_str()).collect()
}

#[test]
fn each_crash_leaves_a_report_that_the_next_start_completes() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start_in(folder.path());
    for (how, signal, cause, function) in [
        ("segv", libc_signal::SEGV, "segv", "fault_on_purpose"),
        ("abort", libc_signal::ABRT, "abort", "abort_on_purpose"),
        ("panic", libc_signal::ABRT, "panic", "panic_on_purpose"),
        ("overflow", libc_signal::ABRT, "stack_overflow", "overflow_on_purpose"),
        ("kill", libc_signal::KILL, "vanished", ""),
    ] {
        let ([mut one, _two], _, room) = two_in_lockstep(&server, lockstep_spec(2));
        one.frames(1, 10);
        let pid = server.pid();
        crash(&server, how);
        let log_before = server.log();
        let status = server.wait();
        assert_eq!(status.signal(), Some(signal), "{how}: {status} {log_before}");

        server = start_in(folder.path());
        eventually("the next start tells of the crash", || {
            server.events("crash_found").into_iter().find(|line| line.contains(cause))
        });
        let report = latest(folder.path());
        assert_eq!((&report["cause"], &report["pid"]), (&cause.into(), &pid.into()), "{report:#}");
        assert_eq!(
            (&report["profile"], &report["version"]),
            (&"dev".into(), &env!("CARGO_PKG_VERSION").into())
        );
        if how == "kill" {
            continue;
        }
        assert!(functions(&report["thread"]).iter().any(|name| name.ends_with(function)), "{report:#}");
        let rooms = report["rooms"].as_array().unwrap();
        let stepped = rooms.iter().any(|row| {
            row["room"].as_str().unwrap().ends_with(&format!("/{room}"))
                && row["tick"].as_u64().unwrap() >= 10
        });
        assert!(stepped, "{room} in {rooms:?}");
        let lines = report["lines"].as_array().unwrap();
        let said = |words: &str| lines.iter().any(|line| line.as_str().unwrap().contains(words));
        assert!(said("ready http=") && said("crash_on_purpose"), "{lines:#?}");
        // Every thread of the server says where it stands.
        let others = report["other_threads"].as_array().unwrap();
        for name in ["rooms-0", "gateway-0"] {
            let thread =
                others.iter().find(|thread| thread["name"] == name).unwrap_or_else(|| panic!("{name}"));
            assert!(
                functions(thread)
                    .iter()
                    .any(|function| function.contains("rooms::") || function.contains("gateway::")),
                "{thread:#}"
            );
        }
    }
    let listed = jianzi(&["crash", "list"], folder.path());
    assert_eq!(listed.stdout.lines().count(), 5, "{}", listed.stdout);
    let shown = jianzi(&["crash", "show"], folder.path());
    assert!(shown.stdout.starts_with("crash    vanished"), "{}", shown.stdout);
    let missing = jianzi(&["crash", "show", "nothing"], folder.path());
    assert!(missing.code == Some(1) && missing.stderr.contains("nothing.json"), "{missing:?}");

    server.terminate();
    assert!(server.wait().success());
    let left = std::fs::read_dir(folder.path().join("crashes")).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert!(
        left.iter().all(|name| name.to_string_lossy().ends_with(".json")),
        "an orderly end leaves nothing: {left:?}"
    );
}

mod libc_signal {
    pub const ABRT: i32 = 6;
    pub const KILL: i32 = 9;
    pub const SEGV: i32 = 11;
}

#[test]
fn only_an_operator_of_a_developers_server_can_crash_it() {
    let mut server = start();
    for (path, headers, status) in [
        ("/dev/crash?how=segv", &[][..], 401),
        ("/dev/crash?how=segv", &[("authorization", "Bearer wrong-wrong-wrong")][..], 403),
    ] {
        assert_eq!(server.admin().request("POST", path, headers, b"").status, status);
    }
    assert_eq!(server.http().request("POST", "/dev/crash?how=segv", &[], b"").status, 404);
    let folder = tempfile::tempdir().unwrap();
    let known = start_in(folder.path());
    let bearer = format!("Bearer {ADMIN}");
    let nonsense = known.admin().request("POST", "/dev/crash?how=melt", &[("authorization", &bearer)], b"");
    assert_eq!((nonsense.status, nonsense.text.contains("overflow")), (400, true), "{}", nonsense.text);
    assert!(server.is_alive());

    let file = folder.path().join("jianzi.toml");
    let config = format!(
        "[server]\nadmin_token = \"{ADMIN}\"\nresume_key = \"q8ZrPk2vXw7TnB4mLd9JhF3sGc6YtR5a\"\n\
         [[apps]]\nid = \"game\"\nplatform = \"simulator\"\njwt_keys = [\"0vXw7TnB4mLd9JhF3sGc6YtR5aPkq8Zr\"]\n"
    );
    std::fs::write(&file, config).unwrap();
    let mut options = options();
    options.command = "serve";
    options.arguments = vec!["--config".into(), file.display().to_string()];
    let production = Server::start(options);
    let refused =
        production.admin().request("POST", "/dev/crash?how=segv", &[("authorization", &bearer)], b"");
    assert_eq!(refused.status, 404);
}

/// Takes POST requests and answers that all is well.
fn endpoint() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = listener.local_addr().unwrap().to_string();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut head = Vec::new();
            while let Some(Ok(line)) = reader.by_ref().lines().next() {
                if line.is_empty() {
                    break;
                }
                head.push(line);
            }
            let length = head
                .iter()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 26\r\n\r\n{\"errcode\":0,\"errmsg\":\"\"}\n";
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            let path = head[0].split(' ').nth(1).unwrap().to_owned();
            if tell.send((path, String::from_utf8(body).unwrap())).is_err() {
                return;
            }
        }
    });
    (base, told)
}

#[test]
fn after_a_crash_people_and_the_tracker_are_told() {
    let (base, told) = endpoint();
    let folder = tempfile::tempdir().unwrap();
    let server = start_in(folder.path());
    crash(&server, "segv");
    assert_eq!(server.wait().signal(), Some(libc_signal::SEGV));

    let mut options = options()
        .with("ALERTS__WECOM", &format!("http://{base}/wecom?key=k"))
        .with("ALERTS__NAME", "node-7")
        .with("CRASHES__DSN", &format!("http://public@{base}/5"))
        .with("CRASHES__ENVIRONMENT", "rehearsal");
    options.data = Some(folder.path().to_owned());
    let server = Server::start(options);
    let (mut alert, mut event) = (None, None);
    while alert.is_none() || event.is_none() {
        let (path, body) = told.recv_timeout(LIMIT).expect("an alert and an event");
        match path.as_str() {
            "/wecom?key=k" => alert = Some(body),
            "/api/5/envelope/" => event = Some(body),
            other => panic!("{other}"),
        }
    }
    let alert: Value = serde_json::from_str(&alert.unwrap()).unwrap();
    let text = alert["markdown"]["content"].as_str().unwrap();
    for part in ["服务器崩溃", "SIGSEGV", "fault_on_purpose", "node-7", "docs/runbooks/crash.md"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let envelope = event.unwrap();
    let event: Value = serde_json::from_str(envelope.lines().nth(2).unwrap()).unwrap();
    assert_eq!((&event["environment"], &event["server_name"]), (&"rehearsal".into(), &"node-7".into()));
    assert!(!envelope.contains(ADMIN));
    let report = eventually("the report is marked", || {
        let report = latest(folder.path());
        (report["tracked"] == true && report["alerted"] == true).then_some(report)
    });
    assert_eq!(report["cause"], "segv");
    drop(server);
}

/// Rooms have not noticed anything yet.
#[test]
fn who_should_know_is_told_when_the_journal_comes_close_to_its_quota() {
    let (base, told) = endpoint();
    let data = tempfile::tempdir().unwrap();
    let mut options = options()
        .with("ALERTS__WEBHOOK", &format!("http://{base}/hook"))
        .with("LIMITS__FRAMES", "unlimited")
        .with("LIMITS__BYTES", "unlimited")
        .with("JOURNAL__SEGMENT", "1MiB")
        .with("JOURNAL__QUOTA", "4MiB");
    options.data = Some(data.path().to_owned());
    let server = Server::start(options);
    let ([mut one, _two], channels, _) = two_in_lockstep(&server, lockstep_spec(2));
    let used = || {
        let files = std::fs::read_dir(data.path().join("journal")).unwrap();
        files.map(|file| file.unwrap().metadata().map_or(0, |file| file.len())).sum::<u64>()
    };
    let mut number = 0;
    while used() < (4 << 20) * 92 / 100 {
        for _ in 0..25 {
            number += 1;
            input(&mut one, channels[0], number, &[7; 1000]);
        }
        while messages::Frame::decode(one.next_of(operation::FRAME)).unwrap().applied < number {}
    }
    let (path, body) = told.recv_timeout(LIMIT).expect("a message");
    let message: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (path.as_str(), &message["kind"], &message["state"]),
        ("/hook", &"disk".into(), &"opened".into())
    );
    assert!(message.to_string().contains("日志用了配额的"), "{message}");
    assert_eq!(server.admin().get("/readyz").status, 200);
}

#[test]
fn the_alert_command_tries_every_channel() {
    let (base, told) = endpoint();
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
    command.args(["alert", "test"]);
    let none = testkit::run(&mut command);
    assert!(none.code == Some(3) && none.stderr.contains("[alerts]"), "{none:?}");
    command.env("JIANZI_ALERTS__FEISHU", format!("http://{base}/feishu"));
    command.env("JIANZI_ALERTS__WEBHOOK", format!("http://{base}/hook"));
    let tried = testkit::run(&mut command);
    // The endpoint's answer has no `code`, which 飞书's would have.
    assert_eq!(tried.code, Some(1), "{tried:?}");
    assert!(
        tried.stdout.contains("webhook   sent") && tried.stdout.contains("feishu    failed"),
        "{tried:?}"
    );
    let paths: Vec<_> = told.try_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/feishu", "/hook"]);
    command.env("JIANZI_ALERTS__WECOM", "not-an-address");
    let bad = testkit::run(&mut command);
    assert!(
        bad.code == Some(3) && bad.stderr.contains("[alerts] wecom") && !bad.stderr.contains("not-an"),
        "{bad:?}"
    );
}
