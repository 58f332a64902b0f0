//! Modules that never become rooms: each is refused with a message from which its author sees what to change.

use wasm_host::Refused;

use crate::game::{game, refusal, well};

#[track_caller]
fn check(module: &[u8], words: &[&str]) {
    let message = refusal(module).to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[test]
fn what_is_no_module_is_refused() {
    check(b"", &["not a WebAssembly module"]);
    check(b"#!/bin/sh\n", &["does not begin with"]);
    check(b"(module)", &["it is text", "wat2wasm"]);
    check(b"\0asm\x0d\0\x01\0", &["component", "wasm32-unknown-unknown"]);
    check(b"\0asm\x02\0\0\0", &["version"]);
}

#[test]
fn a_module_cut_anywhere_is_refused() {
    let whole = game(&[]);
    for end in 0..whole.len() {
        // The last section holds the names of functions, without which the module is whole too.
        if whole[end] == 0 && whole[end + 1..].get(1..6) == Some(b"\x04name") {
            continue;
        }
        let refused = refusal(&whole[..end]);
        // Cut between two sections it may be valid, but lacks exports.
        assert!(
            matches!(refused, Refused::NotWasm(_) | Refused::Invalid(_) | Refused::NoExport { .. }),
            "cut at {end}: {refused}"
        );
    }
}

#[test]
fn damaged_modules_never_panic() {
    let whole = game(&[("data", r#"(data (i32.const 0) "some data")"#)]);
    let host = crate::game::host();
    for index in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[index] ^= flip;
            if let Ok(hash) = host.add(&damaged) {
                host.remove(&hash);
            }
        }
    }
}

#[test]
fn fifty_megabytes_are_too_many() {
    let mut module = game(&[]);
    module.resize(50 << 20, 0);
    assert_eq!(refusal(&module), Refused::TooLarge { bytes: 50 << 20, limit: 4 << 20 });
}

#[test]
fn foreign_imports_are_refused_with_where_and_what_instead() {
    let with = |module: &str, name: &str| {
        game(&[
            (
                "imports",
                &format!(
                    r#"(import "{module}" "{name}" (func $foreign (param i32 i32 i32 i32) (result i32)))"#
                ),
            ),
            (
                "use",
                "(func $_ZN4game5print17h0123456789abcdefE (result i32)
                   (call $foreign (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
            ),
        ])
    };
    check(
        &with("wasi_snapshot_preview1", "fd_write"),
        &["imports wasi_snapshot_preview1.fd_write, used by game::print (byte 0x", "wasm32-unknown-unknown"],
    );
    check(&with("env", "abort"), &["--use abort="]);
    check(&with("__wbindgen_placeholder__", "__wbindgen_throw"), &["wasm-bindgen"]);
    check(&with("env", "cos"), &["a library missing"]);
    check(&with("jianzi", "fetch"), &["there is no such function"]);
    let import = |what: &str| game(&[("imports", what)]);
    check(&import(r#"(import "env" "__memory_base" (global i32))"#), &["-fPIC"]);
    check(&import(r#"(import "env" "__indirect_function_table" (table 1 funcref))"#), &["--import-table"]);
    check(
        &game(&[
            ("imports", r#"(import "env" "memory" (memory (;0;) 1))"#),
            ("memory", r#"(export "memory" (memory 0))"#),
        ]),
        &["--import-memory"],
    );
    check(
        &import(r#"(import "jianzi" "random" (func (result i32)))"#),
        &["imports jianzi.random as () -> i32; it is () -> i64"],
    );
    check(&import(r#"(import "jianzi" "random" (global i32))"#), &["something that is no function"]);
}

#[test]
fn exports_must_be_there_with_their_types() {
    for name in ["jz_abi", "jz_alloc", "jz_init", "jz_join", "jz_leave", "jz_input", "jz_tick"] {
        check(&game(&[(name, "")]), &["does not export", name]);
    }
    check(&game(&[("memory", "(memory 1)")]), &["does not export memory"]);
    check(
        &game(&[("memory", r#"(memory 1) (global (export "memory") i32 (i32.const 0))"#)]),
        &["must be a memory"],
    );
    check(
        &game(&[("jz_tick", &well("jz_tick", "(param i64)", "(i32.const 0)"))]),
        &["exports jz_tick as (i64) -> i32; it must be (i32) -> i32"],
    );
    check(
        &game(&[("jz_tick", r#"(func (export "jz_tick") (param i32))"#)]),
        &["exports jz_tick as (i32); it must be (i32) -> i32"],
    );
    // Optional exports too, when they are there.
    check(
        &game(&[("jz_save", &well("jz_save", "(param i32)", "(i32.const 0)"))]),
        &["exports jz_save as (i32) -> i32"],
    );
    check(&game(&[("i", &well("_initialize", "", "(i32.const 0)"))]), &["exports _initialize as () -> i32"]);
}

#[test]
fn what_no_image_could_hold_is_refused_with_where_and_why() {
    let with = |declarations: &str, body: &str| {
        game(&[("declarations", declarations), ("guilty", &format!("(func $guilty {body})"))])
    };
    let table = "(table 2 funcref) (elem $passive func $jz_tick) (data $passive \"12\")";
    for (instruction, body, word) in [
        ("table.set", "(table.set (i32.const 0) (ref.null func))", "wasm-bindgen"),
        ("table.grow", "(drop (table.grow (ref.null func) (i32.const 1)))", "wasm-bindgen"),
        ("table.fill", "(table.fill (i32.const 0) (ref.null func) (i32.const 1))", "wasm-bindgen"),
        ("table.copy", "(table.copy (i32.const 0) (i32.const 1) (i32.const 1))", "wasm-bindgen"),
        ("table.init", "(table.init $passive (i32.const 0) (i32.const 0) (i32.const 1))", "-pthread"),
        ("elem.drop", "(elem.drop $passive)", "-pthread"),
        ("data.drop", "(data.drop $passive)", "atomics"),
    ] {
        check(
            &with(table, body),
            &["could not be kept as an image", instruction, "in guilty (byte 0x", word],
        );
    }
    check(
        &with("(global $f (mut funcref) (ref.null func))", ""),
        &["global 0 is variable", "AssemblyScript"],
    );
    check(&game(&[("e", r#"(func (export "__wizer_x"))"#)]), &["__wizer_"]);
    check(
        &with(&"(global (mut i32) (i32.const 0))".repeat(1025), ""),
        &["1025 variable globals", "AssemblyScript"],
    );
}

#[test]
fn what_is_off_is_refused_with_why() {
    let with = |declarations: &str| game(&[("declarations", declarations)]);
    check(
        &game(&[("memory", r#"(memory (export "memory") 1 2 shared)"#)]),
        &["not valid here", "a room is one thread"],
    );
    check(&game(&[("memory", r#"(memory (export "memory") i64 1)"#)]), &["not valid here", "32 bits"]);
    check(&with("(memory 1)"), &["not valid here", "a room has one memory"]);
    check(
        &with("(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))"),
        &["not valid here", "differ between processors"],
    );
    check(&with("(func $f (return_call $f))"), &["not valid here"]);
    check(&with("(tag (param i32))"), &["not valid here"]);
    check(&with("(func (param externref))"), &["not valid here"]);
}

#[test]
fn too_large_from_the_start_is_refused() {
    check(&game(&[("memory", r#"(memory (export "memory") 257)"#)]), &["257 pages", "256"]);
    check(&game(&[("t", "(table 4097 funcref)")]), &["4097 elements", "4096"]);
    check(&game(&[("t", "(table 1 funcref) (table 1 funcref)")]), &["2 tables"]);
}
