//! One version of the game takes over from another, and back.

use room_core::modules::CallEnd;
use room_core::{Checkpoint, NoSwap, Output, Room, RoomEvent, RunReason, Why};

use super::fake::{GOOD, Version, logic};
use super::play::Play;
use super::total;

#[test]
fn the_new_version_goes_on_with_what_the_old_one_saved() {
    let mut play = Play::begun(&[GOOD, Version { pace: 10, ..GOOD }]);
    play.input(0, b"a\x05");
    play.tick();
    play.told();
    play.swap(2);
    let changed = Output::Changed { why: Why::Logic, player: "".into() };
    let begun = Output::Log { level: 1, text: "begun".into() };
    assert_eq!(play.told(), [begun, Output::Swapped { from: logic(1), to: logic(2) }, changed]);
    play.input(1, b"a\x01");
    play.tick();
    // 6 saved, 1 for the version that saved, 1 for the input, 10 for the tick.
    assert_eq!(play.said(), [(2, vec![b"a\x01\x01".to_vec(), total(18, 2)])]);
    assert_eq!(play.room.view().logic.unwrap().version, 2);
    assert_eq!(play.room.founding().logic, Some(logic(1)));
    play.check();
    let image = play.room.image();
    let restored = Room::restore(&image, &play.modules).unwrap();
    assert_eq!(restored.logic(), Some(&logic(2)));
}

#[test]
fn a_swap_that_fails_leaves_the_room_as_it_was() {
    let bad = [
        Version { bad_init: true, ..GOOD },
        Version { bad_load: true, ..GOOD },
        Version { loads: false, ..GOOD },
    ];
    for version in bad {
        let mut play = Play::begun(&[GOOD, version]);
        play.tick();
        play.told();
        let before = play.room.image();
        assert!(matches!(play.swap(2), RoomEvent::SwapFailed { .. }));
        assert!(matches!(play.told()[..], [Output::SwapFailed { .. }]));
        assert_eq!(play.room.image(), before);
        play.tick();
        assert_eq!(play.said(), [(2, vec![total(2, 2)])]);
        play.check();
    }
    let mut play = Play::begun(&[GOOD]);
    assert!(matches!(play.swap(2), RoomEvent::SwapFailed { .. }), "there is no such module");
    assert_eq!(play.room.prepare_swap(&logic(1)), Err(NoSwap::Same));
    let mut mute = Play::begun(&[Version { saves: false, ..GOOD }, GOOD]);
    assert_eq!(mute.room.prepare_swap(&logic(2)), Err(NoSwap::CannotSave(1)));
}

#[test]
fn saving_alone_changes_nothing() {
    let mut play = Play::begun(&[GOOD, GOOD]);
    let before = play.room.image();
    play.room.prepare_swap(&logic(2)).unwrap();
    assert_eq!(play.room.image(), before);
    play.tick();
    play.check();
}

#[test]
fn a_suspended_room_is_mended_by_another_version() {
    let mut play = Play::begun(&[GOOD, Version { bad_ticks: true, ..GOOD }]);
    play.tick();
    play.swap(2);
    for _ in 0..3 {
        play.tick();
    }
    assert!(play.room.is_suspended());
    play.input(0, b"a\x05");
    play.told();
    play.swap(1);
    let run = play.room.new_run(RunReason::Rollback);
    play.apply(run);
    assert!(!play.room.is_suspended());
    play.tick();
    // 1, then what each version adds for the one before it, the input and the tick.
    assert_eq!(play.said(), [(5, vec![b"a\x00\x05".to_vec(), total(1 + 1 + 5 + 2 + 1, 5)])]);
    play.check();
}

#[test]
fn an_earlier_version_comes_back_with_the_state_of_the_same_inputs() {
    let broken = Version { bad_ticks: true, saves: false, ..GOOD };
    let mut play = Play::begun(&[GOOD, broken]);
    let mut never = Play::begun(&[GOOD, broken]);
    play.tick();
    never.tick();
    let mut before = Checkpoint::take(&mut play.room, play.modules.clone());
    let mark = play.log.len();
    play.swap(2);
    for play in [&mut play, &mut never] {
        play.input(0, b"a\x05");
        play.tick();
        play.input(1, b"a\x07");
        play.tick();
    }
    assert_eq!(play.room.prepare_swap(&logic(1)), Err(NoSwap::CannotSave(2)));
    play.log[mark..].iter().for_each(|event| before.add(event));
    // It may have been put away meanwhile.
    let mut kept = Vec::new();
    before.encode(&mut kept);
    for length in 0..kept.len() {
        assert!(Checkpoint::decode(&kept[..length], play.modules.clone()).is_err());
    }
    let before = Checkpoint::decode(&kept, play.modules.clone()).unwrap();
    assert_eq!(before.logic(), Some(&logic(1)));
    let mut as_it_was = before.replay_as_it_was(&mut Vec::new()).unwrap();
    let event = play.room.prepare_roll_back(&mut as_it_was).unwrap();
    play.apply(event);
    let run = play.room.new_run(RunReason::Rollback);
    play.apply(run);
    play.told();
    never.told();
    assert_eq!(play.room.logic(), Some(&logic(1)));
    play.tick();
    never.tick();
    assert_eq!(play.said(), never.said());
    play.check();
}

#[test]
fn a_room_does_not_take_over_what_another_came_to() {
    let mut play = Play::begun(&[GOOD]);
    let mut other = Play::begun(&[GOOD]);
    other.tick();
    assert_eq!(play.room.prepare_roll_back(&mut other.room), Err(NoSwap::NotNow));
    let forged = RoomEvent::RolledBack { to: logic(1), state: b"nonsense"[..].into() };
    let RoomEvent::SwapFailed { why, .. } = play.apply(forged) else { panic!("it was taken") };
    assert!(why.contains("damaged"), "{why}");
    assert!(!play.room.is_poisoned());
    play.tick();
    play.check();
}

#[test]
fn what_was_held_against_a_seat_goes_with_the_version() {
    let mut play = Play::begun(&[GOOD, GOOD]);
    (0..3).for_each(|_| drop(play.input(0, b"x")));
    assert!(matches!(play.input(0, b"a\x01"), RoomEvent::Refused { .. }));
    play.swap(2);
    assert!(matches!(play.input(0, b"a\x01"), RoomEvent::Input { .. }));
    assert!(matches!(play.input(0, b"x"), RoomEvent::CallEnded { end: CallEnd::Trap(_), .. }));
    play.check();
}
