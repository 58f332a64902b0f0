//! Images: small, whole, and of one module only.

use room_core::modules::Call;

use crate::game::{INIT, ask, call, fail, game, image, import, start, well};

const TICK: Call<'static> = Call::Tick { number: 1 };

/// Draws chance, counts in a global, in memory and in memory beyond what it began with.
fn busy() -> Vec<u8> {
    let tick = "(if (i32.eq (memory.size) (i32.const 2)) (then (drop (memory.grow (i32.const 1)))))
        (global.set $count (i64.add (global.get $count) (i64.const 1)))
        (global.set $sum (f64.add (global.get $sum) (f64.convert_i64_u (call $random))))
        (global.set $wide (i64x2.splat (global.get $count)))
        (i64.store (i32.const 8) (global.get $count))
        (i64.store (i32.const 140000) (global.get $count))
        (call $broadcast (i32.const 8) (i32.const 8))
        (f64.store (i32.const 16) (global.get $sum))
        (call $broadcast (i32.const 16) (i32.const 8))
        (i32.const 0)";
    game(&[
        ("imports", &(import("random", "(result i64)") + &import("broadcast", "(param i32 i32)"))),
        ("memory", r#"(memory (export "memory") 2)"#),
        (
            "globals",
            "(global $count (mut i64) (i64.const 0)) (global $sum (mut f64) (f64.const 0))
             (global $wide (mut v128) (v128.const i64x2 0 0)) (global $constant i32 (i32.const 5))",
        ),
        // Fills the second half of the first page; not of the same bytes, so that they cannot be guessed.
        ("data", &format!(r#"(data (i32.const 32768) "{}")"#, "0123456789abcdef".repeat(2048))),
        ("jz_tick", &well("jz_tick", "(param i32)", tick)),
        // Writes over its data with zeros.
        (
            "jz_input",
            &well(
                "jz_input",
                "(param i32 i32 i32)",
                "(memory.fill (i32.const 32768) (i32.const 0) (i32.const 8192)) (i32.const 0)",
            ),
        ),
        (
            "jz_leave",
            &well(
                "jz_leave",
                "(param i32 i32)",
                "(memory.fill (i32.const 0) (i32.const 255) (i32.const 65536)) unreachable",
            ),
        ),
    ])
}

#[test]
fn a_fresh_image_holds_next_to_nothing() {
    let mut guest = start(&busy());
    // Head, three globals, no block.
    assert_eq!(image(&mut *guest).len(), 1 + 8 + 4 + 8 + (8 + 8 + 16) + 4);
    ask(&mut *guest, TICK);
    // A block in the first page of memory and one in the third.
    assert_eq!(image(&mut *guest).len(), 57 + 2 * (4 + 4096));
}

#[test]
fn a_restored_guest_goes_on_as_the_first_would_have() {
    let module = busy();
    let mut first = start(&module);
    ask(&mut *first, INIT);
    for _ in 0..5 {
        ask(&mut *first, TICK);
    }
    // Data that a fresh instance has and this one has no more.
    ask(&mut *first, Call::Input { seat: 0, data: b"" });
    let taken = image(&mut *first);
    let mut second = start(&module);
    second.restore(&taken).unwrap();
    assert!(image(&mut *second) == taken);
    for _ in 0..20 {
        assert_eq!(call(&mut *first, TICK), call(&mut *second, TICK));
        assert_eq!(first.spent(), second.spent());
        assert!(image(&mut *first) == image(&mut *second));
    }
}

#[test]
fn after_a_trap_nothing_of_the_call_is_left() {
    let mut guest = start(&busy());
    ask(&mut *guest, INIT);
    ask(&mut *guest, TICK);
    let before = image(&mut *guest);
    let mut other = start(&busy());
    other.restore(&before).unwrap();
    fail(&mut *guest, Call::Leave { seat: 0, why: 0 });
    guest.restore(&before).unwrap();
    assert!(image(&mut *guest) == before);
    assert_eq!(call(&mut *guest, TICK), call(&mut *other, TICK));
}

#[test]
fn an_image_can_be_taken_back_to_a_fresh_one() {
    let mut guest = start(&busy());
    let fresh = image(&mut *guest);
    ask(&mut *guest, INIT);
    for _ in 0..3 {
        ask(&mut *guest, TICK);
    }
    guest.restore(&fresh).unwrap();
    assert!(image(&mut *guest) == fresh);
}

#[test]
fn damaged_images_are_refused_and_change_nothing() {
    let mut guest = start(&busy());
    ask(&mut *guest, TICK);
    let whole = image(&mut *guest);
    let head = 57;
    for end in (0..head + 8).chain([whole.len() - 1]) {
        assert!(guest.restore(&whole[..end]).is_err(), "cut at {end}");
    }
    let changed = |at: usize, to: u8| {
        let mut bytes = whole.clone();
        bytes[at] = to;
        bytes
    };
    let another_format = changed(0, 2);
    let another_module = changed(1, whole[1] ^ 1);
    let more_memory_than_allowed = changed(10, 2);
    let less_memory_than_fresh = changed(9, 1);
    let a_block_too_many = changed(head - 4, 3);
    let blocks_out_of_order = changed(head, 200);
    let a_block_outside = changed(head + 4 + 1, 1);
    for (damaged, word) in [
        (another_format, "format 2"),
        (another_module, "another module"),
        (more_memory_than_allowed, "pages"),
        (less_memory_than_fresh, "1 pages"),
        (a_block_too_many, "not whole"),
        (blocks_out_of_order, "not in order"),
        (a_block_outside, "outside of its memory"),
    ] {
        let message = guest.restore(&damaged).unwrap_err().to_string();
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
    assert!(image(&mut *guest) == whole);
    ask(&mut *guest, TICK);
}

#[test]
fn an_image_fits_its_module_only() {
    let mut guest = start(&busy());
    let taken = image(&mut *guest);
    let mut other = start(&game(&[]));
    assert!(other.restore(&taken).unwrap_err().to_string().contains("another module"));
    ask(&mut *other, TICK);
}

/// Every NaN that an instruction makes has the same bits on every processor.
#[test]
fn nans_are_canonical() {
    let tick = "(f64.store (i32.const 0) (f64.div (f64.const 0) (global.get $zero)))
        (f32.store (i32.const 8) (f32.sqrt (f32.const -1)))
        (f64.store (i32.const 16) (f64.add (f64.const -nan:0x8000000000001) (f64.const 1)))
        (call $broadcast (i32.const 0) (i32.const 24))
        (i32.const 0)";
    let mut guest = start(&game(&[
        ("imports", &import("broadcast", "(param i32 i32)")),
        ("globals", "(global $zero (mut f64) (f64.const 0))"),
        ("jz_tick", &well("jz_tick", "(param i32)", tick)),
    ]));
    let said = ask(&mut *guest, TICK);
    let mut expected = Vec::new();
    expected.extend_from_slice(&0x7ff8_0000_0000_0000_u64.to_le_bytes());
    expected.extend_from_slice(&0x7fc0_0000_u32.to_le_bytes());
    expected.extend_from_slice(&[0; 4]);
    expected.extend_from_slice(&0x7ff8_0000_0000_0000_u64.to_le_bytes());
    assert_eq!(said, [room_core::modules::Said::Broadcast(expected.into())]);
}
