//! Hundreds of seeds. `JIANZI_SEED=n cargo test -p simulation` plays one again; `JIANZI_SEEDS=n` plays so many,
//! from `JIANZI_FIRST_SEED` on.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use simulation::Tale;

const SEEDS: u64 = 400;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_seed_keeps_its_promises() {
    if let Some(seed) = number("JIANZI_SEED") {
        telemetry::init_logging(telemetry::Format::Text, "debug").unwrap();
        let tale = simulation::run(seed).unwrap_or_else(|broken| panic!("{broken}"));
        return println!("{tale:?}");
    }
    let first = number("JIANZI_FIRST_SEED").unwrap_or(0);
    let seeds = number("JIANZI_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(first);
    let (all, broken) = (Mutex::new(Tale::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    match simulation::run(seed) {
                        Ok(tale) => all.lock().unwrap().add(&tale),
                        Err(promise) => broken.lock().unwrap().push(promise.to_string()),
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    let shown: Vec<&String> = broken.iter().take(5).collect();
    assert!(broken.is_empty(), "{} of {seeds} seeds broke a promise, first: {shown:#?}", broken.len());
    let all = all.into_inner().unwrap();
    println!("{seeds} seeds: {all:?}");
    let counts = [
        ("crashes", u64::from(all.crashes), 1),
        ("inputs", all.inputs, 100),
        ("swaps of a room", all.swaps.into(), 1),
        ("calls that ended badly", all.bad_calls.into(), 1),
        ("effects", all.effects, 20),
    ];
    for (what, count, for_each) in counts {
        assert!(count > for_each * seeds, "the plans did not put anything to the test: {count} {what}");
    }
    for count in [all.ways_back, all.ends, all.quarantined as u32, all.trims as u32, all.told_again as u32] {
        assert!(count > 0, "{all:?}");
    }
}

#[test]
fn a_seed_does_again_what_it_did() {
    for seed in [3, 17, 42] {
        assert_eq!(simulation::run(seed).unwrap(), simulation::run(seed).unwrap());
    }
}
