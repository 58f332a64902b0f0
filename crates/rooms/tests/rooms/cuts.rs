//! A crash at every record: what is left of the journal leads to a room that goes on.

use std::sync::Arc;

use bytes::Bytes;
use clock::ManualClock;
use journal::{Batch, Journal, JournalEvent, Level, Record};
use journal_memory::MemoryJournal;
use model::Position;
use protocol::messages::Durability;
use rooms::RoomsConfig;

use crate::recovery::{come_back, judge, play};
use crate::stage::{Stage, WALL_START_MS, config, key, later, lockstep, with_durability};

#[test]
fn no_acknowledged_input_is_lost_wherever_the_log_ends() {
    for rebuild_budget in [RoomsConfig::default().rebuild_budget, std::time::Duration::from_micros(5)] {
        at_every_cut(RoomsConfig { rebuild_budget, ..config() });
    }
}

fn at_every_cut(config: RoomsConfig) {
    let stage = Stage::with(config.clone(), |link| Arc::new(link));
    let mut rooms = [stage.full_room("cut", lockstep(2))];
    play(&stage, &mut rooms, 10);
    let heard = rooms[0][0].player.heard();
    let records = stage.memory.read(key("a", "cut").room.partition(), Position::default(), usize::MAX);
    let records = records.expect("records");
    stage.rooms.stop();
    assert!(records.len() > 6);
    let image = stage.memory.image(&key("a", "cut")).expect("an answer");
    let mut last_tick = 0;
    for cut in 1..=records.len() {
        let memory = Arc::new(MemoryJournal::new());
        write(&memory, &records[..cut]);
        // The image is put once its record is there.
        if let Some((at, image)) = image.clone().filter(|(at, _)| *at <= records[cut - 1].position) {
            memory.put_image(&key("a", "cut"), at, image).expect("put");
        }
        let clock = Arc::new(ManualClock::new(WALL_START_MS));
        // It stands still until it was looked at.
        let recovery_grace = std::time::Duration::from_secs(3600);
        let config = RoomsConfig { epoch: 2, recovery_grace, ..config.clone() };
        let next = Stage::on(memory, clock, config, |link| Arc::new(link));
        let view = next.view("cut").expect("the room");
        assert_eq!(view.run, 2);
        // A late turn makes up to three ticks, in one record.
        assert!((last_tick..=last_tick + 3).contains(&view.tick), "{last_tick} then {}", view.tick);
        last_tick = view.tick;
        if view.tick == 0 {
            continue;
        }
        // They had heard at most what was durable.
        let mut players = rooms_of(&next, view.tick, &heard, &rooms[0]);
        play(&next, &mut players, 12);
        judge(&players[0]);
        let now = players[0][0].player.heard();
        assert_eq!(now.ticks[..view.tick as usize], heard.ticks[..view.tick as usize]);
        assert_eq!((now.run, now.rewound.len()), (2, 0));
    }
    assert!(last_tick as usize >= heard.ticks.len());
}

/// The players, each with what it could have heard by then.
fn rooms_of(
    next: &Stage,
    tick: u32,
    heard: &crate::player::Heard,
    players: &[crate::stage::Seated],
) -> [Vec<crate::stage::Seated>; 1] {
    let again = |player: &crate::stage::Seated| {
        let player = crate::stage::Seated {
            player: next.sessions.open(player.player.session.as_str()),
            route: player.route.clone(),
            joined: player.joined.clone(),
            sent: 10,
            session_number: 1,
        };
        player.player.remember(heard, tick);
        player.player.forget_rewinds();
        player
    };
    let mut players: Vec<_> = players.iter().map(again).collect();
    come_back(next, "cut", &mut players);
    [players]
}

#[test]
fn rooms_are_rebuilt_from_their_images_and_have_their_old_ticks_all_the_same() {
    let config = RoomsConfig { rebuild_budget: std::time::Duration::from_micros(30), ..config() };
    let stage = Stage::with(config.clone(), |link| Arc::new(link));
    let spec = with_durability(lockstep(2), Durability::Sync);
    let mut rooms = [stage.full_room("imaged", spec)];
    play(&stage, &mut rooms, 30);
    let room = key("a", "imaged");
    stage.until("there is an image", || stage.memory.image(&room).is_ok_and(|image| image.is_some()));
    let (at, _) = stage.memory.image(&room).expect("an answer").expect("an image");
    let after = stage.memory.read_room(&room, at, usize::MAX).expect("records").len();
    let all = stage.memory.read_room(&room, Position::default(), usize::MAX).expect("records").len();
    assert!(after <= 60 && all > after, "{after} of {all} records are read");
    let told = rooms[0][0].player.heard().ticks;
    let stage = stage.crash(RoomsConfig { epoch: 2, ..config });
    come_back(&stage, "imaged", &mut rooms[0]);
    play(&stage, &mut rooms, 40);
    judge(&rooms[0]);
    rooms[0][0].player.forget_ticks();
    stage.resume(&rooms[0][0], 1).expect("frames");
    stage.until("it has all ticks again", || rooms[0][0].player.ticks() > told.len());
    assert_eq!(rooms[0][0].player.heard().ticks[..told.len()], told);
}

#[test]
fn an_image_that_is_damaged_costs_time_and_nothing_else() {
    let stage = Stage::new();
    let mut rooms = [stage.full_room("spoilt", lockstep(2))];
    play(&stage, &mut rooms, 10);
    let room = key("a", "spoilt");
    let records = stage.memory.read_room(&room, Position::default(), usize::MAX).expect("records");
    let at = records[records.len() / 2].position;
    for image in [&b""[..], b"\x01 nonsense", &[1; 400]] {
        stage.memory.put_image(&room, at, Bytes::copy_from_slice(image)).expect("put");
    }
    let stage = stage.crash(later(1));
    come_back(&stage, "spoilt", &mut rooms[0]);
    play(&stage, &mut rooms, 20);
    judge(&rooms[0]);
}

/// Another journal with the same positions; `change` decides each record's bytes.
pub fn copy(memory: &MemoryJournal, change: impl Fn(usize, &Record) -> Bytes) -> Arc<MemoryJournal> {
    let copied = Arc::new(MemoryJournal::new());
    for partition in 0..=255 {
        let mut records = memory.read(partition, Position::default(), usize::MAX).expect("records");
        for (index, record) in records.iter_mut().enumerate() {
            record.bytes = change(index, record);
        }
        write(&copied, &records);
    }
    copied
}

pub fn write(memory: &MemoryJournal, records: &[Record]) {
    let Some(first) = records.first() else { return };
    let batch =
        Batch { partition: first.room.room.partition(), level: Level::Written, records: records.to_vec() };
    memory.submit(batch, Box::new(|event| assert!(matches!(event, JournalEvent::DurableUpTo { .. }))));
}
