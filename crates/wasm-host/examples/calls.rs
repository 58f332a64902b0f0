//! What a call, a room and an image cost here.
//!
//! `cargo run --release -p wasm-host --example calls [-- MODULE.wasm [ROOMS]]`; without a module, with a little game of its
//! own. A module gets empty inputs and settings of four seats at 20 Hz.

use std::fs;

use clock::{Clock, Moment};
use game_abi::{Init, Join};
use room_core::modules::{Call, CallTime, Guest, Modules, Said};
use wasm_host::{WasmConfig, WasmHost};

const TICKS: u32 = 200;
const SEATS: u16 = 4;
const PERIOD_US: u64 = 50_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let module = match arguments.next() {
        Some(path) => fs::read(&path).unwrap_or_else(|error| fail(&format!("{path}: {error}"))),
        None => wat::parse_str(GAME).unwrap_or_else(|error| fail(&error.to_string())),
    };
    let rooms =
        arguments.next().map_or(1000, |rooms| rooms.parse().unwrap_or_else(|_| fail("ROOMS is a number")));
    let host = WasmHost::new(WasmConfig::new(rooms + 1)).unwrap_or_else(|error| fail(&error.to_string()));
    println!("{:?}", host.slots());

    let clock = Clock::System;
    let begin = clock.now();
    let hash = host.add(&module).unwrap_or_else(|refused| fail(&refused.to_string()));
    line("check, compile, try out", micros(&clock, begin) / 1000.0, "ms");
    println!("{} bytes, {:?}", module.len(), host.facts(&hash));
    let instantiate = || host.instantiate(&hash).unwrap_or_else(|refused| fail(&refused.to_string()));

    one_room(&clock, instantiate());
    let begin = clock.now();
    for _ in 0..1000 {
        drop(instantiate());
    }
    line("instantiate and drop", micros(&clock, begin) / 1000.0, "µs");
    many_rooms(&clock, rooms, instantiate);
}

fn one_room(clock: &Clock, mut guest: Box<dyn Guest>) {
    found(&mut *guest);
    let mut said = Vec::new();
    let calls = 1_000_000;
    let begin = clock.now();
    for _ in 0..calls {
        make(&mut *guest, Call::Leave { seat: 0, why: 0 }, 0, &mut said);
    }
    line("jz_leave, the emptiest call", micros(clock, begin) * 1000.0 / f64::from(calls), "ns");
    let begin = clock.now();
    let mut fuel = 0;
    for number in 1..=20_000 {
        make(&mut *guest, Call::Tick { number }, number, &mut said);
        fuel = fuel.max(guest.spent());
    }
    line("tick, hot", micros(clock, begin) / 20_000.0, "µs");
    println!("{fuel} fuel at most");
}

fn many_rooms(clock: &Clock, count: u32, instantiate: impl Fn() -> Box<dyn Guest>) {
    let memory_before = Memory::now();
    let begin = clock.now();
    let mut rooms: Vec<_> = (0..count).map(|_| instantiate()).collect();
    let each = |micros: f64| micros / f64::from(count);
    line("instantiate, all kept", each(micros(clock, begin)), "µs");
    rooms.iter_mut().for_each(|room| found(&mut **room));

    let mut said = Vec::new();
    let begin = clock.now();
    for number in 1..=TICKS {
        for room in &mut rooms {
            make(&mut **room, Call::Tick { number }, number, &mut said);
        }
    }
    line("tick, rooms in turn", each(micros(clock, begin)) / f64::from(TICKS), "µs");
    let begin = clock.now();
    for number in TICKS + 1..=TICKS * 2 {
        for room in &mut rooms {
            make(
                &mut **room,
                Call::Input { seat: (number % u32::from(SEATS)) as u16, data: b"kick" },
                number,
                &mut said,
            );
            make(&mut **room, Call::Tick { number }, number, &mut said);
        }
    }
    line("tick with an input, rooms in turn", each(micros(clock, begin)) / f64::from(TICKS), "µs");
    let memory = Memory::now();
    line("private memory of a room", (memory.anonymous - memory_before.anonymous) / f64::from(count), "KiB");
    line("page tables of a room", (memory.page_tables - memory_before.page_tables) / f64::from(count), "KiB");
    line("mappings of a room", (memory.mappings - memory_before.mappings) / f64::from(count), "");

    let begin = clock.now();
    let images: Vec<Vec<u8>> = rooms
        .iter_mut()
        .map(|room| {
            let mut image = Vec::new();
            room.image(&mut image);
            image
        })
        .collect();
    line("image, take", each(micros(clock, begin)), "µs");
    line("image, size", images[0].len() as f64 / 1024.0, "KiB");
    let begin = clock.now();
    for (room, image) in rooms.iter_mut().zip(&images) {
        room.restore(image).unwrap_or_else(|damaged| fail(&damaged.to_string()));
    }
    line("image, restore", each(micros(clock, begin)), "µs");
}

fn found(guest: &mut dyn Guest) {
    let mut said = Vec::new();
    let mut bytes = Vec::new();
    Init { seed: 7, tick_hz: 20, seats: SEATS.into(), bots: 0, settings: Vec::new() }.encode(&mut bytes);
    make(guest, Call::Init { config: &bytes, seed: 7 }, 0, &mut said);
    for seat in 0..SEATS {
        bytes.clear();
        Join { player: "player", name: "name" }.encode(&mut bytes);
        make(guest, Call::Join { seat, who: &bytes }, 0, &mut said);
    }
}

fn make(guest: &mut dyn Guest, call: Call<'_>, tick: u32, said: &mut Vec<Said>) {
    said.clear();
    let at = CallTime { tick, now_us: u64::from(tick) * PERIOD_US };
    if let Err(end) = guest.call(call, at, said) {
        fail(&format!("{call:?}: {end}"));
    }
}

fn micros(clock: &Clock, begin: Moment) -> f64 {
    clock.now().since(begin).as_secs_f64() * 1e6
}

fn line(what: &str, value: f64, unit: &str) {
    println!("{what:<36} {value:>10.2} {unit}");
}

fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(1)
}

/// In KiB. Resident memory would lie: it counts the pages that rooms share.
struct Memory {
    anonymous: f64,
    page_tables: f64,
    /// A number.
    mappings: f64,
}

impl Memory {
    fn now() -> Memory {
        let field = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
            value.and_then(|value| value.parse().ok()).unwrap_or(0.0)
        };
        Memory {
            anonymous: field("/proc/self/smaps_rollup", "Anonymous:"),
            page_tables: field("/proc/self/status", "VmPTE:"),
            mappings: fs::read_to_string("/proc/self/maps").unwrap_or_default().lines().count() as f64,
        }
    }
}

/// Four players of 64 bytes each and a field of 2 KiB that every tick goes over; two pages of memory.
const GAME: &str = r#"(module
  (import "jianzi" "broadcast" (func $broadcast (param i32 i32)))
  (import "jianzi" "random" (func $random (result i64)))
  (memory (export "memory") 2)
  (data (i32.const 65536) "what a fresh instance has")
  (func (export "jz_abi") (result i32) (i32.const 1))
  (func (export "jz_alloc") (param i32) (result i32) (i32.const 32768))
  (func (export "jz_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "jz_join") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "jz_leave") (param i32 i32) (result i32) (i32.const 0))
  (func (export "jz_input") (param i32 i32 i32) (result i32)
    (i64.store (i32.mul (local.get 0) (i32.const 64)) (call $random))
    (i32.const 0))
  (func (export "jz_tick") (param i32) (result i32) (local $at i32)
    (local.set $at (i32.const 256))
    (loop $again
      (i64.store (local.get $at)
        (i64.add (i64.rotl (i64.load (local.get $at)) (i64.const 7)) (i64.load (i32.and (local.get $at) (i32.const 248)))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 2304))))
    (call $broadcast (i32.const 0) (i32.const 256))
    (i32.const 0)))"#;
