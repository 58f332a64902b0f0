//! Many rooms of many modules.

use room_core::modules::{Call, ModuleHash, Modules};
use wasm_host::{WasmConfig, WasmHost, hash_of};

use crate::game::{ask, call, game, image, start_on, well};

fn counter(step: u32) -> Vec<u8> {
    let tick = format!(
        "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const {step})))
         (i32.ne (i32.load (i32.const 0)) (i32.mul (local.get 0) (i32.const {step})))"
    );
    game(&[("jz_tick", &well("jz_tick", "(param i32)", &tick))])
}

/// A thousand rooms in turn, each with a memory of its own: a counter of another room would be a bad status.
#[test]
fn a_thousand_rooms_do_not_meet() {
    let host = WasmHost::new(WasmConfig::new(1000)).unwrap();
    let modules = [counter(1), counter(3)].map(|module| host.add(&module).unwrap());
    let mut rooms: Vec<_> = (0..1000).map(|room| host.instantiate(&modules[room % 2]).unwrap()).collect();
    assert_eq!(host.slots().used, 1000);
    for number in 1..=5 {
        for room in &mut rooms {
            ask(&mut **room, Call::Tick { number });
        }
    }
    let images: Vec<_> = rooms.iter_mut().map(|room| image(&mut **room)).collect();
    assert!(images[0] == images[2] && images[0] != images[1] && images[1] == images[999]);
    drop(rooms);
    assert_eq!(host.slots().used, 0);
}

#[test]
fn one_room_too_many_is_told_so_and_fits_later() {
    let host = WasmHost::new(WasmConfig::new(2)).unwrap();
    let module = host.add(&counter(1)).unwrap();
    let mut first = host.instantiate(&module).unwrap();
    let _second = host.instantiate(&module).unwrap();
    let full = host.instantiate(&module).map(|_| ()).unwrap_err().to_string();
    assert!(full.contains("all 2 places for rooms with logic are taken"), "{full}");
    assert!(full.starts_with(&format!("module {:.12} cannot be run", module)), "{full}");
    // A full house still restores its rooms, and tries new modules out.
    let taken = image(&mut *first);
    ask(&mut *first, Call::Tick { number: 1 });
    first.restore(&taken).unwrap();
    ask(&mut *first, Call::Tick { number: 1 });
    host.add(&counter(2)).unwrap();
    drop(first);
    host.instantiate(&module).unwrap();
}

#[test]
fn a_forgotten_module_makes_no_rooms_but_its_rooms_go_on() {
    let host = WasmHost::new(WasmConfig::new(4)).unwrap();
    let bytes = counter(1);
    let mut room = start_on(&host, &bytes);
    let module = hash_of(&bytes);
    assert!(host.remove(&module) && !host.remove(&module));
    assert_eq!(host.facts(&module), None);
    assert!(host.instantiate(&module).map(|_| ()).unwrap_err().to_string().contains("not added"));
    let taken = image(&mut *room);
    ask(&mut *room, Call::Tick { number: 1 });
    room.restore(&taken).unwrap();
    ask(&mut *room, Call::Tick { number: 1 });
    assert!(host.instantiate(&ModuleHash([0; 32])).is_err());
}

#[test]
fn rooms_of_one_module_run_on_many_threads() {
    let host = WasmHost::new(WasmConfig::new(8)).unwrap();
    let bytes = counter(1);
    let images: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let run = || {
            let mut room = start_on(&host, &bytes);
            for number in 1..200 {
                assert_eq!(call(&mut *room, Call::Tick { number }).1, Ok(()));
            }
            image(&mut *room)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(images.iter().all(|image| *image == images[0]));
}
