//! Specifications: defaults, limits, equality.

use protocol::ErrorCode;
use protocol::messages::{self, LateInput, LockstepSpec, Property};
use room_core::{RoomSpec, limits};

use crate::kit::*;

fn spec(wish: messages::RoomSpec) -> RoomSpec {
    RoomSpec::try_from(wish).unwrap()
}

#[test]
fn defaults_are_filled_in() {
    let bare = messages::RoomSpec { kind: 1, seats: 4, ..Default::default() };
    let spec = spec(bare);
    assert_eq!((spec.min_players, spec.life_limit_s), (4, 4 * 3600));
    let lockstep = spec.lockstep.unwrap();
    assert_eq!((lockstep.tick_hz, lockstep.ticks_per_message, lockstep.hash_every), (20, 1, 20));
    assert_eq!(lockstep.late_input, LateInput::NextFrame);
    assert!(spec.needs_seed());
    assert_eq!(spec.period_us(), Some(50_000));
}

#[test]
fn a_spec_survives_its_message() {
    let wish = messages::RoomSpec {
        private: true,
        late_join: true,
        properties: vec![Property { key: "map".into(), value: "lake".into() }],
        reserved_for: vec!["bob".into()],
        bots: 1,
        durability: 2,
        start: 2,
        start_after_ms: 5,
        ..with_lockstep(lockstep(8), |lockstep| lockstep.last_tick = 900)
    };
    for spec in [spec(wish), spec(relay(3))] {
        assert_eq!(RoomSpec::try_from(messages::RoomSpec::from(&spec)).unwrap(), spec);
    }
}

#[test]
fn a_wish_without_seed_is_content_with_any() {
    let wish = spec(with_lockstep(lockstep(2), |lockstep| lockstep.seed = 0));
    let made = wish.clone().with_seed(99);
    assert!(made.answers(&wish) && made.answers(&made) && !wish.answers(&made));
    assert!(!made.answers(&wish.clone().with_seed(98)));
    assert!(!made.answers(&spec(lockstep(3))));
    assert!(!wish.clone().with_seed(0).needs_seed());
    assert_eq!(made.clone().with_seed(5), made);
    assert!(!spec(relay(2)).needs_seed());
}

#[test]
fn what_is_not_possible_is_refused_with_a_sentence() {
    let many = |count: usize| -> Vec<Property> {
        (0..count).map(|number| Property { key: number.to_string(), value: String::new() }).collect()
    };
    let property = |key: &str, value: &str| vec![Property { key: key.into(), value: value.into() }];
    let base = || lockstep(4);
    let beats = |change: fn(&mut LockstepSpec)| with_lockstep(lockstep(4), change);
    let bad = [
        messages::RoomSpec { kind: 9, ..base() },
        messages::RoomSpec { start: 9, ..base() },
        messages::RoomSpec { durability: 9, ..base() },
        messages::RoomSpec { seats: 0, ..base() },
        messages::RoomSpec { seats: limits::SEATS + 1, ..base() },
        messages::RoomSpec { seats: u32::MAX, ..base() },
        messages::RoomSpec { bots: 4, ..base() },
        messages::RoomSpec { min_players: 5, ..base() },
        messages::RoomSpec { max_spectators: limits::SPECTATORS + 1, ..base() },
        messages::RoomSpec { life_limit_s: limits::LIFE_LIMIT_S + 1, ..base() },
        messages::RoomSpec { start_after_ms: limits::START_AFTER_MS + 1, ..base() },
        messages::RoomSpec { start: 2, ..base() },
        messages::RoomSpec { mode: "m".repeat(65), ..base() },
        messages::RoomSpec { kind: 0, ..base() },
        messages::RoomSpec { properties: many(33), ..base() },
        messages::RoomSpec { properties: [many(1), many(1)].concat(), ..base() },
        messages::RoomSpec { properties: property("", "x"), ..base() },
        messages::RoomSpec { properties: property(&"k".repeat(33), "x"), ..base() },
        messages::RoomSpec { properties: property("k", &"v".repeat(257)), ..base() },
        messages::RoomSpec { reserved_for: vec!["a".into(); 2], ..base() },
        messages::RoomSpec { reserved_for: vec![String::new()], ..base() },
        messages::RoomSpec { reserved_for: vec!["x".repeat(65)], ..base() },
        messages::RoomSpec { bots: 2, reserved_for: ["a", "b", "c"].map(String::from).to_vec(), ..base() },
        beats(|lockstep| lockstep.tick_hz = 61),
        beats(|lockstep| lockstep.ticks_per_message = 9),
        beats(|lockstep| lockstep.hash_every = 1201),
        beats(|lockstep| lockstep.late_input = 3),
    ];
    for wish in bad {
        let fault = RoomSpec::try_from(wish.clone()).expect_err(&format!("{wish:?}"));
        assert_eq!(fault.code, ErrorCode::BadSpec, "{fault}");
        assert!(fault.message.len() > 15, "{fault}");
    }
    assert!(RoomSpec::try_from(base()).is_ok());
}
