//! 企业微信: a group robot's webhook. At most 20 messages a minute, content up to 4096 bytes.

use std::time::Duration;

use platform::Secret;
use serde_json::json;

use super::{json_request, verdict};
use crate::http::{Answer, Refusal, Request};
use crate::message::{Message, Setting};

const CONTENT_BYTES_MAX: usize = 4096;
/// `api freq out of limit`.
const TOO_OFTEN: i64 = 45009;
/// `system busy`.
const BUSY: i64 = -1;

pub(super) fn request(url: &Secret, message: &Message, setting: &Setting) -> Request {
    let mut content = message.markdown(setting);
    content.truncate(content.floor_char_boundary(CONTENT_BYTES_MAX));
    json_request(url.clone(), &json!({ "msgtype": "markdown", "markdown": { "content": content } }))
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
