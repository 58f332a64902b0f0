//! Replays of finished rooms, for the HTTP interface.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::{AppId, RoomId, Seat};
use protocol::{ErrorCode, Fault};
use releases::Catalog;
use rest::Replays;
use room_core::modules::Modules;
use room_core::replay::{self, Finding, ReplayView};
use rooms::Rooms;
use serde_json::{Value, json};

pub struct FinishedRooms {
    rooms: Arc<Rooms>,
    modules: Arc<dyn Modules>,
    catalog: Arc<Catalog>,
}

impl FinishedRooms {
    pub fn new(rooms: Arc<Rooms>, modules: Arc<dyn Modules>, catalog: Arc<Catalog>) -> FinishedRooms {
        FinishedRooms { rooms, modules, catalog }
    }
}

impl Replays for FinishedRooms {
    fn file(&self, app: &AppId, room: &RoomId) -> Result<Vec<u8>, Fault> {
        let missing = || Fault::new(ErrorCode::RoomUnknown, "there is no finished room of this id");
        self.rooms.replay(app, room).ok_or_else(missing)
    }

    fn json(&self, app: &AppId, room: &RoomId) -> Result<Value, Fault> {
        let file = self.file(app, room)?;
        let view = replay::read(&file)
            .and_then(|replay| replay::view(&replay, &self.modules))
            .map_err(|finding| not_played(app, room, &finding, &self.catalog))?;
        Ok(to_json(&view))
    }
}

fn not_played(app: &AppId, room: &RoomId, finding: &Finding, catalog: &Catalog) -> Fault {
    let Finding::Module(missing) = finding else {
        tracing::error!(event = "replay_damaged", %app, %room, %finding);
        return Fault::from(ErrorCode::Internal);
    };
    tracing::warn!(event = "replay_without_rules", %app, %room, %finding);
    let module = missing.module;
    if catalog.module(&module).is_ok() {
        let busy = "the rules of this match cannot be run just now";
        return Fault::new(ErrorCode::Unavailable, busy);
    }
    let gone = format!(
        "the rules of this match, module {module:.12}, are not kept any more: its replay is there as a file, and can be \
         played again once their bundle is published again"
    );
    Fault::new(ErrorCode::RoomUnknown, gone)
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

#[cfg(test)]
mod tests {
    use clock::{Clock, ManualClock};
    use releases::{GameKey, module_hash};
    use room_core::modules::{ModuleHash, NoModule};

    use super::*;

    #[test]
    fn a_match_whose_rules_were_tidied_away_is_no_fault_of_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::Manual(Arc::new(ManualClock::new(0)));
        let (catalog, _) = Catalog::open(folder.path(), clock).unwrap();
        catalog.install(&GameKey::new("demo", "jianzi"), "release-1", true, b"there", "dev").unwrap();
        let (app, room) = (AppId::new("demo"), RoomId::from_name("somewhere"));
        let fault = |module: ModuleHash| {
            let missing = NoModule { module, why: "as it is".to_owned() };
            not_played(&app, &room, &Finding::Module(missing), &catalog)
        };
        let gone = fault(module_hash(b"gone"));
        assert_eq!(gone.code, ErrorCode::RoomUnknown);
        assert!(gone.to_string().contains("published again"), "{gone}");
        assert_eq!(fault(module_hash(b"there")).code, ErrorCode::Unavailable);
        assert_eq!(not_played(&app, &room, &Finding::NotAReplay, &catalog).code, ErrorCode::Internal);
    }
}
