//! Limits that are not the ABI's.

use std::time::Duration;

use room_core::modules::{Call, CallEnd};
use wasm_host::{WasmConfig, WasmHost};

use crate::game::{INIT, ask, fail, game, image, start_on, well};

#[test]
fn a_call_that_fuel_does_not_end_is_interrupted_by_the_clock() {
    let mut config = WasmConfig::new(2);
    config.interrupt_after = Duration::from_millis(60);
    config.limits.fuel.call = u64::MAX / 2;
    let host = WasmHost::new(config).unwrap();
    let forever = "(loop $again (br $again)) (i32.const 0)";
    let mut guest = start_on(&host, &game(&[("jz_tick", &well("jz_tick", "(param i32)", forever))]));
    ask(&mut *guest, INIT);
    let before = image(&mut *guest);
    assert_eq!(fail(&mut *guest, Call::Tick { number: 1 }), CallEnd::Interrupted);
    guest.restore(&before).unwrap();
    ask(&mut *guest, INIT);
}

#[test]
fn limits_can_be_set() {
    let mut config = WasmConfig::new(2);
    config.limits.fuel.call = 1000;
    config.limits.memory_pages = 2;
    config.limits.module_bytes = 1000;
    let host = WasmHost::new(config).unwrap();
    let body = "(drop (memory.grow (i32.const 1))) (i32.ne (memory.grow (i32.const 1)) (i32.const -1))";
    let mut guest = start_on(
        &host,
        &game(&[
            ("jz_tick", &well("jz_tick", "(param i32)", body)),
            ("jz_leave", &well("jz_leave", "(param i32 i32)", "(loop $again (br $again)) (i32.const 0)")),
        ]),
    );
    ask(&mut *guest, Call::Tick { number: 1 });
    assert_eq!(fail(&mut *guest, Call::Leave { seat: 0, why: 0 }), CallEnd::OutOfFuel);
    assert!((1000..1100).contains(&guest.spent()), "{}", guest.spent());
    let large = game(&[("data", &format!(r#"(data (i32.const 0) "{}")"#, "x".repeat(1000)))]);
    assert!(host.add(&large).unwrap_err().to_string().contains("1000"));
}
