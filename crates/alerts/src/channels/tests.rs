use std::time::Duration;

use super::*;
use crate::{Incident, Kind, Severity, State};

fn message() -> Message {
    let incident = Incident {
        kind: Kind::Crash,
        fingerprint: "segv f".into(),
        title: "服务器崩溃".into(),
        effect: "对局中断".into(),
        severity: Severity::Critical,
    };
    Message { incident, state: State::Again, count: 3, lasted: Duration::from_secs(5) }
}

fn body(channel: &Channel) -> (String, Value) {
    let setting = Setting { node: "n1".into(), runbooks: String::new() };
    let request = channel.request(&message(), &setting, 1_795_255_739_123);
    (request.url.reveal().to_owned(), serde_json::from_slice(&request.body).unwrap())
}

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, retry_after: None, body: body.to_owned() }
}

/// The first from RFC 4231; the others made by another implementation (Python's `hmac`) from the vendors' recipes.
#[test]
fn signatures_are_those_of_an_independent_implementation() {
    assert_eq!(
        signature("Jefe", "what do ya want for nothing?"),
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
    );
    let url = dingtalk::signed(
        "https://oapi.example/robot/send?access_token=t",
        "SECabcdef0123456789",
        1_795_255_739_123,
    );
    assert_eq!(
        url,
        "https://oapi.example/robot/send?access_token=t&timestamp=1795255739123\
         &sign=1JeHO%2B%2BoBcqBIOlyyl6ETS%2BCKMb5zqcyWjcH%2Fxe2maY%3D"
    );
    assert_eq!(
        feishu::sign(1_795_255_739, "feishu-secret-1"),
        "ILLmKtWwgVAp8tV52arVep2b71zOXTHlC9lgpBDXne0="
    );
}

#[test]
fn each_channel_gets_its_own_form() {
    let url = || Secret::new("http://127.0.0.1:1/hook?key=k");
    let (address, wecom) = body(&Channel::WeCom { url: url() });
    assert_eq!((address.as_str(), &wecom["msgtype"]), (url().reveal(), &Value::from("markdown")));
    let content = wecom["markdown"]["content"].as_str().unwrap();
    for part in ["服务器崩溃", "对局中断", "**次数**:3", "crash.md", "n1"] {
        assert!(content.contains(part), "{part} in {content}");
    }
    let (address, ding) = body(&Channel::DingTalk { url: url(), secret: Some(Secret::new("s")) });
    assert!(address.starts_with(url().reveal()) && address.contains("&timestamp=1795255739123&sign="));
    assert_eq!(ding["markdown"]["title"], "🔴 故障 服务器崩溃");
    let (address, _) = body(&Channel::DingTalk { url: url(), secret: None });
    assert_eq!(address, url().reveal());
    let (_, feishu) = body(&Channel::Feishu { url: url(), secret: Some(Secret::new("s")) });
    assert_eq!(feishu["timestamp"], "1795255739");
    assert_eq!(feishu["sign"], feishu::sign(1_795_255_739, "s"));
    assert_eq!(feishu["card"]["header"]["template"], "red");
    let (_, hook) = body(&Channel::Webhook { url: url() });
    assert_eq!(
        (&hook["state"], &hook["kind"], &hook["count"]),
        (&"again".into(), &"crash".into(), &3.into())
    );
    assert_eq!(hook["since_ms"], 1_795_255_734_123_u64);
}

#[test]
fn answers_are_understood() {
    let url = || Secret::new("http://x");
    let wecom = Channel::WeCom { url: url() };
    let ding = Channel::DingTalk { url: url(), secret: None };
    let feishu = Channel::Feishu { url: url(), secret: None };
    let hook = Channel::Webhook { url: url() };
    assert_eq!(wecom.understand(&answer(200, r#"{"errcode":0,"errmsg":"ok"}"#)), Ok(()));
    assert_eq!(feishu.understand(&answer(200, r#"{"code":0,"msg":"success","data":{}}"#)), Ok(()));
    assert_eq!(feishu.understand(&answer(200, r#"{"StatusCode":0,"StatusMessage":"success"}"#)), Ok(()));
    assert_eq!(hook.understand(&answer(204, "")), Ok(()));
    let wait =
        |channel: &Channel, status, body: &str| channel.understand(&answer(status, body)).unwrap_err().wait;
    let minute = Some(Duration::from_secs(60));
    assert_eq!(wait(&wecom, 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#), minute);
    assert_eq!(wait(&ding, 200, r#"{"errcode":130101,"errmsg":"send too fast"}"#), minute);
    assert_eq!(wait(&feishu, 200, r#"{"code":11232,"msg":"frequency limited"}"#), minute);
    assert_eq!(wait(&wecom, 200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#), None);
    assert_eq!(wait(&ding, 200, r#"{"errcode":310000,"errmsg":"sign not match"}"#), None);
    assert_eq!(wait(&feishu, 200, r#"{"code":19021,"msg":"sign match fail"}"#), None);
    assert_eq!(wait(&wecom, 200, "<html>"), Some(Duration::ZERO));
    assert_eq!(wait(&hook, 404, ""), None);
    assert_eq!(wait(&hook, 503, ""), Some(Duration::ZERO));
    let asked = Answer { retry_after: Some(Duration::from_secs(7)), ..answer(429, "") };
    assert_eq!(hook.understand(&asked).unwrap_err().wait, Some(Duration::from_secs(7)));
}
