//! The simulator as accounts see it: through the platform port.

use std::sync::Arc;
use std::time::Duration;

use clock::{Chance, Clock, ManualClock};
use model::AppId;
use platform::{LoginProof, Platform, PlatformIdentity};
use protocol::{ErrorCode, Fault};
use wechat_sim::{SimFault, WechatSim};

#[test]
fn a_name_is_one_player_and_apps_do_not_share_openids() {
    let (sim, _) = sim();
    let alice = login(&sim, "demo", "dev:alice", "phone-1").unwrap();
    assert_eq!(alice.subject.len(), 28);
    assert!(alice.subject.starts_with('o'));
    assert_eq!(alice.session_secret.reveal().len(), 24);
    let again = login(&sim, "demo", "dev:alice", "phone-2").unwrap();
    assert_eq!(alice.subject, again.subject);
    assert_ne!(alice.session_secret, again.session_secret);
    let elsewhere = login(&sim, "other", "dev:alice", "phone-1").unwrap();
    assert_ne!(alice.subject, elsewhere.subject);
    assert_eq!(alice.union, elsewhere.union);
    assert_ne!(alice.subject, login(&sim, "demo", "dev:bob", "phone-1").unwrap().subject);
    assert!(!format!("{alice:?}").contains(alice.session_secret.reveal()));
}

#[test]
fn other_codes_are_players_of_their_device() {
    let (sim, _) = sim();
    let first = login(&sim, "demo", "0a3xyz", "phone-1").unwrap();
    assert_eq!(first.subject, login(&sim, "demo", "0b4uvw", "phone-1").unwrap().subject);
    assert_ne!(first.subject, login(&sim, "demo", "0a3xyz", "phone-2").unwrap().subject);
    // A name, a device and a code of the same text are three players.
    let same_text = [("dev:x1", ""), ("any", "x1"), ("x1", "")];
    let subjects = same_text.map(|(code, device)| login(&sim, "demo", code, device).unwrap().subject);
    assert!(subjects[0] != subjects[1] && subjects[1] != subjects[2] && subjects[0] != subjects[2]);
}

#[test]
fn issued_codes_are_good_once_for_300_s_and_in_their_app() {
    let (sim, clock) = sim();
    let demo = AppId::new("demo");
    let code = sim.issue_code(&demo, "alice");
    assert_eq!(login(&sim, "other", &code, "d").unwrap_err().code, ErrorCode::CodeRejected);
    let alice = login(&sim, "demo", &code, "d").unwrap();
    assert_eq!(alice.subject, login(&sim, "demo", "dev:alice", "d").unwrap().subject);
    let used = login(&sim, "demo", &code, "d").unwrap_err();
    assert!(used.message.contains("40163"), "{used}");
    let late = sim.issue_code(&demo, "alice");
    clock.advance(Duration::from_secs(300));
    assert!(login(&sim, "demo", &late, "d").unwrap_err().message.contains("40029"));
    assert!(login(&sim, "demo", "sim0neverissued", "d").unwrap_err().message.contains("40029"));
}

#[test]
fn faults_come_and_go_at_run_time() {
    let (sim, _) = sim();
    sim.inject(SimFault::Busy, Some(2));
    for _ in 0..2 {
        let busy = login(&sim, "demo", "dev:alice", "d").unwrap_err();
        assert_eq!(busy.code, ErrorCode::PlatformUnavailable);
        assert!(busy.retry_after.is_some());
    }
    login(&sim, "demo", "dev:alice", "d").unwrap();
    for (fault, code) in [
        (SimFault::InvalidCode, ErrorCode::CodeRejected),
        (SimFault::UsedCode, ErrorCode::CodeRejected),
        (SimFault::HighRisk, ErrorCode::Banned),
    ] {
        sim.inject(fault, None);
        for _ in 0..3 {
            assert_eq!(login(&sim, "demo", "dev:alice", "d").unwrap_err().code, code);
        }
    }
    sim.heal();
    sim.block("alice");
    assert_eq!(login(&sim, "demo", "dev:alice", "d").unwrap_err().code, ErrorCode::Banned);
    login(&sim, "demo", "dev:bob", "d").unwrap();
}

#[test]
fn a_slow_login_ends_when_the_platform_heals() {
    let (sim, _) = sim();
    let sim = Arc::new(sim);
    sim.inject(SimFault::Slow(Duration::from_secs(600)), Some(1));
    let (done, told) = std::sync::mpsc::channel();
    let slow = std::thread::spawn({
        let sim = sim.clone();
        move || done.send(login(&sim, "demo", "dev:alice", "d").is_ok())
    });
    assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "the login did not wait");
    sim.heal();
    assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(true));
    slow.join().unwrap().unwrap();
}

#[test]
fn nonsense_is_rejected() {
    let (sim, _) = sim();
    let long = "x".repeat(200);
    for code in ["", " ", "dev:", "dev: ", "dev:a\nb", long.as_str(), "a\0b"] {
        let fault = login(&sim, "demo", code, "d").unwrap_err();
        assert_eq!(fault.code, ErrorCode::CodeRejected, "{code:?}");
    }
}

fn sim() -> (WechatSim, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    (WechatSim::new(Clock::Manual(clock.clone()), Chance::seeded(1)), clock)
}

fn login(sim: &WechatSim, app: &str, code: &str, device: &str) -> Result<PlatformIdentity, Fault> {
    sim.login(&AppId::new(app), LoginProof { code, device })
}
