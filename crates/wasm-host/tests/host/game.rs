//! Modules for the tests: a smallest game whose parts a test replaces, and how it is driven.

use std::sync::OnceLock;
use std::time::Duration;

use room_core::modules::{Call, CallEnd, CallTime, Guest, ModuleHash, Modules, Said};
use wasm_host::{Refused, WasmConfig, WasmHost};

/// A module in parts, each of which can be replaced by its name; `""` leaves a part out, other names are added at the end.
pub fn game(changes: &[(&str, &str)]) -> Vec<u8> {
    let mut parts = vec![
        ("imports", String::new()),
        ("memory", r#"(memory (export "memory") 1)"#.to_owned()),
        ("jz_abi", well("jz_abi", "", "(i32.const 1)")),
        ("jz_alloc", well("jz_alloc", "(param i32)", "(i32.const 1024)")),
        ("jz_init", well("jz_init", "(param i32 i32)", "(i32.const 0)")),
        ("jz_join", well("jz_join", "(param i32 i32 i32)", "(i32.const 0)")),
        ("jz_leave", well("jz_leave", "(param i32 i32)", "(i32.const 0)")),
        ("jz_input", well("jz_input", "(param i32 i32 i32)", "(i32.const 0)")),
        ("jz_tick", well("jz_tick", "(param i32)", "(i32.const 0)")),
    ];
    for (name, text) in changes {
        match parts.iter_mut().find(|(part, _)| part == name) {
            Some((_, part)) => *part = (*text).to_owned(),
            None => parts.push((name, (*text).to_owned())),
        }
    }
    let text: String = parts.into_iter().map(|(_, part)| part + "\n").collect();
    wat::parse_str(format!("(module {text})")).expect("text of a module")
}

/// An exported function with a result.
pub fn well(name: &str, parameters: &str, body: &str) -> String {
    format!(r#"(func ${name} (export "{name}") {parameters} (result i32) {body})"#)
}

pub fn import(name: &str, parameters: &str) -> String {
    format!(r#"(import "jianzi" "{name}" (func ${name} {parameters}))"#)
}

/// One for all tests that need no settings of their own.
pub fn host() -> &'static WasmHost {
    static HOST: OnceLock<WasmHost> = OnceLock::new();
    HOST.get_or_init(|| {
        // However slow the machine is, what these tests see is a matter of fuel.
        let interrupt_after = Duration::from_secs(600);
        WasmHost::new(WasmConfig { interrupt_after, ..WasmConfig::new(200) }).expect("a host")
    })
}

pub fn start(module: &[u8]) -> Box<dyn Guest> {
    start_on(host(), module)
}

pub fn start_on(host: &WasmHost, module: &[u8]) -> Box<dyn Guest> {
    let hash: ModuleHash = host.add(module).unwrap_or_else(|refused| panic!("{refused}"));
    host.instantiate(&hash).expect("an instance")
}

pub fn refusal(module: &[u8]) -> Refused {
    host().add(module).expect_err("the module should be refused")
}

pub const AT: CallTime = CallTime { tick: 3, now_us: 150_000 };

pub const INIT: Call<'static> = Call::Init { config: &[0; 20], seed: 7 };

/// Makes a call and gives what was said.
pub fn call(guest: &mut dyn Guest, call: Call<'_>) -> (Vec<Said>, Result<(), CallEnd>) {
    let mut said = Vec::new();
    let ended = guest.call(call, AT, &mut said);
    (said, ended)
}

/// Makes a call that must go well.
#[track_caller]
pub fn ask(guest: &mut dyn Guest, what: Call<'_>) -> Vec<Said> {
    let (said, ended) = call(guest, what);
    assert_eq!(ended, Ok(()));
    said
}

/// Makes a call that must end badly.
#[track_caller]
pub fn fail(guest: &mut dyn Guest, what: Call<'_>) -> CallEnd {
    let (said, ended) = call(guest, what);
    assert!(said.iter().all(|one| matches!(one, Said::Log { .. })), "{said:?}");
    ended.expect_err("the call should end badly")
}

/// The text of a trap.
#[track_caller]
pub fn trap(guest: &mut dyn Guest, what: Call<'_>) -> String {
    match fail(guest, what) {
        CallEnd::Trap(message) => message,
        other => panic!("{other:?} instead of a trap"),
    }
}

pub fn image(guest: &mut dyn Guest) -> Vec<u8> {
    let mut image = Vec::new();
    guest.image(&mut image);
    image
}
