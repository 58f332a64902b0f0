//! The demo's rules as they are shipped, in the engine that runs them: played, patched, taken back, killed.

use std::sync::Arc;

use bytes::Bytes;
use clock::Clock;
use model::{AppId, PlayerId, RoomId};
use protocol::Fault;
use protocol::messages::{AuthoritativeSpec, RoomKind, RoomSpec};
use room_core::modules::{LogicRef, ModuleHash};
use room_core::tick_entries;
use rooms::{Games, LogicCatalog, RoomsConfig};
use wasm_host::{WasmConfig, WasmHost};

use crate::games::moves;
use crate::stage::{Seated, Stage, config};

const MODULES: [&[u8]; 3] = [
    include_bytes!("../../../../games/jianzi/room/dist/jianzi-v1.wasm"),
    include_bytes!("../../../../games/jianzi/room/dist/jianzi-v2.wasm"),
    include_bytes!("../../../../games/jianzi/room/dist/jianzi-v3-bad.wasm"),
];

/// New rooms begin with the first one.
struct First([ModuleHash; 3]);

impl First {
    fn logic(&self, version: u32) -> LogicRef {
        LogicRef { game: "jianzi".into(), version, hash: self.0[version as usize - 1] }
    }
}

impl LogicCatalog for First {
    fn current(&self, _: &AppId, _: &str, _: &RoomId, _: &PlayerId) -> Result<LogicRef, Fault> {
        Ok(self.logic(1))
    }
}

/// The engine has no more places than there are rooms, and one to change over.
fn shipped(rooms: u32) -> (Games, Arc<First>) {
    let host = Arc::new(WasmHost::new(WasmConfig::new(rooms + 1)).expect("an engine"));
    let versions = Arc::new(First(MODULES.map(|module| host.add(module).expect("a sound module"))));
    (Games { modules: host, catalog: versions.clone(), ..Games::default() }, versions)
}

fn rally(seats: u32) -> RoomSpec {
    let part = AuthoritativeSpec { game: "jianzi".into(), tick_hz: 20, seed: 4711 };
    RoomSpec {
        kind: RoomKind::Authoritative.into(),
        lockstep: None,
        authoritative: Some(part),
        ..crate::stage::lockstep(seats)
    }
}

/// Ticks told since a state, each with what the room said.
fn said(player: &Seated) -> Vec<(usize, Vec<u8>)> {
    let heard = player.player.heard();
    assert!(heard.early.is_empty(), "a tick was missed");
    let told = heard.ticks.iter().enumerate().filter(|(_, entry)| !entry.is_empty());
    told.map(|(index, entry)| (index + 1, tick_entries(entry).next().expect("a word").1.to_vec())).collect()
}

fn play(stage: &Stage, players: &mut [Seated], ticks: usize) {
    let goal = players[0].player.ticks() + ticks;
    let mut step = players[0].player.ticks();
    let both = |players: &[Seated]| players.iter().map(|player| player.player.ticks()).min().unwrap_or(0);
    stage.until("it plays", || {
        let now = both(players);
        if now > step {
            step = now;
            let kick = Bytes::from(vec![1, (now % 200) as u8]);
            players.iter_mut().filter(|player| now % 3 == usize::from(player.seat())).for_each(|player| {
                player.send(kick.clone());
            });
        }
        now >= goal && players.iter().all(|player| player.player.applied() == player.sent)
    });
}

#[test]
fn the_shipped_rules_are_played_patched_taken_back_and_outlive_their_process() {
    let (games, versions) = shipped(1);
    let config = |epoch| RoomsConfig { epoch, games: games.clone(), ..config() };
    let stage = Stage::with(config(1), |link| Arc::new(link));
    let mut players = stage.full_room("rally", rally(2));
    play(&stage, &mut players, 40);
    // Ticks go on while this looks.
    assert!(said(&players[0])[..40] == said(&players[1])[..40], "the players were told different things");

    let done = |moved: Vec<(String, Result<(), String>)>| {
        assert_eq!(moved.len(), 1);
        assert_eq!(moved[0].1, Ok(()));
    };
    done(moves(&stage, |rooms, which, done| rooms.swap(which, versions.logic(2), done), 1));
    play(&stage, &mut players, 40);
    // What is shown is what the last tick told: nothing was lost on the way.
    let heard = players[1].player.heard();
    let (state, _) = heard.states.last().expect("a state").clone();
    assert_eq!((heard.states.len(), state.run), (2, 1));
    let before = said(&players[1]).into_iter().find(|(tick, _)| *tick == state.tick as usize);
    assert_eq!(before.map(|(_, word)| word.len()), Some(state.data.len()));

    done(moves(&stage, |rooms, which, done| rooms.swap(which, versions.logic(3), done), 2));
    stage.until("the bad version stands still", || {
        stage.view("rally").is_ok_and(|view| view.logic.is_some_and(|logic| logic.suspended))
    });
    let stands = players[0].player.ticks();
    let began = Clock::System.now();
    done(moves(&stage, |rooms, which, done| rooms.roll_back(which, versions.logic(2), done), 3));
    assert!(Clock::System.now().since(began).as_secs() < 2);
    stage.until("it goes on", || players[0].player.ticks() >= stands + 20);
    let mut again = players;
    play(&stage, &mut again, 20);
    assert_eq!(again[0].player.heard().run, 2);

    let ticks = again[0].player.ticks();
    let last = said(&again[0]).pop().expect("a word");
    let stage = stage.crash(config(2));
    let mut back: Vec<Seated> = again
        .iter()
        .map(|player| stage.come_back("rally", player, |_| String::new()).expect("a seat"))
        .collect();
    play(&stage, &mut back, 20);
    let (state, _) = back[0].player.heard().states[0].clone();
    assert!(state.tick as usize >= ticks && state.run == 3);
    if state.tick as usize == last.0 {
        assert!(state.data == last.1, "the rebuilt room shows what its last tick told");
    }
    let view = stage.view("rally").expect("a view");
    assert_eq!(view.logic.map(|logic| logic.version), Some(2));
}
