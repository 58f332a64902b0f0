//! 飞书: a group robot's webhook, signed in the body; a card with markdown.

use std::time::Duration;

use platform::Secret;
use serde_json::json;

use super::{json_request, signature, verdict};
use crate::http::{Answer, Refusal, Request};
use crate::incident::Severity;
use crate::message::{Message, Setting, State};

/// `too many request` and `frequency limited`.
const TOO_OFTEN: [i64; 2] = [9499, 11232];

pub(super) fn request(
    url: &Secret,
    secret: Option<&Secret>,
    message: &Message,
    setting: &Setting,
    wall_ms: u64,
) -> Request {
    let colour = match (message.state, message.incident.severity) {
        (State::Resolved, _) => "green",
        (_, Severity::Critical) => "red",
        (_, Severity::Warning) => "orange",
        (_, Severity::Info) => "blue",
    };
    let mut lines: Vec<String> =
        message.lines(setting).into_iter().map(|(name, line)| format!("**{name}**:{line}")).collect();
    let page = message.runbook(setting);
    lines.push(match setting.runbooks.is_empty() {
        true => format!("**处理手册**:{page}"),
        false => format!("[处理手册]({page})"),
    });
    let mut body = json!({
        "msg_type": "interactive",
        "card": {
            "header": { "title": { "tag": "plain_text", "content": message.headline() }, "template": colour },
            "elements": [{ "tag": "markdown", "content": lines.join("\n") }],
        },
    });
    if let Some(secret) = secret {
        let seconds = wall_ms / 1000;
        body["timestamp"] = json!(seconds.to_string());
        body["sign"] = json!(sign(seconds, secret.reveal()));
    }
    json_request(url.clone(), &body)
}

/// The key is `<seconds>⏎<secret>`, the text is empty.
pub(super) fn sign(seconds: u64, secret: &str) -> String {
    signature(&format!("{seconds}\n{secret}"), "")
}

pub(super) fn understand(answer: &Answer) -> Result<(), Refusal> {
    match verdict(answer, "code", "msg").or_else(|| verdict(answer, "StatusCode", "StatusMessage")) {
        Some((0, _)) => Ok(()),
        Some((code, words)) if TOO_OFTEN.contains(&code) => {
            Err(Refusal::after(words, Duration::from_secs(60)))
        }
        Some((code, words)) => Err(Refusal::lasting(format!("code {code}: {words}"))),
        None => Err(Refusal::passing("an answer without code")),
    }
}
