//! The way of a version, as commands.

use proptest::prelude::*;
use room_core::modules::{LogicRef, ModuleHash};

use super::*;
use crate::game::GameKey;
use crate::rollout::Counters;

fn at(ms: u64) -> Moment {
    Moment::from_micros(ms * 1000)
}

fn logic(version: u32) -> LogicRef {
    LogicRef { game: "jianzi".into(), version, hash: ModuleHash([version as u8; 32]) }
}

fn plan(live: bool) -> Plan {
    Plan {
        game: GameKey::new("demo", "jianzi"),
        trial: logic(2),
        name: "hotfix-1.0.0-v1".into(),
        stable: logic(1),
        share: Share::per_mille(100).unwrap(),
        live,
    }
}

/// A rollout, and everything it commanded, in words.
struct Run {
    rollout: Rollout,
    said: Vec<String>,
    now: u64,
}

impl Run {
    fn begin() -> Run {
        Run::with(plan(true), RolloutConfig::default())
    }

    fn with(plan: Plan, config: RolloutConfig) -> Run {
        let mut out = Vec::new();
        let rollout = Rollout::begin(plan, config, at(0), &mut out);
        Run { rollout, said: out.iter().map(word).collect(), now: 0 }
    }

    fn resumed(stage: TrialStage, crashes: u32) -> Run {
        let mut out = Vec::new();
        let rollout = Rollout::resume(plan(true), RolloutConfig::default(), at(0), stage, crashes, &mut out);
        Run { rollout, said: out.iter().map(word).collect(), now: 0 }
    }

    fn canary() -> Run {
        let mut run = Run::begin();
        run.on(10, Event::Replayed(ReplayVerdict { matches: 3, ticks: 900, ..Default::default() }));
        run.on(20, Event::Swapped(RoomsDone { done: 5, failed: 0 }));
        run.said.clear();
        run
    }

    fn on(&mut self, now: u64, event: Event) -> &mut Run {
        let mut out = Vec::new();
        self.now = now;
        self.rollout.on(at(now), event, &mut out);
        self.said.extend(out.iter().map(word));
        self
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

fn word(command: &Command) -> String {
    match command {
        Command::Record { step, by_operator } => {
            let step = serde_json::to_value(step).unwrap()["what"].as_str().unwrap().to_owned();
            format!("record {step}{}", if *by_operator { " by operator" } else { "" })
        }
        Command::Swap(selector) => format!("swap {}", selector.share),
        Command::Back(step) => format!("back {step:?}"),
        Command::Report(report) => format!("report: {report}"),
        other => format!("{other:?}"),
    }
}

fn calls(calls: u64, ended: u64) -> Event {
    let trial = Counters { calls, ended, rooms: 5, rooms_called: 5, rooms_failing: 5, ..Default::default() };
    Event::Measured(Measure { trial, processors: 2, ..Default::default() })
}

fn back(step: BackStep) -> Event {
    Event::Back(step, RoomsDone { done: 5, failed: 0 })
}

const WHO: &str = "hotfix-1.0.0-v1 of demo/jianzi";

#[test]
fn a_good_version_goes_all_the_way() {
    let mut run = Run::begin();
    assert_eq!(run.take(), ["Replay"]);
    run.on(100, Event::Time).on(100, Event::Promote);
    assert_eq!(run.take(), [""; 0], "nobody promotes what is not verified");
    run.on(200, Event::Replayed(ReplayVerdict::default()));
    let began = format!("report: {WHO} is tried in a share of the rooms");
    assert_eq!(run.take(), ["record replayed", "record canary_began", "swap 10%", &began]);
    run.on(300, Event::Swapped(RoomsDone { done: 40, failed: 1 }));
    assert_eq!(run.take(), ["record swapped"]);
    run.on(400, calls(0, 0)).on(599_000, calls(20_000, 3));
    assert_eq!(run.take(), [""; 0]);
    run.on(600_500, calls(20_100, 3));
    let confirmed = format!("report: {WHO} is confirmed after a quiet trial");
    assert_eq!(run.take(), ["record confirmed", "SettleEffects", "swap 100%", &confirmed]);
    run.on(601_000, Event::Swapped(RoomsDone { done: 400, failed: 0 })).take();
    run.on(1_200_000, calls(90_000, 3));
    assert!(!run.rollout.is_over());
    run.on(1_200_600, calls(91_000, 3));
    assert_eq!(run.take(), ["record settled", "ForgetWayBack"]);
    assert_eq!((run.rollout.stage(), run.rollout.is_over()), (Stage::Settled, true));
}

#[test]
fn a_quiet_canary_without_traffic_proves_nothing() {
    let mut run = Run::canary();
    run.on(100, calls(0, 0)).on(900_000, calls(9_999, 0));
    assert_eq!(run.rollout.stage(), Stage::Canary);
    run.on(900_100, calls(10_000, 0));
    assert_eq!(run.rollout.stage(), Stage::Confirmed);

    let by_hand = RolloutConfig { calls_to_confirm: None, ..RolloutConfig::default() };
    let mut run = Run::with(plan(true), by_hand);
    run.on(0, Event::Replayed(ReplayVerdict::default())).on(1, Event::Swapped(RoomsDone::default()));
    run.on(2, calls(0, 0)).on(9_000_000, calls(9_999_999, 0)).take();
    assert_eq!(run.rollout.stage(), Stage::Canary);
    run.on(9_000_001, Event::Promote);
    assert_eq!(run.take()[0], "record confirmed by operator");
}

#[test]
fn the_way_back_has_its_order() {
    let mut run = Run::canary();
    run.on(1000, calls(100, 0)).on(1500, calls(200, 90));
    let why = "90 of 100 calls within a second ended badly";
    let began = format!("report: {WHO} goes back: {why}");
    assert_eq!(run.take(), ["record rollback_began", "back StopTraffic", &began]);
    // Too early, too late, twice: only the step under way counts.
    run.on(1510, back(BackStep::BackToStable)).on(1520, Event::Promote).on(1530, calls(300, 300));
    assert_eq!(run.take(), [""; 0]);
    run.on(1600, back(BackStep::StopTraffic)).on(1610, back(BackStep::StopTraffic));
    assert_eq!(run.take(), ["SettleEffects", "back Unload"]);
    run.on(1700, back(BackStep::Unload));
    assert_eq!(run.take(), ["back BackToStable"]);
    run.on(1800, back(BackStep::BackToStable));
    let over = format!(
        "report: {WHO} was rolled back within 300 ms ({why}): 5 rooms are back, 0 could not be saved"
    );
    assert_eq!(run.take(), ["record rolled_back", "ForgetWayBack", &over]);
    assert!(run.rollout.is_over());
}

#[test]
fn rooms_that_do_not_answer_do_not_stop_the_way_back() {
    for (silent_ms, limit) in [(0, 15_000), (9_000, 30_000)] {
        let mut run = Run::canary();
        run.on(100, calls(0, 0));
        match silent_ms {
            0 => run.on(1000, calls(100, 100)),
            _ => {
                let silent_for = Duration::from_millis(silent_ms);
                run.on(1000, Event::Measured(Measure { silent_for, ..Measure::default() }))
            }
        };
        run.take();
        for ms in (1050..=limit + 1000).step_by(50) {
            run.on(ms, Event::Time);
        }
        let said = run.take();
        let place = |what: &str| said.iter().position(|said| said == what).unwrap();
        assert!(
            place("SettleEffects") < place("back Unload")
                && place("back Unload") < place("back BackToStable")
        );
        // Asked for again while there is time, every second.
        let asked = said.iter().filter(|said| *said == "back BackToStable").count();
        assert!(asked as u64 >= limit / 5000, "{asked}");
        assert!(!said.iter().any(|said| said.contains("should have gone back")));
        run.on(limit + 1050, Event::Time).on(limit + 1100, Event::Time);
        let late = run.take();
        assert_eq!(
            late.iter().filter(|said| said.contains("should have gone back by now")).count(),
            1,
            "{late:?}"
        );
        run.on(limit + 5000, back(BackStep::BackToStable));
        assert!(run.rollout.is_over());
    }
}

#[test]
fn a_replay_that_ends_badly_or_never_keeps_the_version_from_players() {
    let bad = ReplayVerdict { ended_badly: Some("trap at tick 7".into()), ..Default::default() };
    for (event, ms) in
        [(Event::Replayed(bad), 10), (Event::Time, 60_001), (Event::RollBack { why: "no".into() }, 10)]
    {
        let mut run = Run::begin();
        run.take();
        run.on(ms, event);
        let said = run.take();
        assert!(said.contains(&"record trial_refused".to_owned()), "{said:?}");
        assert!(said.iter().all(|said| !said.starts_with("swap") && !said.contains("canary_began")));
        assert_eq!(run.rollout.stage(), Stage::Refused);
    }
    let differs = ReplayVerdict { first_difference: Some("tick 7".into()), ..Default::default() };
    let mut run = Run::begin();
    run.on(10, Event::Replayed(differs));
    assert_eq!(run.rollout.stage(), Stage::Canary, "a fix changes something");
}

#[test]
fn swaps_that_fail_or_hang_send_it_back() {
    let mut run = Run::begin();
    run.on(10, Event::Replayed(ReplayVerdict::default()));
    run.on(20, Event::Swapped(RoomsDone { done: 50, failed: 3 }));
    assert_eq!(run.rollout.stage(), Stage::RollingBack(BackStep::StopTraffic));
    let mut run = Run::begin();
    run.on(10, Event::Replayed(ReplayVerdict::default()));
    run.on(20, Event::Swapped(RoomsDone { done: 98, failed: 2 }));
    assert_eq!(run.rollout.stage(), Stage::Canary);
    let mut run = Run::begin();
    run.on(10, Event::Replayed(ReplayVerdict::default())).on(10_020, Event::Time);
    assert_eq!(run.rollout.stage(), Stage::RollingBack(BackStep::StopTraffic));
}

#[test]
fn a_module_without_save_and_load_is_for_new_rooms_only() {
    let mut run = Run::with(plan(false), RolloutConfig::default());
    run.on(10, Event::Replayed(ReplayVerdict::default())).on(20, Event::Promote);
    let said = run.take();
    assert!(said.iter().all(|said| !said.starts_with("swap")), "{said:?}");
    assert_eq!(run.rollout.stage(), Stage::Confirmed);
}

#[test]
fn pinned_rooms_are_left_out_of_a_swap() {
    let mut run = Run::begin();
    let room = model::RoomId::from_name("pinned1");
    run.rollout.except(BTreeSet::from([room.to_string()]));
    let mut out = Vec::new();
    run.rollout.on(at(1), Event::Replayed(ReplayVerdict::default()), &mut out);
    run.rollout.on(at(2), Event::Promote, &mut out);
    let selectors: Vec<_> = out
        .iter()
        .filter_map(|command| if let Command::Swap(selector) = command { Some(selector) } else { None })
        .collect();
    assert_eq!(selectors.len(), 2);
    assert!(selectors.iter().all(|selector| !selector.includes(&room)));
    assert!(selectors[1].includes(&model::RoomId::from_name("others1")));
}

#[test]
fn after_a_restart_what_may_be_undone_is_done_again() {
    assert_eq!(Run::resumed(TrialStage::Verifying, 1).said, ["Replay"]);
    assert_eq!(Run::resumed(TrialStage::Canary, 1).said, ["swap 10%"]);
    assert_eq!(Run::resumed(TrialStage::Confirmed, 0).said, ["swap 100%"]);
    assert_eq!(Run::resumed(TrialStage::RollingBack { to: 1 }, 0).said, ["back StopTraffic"]);
    // A server that dies again and again takes the version for the cause.
    let refused = Run::resumed(TrialStage::Verifying, 2);
    assert_eq!((refused.rollout.stage(), &refused.said[0][..]), (Stage::Refused, "record trial_refused"));
    let back = Run::resumed(TrialStage::Canary, 2).said;
    assert_eq!(back[..2], ["record rollback_began", "back StopTraffic"], "{back:?}");
    assert!(back[2].ends_with("goes back: the server died 2 times during the trial"));
}

#[test]
fn what_was_confirmed_long_ago_can_be_taken_back_by_hand() {
    let mut out = Vec::new();
    let rollout = Rollout::take_back(plan(true), RolloutConfig::default(), at(5), "wrong prices", &mut out);
    let said: Vec<String> = out.iter().map(word).collect();
    assert_eq!(said[..2], ["record rollback_began by operator", "back StopTraffic"]);
    assert!(said[2].contains("an operator asked for it: wrong prices"));
    assert_eq!(rollout.stage(), Stage::RollingBack(BackStep::StopTraffic));
}

fn any_event() -> impl Strategy<Value = Event> {
    let rooms = || (0_u32..9, 0_u32..4).prop_map(|(done, failed)| RoomsDone { done, failed });
    let step = prop_oneof![Just(BackStep::StopTraffic), Just(BackStep::Unload), Just(BackStep::BackToStable)];
    prop_oneof![
        4 => Just(Event::Time),
        2 => any::<bool>().prop_map(|bad| Event::Replayed(ReplayVerdict {
            ended_badly: bad.then(|| "trap".to_owned()),
            ..Default::default()
        })),
        2 => rooms().prop_map(Event::Swapped),
        4 => (step, rooms()).prop_map(|(step, rooms)| Event::Back(step, rooms)),
        3 => (0_u64..30_000, 0_u64..40).prop_map(|(all, ended)| calls(all, ended)),
        1 => Just(Event::Promote),
        1 => Just(Event::RollBack { why: "x".into() }),
    ]
}

proptest! {
    /// Whatever happens in whatever order: what is commanded keeps to the order that players rely on, and what a restart would
    /// know never lags behind what rooms were told.
    #[test]
    fn commands_keep_their_order_whatever_happens(
        events in proptest::collection::vec((0_u64..40_000, any_event()), 0..60),
        live in any::<bool>(),
    ) {
        let mut run = Run::with(plan(live), RolloutConfig::default());
        let mut now = 0;
        for (wait, event) in events {
            now += wait;
            run.on(now, event);
        }
        let said = run.said.clone();
        let first = |what: &str| said.iter().position(|said| said.starts_with(what));
        let last = |what: &str| said.iter().rposition(|said| said.starts_with(what));
        let before = |one: &str, other: &str| first(other).is_none_or(|other| first(one).is_some_and(|one| one < other));
        prop_assert!(before("record replayed", "record canary_began"));
        prop_assert!(before("record canary_began", "swap") && before("record confirmed", "swap 100%"));
        let verdict = first("record confirmed").into_iter().chain(first("record rollback_began")).min();
        prop_assert!(first("SettleEffects").is_none_or(|settled| verdict.is_some_and(|verdict| verdict < settled)));
        prop_assert!(before("record rollback_began", "back StopTraffic"));
        if let (Some(stopped), Some(unloaded)) = (first("back StopTraffic"), first("back Unload")) {
            prop_assert!(last("SettleEffects").is_some_and(|settled| stopped < settled && settled < unloaded));
        }
        prop_assert!(before("back Unload", "back BackToStable"));
        prop_assert!(before("back BackToStable", "record rolled_back"));
        prop_assert!(live || first("swap").is_none());
        if let Some(began) = first("record rollback_began") {
            prop_assert!(last("swap").is_none_or(|swap| swap < began), "no room is brought over on the way back");
        }
        for once in ["record canary_began", "record confirmed", "record rollback_began", "record rolled_back",
                     "record settled", "record trial_refused"] {
            prop_assert!(said.iter().filter(|said| said.starts_with(once)).count() <= 1, "{} twice", once);
        }
        let ends = ["record rolled_back", "record settled", "record trial_refused"];
        let over = ends.iter().filter(|end| first(end).is_some()).count();
        prop_assert_eq!(over, usize::from(run.rollout.is_over()));
        // Nothing is left half done: rooms that answer end any way back.
        if let Stage::RollingBack(_) = run.rollout.stage() {
            for step in [BackStep::StopTraffic, BackStep::Unload, BackStep::BackToStable] {
                run.on(now, back(step));
            }
            prop_assert_eq!(run.rollout.stage(), Stage::RolledBack);
        }
    }
}
