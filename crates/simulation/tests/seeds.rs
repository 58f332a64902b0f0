//! Hundreds of seeds. `JIANZI_SEED=n cargo test -p simulation` plays one again; `JIANZI_SEEDS=n` plays so many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

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
    let seeds = number("JIANZI_SEEDS").unwrap_or(SEEDS);
    let (next, crashes, inputs) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    match simulation::run(seed) {
                        Ok(tale) => {
                            crashes.fetch_add(tale.crashes.into(), Ordering::Relaxed);
                            inputs.fetch_add(tale.inputs, Ordering::Relaxed);
                        }
                        Err(promise) => broken.lock().unwrap().push(promise.to_string()),
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    let first: Vec<&String> = broken.iter().take(5).collect();
    assert!(broken.is_empty(), "{} of {seeds} seeds broke a promise, first: {first:#?}", broken.len());
    let (crashes, inputs) = (crashes.into_inner(), inputs.into_inner());
    println!("{seeds} seeds, {crashes} crashes, {inputs} inputs in histories");
    assert!(crashes > seeds && inputs > 100 * seeds, "the plans did not put anything to the test");
}

#[test]
fn a_seed_does_again_what_it_did() {
    for seed in [3, 17, 42] {
        assert_eq!(simulation::run(seed).unwrap(), simulation::run(seed).unwrap());
    }
}
