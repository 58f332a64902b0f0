//! The games that ship with Jianzi, one written in Rust and one in AssemblyScript: whole matches, broken off and gone on.

use game_abi::{Init, Join};
use proptest::prelude::*;
use room_core::modules::{Call, CallEnd, CallTime, Guest, Optional, Said};

use crate::game::{host, image, start};

const RUST: &[u8] = include_bytes!("../../../../games/jianzi/room/dist/jianzi-v1.wasm");
const RUST_NEXT: &[u8] = include_bytes!("../../../../games/jianzi/room/dist/jianzi-v2.wasm");
const RUST_BAD: &[u8] = include_bytes!("../../../../games/jianzi/room/dist/jianzi-v3-bad.wasm");
const ASSEMBLY_SCRIPT: &[u8] = include_bytes!("../../../../sdk/game-assemblyscript/dist/game.wasm");

const SEATS: u16 = 4;

#[derive(Debug, PartialEq)]
struct Made {
    said: Vec<Said>,
    ended: Result<(), CallEnd>,
    fuel: u64,
}

fn make(guest: &mut dyn Guest, call: Call<'_>, tick: u32) -> Made {
    let mut said = Vec::new();
    let ended = guest.call(call, CallTime { tick, now_us: u64::from(tick) * 50_000 }, &mut said);
    Made { said, ended, fuel: guest.spent() }
}

fn found(module: &[u8]) -> Box<dyn Guest> {
    let mut guest = start(module);
    let mut bytes = Vec::new();
    Init { seed: 42, tick_hz: 20, seats: SEATS.into(), bots: 1, settings: vec![("map", "snow")] }
        .encode(&mut bytes);
    assert_eq!(make(&mut *guest, Call::Init { config: &bytes, seed: 42 }, 0).ended, Ok(()));
    for seat in 0..SEATS - 1 {
        bytes.clear();
        Join { player: "wx:p", name: "毽子" }.encode(&mut bytes);
        assert_eq!(make(&mut *guest, Call::Join { seat, who: &bytes }, 0).ended, Ok(()));
    }
    guest
}

/// Inputs of a tick, then the tick.
fn play(guest: &mut dyn Guest, tick: u32) -> Vec<Made> {
    let mut made = Vec::new();
    for seat in 0..SEATS - 1 {
        if (tick + u32::from(seat)).is_multiple_of(3) {
            made.push(make(guest, Call::Input { seat, data: &[(tick % 5) as u8] }, tick - 1));
        }
    }
    made.push(make(guest, Call::Tick { number: tick }, tick));
    assert!(made.iter().all(|made| made.ended == Ok(())), "{made:?}");
    made
}

#[test]
fn a_match_broken_off_anywhere_goes_on_the_same() {
    for module in [RUST, ASSEMBLY_SCRIPT] {
        let mut whole = found(module);
        let mut broken = found(module);
        for tick in 1..=600 {
            if tick % 37 == 0 {
                let taken = image(&mut *broken);
                broken = start(module);
                broken.restore(&taken).unwrap();
            }
            assert_eq!(play(&mut *whole, tick), play(&mut *broken, tick), "tick {tick}");
        }
        assert!(image(&mut *whole) == image(&mut *broken));
    }
}

#[test]
fn an_image_is_much_smaller_than_memory() {
    for module in [RUST, ASSEMBLY_SCRIPT] {
        let mut guest = found(module);
        for tick in 1..=100 {
            play(&mut *guest, tick);
        }
        let pages = host().facts(&host().add(module).unwrap()).unwrap().memory_pages;
        let (memory, image) = (pages as usize * 64 * 1024, image(&mut *guest).len());
        println!("image of {image} bytes, {memory} bytes of memory, {} fuel for a tick", guest.spent());
        assert!(image * 2 < memory, "an image of {image} bytes, {memory} of memory");
    }
}

#[test]
fn views_and_saves_leave_no_trace_in_real_games() {
    for module in [RUST, ASSEMBLY_SCRIPT] {
        let (mut watched, mut alone) = (found(module), found(module));
        for tick in 1..=50 {
            assert_eq!(play(&mut *watched, tick), play(&mut *alone, tick));
            for question in [Call::View { seat: Some(1) }, Call::View { seat: None }, Call::Save] {
                let answered = make(&mut *watched, question, tick);
                assert_eq!(answered.ended, Ok(()));
                assert!(matches!(&answered.said[..], [Said::Reply(bytes)] if !bytes.is_empty()));
            }
            assert!(image(&mut *watched) == image(&mut *alone));
        }
    }
}

fn swap(from: &mut dyn Guest, to: &[u8], tick: u32) -> Box<dyn Guest> {
    let saved = make(from, Call::Save, tick);
    let [Said::Reply(saved)] = &saved.said[..] else { panic!("{saved:?}") };
    let mut next = found(to);
    assert!(next.can(Optional::Load));
    assert_eq!(make(&mut *next, Call::Load { from: 1, bytes: saved }, tick).ended, Ok(()));
    next
}

#[test]
fn a_save_crosses_versions_and_a_bad_version_traps_where_it_says() {
    let mut guest = found(RUST);
    for tick in 1..=100 {
        play(&mut *guest, tick);
    }
    let mut next = swap(&mut *guest, RUST_NEXT, 100);
    play(&mut *next, 101);
    let mut bad = swap(&mut *next, RUST_BAD, 101);
    let ended = (102..300).find_map(|tick| make(&mut *bad, Call::Tick { number: tick }, tick).ended.err());
    let Some(CallEnd::Trap(message)) = ended else { panic!("{ended:?} instead of a trap") };
    println!("{message}");
    assert!(message.contains(" in "), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever players send, and whatever a save is said to be: two guests agree, and the host lives.
    #[test]
    fn garbage_leads_to_the_same_everywhere(inputs in prop::collection::vec((0..300u16, prop::collection::vec(any::<u8>(), 0..30)), 1..60)) {
        for module in [RUST, ASSEMBLY_SCRIPT] {
            let (mut first, mut second) = (found(module), found(module));
            for ((seat, data), tick) in inputs.iter().zip(1..) {
                let calls = [Call::Input { seat: *seat, data }, Call::Tick { number: tick }, Call::Load { from: 1, bytes: data }];
                for call in calls {
                    let sound = image(&mut *first);
                    let made = make(&mut *first, call, tick);
                    prop_assert_eq!(&made, &make(&mut *second, call, tick));
                    if made.ended.is_err() {
                        first.restore(&sound).unwrap();
                        second.restore(&sound).unwrap();
                    }
                }
            }
            prop_assert!(image(&mut *first) == image(&mut *second));
        }
    }
}
