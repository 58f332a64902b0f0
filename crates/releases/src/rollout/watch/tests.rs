//! Verdicts, by hand and against a naive model.

use proptest::prelude::*;

use super::*;

fn at(ms: u64) -> Moment {
    Moment::from_micros(ms * 1000)
}

/// Totals that grow by the same amount every 50 ms.
fn steady(calls: u64, ended: u64, rooms: u32, failing: u32) -> impl Fn(u64) -> Measure {
    move |step| Measure {
        trial: Counters {
            calls: calls * step,
            ended: ended * step,
            rooms,
            rooms_called: rooms,
            rooms_failing: failing,
            ..Default::default()
        },
        processors: 2,
        ..Default::default()
    }
}

/// When and why a version goes back that is looked at every 50 ms, within two minutes.
fn first(config: &RolloutConfig, measure: impl Fn(u64) -> Measure) -> Option<(u64, Trigger)> {
    let mut watch = Watch::default();
    (0..2400)
        .find_map(|step| watch.look(at(step * 50), measure(step), config).map(|trigger| (step * 50, trigger)))
}

#[test]
fn a_trap_storm_is_seen_within_a_second() {
    // 10 rooms of 20 Hz that trap at every tick.
    let (ms, trigger) = first(&RolloutConfig::default(), steady(10, 10, 10, 10)).unwrap();
    assert!(ms <= 200, "{ms}");
    assert!(matches!(trigger, Trigger::Storm { ended: 20, calls: 20 }), "{trigger:?}");
}

#[test]
fn more_than_a_twentieth_of_enough_calls_from_enough_rooms_is_too_much() {
    let config = RolloutConfig::default();
    let (ms, trigger) = first(&config, steady(20, 2, 4, 4)).unwrap();
    assert_eq!((ms, &trigger), (500, &Trigger::Errors { ended: 20, calls: 200 }));
    assert_eq!(first(&config, steady(20, 1, 4, 4)), None, "a twentieth is borne");
    assert_eq!(first(&config, steady(0, 0, 4, 4)), None);
    // Rare calls: looked at over a longer time, and over no more than a minute.
    let (ms, _) = first(&config, |step| steady(1, 0, 3, 3)(step / 5).with_ended(step / 25)).unwrap();
    assert_eq!(ms, 50_000);
    assert_eq!(first(&config, |step| steady(1, 0, 3, 3)(step / 10).with_ended(step / 50)), None);
}

#[test]
fn one_room_of_many_is_no_verdict_and_the_only_one_is() {
    let config = RolloutConfig::default();
    assert_eq!(first(&config, steady(20, 20, 10, 1)), None, "somebody traps his own room");
    assert!(first(&config, steady(20, 20, 1, 1)).is_some());
    assert!(first(&config, steady(20, 4, 2, 2)).is_some(), "all rooms, if there are fewer than three");
    let two_of_ten_called = |step: u64| {
        let mut measure = steady(20, 4, 10, 2)(step);
        measure.trial.rooms_called = 2;
        measure
    };
    assert_eq!(first(&config, two_of_ten_called), None);
}

#[test]
fn suspended_rooms_charge_the_version() {
    let suspended = |rooms, suspended| {
        move |step: u64| {
            let mut measure = steady(20, 0, rooms, 0)(step);
            measure.trial.rooms_suspended = suspended;
            measure
        }
    };
    let config = RolloutConfig::default();
    assert_eq!(first(&config, suspended(10, 3)), Some((0, Trigger::Suspended { rooms: 3 })));
    assert_eq!(first(&config, suspended(1, 1)), Some((0, Trigger::Suspended { rooms: 1 })));
    assert_eq!(first(&config, suspended(10, 2)), None);
    assert_eq!(first(&config, suspended(100, 5)), None);
    assert!(first(&config, suspended(100, 6)).is_some());
}

#[test]
fn a_sudden_rise_over_the_stable_version_is_seen() {
    let config = RolloutConfig::default();
    let beside = |ended: u64, stable_ended: u64| {
        move |step: u64| {
            let mut measure = steady(100, ended, 5, 5)(step);
            measure.stable =
                Counters { calls: 100 * step, ended: stable_ended * step / 10, ..Default::default() };
            measure
        }
    };
    let (_, trigger) = first(&config, beside(3, 1)).unwrap();
    assert!(matches!(trigger, Trigger::Rise { .. }), "{trigger:?}");
    assert_eq!(first(&config, beside(3, 10)), None, "as bad as it was");
    assert_eq!(first(&config, beside(1, 0)), None, "one in a hundred is no rise yet");
}

/// Processor use of the whole process and of the trial, in thousandths of two processors.
fn busy(whole: u64, trial: u64, stable: u64) -> impl Fn(u64) -> Measure {
    move |step| {
        let mut measure = steady(20, 0, 5, 0)(step);
        measure.cpu_us = whole * step * 100;
        measure.trial.busy_us = trial * step * 100;
        measure.stable = Counters { calls: 20 * step, busy_us: stable * step * 100, ..Default::default() };
        measure
    }
}

#[test]
fn a_minute_of_full_processors_counts_if_the_version_makes_it() {
    let config = RolloutConfig::default();
    let (ms, trigger) = first(&config, busy(950, 600, 100)).unwrap();
    assert!((60_000..62_000).contains(&ms), "{ms}");
    assert_eq!(trigger, Trigger::Cpu { per_mille: 950 });
    assert_eq!(first(&config, busy(950, 600, 590)), None, "it costs what the stable version costs");
    assert_eq!(first(&config, busy(999, 40, 10)), None, "without it they would be full, too");
    assert_eq!(first(&config, busy(890, 800, 10)), None);
    // A second of rest, 50 seconds on, begins the minute anew.
    let resting = |step: u64| busy(950, 600, 100)(if step < 1000 { step } else { (step - 20).max(1000) });
    let (ms, _) = first(&config, resting).unwrap();
    assert!(ms > 100_000, "{ms}");
}

#[test]
fn missed_heartbeats_are_seen_at_once() {
    let silent = |step: u64| Measure {
        silent_for: Duration::from_millis((step * 50).saturating_sub(10_000)),
        ..steady(20, 0, 5, 0)(step)
    };
    let (ms, trigger) = first(&RolloutConfig::default(), silent).unwrap();
    assert_eq!((ms, trigger), (13_050, Trigger::Silent { ms: 3050 }));
}

#[test]
fn what_is_remembered_is_bounded_and_counters_may_begin_anew() {
    let (mut watch, config) = (Watch::default(), RolloutConfig::default());
    for ms in 0..200_000 {
        let measure = steady(1, 0, 3, 0)(ms % 70_000);
        assert_eq!(watch.look(at(ms), measure, &config), None);
    }
    assert!(watch.samples.len() < 1600, "{}", watch.samples.len());
}

/// The same rules, over everything ever measured and with nothing clever.
fn naive(samples: &[(u64, Measure)], config: &RolloutConfig) -> Option<&'static str> {
    let (now, newest) = samples.last()?;
    let trial = &newest.trial;
    let few = config.errors_rooms.min(trial.rooms.max(1));
    let suspended = trial.rooms_suspended;
    if suspended >= few && suspended as f64 > trial.rooms as f64 * 0.05 {
        return Some("suspended");
    }
    let between = |then: &Measure| (trial.calls - then.trial.calls, trial.ended - then.trial.ended);
    let within = |ms: u64| samples.iter().find(|(at, _)| now - at <= ms).map(|(_, then)| between(then));
    if trial.rooms_failing < 2.min(trial.rooms.max(1)) {
        return None;
    }
    let (calls, ended) = within(1000)?;
    if ended >= 20 && ended * 2 > calls {
        return Some("storm");
    }
    let enough = |(calls, _): &(u64, u64)| *calls >= 200;
    let remembered = samples.iter().rev().filter(|(at, _)| now - at <= 60_000);
    let (calls, ended) =
        within(5000).filter(enough).or_else(|| remembered.map(|(_, then)| between(then)).find(enough))?;
    (trial.rooms_called >= few && ended as f64 > calls as f64 * 0.05).then_some("errors")
}

proptest! {
    #[test]
    fn verdicts_are_those_of_the_naive_model(
        steps in proptest::collection::vec((50_u64..1500, 0_u64..60, 0_u64..12, 0_u32..3, 0_u32..2), 1..120),
        rooms in 1_u32..6,
        badness in 0_u64..4,
    ) {
        let (mut watch, config) = (Watch::default(), RolloutConfig::default());
        let mut samples: Vec<(u64, Measure)> = Vec::new();
        let (mut now, mut trial) = (0, Counters { rooms, ..Default::default() });
        for (wait, calls, ended, called, failing) in steps {
            now += wait;
            trial.calls += calls;
            trial.ended += (ended * badness / 4).min(calls);
            trial.rooms_called = (trial.rooms_called + called).min(rooms);
            trial.rooms_failing = (trial.rooms_failing + failing).min(trial.rooms_called);
            let measure = Measure { trial, processors: 2, ..Default::default() };
            samples.push((now, measure));
            let verdict = watch.look(at(now), measure, &config).map(|trigger| match trigger {
                Trigger::Suspended { .. } => "suspended",
                Trigger::Storm { .. } => "storm",
                Trigger::Errors { .. } => "errors",
                other => panic!("{other:?}"),
            });
            prop_assert_eq!(verdict, naive(&samples, &config), "at {}", now);
        }
    }
}

impl Measure {
    fn with_ended(mut self, ended: u64) -> Measure {
        self.trial.ended = ended;
        self
    }
}
