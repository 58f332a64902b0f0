//! Whatever happens, with whatever failures: the journal leads to the room, from its beginning and from every image.

use proptest::prelude::*;
use room_core::{InputDecision, NoSwap, Room, RoomEvent, RunReason};

use super::fake::{GOOD, Version, logic};
use super::play::{Play, spec};
use crate::kit::*;

const NAMES: [&str; 5] = ["ann", "bob", "cid", "bad", "eve"];

#[derive(Clone, Debug)]
enum Step {
    Ask(room_core::RoomRequest),
    Input(u16, Vec<u8>),
    Ticks(u32),
    Show(&'static str),
    Swap(u32),
    NewRun,
    Checkpoint,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || prop::sample::select(&NAMES[..]);
    let request = prop_oneof![
        6 => (who(), 1..4_u32).prop_map(|(name, number)| join_as(name, number, name == "eve")),
        1 => who().prop_map(leave),
        1 => who().prop_map(|name| kick("ann", name, false)),
        1 => who().prop_map(gone),
        1 => who().prop_map(lost),
    ];
    let word = prop::sample::select(&b"aaaaaasefltvqx?"[..]);
    prop_oneof![
        3 => request.prop_map(Step::Ask),
        12 => (0..4_u16, word, 0..30_u8).prop_map(|(seat, word, argument)| Step::Input(seat, vec![word, argument])),
        1 => (0..4_u16).prop_map(|seat| Step::Input(seat, b"t\x00".to_vec())),
        6 => (1..8_u32).prop_map(Step::Ticks),
        1 => who().prop_map(Step::Show),
        2 => (1..7_u32).prop_map(Step::Swap),
        1 => Just(Step::NewRun),
        1 => Just(Step::Checkpoint),
    ]
}

fn take(play: &mut Play, step: Step) {
    match step {
        _ if play.room.is_ended() => {}
        Step::Ask(request) => {
            let events = play.room.decide(&request).unwrap_or_default();
            events.into_iter().for_each(|event| drop(play.apply(event)));
        }
        Step::Input(seat, data) => {
            let number = play.room.applied(seat) + 1;
            let decision = play.room.offer_input(seat, number, 0, &data.into());
            if let InputDecision::Apply(event) | InputDecision::Refuse(event) = decision {
                play.apply(event);
                assert_eq!(play.room.applied(seat), number);
            }
        }
        Step::Ticks(count) => {
            for _ in 0..count {
                let Some(event) = play.room.next_tick() else { break };
                let before = play.room.tick();
                play.apply(event);
                assert_eq!(play.room.tick(), before + 1);
            }
        }
        Step::Show(name) => {
            let event = play.room.offer_show(&player(name));
            event.into_iter().for_each(|event| drop(play.apply(event)));
        }
        Step::Swap(version) => match play.room.prepare_swap(&logic(version)) {
            Ok(event) => drop(play.apply(event)),
            Err(NoSwap::Same | NoSwap::CannotSave(_)) => {}
            Err(other) => panic!("{other}"),
        },
        Step::NewRun => {
            let event = play.room.new_run(RunReason::HandOver);
            play.apply(event);
        }
        Step::Checkpoint => play.new_checkpoint(),
    }
}

fn versions() -> [Version; 5] {
    [
        GOOD,
        Version { pace: 5, ..GOOD },
        Version { bad_ticks: true, ..GOOD },
        Version { bad_load: true, views: false, ..GOOD },
        Version { saves: false, ..GOOD },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn image_and_records_lead_to_the_room_at_every_cut(
        steps in prop::collection::vec(step(), 1..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut play = Play::new(protocol::messages::RoomSpec { late_join: true, ..spec(4) }, &versions());
        ["ann", "bob"].iter().for_each(|name| play.ask(join(name)));
        play.ask(start("ann"));
        // The image as of a record, and how many there were then.
        let mut images = vec![(play.log.len(), play.room.image(), play.outputs.len())];
        for step in steps {
            take(&mut play, step);
            prop_assert!(!play.room.is_poisoned());
            images.push((play.log.len(), play.room.image(), play.outputs.len()));
        }
        let (records, image, told) = &images[cut.index(images.len())];
        let mut room = Room::restore(image, &play.modules).unwrap();
        let mut outputs = Vec::new();
        for event in &play.log[*records..] {
            room.admit(event, &mut outputs).unwrap();
        }
        prop_assert_eq!(room.image(), play.room.image());
        prop_assert_eq!(room.hash(), play.room.hash());
        prop_assert_eq!(&outputs[..], &play.outputs[*told..]);
        play.check();
    }

    #[test]
    fn the_same_inputs_under_the_version_of_before_can_always_be_played(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut play = Play::new(protocol::messages::RoomSpec { late_join: true, ..spec(4) }, &versions());
        play.ask(join("ann"));
        play.ask(start("ann"));
        let mut before = room_core::Checkpoint::take(&mut play.room, play.modules.clone());
        let mark = play.log.len();
        steps.into_iter().for_each(|step| take(&mut play, step));
        play.log[mark..].iter().for_each(|event| before.add(event));
        let mut other = before.replay_as_it_was(&mut Vec::new()).unwrap();
        prop_assert_eq!(other.logic(), Some(&logic(1)));
        if let Ok(event) = play.room.prepare_roll_back(&mut other) {
            let rolled_back = matches!(play.apply(event), RoomEvent::RolledBack { .. });
            prop_assert!(rolled_back);
            prop_assert_eq!(play.room.logic(), Some(&logic(1)));
        }
        play.check();
    }
}
