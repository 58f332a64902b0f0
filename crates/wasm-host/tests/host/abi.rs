//! What the ABI promises to modules, old and small ones too.

use bytes::Bytes;
use room_core::modules::{Call, CallEnd, Optional, Said};

use crate::game::{AT, INIT, ask, call, fail, game, host, import, refusal, start, trap, well};

/// ABI 1 is the first, so the oldest module there can be is one with nothing but its required exports.
#[test]
fn the_smallest_module_of_the_first_abi_runs() {
    let module = game(&[]);
    let mut guest = start(&module);
    assert!(ask(&mut *guest, INIT).is_empty());
    for call in [
        Call::Join { seat: 0, who: b"who" },
        Call::Input { seat: 0, data: b"data" },
        Call::Input { seat: 0, data: b"" },
        Call::Tick { number: 1 },
        Call::Leave { seat: 0, why: 2 },
    ] {
        assert!(ask(&mut *guest, call).is_empty());
        assert!(guest.spent() > 0);
    }
    for (what, call) in [
        (Optional::View, Call::View { seat: None }),
        (Optional::Save, Call::Save),
        (Optional::Load, Call::Load { from: 1, bytes: b"saved" }),
    ] {
        assert!(!guest.can(what));
        assert!(trap(&mut *guest, call).contains("does not export"));
    }
    // What cannot be asked harms nothing.
    ask(&mut *guest, Call::Tick { number: 2 });
    let facts = host().facts(&host().add(&module).unwrap()).unwrap();
    assert_eq!((facts.abi, facts.save_version, facts.memory_pages), (1, None, 1));
}

#[test]
fn other_versions_are_refused_with_advice() {
    let speaking = |abi: &str| game(&[("jz_abi", &well("jz_abi", "", abi))]);
    let newer = refusal(&speaking("(i32.const 2)")).to_string();
    assert!(
        newer.contains("version 2") && newer.contains("this server 1") && newer.contains("update the server"),
        "{newer}"
    );
    let never = refusal(&speaking("(i32.const 0)")).to_string();
    assert!(never.contains("version 0") && never.contains("build it again"), "{never}");
    let traps = refusal(&speaking("unreachable")).to_string();
    assert!(traps.contains("jz_abi ended badly"), "{traps}");
}

#[test]
fn everything_a_guest_says_arrives_in_order() {
    let imports = [
        import("send", "(param i32 i32 i32)"),
        import("broadcast", "(param i32 i32)"),
        import("effect", "(param i32 i32 i32 i32)"),
        import("end", "(param i32 i32)"),
        import("log", "(param i32 i32 i32)"),
        import("metric", "(param i32 i32 f64)"),
        import("now", "(result i64)"),
    ]
    .concat();
    let tick = well(
        "jz_tick",
        "(param i32)",
        "(call $broadcast (i32.const 0) (i32.const 5))
         (call $send (i32.const 3) (i32.const 1) (i32.const 2))
         (call $effect (i32.const 0) (i32.const 5) (i32.const 5) (i32.const 0))
         (call $log (i32.const 9) (i32.const 0) (i32.const 7))
         (call $metric (i32.const 0) (i32.const 5) (f64.const nan))
         (call $metric (i32.const 0) (i32.const 5) (f64.convert_i64_u (call $now)))
         (call $end (i32.const 0) (i32.const 3))
         (i32.const 0)",
    );
    let data = r#"(data (i32.const 0) "score\ff!")"#;
    let mut guest = start(&game(&[("imports", &imports), ("jz_tick", &tick), ("data", data)]));
    let score = || "score".to_owned();
    assert_eq!(
        ask(&mut *guest, Call::Tick { number: 1 }),
        [
            Said::Broadcast(Bytes::from_static(b"score")),
            Said::Send { seat: 3, data: Bytes::from_static(b"co") },
            Said::Effect { kind: score(), data: Bytes::new() },
            Said::Log { level: 3, text: "score\u{fffd}!".to_owned() },
            Said::Metric { name: score(), value: AT.now_us as f64 },
            Said::End { result: Bytes::from_static(b"sco") },
        ]
    );
}

#[test]
fn arguments_arrive_as_they_were_given() {
    let imports = import("broadcast", "(param i32 i32)") + &import("reply", "(param i32 i32)");
    // Each call tells its numbers, as single bytes at 0, and then the bytes it got.
    let tell = |name: &str, parameters: &str, numbers: &str, bytes: &str| {
        well(
            name,
            parameters,
            &format!("{numbers} (call $broadcast (i32.const 0) (i32.const 2)) {bytes} (i32.const 0)"),
        )
    };
    let store = |at: u32, value: &str| format!("(i32.store8 (i32.const {at}) {value})");
    let local = |index: u32| format!("(local.get {index})");
    let from = |index: u32| format!("(call $broadcast (local.get {index}) (local.get {}))", index + 1);
    let module = game(&[
        ("imports", &imports),
        ("jz_init", &tell("jz_init", "(param i32 i32)", "", &from(0))),
        ("jz_join", &tell("jz_join", "(param i32 i32 i32)", &store(0, &local(0)), &from(1))),
        ("jz_leave", &tell("jz_leave", "(param i32 i32)", &(store(0, &local(0)) + &store(1, &local(1))), "")),
        ("jz_input", &tell("jz_input", "(param i32 i32 i32)", &store(0, &local(0)), &from(1))),
        ("jz_load", &tell("jz_load", "(param i32 i32 i32)", &store(0, &local(0)), &from(1))),
        (
            "jz_view",
            &well(
                "jz_view",
                "(param i32)",
                "(i32.store (i32.const 0) (local.get 0)) (call $reply (i32.const 0) (i32.const 4)) (i32.const 0)",
            ),
        ),
        ("jz_save_version", &well("jz_save_version", "", "(i32.const 12)")),
    ]);
    let mut guest = start(&module);
    let mut told = |call: Call<'_>| -> Vec<Vec<u8>> {
        let said = ask(&mut *guest, call);
        let bytes = said.iter().map(|one| match one {
            Said::Broadcast(bytes) | Said::Reply(bytes) => bytes.to_vec(),
            other => panic!("{other:?}"),
        });
        bytes.collect()
    };
    assert_eq!(told(Call::Init { config: b"config", seed: 1 }), [vec![0, 0], b"config".to_vec()]);
    assert_eq!(told(Call::Join { seat: 5, who: b"who" }), [vec![5, 0], b"who".to_vec()]);
    assert_eq!(told(Call::Leave { seat: 6, why: 2 }), [[6, 2]]);
    assert_eq!(told(Call::Input { seat: 7, data: b"" }), [vec![7, 2], vec![]]);
    assert_eq!(told(Call::Load { from: 8, bytes: b"old" }), [vec![8, 2], b"old".to_vec()]);
    assert_eq!(told(Call::View { seat: Some(9) }), [9u32.to_le_bytes()]);
    assert_eq!(told(Call::View { seat: None }), [[0xff; 4]]);
    assert_eq!(host().facts(&host().add(&module).unwrap()).unwrap().save_version, Some(12));
}

#[test]
fn chance_is_the_seeds() {
    let imports = import("random", "(result i64)") + &import("broadcast", "(param i32 i32)");
    let tick = "(i64.store (i32.const 0) (call $random)) (call $broadcast (i32.const 0) (i32.const 8)) (i32.const 0)";
    let module = game(&[("imports", &imports), ("jz_tick", &well("jz_tick", "(param i32)", tick))]);
    let mut guest = start(&module);
    ask(&mut *guest, Call::Init { config: b"", seed: 1_234_567 });
    let mut expected = game_abi::Chance::seeded(1_234_567);
    for number in 1..5 {
        let drawn = Bytes::copy_from_slice(&expected.next().to_le_bytes());
        assert_eq!(ask(&mut *guest, Call::Tick { number }), [Said::Broadcast(drawn)]);
    }
}

/// A view may allocate and draw chance, and nobody sees that it did.
#[test]
fn a_question_leaves_no_trace() {
    let imports = import("random", "(result i64)") + &import("reply", "(param i32 i32)");
    let question = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i64.store (i32.const 40000) (call $random))
        (i32.store (i32.const 0) (global.get $calls))
        (drop (memory.grow (global.get $wanted)))
        (call $reply (i32.const 0) (i32.const 4))
        (if (i32.eq (memory.size) (i32.const 4)) (then unreachable))
        (i32.const 0)";
    let module = |wanted: u32| {
        game(&[
            ("imports", &imports),
            (
                "globals",
                &format!("(global $calls (mut i32) (i32.const 0)) (global $wanted i32 (i32.const {wanted}))"),
            ),
            ("jz_view", &well("jz_view", "(param i32)", question)),
            ("jz_save", &well("jz_save", "", question)),
        ])
    };
    // In place; with a new instance, because memory grew; and after a trap.
    for (wanted, goes_well) in [(0, true), (1, true), (3, false)] {
        let mut guest = start(&module(wanted));
        ask(&mut *guest, INIT);
        let before = crate::game::image(&mut *guest);
        for question in [Call::View { seat: Some(0) }, Call::Save, Call::View { seat: None }] {
            let (said, ended) = call(&mut *guest, question);
            assert_eq!(ended.is_ok(), goes_well);
            let reply = Said::Reply(Bytes::from_static(&[1, 0, 0, 0]));
            assert_eq!(said, if goes_well { vec![reply] } else { vec![] });
            assert!(guest.spent() > 0);
            assert!(crate::game::image(&mut *guest) == before, "{question:?} left a trace");
        }
        ask(&mut *guest, Call::Tick { number: 1 });
    }
}

#[test]
fn what_may_be_said_when_is_told_by_the_trap() {
    let imports = import("reply", "(param i32 i32)") + &import("broadcast", "(param i32 i32)");
    let says = |function: &str, times: usize| {
        let once = format!("(call ${function} (i32.const 0) (i32.const 1))");
        format!("{} (i32.const 0)", once.repeat(times))
    };
    let module = |tick: &str, view: &str| {
        game(&[
            ("imports", &imports),
            ("jz_tick", &well("jz_tick", "(param i32)", tick)),
            ("jz_view", &well("jz_view", "(param i32)", view)),
        ])
    };
    let mut guest = start(&module(&says("reply", 1), &says("reply", 2)));
    let message = trap(&mut *guest, Call::View { seat: None });
    assert!(message.contains("reply was called twice"), "{message}");
    let message = trap(&mut *guest, Call::Tick { number: 1 });
    assert!(message.contains("jz_view and jz_save only") && message.ends_with(" in jz_tick"), "{message}");

    let mut guest = start(&module(&says("broadcast", 1), &says("broadcast", 1)));
    let message = trap(&mut *guest, Call::View { seat: None });
    assert!(message.contains("broadcast may not be called in jz_view"), "{message}");
    assert_eq!(ask(&mut *guest, Call::Tick { number: 1 }).len(), 1);
}

#[test]
fn a_status_other_than_zero_ends_the_call() {
    let imports = import("broadcast", "(param i32 i32)") + &import("log", "(param i32 i32 i32)");
    let body = "(call $broadcast (i32.const 0) (i32.const 1)) (call $log (i32.const 1) (i32.const 0) (i32.const 2)) (i32.const -7)";
    let mut guest = start(&game(&[
        ("imports", &imports),
        ("jz_tick", &well("jz_tick", "(param i32)", body)),
        ("data", r#"(data (i32.const 0) "hm")"#),
    ]));
    let (said, ended) = call(&mut *guest, Call::Tick { number: 1 });
    assert_eq!(ended, Err(CallEnd::Status(-7)));
    assert_eq!(said, [Said::Log { level: 1, text: "hm".to_owned() }]);
    let message = trap(&mut *guest, Call::Input { seat: 0, data: b"" });
    assert!(message.contains("restored first"), "{message}");
    assert_eq!(guest.spent(), 0);
    assert_eq!(fail(&mut *guest, INIT), CallEnd::Trap(message));
}

#[test]
fn initialize_runs_before_everything() {
    let initialize = r#"(func (export "_initialize") (global.set $began (i32.const 4)))"#;
    let mut guest = start(&game(&[
        ("globals", "(global $began (mut i32) (i32.const 0))"),
        ("initialize", initialize),
        ("jz_tick", &well("jz_tick", "(param i32)", "(i32.sub (global.get $began) (i32.const 4))")),
    ]));
    ask(&mut *guest, Call::Tick { number: 1 });
}
