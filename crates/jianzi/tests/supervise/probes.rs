//! Probes decide: those over TCP and HTTP, and the operator's script.

use std::os::unix::fs::PermissionsExt;

use testkit::eventually;

use crate::stage::{Options, last_cause, signal};

#[test]
fn a_script_that_fails_often_enough_has_the_server_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let (script, sick) = (folder.path().join("probe"), folder.path().join("sick"));
    let seen = folder.path().join("seen");
    let text = format!(
        "#!/bin/sh\necho \"$JIANZI_HTTP $JIANZI_ADMIN $JIANZI_PID\" > '{}'\ntest ! -e '{}'\n",
        seen.display(),
        sick.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let script: &'static str = script.display().to_string().leak();
    let mut supervised =
        Options::new(&["--probe-every", "50ms", "--probe-failures", "2", "--probe-script", script]).ready();
    let server = supervised.server_pid();
    eventually("the script has run", || {
        let said = std::fs::read_to_string(&seen).ok()?;
        let expected = format!("{} {} {server}\n", supervised.address("http"), supervised.address("admin"));
        (said == expected).then_some(())
    });
    assert_eq!(supervised.status()["restarts"], 0);
    std::fs::write(&sick, "").unwrap();
    let status = supervised.until("it is down", |status| status["restarts"] == 1);
    std::fs::remove_file(&sick).unwrap();
    assert_eq!(last_cause(&status), "unhealthy");
    let why = status["recent"][0]["why"].as_str().unwrap();
    assert!(why.contains("script probe") && why.contains("exit status: 1"), "{why}");
    supervised.until_ready();
    assert_eq!(supervised.http().get("/v1/version").status, 200);
}

/// The watchdog alone would let it stand for an hour.
#[test]
fn a_server_that_answers_neither_over_tcp_nor_over_http_is_started_again() {
    let told =
        ["--watchdog", "1h", "--probe-every", "50ms", "--probe-within", "200ms", "--probe-failures", "6"];
    let mut supervised = Options::new(&told).ready();
    let server = supervised.server_pid();
    signal(server, "-STOP");
    let failing = supervised.until("both probes notice", |status| {
        let probes = status["probes"].as_array().unwrap();
        probes.len() == 2 && probes.iter().all(|probe| probe["failures"].as_u64().unwrap() > 0)
    });
    for probe in failing["probes"].as_array().unwrap() {
        assert!(probe["message"].as_str().unwrap().contains("no answer within 200ms"), "{probe}");
    }
    let after = supervised.until_restarted(1);
    assert_eq!(last_cause(&after), "unhealthy");
    let why = after["recent"][0]["why"].as_str().unwrap();
    assert!(why.contains("tcp probe") || why.contains("http probe"), "{why}");
    assert_eq!(supervised.http().get("/v1/version").status, 200);
}
