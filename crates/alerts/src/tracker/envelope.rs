//! A report as an envelope with one event.

use crashes::{Cause, Frame, Report, Thread, scrub};
use ring::digest;
use serde_json::{Value, json};

/// What the tracker should know besides the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// "production", or whatever the operator calls it.
    pub environment: String,
    /// The server's name.
    pub server: String,
}

/// Lines of JSON: the envelope's head, the item's head, the event.
pub fn envelope(report: &Report, context: &Context, wall_ms: u64) -> Vec<u8> {
    let event = event(report, context).to_string();
    let head = json!({ "event_id": event_id(report), "sent_at": rfc3339(wall_ms) });
    let item = json!({ "type": "event", "content_type": "application/json", "length": event.len() });
    format!("{head}\n{item}\n{event}\n").into_bytes()
}

/// The same for the same report, so that the tracker knows a repetition.
pub fn event_id(report: &Report) -> String {
    let digest = digest::digest(&digest::SHA256, format!("{} {}", report.id, report.build_id).as_bytes());
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn event(report: &Report, context: &Context) -> Value {
    let culprit = report.culprit().unwrap_or("?");
    let lived_on = report.cause == Cause::Panic && report.signal.is_none();
    let words = scrub(report.message.as_deref().unwrap_or(&report.headline()));
    let mut exception = json!({
        "type": report.cause.name(),
        "value": words,
        "mechanism": {
            "type": if report.cause == Cause::Panic { "panic" } else { "signalhandler" },
            "handled": lived_on,
            "meta": report.signal.map(|number| json!({ "signal": { "number": number } })),
        },
    });
    if let Some(thread) = &report.thread {
        exception["thread_id"] = json!(thread.id);
        exception["stacktrace"] = stacktrace(thread);
    }
    let threads: Vec<Value> = report
        .thread
        .iter()
        .map(|t| thread_value(t, true))
        .chain(report.other_threads.iter().map(|t| thread_value(t, false)))
        .collect();
    let rooms: Vec<Value> = report
        .rooms
        .iter()
        .map(|room| json!({ "place": room.place, "room": room.room, "tick": room.tick, "within": room.within }))
        .collect();
    let breadcrumbs: Vec<Value> = report
        .lines
        .iter()
        .map(|line| json!({ "type": "default", "category": "log", "level": level(line), "message": scrub(line) }))
        .collect();
    json!({
        "event_id": event_id(report),
        "timestamp": report.time_ms as f64 / 1000.0,
        "platform": "native",
        "level": if lived_on { "error" } else { "fatal" },
        "logger": "jianzi",
        "release": format!("jianzi@{}", report.version),
        "dist": report.build_id.get(..12),
        "environment": context.environment,
        "server_name": context.server,
        "transaction": report.thread.as_ref().map(|thread| &thread.name),
        "fingerprint": [report.cause.name(), culprit],
        "tags": { "cause": report.cause.name(), "profile": report.profile },
        "exception": { "values": [exception] },
        "threads": { "values": threads },
        "breadcrumbs": { "values": breadcrumbs },
        "contexts": {
            "rooms": { "type": "rooms", "stepped": rooms },
            "process": {
                "type": "process",
                "pid": report.pid,
                "up_ms": report.time_ms.saturating_sub(report.started_ms),
                "exit_code": report.exit_code,
                "report": report.id,
                "notes": report.notes,
            },
        },
    })
}

fn thread_value(thread: &Thread, crashed: bool) -> Value {
    let mut value = json!({ "id": thread.id, "name": thread.name, "crashed": crashed, "current": crashed });
    if !crashed {
        value["stacktrace"] = stacktrace(thread);
    }
    value
}

/// The outermost call first.
fn stacktrace(thread: &Thread) -> Value {
    let frames: Vec<Value> = thread.frames.iter().rev().map(frame_value).collect();
    json!({ "frames": frames })
}

fn frame_value(frame: &Frame) -> Value {
    json!({
        "function": frame.function,
        "filename": frame.file,
        "lineno": frame.line,
        "instruction_addr": format!("{:#x}", frame.address),
        "package": frame.module.rsplit('/').next(),
        "in_app": frame.file.as_deref().is_some_and(|file| file.starts_with("crates/")),
    })
}

/// What the log's line says of itself.
fn level(line: &str) -> &'static str {
    let head = line.get(..80.min(line.floor_char_boundary(80))).unwrap_or(line);
    match head {
        head if head.contains("ERROR") => "error",
        head if head.contains("WARN") => "warning",
        head if head.contains("DEBUG") => "debug",
        _ => "info",
    }
}

fn rfc3339(ms: u64) -> String {
    crashes::written(ms)
}
