//! What a room told, as JSON.

use room_core::Output;
use serde_json::{Value, json};

use super::event::{hex, logic};

pub fn as_json(output: &Output) -> Value {
    match output {
        Output::Frame { body, first_tick, last_tick } => {
            json!({ "told": "frame", "first_tick": first_tick, "last_tick": last_tick, "body": hex(body) })
        }
        Output::Refused { seat, number, reason } => {
            json!({ "told": "refused", "seat": seat, "number": number, "reason": reason.as_str_name() })
        }
        Output::Changed { why, player } => {
            json!({ "told": "changed", "why": why.as_str(), "player": player.as_str() })
        }
        Output::Started => json!({ "told": "started" }),
        Output::Desync { tick, seats, last_agreed } => {
            json!({ "told": "desync", "tick": tick, "seats": seats, "last_agreed": last_agreed })
        }
        Output::Detached { .. } => json!({ "told": "detached" }),
        Output::State { run, tick, data, .. } => {
            json!({ "told": "state", "run": run, "tick": tick, "data": hex(data) })
        }
        Output::Message { seat, run, tick, data } => {
            json!({ "told": "message", "seat": seat, "run": run, "tick": tick, "data": hex(data) })
        }
        Output::Effect { tick, ordinal, kind, data } => {
            json!({ "told": "effect", "tick": tick, "ordinal": ordinal, "kind": kind, "data": hex(data) })
        }
        Output::Log { level, text } => json!({ "told": "log", "level": level, "text": text }),
        Output::Metric { name, value } => json!({ "told": "metric", "name": name, "value": value }),
        Output::CallEnded { call, seat, end } => {
            json!({ "told": "call_ended", "call": call, "seat": seat, "why": end.to_string() })
        }
        Output::Suspended { end } => json!({ "told": "suspended", "why": end.to_string() }),
        Output::Swapped { from, to } => json!({ "told": "swapped", "from": logic(from), "to": logic(to) }),
        Output::SwapFailed { to, why } => json!({ "told": "swap_failed", "to": logic(to), "why": why }),
        Output::Ended { reason } => json!({ "told": "ended", "reason": reason.as_str() }),
    }
}
