//! Replays of finished rooms, for the HTTP interface.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::{AppId, RoomId, Seat};
use protocol::{ErrorCode, Fault};
use rest::Replays;
use room_core::modules::Modules;
use room_core::replay::{self, ReplayView};
use rooms::Rooms;
use serde_json::{Value, json};

pub struct FinishedRooms {
    rooms: Arc<Rooms>,
    modules: Arc<dyn Modules>,
}

impl FinishedRooms {
    pub fn new(rooms: Arc<Rooms>, modules: Arc<dyn Modules>) -> FinishedRooms {
        FinishedRooms { rooms, modules }
    }
}

impl Replays for FinishedRooms {
    fn file(&self, app: &AppId, room: &RoomId) -> Result<Vec<u8>, Fault> {
        let missing = || Fault::new(ErrorCode::RoomUnknown, "there is no finished lockstep room of this id");
        self.rooms.replay(app, room).ok_or_else(missing)
    }

    fn json(&self, app: &AppId, room: &RoomId) -> Result<Value, Fault> {
        let file = self.file(app, room)?;
        let view = replay::read(&file).and_then(|replay| replay::view(&replay, &self.modules)).map_err(
            |finding| {
                tracing::error!(event = "replay_damaged", %app, %room, %finding);
                Fault::from(ErrorCode::Internal)
            },
        )?;
        Ok(to_json(&view))
    }
}

fn to_json(view: &ReplayView) -> Value {
    let seats = view.seats.iter().map(|seat| {
        json!({ "seat": seat.seat, "player": seat.player.as_str(), "name": seat.name, "bot": seat.bot })
    });
    let input = |(seat, data): &(Seat, Bytes)| json!([seat, STANDARD.encode(data)]);
    let results = view.results.iter().map(|result| {
        json!({ "seat": result.seat, "result": STANDARD.encode(&result.result), "hash": result.hash })
    });
    json!({
        "room": view.room.room.as_str(),
        "mode": view.mode,
        "build": view.build,
        "seed": view.seed,
        "tick_hz": view.tick_hz,
        "seats": seats.collect::<Vec<_>>(),
        "ticks": view.ticks.iter().map(|tick| tick.iter().map(input).collect()).collect::<Vec<Value>>(),
        "results": results.collect::<Vec<_>>(),
        "agreed": view.agreed,
    })
}
