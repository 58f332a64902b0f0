//! What each level asks of the journal, and what becomes of rooms when it fails for long.

use std::sync::Arc;
use std::time::Duration;

use journal::testing::Faults;
use journal::{Journal, JournalError, Level};
use journal_memory::MemoryJournal;
use model::Position;
use protocol::ErrorCode;
use protocol::messages::Durability;
use room_core::{EndReason, RoomRequest};
use rooms::{RoomsConfig, WithoutJournal};

use crate::gate::Gate;
use crate::recovery::{come_back, judge, play};
use crate::stage::{Stage, code, config, key, lockstep, with_durability};

const REFUSE: Faults =
    Faults { hold_answers: false, reorder: false, refuse: 100, lose_batch: 0, lose_answer: 0 };

#[test]
fn a_batch_is_as_safe_as_the_strictest_of_its_records_wants() {
    for (durabilities, wanted) in [
        (&[Durability::Async, Durability::SemiSync][..], Level::Written),
        (&[Durability::Async, Durability::Sync, Durability::SemiSync], Level::Synced),
    ] {
        let gate = Arc::new(Gate::open(Arc::new(MemoryJournal::new())));
        let stage = Stage::on_journal(gate.clone(), config());
        for (number, durability) in durabilities.iter().enumerate() {
            let spec = with_durability(lockstep(1), *durability);
            let players = stage.full_room(&format!("level{number}"), spec);
            stage.until("it plays", || players[0].player.ticks() > 3);
        }
        let levels = gate.levels();
        assert_eq!(levels.iter().max(), Some(&wanted));
        assert!(levels.contains(&Level::Written), "the other rooms do not pay for it");
    }
}

#[test]
fn rooms_can_end_with_a_reason_instead_of_standing_still_for_ever() {
    let stage = stage(WithoutJournal::End);
    let mut rooms = [stage.full_room("ends", lockstep(2))];
    play(&stage, &mut rooms, 5);
    stage.journal.set(REFUSE);
    let player = rooms[0][0].player.clone();
    stage.until("members are told of the pause", || player.has_notice("room_paused"));
    assert!(player.ended().is_none(), "not at once");
    stage.until("it has ended", || player.ended().is_some());
    let ended = player.ended().expect("the end");
    assert_eq!((ended.reason.as_str(), ended.last_tick as usize), ("unrecorded", player.ticks()));
    assert!(stage.rooms.is_ready().is_err());
    assert_eq!(code(stage.create("a", "new", lockstep(2))), Some(ErrorCode::Unavailable));
    stage.journal.set(Faults::default());
    stage.until("it is put away", || stage.rooms.counts().rooms == 0 && stage.memory.rooms() == 0);
    assert!(stage.rooms.is_ready().is_ok());
}

#[test]
fn rooms_can_play_on_unprotected_and_are_protected_again() {
    let stage = stage(WithoutJournal::PlayOn);
    let mut rooms = [stage.full_room("plays", lockstep(2))];
    play(&stage, &mut rooms, 5);
    stage.journal.set(REFUSE);
    let player = rooms[0][0].player.clone();
    stage.until("it plays on", || player.has_notice("room_unprotected"));
    let ticks = player.ticks();
    play(&stage, &mut rooms, 15);
    assert!(player.ticks() > ticks + 5);
    assert!(stage.rooms.is_ready().is_err(), "no new players for such a node");

    stage.journal.set(Faults::default());
    stage.until("the journal has it all", || {
        stage.rooms.is_ready().is_ok() && stage.rooms.counts().unreleased_frames == 0
    });
    // What was played without the journal is in it now, and what comes waits for it again.
    stage.journal.set(Faults { hold_answers: true, ..Faults::default() });
    stage.pass(Duration::from_millis(100));
    let ticks = player.ticks();
    stage.pass(Duration::from_millis(200));
    assert!(player.ticks() <= ticks + 1);
    let stage = stage.crash(RoomsConfig { epoch: 2, ..config() });
    come_back(&stage, "plays", &mut rooms[0]);
    play(&stage, &mut rooms, 20);
    judge(&rooms[0]);
    assert_eq!(rooms[0][0].player.heard().rewound, []);
}

#[test]
fn a_crash_while_unprotected_loses_what_was_played_and_says_so() {
    let stage = stage(WithoutJournal::PlayOn);
    let mut rooms = [stage.full_room("loses", lockstep(2))];
    play(&stage, &mut rooms, 5);
    stage.journal.set(REFUSE);
    play(&stage, &mut rooms, 25);
    let held = rooms[0][0].player.ticks() as u32;
    let stage = stage.crash(RoomsConfig { epoch: 2, ..config() });
    let tick = stage.view("loses").expect("the room").tick;
    come_back(&stage, "loses", &mut rooms[0]);
    assert_eq!(rooms[0][0].player.heard().rewound, [(held, tick)]);
    assert!(tick < held);
    play(&stage, &mut rooms, 30);
    judge(&rooms[0]);
}

#[test]
fn a_partition_of_another_owner_is_never_played_on_with() {
    let stage = stage(WithoutJournal::PlayOn);
    let mut rooms = [stage.full_room("taken", lockstep(2))];
    play(&stage, &mut rooms, 5);
    stage.memory.fence(key("a", "taken").room.partition(), 9).expect("another owner");
    let player = rooms[0][0].player.clone();
    stage.until("it stands still", || stage.rooms.counts().paused == 1);
    let ticks = player.ticks();
    stage.pass(Duration::from_secs(3));
    assert_eq!(player.ticks(), ticks);
    assert!(player.ended().is_none() && !player.has_notice("room_unprotected"));
}

#[test]
fn ended_rooms_are_given_up_before_a_living_one_stands_still_for_long() {
    let gate = Arc::new(Gate::open(Arc::new(MemoryJournal::new())));
    let (linger, max_lag) = (Duration::from_secs(600), Duration::from_secs(20));
    let config = RoomsConfig { linger, max_lag, ..config() };
    let stage = Stage::on_journal(gate.clone(), config);
    let mut living = [stage.full_room("living", lockstep(2))];
    let over = stage.full_room("over", lockstep(2));
    stage.until("they play", || over[0].player.ticks() > 3 && living[0][0].player.ticks() > 3);
    // Somebody who is away may still want its ticks.
    over[0].lost();
    stage.request("over", RoomRequest::Close { reason: EndReason::Closed }).expect("closed");
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.rooms.counts().rooms, 2);
    let partition = key("a", "over").room.partition();
    assert_eq!(gate.rooms(partition).expect("rooms").len(), 1);

    gate.refuse(Some(JournalError::Full("the quota is used up".into())));
    stage.until("the ended room is given up", || gate.rooms(partition).is_ok_and(|rooms| rooms.is_empty()));
    stage.until("and freed", || stage.rooms.counts().rooms == 1);
    gate.refuse(None);
    play(&stage, &mut living, 10);
    judge(&living[0]);
    assert!(!living[0][0].player.has_notice("room_paused"), "the space came in time");
    let records = gate.read_room(&key("a", "living"), Position::default(), usize::MAX).expect("records");
    assert!(records.len() > 10);
}

#[test]
fn nothing_of_a_new_run_is_told_before_the_journal_has_it_at_any_level() {
    for durability in [Durability::Async, Durability::SemiSync] {
        let gate = Arc::new(Gate::open(Arc::new(MemoryJournal::new())));
        let stage = Stage::on_journal(gate.clone(), config());
        let mut rooms = [stage.full_room("again", with_durability(lockstep(1), durability))];
        play(&stage, &mut rooms, 5);
        stage.rooms.stop();
        drop(stage);

        gate.refuse(Some(JournalError::Full("no space".into())));
        let stage = Stage::on_journal(gate.clone(), RoomsConfig { epoch: 2, ..config() });
        // Or else the process after this one could tell other ticks under the same number.
        stage.until("it stands still", || stage.rooms.counts().paused == 1);
        let tick = stage.view("again").map_or(0, |view| view.tick);
        stage.pass(Duration::from_secs(30));
        assert_eq!(stage.view("again").map(|view| view.tick), Ok(tick), "{durability:?}");
        gate.refuse(None);
        stage.until("it plays on", || stage.view("again").is_ok_and(|view| view.tick > tick + 5));
    }
}

fn stage(without_journal: WithoutJournal) -> Stage {
    let config = RoomsConfig { without_journal, journal_grace: Duration::from_secs(1), ..config() };
    Stage::with(config, |link| Arc::new(link))
}
