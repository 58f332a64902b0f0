//! The channels: how each wants a message, and what its answers mean. Pure; facts checked against the vendors'
//! documentation as far as `docs/operations.md` says.

mod dingtalk;
mod feishu;
mod webhook;
mod wecom;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use platform::Secret;
use ring::hmac;
use serde_json::Value;

use crate::http::{Answer, Refusal, Request};
use crate::message::{Message, Setting};

/// Somebody who is told. The addresses are secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// 企业微信 group robot.
    WeCom { url: Secret },
    /// 钉钉 group robot; with a secret its messages are signed.
    DingTalk { url: Secret, secret: Option<Secret> },
    /// 飞书 group robot; with a secret its messages are signed.
    Feishu { url: Secret, secret: Option<Secret> },
    /// Anything that takes JSON.
    Webhook { url: Secret },
}

impl Channel {
    pub fn name(&self) -> &'static str {
        match self {
            Channel::WeCom { .. } => "wecom",
            Channel::DingTalk { .. } => "dingtalk",
            Channel::Feishu { .. } => "feishu",
            Channel::Webhook { .. } => "webhook",
        }
    }

    /// Messages a minute, as the vendors allow them.
    pub fn per_minute(&self) -> usize {
        match self {
            Channel::WeCom { .. } | Channel::DingTalk { .. } => 20,
            Channel::Feishu { .. } | Channel::Webhook { .. } => 60,
        }
    }

    pub(crate) fn request(&self, message: &Message, setting: &Setting, wall_ms: u64) -> Request {
        match self {
            Channel::WeCom { url } => wecom::request(url, message, setting),
            Channel::DingTalk { url, secret } => {
                dingtalk::request(url, secret.as_ref(), message, setting, wall_ms)
            }
            Channel::Feishu { url, secret } => {
                feishu::request(url, secret.as_ref(), message, setting, wall_ms)
            }
            Channel::Webhook { url } => webhook::request(url, message, setting, wall_ms),
        }
    }

    /// Whether the message has arrived.
    pub(crate) fn understand(&self, answer: &Answer) -> Result<(), Refusal> {
        check_status(answer)?;
        match self {
            Channel::WeCom { .. } => wecom::understand(answer),
            Channel::DingTalk { .. } => dingtalk::understand(answer),
            Channel::Feishu { .. } => feishu::understand(answer),
            Channel::Webhook { .. } => Ok(()),
        }
    }
}

pub(crate) fn check_status(answer: &Answer) -> Result<(), Refusal> {
    let why = || format!("HTTP status {}", answer.status);
    let wait = answer.retry_after.unwrap_or_default();
    match answer.status {
        200..300 => Ok(()),
        408 | 425 | 429 | 500.. => Err(Refusal::after(why(), wait)),
        _ => Err(Refusal::lasting(why())),
    }
}

fn json_request(url: Secret, body: &Value) -> Request {
    let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
    Request { url, headers, body: body.to_string().into_bytes() }
}

/// Base64 of HMAC-SHA256.
fn signature(key: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

/// A number of the answer's JSON, and its words.
fn verdict(answer: &Answer, code: &str, words: &str) -> Option<(i64, String)> {
    let json: Value = serde_json::from_str(&answer.body).ok()?;
    let words: String = json.get(words).and_then(Value::as_str).unwrap_or("").chars().take(200).collect();
    Some((json.get(code)?.as_i64()?, words))
}

#[cfg(test)]
mod tests;
