//! Random deeds, faults and deaths: what was acknowledged is there, and what is there was done.

use journal::Level;
use journal_file::FileJournalConfig;
use proptest::prelude::*;

use crate::model::{Death, Pair};

#[derive(Clone, Debug)]
enum Step {
    Submit(Level),
    Image,
    Trim,
    Forget,
    Tidy,
    Reopen,
    Die(Death),
    DieOnAFullDisk(Death),
    CrashIn(u64, Death),
    FailSyncs(u32),
    FailWrites(u32),
    FullAfter(u64),
    Check,
}

fn step() -> impl Strategy<Value = Step> {
    let death = prop_oneof![Just(Death::Kill), Just(Death::PowerCut)];
    prop_oneof![
        10 => Just(Step::Submit(Level::Written)),
        5 => Just(Step::Submit(Level::Synced)),
        4 => Just(Step::Image),
        4 => Just(Step::Trim),
        4 => Just(Step::Forget),
        4 => Just(Step::Tidy),
        1 => Just(Step::Reopen),
        2 => death.clone().prop_map(Step::Die),
        2 => death.clone().prop_map(Step::DieOnAFullDisk),
        3 => (1u64..60, death).prop_map(|(steps, death)| Step::CrashIn(steps, death)),
        1 => (1u32..4).prop_map(Step::FailSyncs),
        1 => (1u32..3).prop_map(Step::FailWrites),
        1 => (0u64..300).prop_map(Step::FullAfter),
        2 => Just(Step::Check),
    ]
}

fn run(seed: u64, config: FileJournalConfig, steps: Vec<Step>) {
    let mut pair = Pair::new(seed, config);
    let mut death = Death::Kill;
    for step in steps {
        match step {
            Step::Submit(level) => pair.submit(level),
            Step::Image => pair.put_image(),
            Step::Trim => pair.trim(),
            Step::Forget => pair.forget(),
            Step::Tidy => pair.tidy(),
            Step::Reopen => pair.reopen(),
            Step::Die(death) => pair.die(death),
            Step::DieOnAFullDisk(death) => pair.die_on_a_full_disk(death),
            Step::CrashIn(steps, later) => {
                death = later;
                pair.sim.crash_in(steps);
            }
            Step::FailSyncs(count) => pair.sim.fail_syncs(count),
            Step::FailWrites(count) => pair.sim.fail_writes(count),
            Step::FullAfter(bytes) => pair.sim.set_space(Some(pair.sim.used() + bytes)),
            Step::Check => pair.check(),
        }
        if pair.sim.has_crashed() {
            pair.die(death);
        }
    }
    pair.die(Death::Kill);
    pair.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_is_there_and_what_is_there_was_done(
        seed in any::<u64>(),
        segment_bytes in prop_oneof![Just(1u64), Just(400), Just(2000), Just(100_000)],
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let config = FileJournalConfig { segment_bytes, tidies_itself: false, ..FileJournalConfig::default() };
        run(seed, config, steps);
    }

    #[test]
    fn so_it_is_while_the_journal_tidies_itself(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let config = FileJournalConfig { segment_bytes: 700, ..FileJournalConfig::default() };
        run(seed, config, steps);
    }
}

#[test]
fn what_a_power_cut_took_stays_away_however_often_a_full_disk_is_found() {
    let config = FileJournalConfig { segment_bytes: 1, tidies_itself: false, ..FileJournalConfig::default() };
    for seed in 0..300 {
        let lived = [
            Step::Submit(Level::Written),
            Step::Submit(Level::Synced),
            Step::Image,
            Step::Submit(Level::Written),
            Step::Trim,
            Step::Submit(Level::Written),
        ];
        let deaths = [Step::DieOnAFullDisk(Death::PowerCut), Step::Die(Death::Kill)];
        run(seed, config.clone(), lived.into_iter().chain(deaths).collect());
    }
}
