//! Events as text and as JSON.

use model::{Seat, Tick};
use room_core::modules::LogicRef;
use room_core::{LeftWhy, RoomEvent};
use rooms::Logged;
use serde_json::{Map, Value, json};

/// All of an event, `tick` being the last one that was over before.
pub fn as_json(logged: &Logged, tick: Tick) -> Value {
    let (name, details) = describe(&logged.event);
    let mut line = json!({ "position": logged.position.to_string(), "after_tick": tick, "event": name });
    if let Some(line) = line.as_object_mut() {
        line.extend(details);
    }
    line
}

/// The same as a line.
pub fn as_text(logged: &Logged, tick: Tick) -> String {
    let (name, details) = describe(&logged.event);
    let details: String = details.iter().map(|(key, value)| format!("  {key} {}", plain(value))).collect();
    format!("{:>10}  {tick:>7}  {name}{details}\n", logged.position.to_string())
}

/// One word.
pub fn name(event: &RoomEvent) -> &'static str {
    describe(event).0
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn logic(logic: &LogicRef) -> Value {
    json!({ "game": logic.game, "version": logic.version, "module": logic.hash.to_string() })
}

/// A JSON value as people read it: texts that hold nothing odd without their quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text)
            if !text.is_empty() && text.chars().all(|char| !char.is_control() && char != ' ') =>
        {
            text.clone()
        }
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
            fields.join(",")
        }
        other => other.to_string(),
    }
}

fn describe(event: &RoomEvent) -> (&'static str, Map<String, Value>) {
    let (name, details) = match event {
        RoomEvent::Founded(founding) => {
            let details = json!({
                "founder": founding.founder.as_str(), "build": founding.build.as_str(), "run": founding.run,
                "wall_ms": founding.wall_ms, "kind": founding.spec.kind.as_str_name(), "mode": founding.spec.mode,
                "seats": founding.spec.seats, "bots": founding.spec.bots, "seed": founding.spec.seed(),
                "tick_hz": founding.spec.tick_hz(), "durability": founding.spec.durability.as_str_name(),
                "logic": founding.logic.as_ref().map(logic),
            });
            ("founded", details)
        }
        RoomEvent::SeatTaken { seat, player, session_number, name, .. } => {
            let player = player.as_str();
            ("seat_taken", json!({ "seat": seat, "player": player, "session": session_number, "name": name }))
        }
        RoomEvent::SpectatorCame { player, session_number, name, .. } => {
            ("spectator_came", json!({ "player": player.as_str(), "session": session_number, "name": name }))
        }
        RoomEvent::Left { player, why } => {
            ("left", json!({ "player": player.as_str(), "why": left_why(*why) }))
        }
        RoomEvent::Banned { player } => ("banned", json!({ "player": player.as_str() })),
        RoomEvent::Lost { player } => ("lost", json!({ "player": player.as_str() })),
        RoomEvent::Back { player } => ("back", json!({ "player": player.as_str() })),
        RoomEvent::Gone { player } => ("gone", json!({ "player": player.as_str() })),
        RoomEvent::Muted { seat, muted } => ("muted", json!({ "seat": seat, "muted": muted })),
        RoomEvent::Ready { seat, ready } => ("ready", json!({ "seat": seat, "ready": ready })),
        RoomEvent::Properties { seat, changes } => {
            let changes: Map<String, Value> =
                changes.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
            ("properties", json!({ "seat": seat, "changes": changes }))
        }
        RoomEvent::Owner { player } => ("owner", json!({ "player": player.as_str() })),
        RoomEvent::Reserved { player, until_ms } => {
            ("reserved", json!({ "player": player.as_str(), "until_ms": until_ms }))
        }
        RoomEvent::ReservationOver { player } => ("reservation_over", json!({ "player": player.as_str() })),
        RoomEvent::Started => ("started", json!({})),
        RoomEvent::Input { seat, number, tick, data } => {
            ("input", json!({ "seat": seat, "number": number, "tick": tick, "data": hex(data) }))
        }
        RoomEvent::Refused { seat, number, reason } => {
            ("refused", json!({ "seat": seat, "number": number, "reason": reason.as_str_name() }))
        }
        RoomEvent::Tick { number, hash } => {
            let hash = hash.map(|hash| format!("{hash:08x}"));
            (
                "tick",
                hash.map_or(json!({ "number": number }), |hash| json!({ "number": number, "hash": hash })),
            )
        }
        RoomEvent::StateHash { seat, tick, hash } => {
            ("state_hash", json!({ "seat": seat, "tick": tick, "hash": format!("{hash:08x}") }))
        }
        RoomEvent::Result { seat, result, hash, tick } => {
            let (result, hash) = (hex(result), format!("{hash:08x}"));
            ("result", json!({ "seat": seat, "result": result, "hash": hash, "tick": tick }))
        }
        RoomEvent::RunBegan { run, continues_at, reason } => {
            ("run_began", json!({ "run": run, "continues_at": continues_at, "reason": reason.as_str() }))
        }
        RoomEvent::Shown { player } => ("shown", json!({ "player": player.as_str() })),
        RoomEvent::CallEnded { event, end } => {
            let (name, details) = describe(event);
            ("call_ended", json!({ "why": end.to_string(), "in": name, "details": details }))
        }
        RoomEvent::Swapped { to, from_version, save } => {
            ("swapped", json!({ "from_version": from_version, "to": logic(to), "save": hex(save) }))
        }
        RoomEvent::SwapFailed { to, why } => ("swap_failed", json!({ "to": logic(to), "why": why })),
        RoomEvent::RolledBack { to, state } => {
            ("rolled_back", json!({ "to": logic(to), "state_bytes": state.len() }))
        }
        RoomEvent::Ended { reason } => ("ended", json!({ "reason": reason.as_str() })),
    };
    let mut details = match details {
        Value::Object(details) => details,
        _ => Map::new(),
    };
    details.retain(|_, value| !value.is_null());
    (name, details)
}

/// Which call into the game an event makes, for reports of crashes.
pub fn call(event: &RoomEvent) -> String {
    let of_seat = |what: &str, seat: Seat| format!("{what} of seat {seat}");
    match event {
        RoomEvent::Tick { number, .. } => format!("tick {number}"),
        RoomEvent::Input { seat, number, .. } => format!("{}, number {number}", of_seat("input", *seat)),
        RoomEvent::SeatTaken { seat, .. } => of_seat("join", *seat),
        other => name(other).to_owned(),
    }
}

fn left_why(why: LeftWhy) -> &'static str {
    match why {
        LeftWhy::Left => "left",
        LeftWhy::Kicked => "kicked",
        LeftWhy::Gone => "gone",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use model::Position;

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let event = RoomEvent::Input { seat: 3, number: 9, tick: 77, data: Bytes::from_static(&[4, 255]) };
        let logged = Logged { position: Position { epoch: 2, sequence: 31 }, event };
        assert_eq!(
            as_text(&logged, 76),
            "      2-31       76  input  data 04ff  number 9  seat 3  tick 77\n"
        );
        assert_eq!(
            as_json(&logged, 76),
            json!({ "position": "2-31", "after_tick": 76, "event": "input", "seat": 3, "number": 9, "tick": 77, "data": "04ff" })
        );
        assert_eq!(call(&logged.event), "input of seat 3, number 9");
        let odd = RoomEvent::Properties { seat: None, changes: vec![("a".into(), "b\nc".into())] };
        let logged = Logged { position: Position::default(), event: odd };
        assert_eq!(as_text(&logged, 0).lines().count(), 1);
    }
}
