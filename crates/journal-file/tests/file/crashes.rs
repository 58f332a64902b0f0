//! Death at every single change of the disk.

use journal::Level;
use journal_file::FileJournalConfig;

use crate::model::{Death, Pair};

#[test]
fn a_kill_at_any_step_loses_nothing_that_was_written() {
    at_every_step(Death::Kill);
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_that_was_synced() {
    at_every_step(Death::PowerCut);
}

fn at_every_step(death: Death) {
    let config =
        FileJournalConfig { segment_bytes: 500, tidies_itself: false, ..FileJournalConfig::default() };
    let mut steps = u64::MAX;
    let mut crash_at = 1;
    while crash_at <= steps {
        let mut pair = Pair::new(7, config.clone());
        let before = pair.sim.steps();
        pair.sim.crash_in(crash_at);
        for round in 0..24 {
            let level = if round % 3 == 0 { Level::Synced } else { Level::Written };
            let deeds: [&dyn Fn(&mut Pair); 5] =
                [&|pair| pair.submit(level), &Pair::put_image, &Pair::trim, &Pair::forget, &|pair| {
                    if round % 6 == 5 {
                        pair.tidy();
                    }
                }];
            for deed in deeds {
                if !pair.sim.has_crashed() {
                    deed(&mut pair);
                }
            }
        }
        if !pair.sim.has_crashed() {
            steps = pair.sim.steps() - before;
        }
        pair.die(death);
        pair.submit(Level::Synced);
        pair.tidy();
        pair.die(Death::PowerCut);
        crash_at += 1;
    }
    assert!(steps > 200 && steps < u64::MAX, "{steps} steps");
}
