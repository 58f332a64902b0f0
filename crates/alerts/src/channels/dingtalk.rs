//! 钉钉: a group robot's webhook, signed in the address. More than 20 messages a minute silence the robot for ten.

use std::time::Duration;

use platform::Secret;
use serde_json::json;

use super::{json_request, signature, verdict};
use crate::http::{Answer, Refusal, Request};
use crate::message::{Message, Setting};

/// `send too fast`.
const TOO_OFTEN: i64 = 130_101;
const BUSY: i64 = -1;

pub(super) fn request(
    url: &Secret,
    secret: Option<&Secret>,
    message: &Message,
    setting: &Setting,
    wall_ms: u64,
) -> Request {
    let url = match secret {
        None => url.clone(),
        Some(secret) => Secret::new(signed(url.reveal(), secret.reveal(), wall_ms)),
    };
    let markdown = json!({ "title": message.headline(), "text": message.markdown(setting) });
    json_request(url, &json!({ "msgtype": "markdown", "markdown": markdown }))
}

/// The key is the secret, the text `<milliseconds>⏎<secret>`; the signature is written for an address.
pub(super) fn signed(url: &str, secret: &str, wall_ms: u64) -> String {
    let sign = signature(secret, &format!("{wall_ms}\n{secret}"));
    let sign = sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}timestamp={wall_ms}&sign={sign}")
}

pub(super) fn understand(answer: &Answer) -> Result<(), Refusal> {
    match verdict(answer, "errcode", "errmsg") {
        Some((0, _)) => Ok(()),
        Some((TOO_OFTEN, words)) => Err(Refusal::after(words, Duration::from_secs(60))),
        Some((BUSY, words)) => Err(Refusal::passing(words)),
        Some((code, words)) => Err(Refusal::lasting(format!("errcode {code}: {words}"))),
        None => Err(Refusal::passing("an answer without errcode")),
    }
}
