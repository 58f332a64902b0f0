//! The real engine in one process with the crash reporter: a guest's fault is a trap, the host's is a report.

use std::os::unix::process::ExitStatusExt;

use crashes::Cause;
use room_core::modules::{Call, CallEnd, CallTime, Guest, Modules};
use wasm_host::{WasmConfig, WasmHost};

use crate::child::crash;

/// Reads far out of its memory at tick 2, and calls itself without end at tick 3.
const GAME: &str = r#"(module
    (memory (export "memory") 1)
    (func $deep (param i32) (result i32) (call $deep (i32.add (local.get 0) (i32.const 1))))
    (func (export "jz_abi") (result i32) (i32.const 1))
    (func (export "jz_alloc") (param i32) (result i32) (i32.const 1024))
    (func (export "jz_init") (param i32 i32) (result i32) (i32.const 0))
    (func (export "jz_join") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "jz_leave") (param i32 i32) (result i32) (i32.const 0))
    (func (export "jz_input") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "jz_tick") (param i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const 2)) (then (drop (i32.load (i32.const 0x7ffffff0)))))
        (if (i32.eq (local.get 0) (i32.const 3)) (then (drop (call $deep (i32.const 0)))))
        (i32.const 0)))"#;

#[test]
fn a_guests_faults_stay_traps_and_the_hosts_becomes_a_report() {
    let ended = crash("guest");
    assert!(ended.stderr.contains("trapped twice"), "{}", ended.stderr);
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{}", ended.stderr);
    let report = ended.report.unwrap();
    assert_eq!((report.cause, report.address), (Cause::Segv, Some(16)), "{report}");
    assert!(report.culprit().unwrap().ends_with("fault_on_purpose"), "{report}");
}

pub fn trap_then_fault() {
    let host = WasmHost::new(WasmConfig::new(2)).unwrap();
    let module = host.add(&wat::parse_str(GAME).unwrap()).unwrap();
    let tick = |guest: &mut dyn Guest, number| {
        let mut said = Vec::new();
        guest.call(Call::Tick { number }, CallTime { tick: number, now_us: 0 }, &mut said)
    };
    let mut guest = host.instantiate(&module).unwrap();
    assert_eq!(tick(&mut *guest, 1), Ok(()));
    assert!(matches!(tick(&mut *guest, 2), Err(CallEnd::Trap(_))));
    let mut guest = host.instantiate(&module).unwrap();
    assert_eq!(tick(&mut *guest, 3), Err(CallEnd::StackOverflow));
    eprintln!("trapped twice");
    crashes::on_purpose(crashes::How::Segv);
}
