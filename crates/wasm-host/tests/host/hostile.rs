//! Modules that mean harm, or know no better.

use room_core::modules::{Call, CallEnd, Said};
use wasm_host::Refused;

use crate::game::{INIT, ask, call, fail, game, image, import, refusal, start, trap, well};

fn ticking(body: &str) -> Vec<u8> {
    game(&[("jz_tick", &well("jz_tick", "(param i32)", body))])
}

const TICK: Call<'static> = Call::Tick { number: 1 };
const FOREVER: &str = "(loop $again (br $again)) (i32.const 0)";

#[test]
fn a_loop_without_end_runs_out_of_fuel() {
    let mut guest = start(&ticking(FOREVER));
    ask(&mut *guest, INIT);
    assert_eq!(fail(&mut *guest, TICK), CallEnd::OutOfFuel);
    assert!(guest.spent() >= game_abi::limits::FUEL_CALL);
}

#[test]
fn a_loop_without_end_in_init_has_more_fuel_and_no_more_luck() {
    let mut guest = start(&game(&[("jz_init", &well("jz_init", "(param i32 i32)", FOREVER))]));
    assert_eq!(fail(&mut *guest, INIT), CallEnd::OutOfFuel);
    assert!(guest.spent() >= game_abi::limits::FUEL_RARE_CALL);
}

#[test]
fn a_loop_in_the_start_section_is_refused() {
    let module = game(&[("start", "(func $start (loop $again (br $again))) (start $start)")]);
    assert_eq!(refusal(&module), Refused::Start(CallEnd::OutOfFuel));
}

#[test]
fn an_import_in_the_start_section_is_refused() {
    let imports = import("random", "(result i64)");
    let module =
        game(&[("imports", &imports), ("start", "(func $start (drop (call $random))) (start $start)")]);
    let message = refusal(&module).to_string();
    assert!(message.contains("random was called before jz_init in start"), "{message}");
    assert!(message.contains("start section and _initialize may call no import"), "{message}");
}

/// As the allocator of every language does it: ask for pages, give up by `unreachable`.
#[test]
fn memory_without_end_is_out_of_memory() {
    let body = "(loop $again
        (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
        (br $again)) (i32.const 0)";
    let mut guest = start(&ticking(body));
    ask(&mut *guest, INIT);
    assert_eq!(fail(&mut *guest, TICK), CallEnd::OutOfMemory);
}

#[test]
fn who_bears_a_refusal_of_memory_goes_on() {
    let body = "(i32.ne (memory.grow (i32.const 1000)) (i32.const -1))";
    let mut guest = start(&ticking(body));
    assert!(ask(&mut *guest, TICK).is_empty());
    assert!(ask(&mut *guest, TICK).is_empty());
}

#[test]
fn growing_costs_fuel_by_the_page() {
    let grow = |pages: u32| {
        let mut guest = start(&ticking(&format!("(drop (memory.grow (i32.const {pages}))) (i32.const 0)")));
        ask(&mut *guest, TICK);
        guest.spent()
    };
    assert_eq!(grow(100) - grow(0), 100 * 255);
}

#[test]
fn traps_say_where() {
    let names = "(func $kick (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))";
    let mut guest = start(&game(&[
        ("names", names),
        ("jz_tick", &well("jz_tick", "(param i32)", "(call $kick (i32.const 0))")),
    ]));
    assert_eq!(trap(&mut *guest, TICK), "integer divide by zero in kick < jz_tick");
    for (part, parameters, call) in [
        ("jz_init", "(param i32 i32)", INIT),
        ("jz_load", "(param i32 i32 i32)", Call::Load { from: 1, bytes: b"old" }),
        ("jz_join", "(param i32 i32 i32)", Call::Join { seat: 0, who: b"" }),
        ("jz_alloc", "(param i32)", Call::Input { seat: 0, data: b"1" }),
    ] {
        let mut guest = start(&game(&[(part, &well(part, parameters, "unreachable"))]));
        let message = trap(&mut *guest, call);
        assert_eq!(message, format!("wasm `unreachable` instruction executed in {part}"));
    }
}

#[test]
fn reading_out_of_bounds_is_a_trap() {
    for address in ["65533", "65536", "0x7fffffff", "0xffffffff"] {
        let mut guest = start(&ticking(&format!("(i32.load (i32.const {address}))")));
        let message = trap(&mut *guest, TICK);
        assert_eq!(message, "out of bounds memory access in jz_tick");
    }
    let mut guest = start(&ticking("(i32.store (i32.const 65535) (i32.const 1)) (i32.const 0)"));
    assert_eq!(trap(&mut *guest, TICK), "out of bounds memory access in jz_tick");
}

#[test]
fn pointers_to_outside_are_traps_that_say_so() {
    let sends = |pointer: &str, length: &str| {
        let body = format!("(call $broadcast (i32.const {pointer}) (i32.const {length})) (i32.const 0)");
        game(&[
            ("imports", &import("broadcast", "(param i32 i32)")),
            ("jz_tick", &well("jz_tick", "(param i32)", &body)),
        ])
    };
    for (pointer, length) in [("65536", "1"), ("0", "65537"), ("0xffffffff", "0xffffffff"), ("100", "-1")] {
        let message = trap(&mut *start(&sends(pointer, length)), TICK);
        assert!(message.contains("not all in memory, which ends at 0x10000"), "{message}");
    }
    for pointer in ["65535", "-1"] {
        let alloc = well("jz_alloc", "(param i32)", &format!("(i32.const {pointer})"));
        let message = trap(&mut *start(&game(&[("jz_alloc", &alloc)])), Call::Input { seat: 0, data: b"12" });
        assert!(message.contains("jz_alloc gave") && message.contains("not all in memory"), "{message}");
    }
}

#[test]
fn a_flood_of_messages_is_ended() {
    let floods = |import_of: &str, call: &str| {
        let body = format!("(loop $again {call} (br $again)) (i32.const 0)");
        game(&[("imports", import_of), ("jz_tick", &well("jz_tick", "(param i32)", &body))])
    };
    let send = import("send", "(param i32 i32 i32)");
    let effect = import("effect", "(param i32 i32 i32 i32)");
    for (import_of, call) in [
        (&send, "(call $send (i32.const 0) (i32.const 0) (i32.const 0))"),
        (&send, "(call $send (i32.const 0) (i32.const 0) (i32.const 30000))"),
        (&send, "(call $send (i32.const 0) (i32.const 0) (i32.const 32769))"),
        (&effect, "(call $effect (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 1))"),
    ] {
        assert_eq!(fail(&mut *start(&floods(import_of, call)), TICK), CallEnd::SaidTooMuch, "{call}");
    }
    // Lines of the log are dropped instead, so that the flood runs into its fuel.
    let log = import("log", "(param i32 i32 i32)");
    let mut guest = start(&floods(&log, "(call $log (i32.const 0) (i32.const 0) (i32.const 5000))"));
    let (said, ended) = call(&mut *guest, TICK);
    assert_eq!(ended, Err(CallEnd::OutOfFuel));
    assert_eq!(said.len(), game_abi::limits::LOG_LINES);
    assert!(matches!(&said[0], Said::Log { level: 0, text } if text.len() == game_abi::limits::LOG_BYTES));
}

#[test]
fn answers_have_limits_of_their_own() {
    let answers = |length: usize| {
        let body = format!("(call $reply (i32.const 0) (i32.const {length})) (i32.const 0)");
        start(&game(&[
            ("imports", &import("reply", "(param i32 i32)")),
            ("memory", r#"(memory (export "memory") 100)"#),
            ("jz_view", &well("jz_view", "(param i32)", &body)),
            ("jz_save", &well("jz_save", "", &body)),
        ]))
    };
    let (view, save) = (game_abi::limits::VIEW_BYTES, game_abi::limits::SAVE_BYTES);
    ask(&mut *answers(view), Call::View { seat: None });
    assert_eq!(fail(&mut *answers(view + 1), Call::View { seat: None }), CallEnd::SaidTooMuch);
    ask(&mut *answers(save), Call::Save);
    assert_eq!(fail(&mut *answers(save + 1), Call::Save), CallEnd::SaidTooMuch);
}

/// The host's own work is paid for, so that a guest cannot keep it busy beyond its fuel.
#[test]
fn imports_cost_fuel() {
    let imports = import("now", "(result i64)") + &import("broadcast", "(param i32 i32)");
    let spent = |body: &str| {
        let body = format!("{body} (i32.const 0)");
        let mut guest =
            start(&game(&[("imports", &imports), ("jz_tick", &well("jz_tick", "(param i32)", &body))]));
        ask(&mut *guest, TICK);
        guest.spent()
    };
    let nothing = spent("");
    assert!((200..210).contains(&(spent("(drop (call $now))") - nothing)));
    assert!((5200..5210).contains(&(spent("(call $broadcast (i32.const 0) (i32.const 5000))") - nothing)));
    let mut guest = start(&game(&[
        ("imports", &imports),
        (
            "jz_tick",
            &well("jz_tick", "(param i32)", "(loop $again (drop (call $now)) (br $again)) (i32.const 0)"),
        ),
    ]));
    assert_eq!(fail(&mut *guest, TICK), CallEnd::OutOfFuel);
    assert_eq!(guest.spent(), game_abi::limits::FUEL_CALL);
}

#[test]
fn a_seat_that_cannot_be_is_a_trap() {
    for seat in ["-1", "65536"] {
        let body = format!("(call $send (i32.const {seat}) (i32.const 0) (i32.const 0)) (i32.const 0)");
        let imports = import("send", "(param i32 i32 i32)");
        let mut guest =
            start(&game(&[("imports", &imports), ("jz_tick", &well("jz_tick", "(param i32)", &body))]));
        assert!(trap(&mut *guest, TICK).contains("send to seat"));
    }
}

#[test]
fn recursion_without_end_overflows_the_guests_stack() {
    let mut guest = start(&ticking("(call $jz_tick (local.get 0))"));
    ask(&mut *guest, INIT);
    let before = image(&mut *guest);
    assert_eq!(fail(&mut *guest, TICK), CallEnd::StackOverflow);
    guest.restore(&before).unwrap();
    ask(&mut *guest, INIT);
}

#[test]
fn calls_through_the_table_are_checked() {
    let table = "(table 2 funcref) (elem (i32.const 0) $jz_join) (type $other (func (result i32)))";
    for (index, message) in
        [(0, "indirect call type mismatch"), (1, "uninitialized element"), (2, "undefined element")]
    {
        let body = format!("(call_indirect (type $other) (i32.const {index}))");
        let module = game(&[("table", table), ("jz_tick", &well("jz_tick", "(param i32)", &body))]);
        let found = trap(&mut *start(&module), TICK);
        assert!(found.contains(message), "{found}");
    }
}
