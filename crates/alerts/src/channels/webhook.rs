//! A webhook of anybody's: JSON with every field; any status from 200 to 299 is an arrival.

use platform::Secret;
use serde_json::json;

use super::json_request;
use crate::http::Request;
use crate::message::{Message, Setting};

pub(super) fn request(url: &Secret, message: &Message, setting: &Setting, wall_ms: u64) -> Request {
    let incident = &message.incident;
    let lasted_ms = message.lasted.as_millis() as u64;
    json_request(
        url.clone(),
        &json!({
            "version": 1,
            "state": message.state.name(),
            "kind": incident.kind.name(),
            "fingerprint": incident.fingerprint,
            "severity": incident.severity.name(),
            "title": incident.title,
            "effect": incident.effect,
            "count": message.count,
            "since_ms": wall_ms.saturating_sub(lasted_ms),
            "lasted_ms": lasted_ms,
            "node": setting.node,
            "runbook": message.runbook(setting),
        }),
    )
}
