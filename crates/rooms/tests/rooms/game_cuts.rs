//! A crash at every record of an authoritative room that fails, is swapped and goes back: image and tail lead to what
//! the whole log leads to.

use std::sync::Arc;
use std::time::Duration;

use clock::ManualClock;
use journal::{Journal, Record};
use journal_memory::MemoryJournal;
use model::Position;
use room_core::{Damaged, Room, RoomEvent};
use rooms::RoomsConfig;

use crate::cuts::write;
use crate::fake_game::{FakeGames, STEADY, Version, logic};
use crate::games::{BAD, FAST, moves, number, sums, with};
use crate::stage::{Stage, WALL_START_MS, key};

/// Every image that the room ever had, with its place.
type Images = Vec<(Position, bytes::Bytes)>;

#[test]
fn wherever_the_log_ends_the_game_goes_on_from_there() {
    let games = FakeGames::new(&[STEADY, FAST, Version { saves: false, ..BAD }]);
    let (records, images) = eventful_life(&games);
    assert!(images.len() >= 3, "{} images", images.len());
    for cut in 1..=records.len() {
        let memory = Arc::new(MemoryJournal::new());
        write(&memory, &records[..cut]);
        let last = records[cut - 1].position;
        for (at, image) in images.iter().filter(|(at, _)| *at <= last) {
            memory.put_image(&key("a", "life"), *at, image.clone()).expect("put");
        }
        let expected = by_the_whole_log(&games, &records[..cut]);
        let clock = Arc::new(ManualClock::new(WALL_START_MS));
        let config = RoomsConfig { epoch: 2, recovery_grace: Duration::from_secs(3600), ..with(&games) };
        let stage = Stage::on(memory, clock, config, |link| Arc::new(link));
        // It stands until the players are back: what is shown is what was rebuilt.
        let watcher = stage.watch("life", "watcher").expect("a place to watch");
        stage.resume(&watcher, 1).expect("the state");
        stage.until("the state", || !watcher.player.heard().states.is_empty());
        let (state, _) = watcher.player.heard().states[0].clone();
        let view = stage.view("life").expect("a view");
        let version = view.logic.map(|logic| (logic.version, logic.suspended));
        assert_eq!((state.tick, number(&state.data), version), expected, "after {cut} records");
    }
}

/// The room's records and images.
fn eventful_life(games: &Arc<FakeGames>) -> (Vec<Record>, Images) {
    let config = RoomsConfig { rebuild_budget: Duration::from_micros(8), ..with(games) };
    let stage = Stage::with(config, |link| Arc::new(link));
    let spec = protocol::messages::RoomSpec { max_spectators: 1, ..sums(1) };
    let mut player = stage.full_room("life", spec).pop().expect("a player");
    let mut images = Images::new();
    let mut play = |until: &mut dyn FnMut() -> bool| {
        stage.until("it plays", || {
            let image = stage.memory.image(&key("a", "life")).expect("an answer");
            images.extend(image.filter(|(at, _)| images.last().is_none_or(|(last, _)| last < at)));
            until()
        });
    };
    play(&mut || player.player.ticks() >= 4);
    player.send(&b"a\x05"[..]);
    player.send(&b"x"[..]);
    player.send(&b"a\x06"[..]);
    play(&mut || player.player.applied() == 3);
    let done = |moved: Vec<(String, Result<(), String>)>| assert!(moved[0].1.is_ok(), "{moved:?}");
    done(moves(&stage, |rooms, which, done| rooms.swap(which, logic(2), done), 1));
    let now = player.player.ticks();
    play(&mut || player.player.ticks() >= now + 4);
    done(moves(&stage, |rooms, which, done| rooms.swap(which, logic(3), done), 2));
    play(&mut || games.watched().suspended == 1);
    player.send(&b"a\x07"[..]);
    done(moves(&stage, |rooms, which, done| rooms.roll_back(which, logic(2), done), 3));
    let now = player.player.ticks();
    play(&mut || player.player.ticks() >= now + 4 && player.player.applied() == 4);
    stage.rooms.stop();
    play(&mut || true);
    let records = stage.memory.read(key("a", "life").room.partition(), Position::default(), usize::MAX);
    (records.expect("records"), images)
}

/// The last tick, the total, and what runs.
fn by_the_whole_log(games: &Arc<FakeGames>, records: &[Record]) -> (u32, u32, Option<(u32, bool)>) {
    let events = records.iter().flat_map(|record| events(&record.bytes));
    let mut room = Room::rebuild(events, &games.games().modules, &mut Vec::new()).expect("a true log");
    let version = room.logic().map(|logic| (logic.version, room.is_suspended()));
    let image = room.image();
    // The guest's image is its total, behind its length, at the very end.
    (room.tick(), number(&image[image.len() - 4..]), version)
}

/// A record's events, each behind its length.
fn events(mut record: &[u8]) -> Vec<Result<RoomEvent, Damaged>> {
    let mut events = Vec::new();
    while !record.is_empty() {
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = record[0];
            record = &record[1..];
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let (event, rest) = record.split_at(length);
        events.push(RoomEvent::decode(event));
        record = rest;
    }
    events
}
