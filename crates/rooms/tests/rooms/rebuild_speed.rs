//! How long a start takes that finds many rooms. Run on a quiet machine:
//! `cargo test --release -p rooms --test rooms rebuild_speed -- --ignored --nocapture`

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use rooms::RoomsConfig;

use crate::stage::{Stage, config, lockstep};

/// 1000 rooms of four seats in the middle of a match, each with the log tail that the default budget leaves at most.
#[test]
#[ignore = "measures"]
fn a_thousand_rooms_are_back_within_half_a_second() {
    const ROOMS: usize = 1000;
    let config = RoomsConfig { shards: 2, per_founder: 0, max_lag: Duration::from_secs(60), ..config() };
    let stage = Stage::with(config.clone(), |link| Arc::new(link));
    let mut players = Vec::new();
    for room in 0..ROOMS {
        players.extend(stage.full_room(&format!("speed{room}"), lockstep(4)));
    }
    // Inputs of every seat in every third tick, until images have been taken.
    for round in 0..400 {
        for player in players.iter_mut().filter(|player| (round + player.seat()) % 3 == 0) {
            player.send("some twenty bytes of");
        }
        stage.clock.advance(Duration::from_millis(50));
        let ticks = stage.metrics.rooms.ticks_total.get();
        stage.until("everybody ticks", || stage.metrics.rooms.ticks_total.get() >= ticks + ROOMS as u64 / 2);
    }
    println!("{} MB of journal, {} rooms", stage.memory.bytes() >> 20, stage.memory.rooms());
    stage.journal.set(journal::testing::Faults { refuse: 100, ..Default::default() });
    stage.rooms.stop();
    let began = Clock::System.now();
    let next =
        Stage::on(stage.memory.clone(), stage.clock.clone(), RoomsConfig { epoch: 2, ..config }, |link| {
            Arc::new(link)
        });
    let started = Clock::System.now().since(began);
    while next.rooms.is_ready().is_err() {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let took = Clock::System.now().since(began);
    println!("{ROOMS} rooms: started after {started:?}, ready after {took:?}");
    assert_eq!(next.rooms.counts().rooms, ROOMS);
    assert!(took < Duration::from_millis(500));
}
