//! The channels and the tracker against endpoints on this machine.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod endpoint;
mod tracker;

use std::time::Duration;

use alerts::{Alerts, AlertsConfig, Channel, Incident, Kind, Message, Severity, State};
use clock::{Chance, Clock};
use platform::Secret;

use endpoint::Endpoint;

const OK: &str = r#"{"errcode":0,"errmsg":"ok","code":0,"msg":"success"}"#;

fn incident(kind: Kind, fingerprint: &str) -> Incident {
    Incident {
        kind,
        fingerprint: fingerprint.into(),
        title: format!("标题 {fingerprint}"),
        effect: "玩家不能开局".into(),
        severity: Severity::Critical,
    }
}

fn start(channels: Vec<Channel>, settle: Duration) -> Alerts {
    let config = AlertsConfig { channels, settle, node: "node-1".into(), ..AlertsConfig::default() };
    Alerts::start(config, Clock::System, Chance::system()).unwrap()
}

fn webhook(endpoint: &Endpoint) -> Channel {
    Channel::Webhook { url: Secret::new(endpoint.url("/hook")) }
}

#[test]
fn an_incident_reaches_every_channel_in_its_own_form_and_its_end_too() {
    let [wecom, ding, feishu, hook] = [(); 4].map(|()| Endpoint::start(OK));
    let secret = Some(Secret::new("SEC1"));
    let alerts = start(
        vec![
            Channel::WeCom { url: Secret::new(wecom.url("/cgi-bin/webhook/send?key=k")) },
            Channel::DingTalk {
                url: Secret::new(ding.url("/robot/send?access_token=t")),
                secret: secret.clone(),
            },
            Channel::Feishu { url: Secret::new(feishu.url("/open-apis/bot/v2/hook/h")), secret },
            webhook(&hook),
        ],
        Duration::from_millis(50),
    );
    for _ in 0..100 {
        alerts.raise(incident(Kind::NotReady, "x"));
    }
    let first = &wecom.received(1)[0];
    assert_eq!(first.path, "/cgi-bin/webhook/send?key=k");
    assert!(first.json()["markdown"]["content"].as_str().unwrap().contains("玩家不能开局"));
    let first = &ding.received(1)[0];
    assert!(
        first.path.contains("access_token=t&timestamp=") && first.path.contains("&sign="),
        "{}",
        first.path
    );
    let first = feishu.received(1)[0].json();
    assert!(first["sign"].is_string() && first["timestamp"].is_string(), "{first}");
    let first = hook.received(1)[0].json();
    assert_eq!((first["state"].as_str(), first["node"].as_str()), (Some("opened"), Some("node-1")));

    alerts.resolve(Kind::NotReady, "x");
    for endpoint in [&wecom, &ding, &feishu, &hook] {
        assert_eq!(endpoint.received(2).len(), 2, "one message when it began, one when it was over");
    }
    let last = hook.received(2)[1].json();
    assert_eq!((last["state"].as_str(), last["count"].as_u64()), (Some("resolved"), Some(100)));
    alerts.stop(Duration::from_secs(5));
}

#[test]
fn what_fails_is_sent_again_and_what_waits_is_sent_at_the_end() {
    let hook = Endpoint::start(OK);
    hook.answer_next(503, "");
    let alerts = start(vec![webhook(&hook)], Duration::from_secs(30));
    alerts.raise(incident(Kind::Journal, "a"));
    hook.received(1);
    alerts.raise(incident(Kind::Journal, "b"));
    // The pause after the failure is a second and some: the stop waits for it.
    alerts.stop(Duration::from_secs(10));
    let received = hook.received(3);
    let told: Vec<_> =
        received.iter().map(|r| r.json()["fingerprint"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ["a", "a", "b"]);
    alerts.raise(incident(Kind::Journal, "c"));
    assert_eq!(hook.count(), 3, "after the end it is only logged");
}

#[test]
fn a_refusal_for_good_is_not_repeated_and_hinders_nobody() {
    let hook = Endpoint::start(OK);
    let wecom = Endpoint::start(r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#);
    let dead = Channel::WeCom { url: Secret::new("http://127.0.0.1:9/hook?key=never-shown") };
    let alerts = start(
        vec![Channel::WeCom { url: Secret::new(wecom.url("/w")) }, dead, webhook(&hook)],
        Duration::from_secs(30),
    );
    for fingerprint in ["a", "b"] {
        alerts.raise(incident(Kind::Journal, fingerprint));
    }
    assert_eq!(hook.received(2).len(), 2);
    assert_eq!(wecom.received(2).len(), 2, "one try each");
    alerts.stop(Duration::from_millis(1));
}

#[test]
fn the_test_message_says_what_became_of_it() {
    let hook = Endpoint::start(OK);
    let config = AlertsConfig {
        channels: vec![
            webhook(&hook),
            Channel::DingTalk {
                url: Secret::new("http://127.0.0.1:9/?access_token=never-shown"),
                secret: None,
            },
            Channel::WeCom { url: Secret::new("not an address, never-shown") },
        ],
        ..AlertsConfig::default()
    };
    let message = Message {
        incident: incident(Kind::Test, "t"),
        state: State::Opened,
        count: 1,
        lasted: Duration::ZERO,
    };
    let tried = Alerts::try_channels(&config, &Clock::System, &message);
    assert_eq!((tried[0].channel, &tried[0].outcome), ("webhook", &Ok(())));
    for failed in &tried[1..] {
        let why = failed.outcome.as_ref().unwrap_err();
        assert!(!why.is_empty() && !why.contains("never-shown"), "{why}");
    }
    assert_eq!(hook.received(1)[0].json()["kind"], "test");
}
