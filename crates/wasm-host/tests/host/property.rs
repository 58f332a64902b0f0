//! Random calls: two guests of one module never differ, and neither does one that was restored on the way.

use proptest::collection::vec;
use proptest::prelude::*;
use room_core::modules::{Call, CallEnd, Guest, Said};

use crate::game::{AT, game, image, import, start, well};

/// Everything a guest can do that might differ: chance, floats, memory that grows, traps, statuses, tables, loops that
/// run out of fuel. What it does follows from the bytes of an input.
fn restless() -> Vec<u8> {
    let imports = import("random", "(result i64)")
        + &import("now", "(result i64)")
        + &import("broadcast", "(param i32 i32)")
        + &import("send", "(param i32 i32 i32)");
    let input = "(local $what i32) (local $at i32)
        (if (i32.eqz (local.get 2)) (then (return (i32.const 0))))
        (local.set $what (i32.load8_u (local.get 1)))
        (local.set $at (i32.and (i32.wrap_i64 (call $random)) (i32.const 0xfff8)))
        (if (i32.eq (local.get $what) (i32.const 0)) (then unreachable))
        (if (i32.eq (local.get $what) (i32.const 1)) (then (return (i32.const 9))))
        (if (i32.eq (local.get $what) (i32.const 2)) (then (loop $again (i64.store (local.get $at) (call $random)) (br $again))))
        (if (i32.eq (local.get $what) (i32.const 3)) (then (drop (memory.grow (i32.const 3)))))
        (if (i32.eq (local.get $what) (i32.const 4))
          (then (i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 16)) (call $random))))
        (if (i32.eq (local.get $what) (i32.const 5))
          (then (drop (call_indirect (type $mix) (i32.and (local.get $at) (i32.const 15)) (i32.and (local.get $at) (i32.const 8))))))
        (i64.store (local.get $at) (i64.xor (call $random) (i64.load (local.get $at))))
        (global.set $drift (f64.sqrt (f64.sub (f64.mul (global.get $drift) (f64.const -1.7))
            (f64.reinterpret_i64 (call $random)))))
        (f64.store (i32.const 65000) (global.get $drift))
        (call $send (local.get 0) (i32.const 65000) (i32.const 8))
        (i32.const 0)";
    let tick = "(local $at i32) (local $sum i64)
        (loop $again
          (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 7)) (i64.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $again (i32.lt_u (local.get $at) (i32.const 65536))))
        (i64.store (i32.const 64000) (i64.add (local.get $sum) (call $now)))
        (call $broadcast (i32.const 64000) (i32.const 8))
        (i32.const 0)";
    game(&[
        ("imports", &imports),
        (
            "table",
            "(type $mix (func (param i32) (result i32))) (table 8 funcref) (elem (i32.const 0) $jz_tick $jz_alloc)",
        ),
        ("globals", "(global $drift (mut f64) (f64.const 1))"),
        ("data", r#"(data (i32.const 5000) "a little data that a fresh instance has")"#),
        ("jz_alloc", &well("jz_alloc", "(param i32)", "(i32.const 60000)")),
        ("jz_input", &well("jz_input", "(param i32 i32 i32)", input)),
        ("jz_tick", &well("jz_tick", "(param i32)", tick)),
    ])
}

#[derive(Clone, Debug)]
enum Step {
    Init(u64),
    Input(u16, Vec<u8>),
    Tick,
    /// The second guest is restored from an image of itself.
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => any::<u64>().prop_map(Step::Init),
        // The loop that runs out of fuel is rare: it takes long.
        6 => (0..4u16, vec(prop_oneof![40 => 3..40u8, 2 => 0..2u8, 1 => Just(2u8)], 0..6)).prop_map(|(seat, data)| Step::Input(seat, data)),
        4 => Just(Step::Tick),
        2 => Just(Step::Restore),
    ]
}

fn take(guest: &mut dyn Guest, step: &Step, number: u32) -> (Vec<Said>, Result<(), CallEnd>) {
    let mut said = Vec::new();
    let made = match step {
        Step::Init(seed) => Call::Init { config: b"config", seed: *seed },
        Step::Input(seat, data) => Call::Input { seat: *seat, data },
        Step::Tick | Step::Restore => Call::Tick { number },
    };
    let ended = guest.call(made, AT, &mut said);
    (said, ended)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_calls_lead_to_the_same_state(steps in vec(step(), 1..40)) {
        let module = restless();
        let (mut first, mut second) = (start(&module), start(&module));
        // What both go back to after a call that ended badly.
        let mut sound = image(&mut *first);
        for (step, number) in steps.iter().zip(1..) {
            if matches!(step, Step::Restore) {
                let own = image(&mut *second);
                second.restore(&own).unwrap();
            }
            let told = take(&mut *first, step, number);
            prop_assert_eq!(&told, &take(&mut *second, step, number));
            prop_assert_eq!(first.spent(), second.spent());
            if told.1.is_ok() {
                sound = image(&mut *first);
            } else {
                first.restore(&sound).unwrap();
                second.restore(&sound).unwrap();
            }
            prop_assert!(image(&mut *second) == sound, "images differ after {step:?}");
        }
    }

    #[test]
    fn garbage_is_no_image_and_no_module(garbage in vec(any::<u8>(), 0..200)) {
        let mut guest = start(&restless());
        prop_assert!(guest.restore(&garbage).is_err());
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend_from_slice(&garbage);
        prop_assert!(crate::game::host().add(&module).is_err());
    }
}
