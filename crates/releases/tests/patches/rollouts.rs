//! Trials, rollbacks and restarts, through the service and its thread.

use std::time::Duration;

use model::{AppId, PlayerId, RoomId};
use releases::{Pin, Share, Stage, VersionState, check_history};

use crate::bench::{Bench, game, module, reopened};

fn stage(patches: &releases::Patches) -> Option<Stage> {
    patches.status(Some(&game()))[0].trial.as_ref().map(|trial| trial.stage)
}

fn state(patches: &releases::Patches, version: u32) -> VersionState {
    patches.catalog().game(&game()).unwrap().version(version).unwrap().state
}

fn wait_for_state(patches: &releases::Patches, version: u32, wanted: VersionState) {
    testkit::eventually("the version's state", || (state(patches, version) == wanted).then_some(()));
}

/// Until it has told rooms the last thing, which comes after the history's word.
fn wait_for_end_of_way_back(bench: &Bench, patches: &releases::Patches) {
    wait_for_state(patches, 2, VersionState::RolledBack);
    testkit::eventually("the way back is forgotten", || {
        bench.world.asked().last().is_some_and(|asked| asked == "forget 2").then_some(())
    });
}

#[test]
fn a_trap_storm_takes_every_room_back_within_moments() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    // Nothing but the storm says so: no time passes by the service's clock beyond these 300 ms.
    testkit::eventually("the storm is seen", || {
        bench.world.calls(2, 40, 40);
        bench.advance(50);
        (state(&patches, 2) != VersionState::Canary).then_some(())
    });
    wait_for_end_of_way_back(&bench, &patches);
    let asked = bench.world.asked();
    let way = [
        "replay 1 on 2",
        "swap 50% to 2",
        "StopTraffic 2 for 1",
        "settle effects",
        "Unload 2 for 1",
        "BackToStable 2 for 1",
        "forget 2",
    ];
    assert_eq!(asked, way);
    testkit::eventually("it is reported", || bench.world.reported("was rolled back").then_some(()));
    let game = patches.catalog().game(&game()).unwrap();
    assert_eq!((game.stable, &game.trial), (Some(1), &None));
    assert!(game.version(2).unwrap().why.contains("ended badly"));
    // Publishing it again does not bring it back.
    let again =
        patches.publish(&bench.bundle("hotfix-1.0.0-v1", Some(&module(1)), &module(2)), None, "x").unwrap();
    assert_eq!((again.already, again.state), (true, VersionState::RolledBack));
    assert!(check_history(&patches.catalog().history().unwrap()).is_ok());
}

#[test]
fn a_canary_is_promoted_and_what_was_confirmed_is_taken_back_by_hand() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    testkit::eventually("it can be promoted", || patches.promote(&game(), "bob").ok());
    assert!(patches.promote(&game(), "bob").unwrap_err().to_string().contains("confirmed already"));
    wait_for_state(&patches, 2, VersionState::Confirmed);
    assert_eq!(patches.catalog().game(&game()).unwrap().stable, Some(2));
    Bench::until_swapped(&patches);
    testkit::eventually("the version settles", || {
        bench.advance(60_000);
        stage(&patches).is_none().then_some(())
    });
    patches.roll_back(&game(), "the prices are wrong", "carol").unwrap();
    wait_for_end_of_way_back(&bench, &patches);
    let after = patches.catalog().game(&game()).unwrap();
    assert_eq!(
        (after.stable, &after.version(2).unwrap().why[..]),
        (Some(1), "an operator asked for it: the prices are wrong")
    );
    let asked = bench.world.asked();
    assert!(
        asked.ends_with(&["Unload 2 for 1".into(), "BackToStable 2 for 1".into(), "forget 2".into()]),
        "{asked:?}"
    );
    let history = patches.catalog().history().unwrap();
    for (who, what) in [("bob", "confirmed"), ("carol", "rollback_began"), ("server", "rolled_back")] {
        let line = history.lines().rfind(|line| line.contains(&format!("\"what\":\"{what}\""))).unwrap();
        assert!(line.contains(&format!("\"by\":\"{who}\"")), "{line}");
    }
}

#[test]
fn a_wall_clock_that_jumps_neither_confirms_a_version_nor_takes_it_back() {
    const HOUR_MS: i64 = 3_600_000;
    for jump in [HOUR_MS, -HOUR_MS] {
        let bench = Bench::new();
        let patches = bench.in_canary();
        bench.clock.jump_wall(jump);
        // As many calls as it takes, and rest for as long as it takes, by the monotonic clock.
        let mut passed_ms = 0;
        testkit::eventually("it is confirmed", || {
            bench.world.calls(2, 4000, 0);
            bench.advance(5000);
            passed_ms += 5000;
            (state(&patches, 2) != VersionState::Canary).then_some(())
        });
        assert_eq!(state(&patches, 2), VersionState::Confirmed);
        assert!(
            passed_ms >= bench.rollout.quiet.as_millis() as u64,
            "{passed_ms} ms after a jump of {jump} ms"
        );
    }
}

#[test]
fn a_confirmed_version_is_still_watched() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    testkit::eventually("it can be promoted", || patches.promote(&game(), "bob").ok());
    *bench.world.silent_for.lock().unwrap() = Duration::from_secs(4);
    wait_for_state(&patches, 2, VersionState::RolledBack);
    assert_eq!(patches.catalog().game(&game()).unwrap().stable, Some(1));
    assert!(bench.world.reported("no heartbeat of the rooms' threads for 4000 ms"));
}

#[test]
fn silent_rooms_are_given_up_in_time() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    *bench.world.hold.lock().unwrap() = true;
    patches.roll_back(&game(), "", "bob").unwrap();
    testkit::eventually("it is late", || {
        bench.advance(500);
        bench.world.reported("should have gone back by now").then_some(())
    });
    let gone = bench.clock_ms();
    assert!(gone >= 30_000, "{gone}");
    let asked = bench.world.asked();
    let place = |what: &str| asked.iter().position(|asked| asked.starts_with(what)).unwrap();
    assert!(place("StopTraffic") < place("Unload") && place("Unload") < place("BackToStable"));
    // They answer in the end.
    *bench.world.hold.lock().unwrap() = false;
    for done in bench.world.waiting.lock().unwrap().drain(..) {
        done(releases::RoomsDone { done: 1, failed: 0 });
    }
    wait_for_state(&patches, 2, VersionState::RolledBack);
}

#[test]
fn new_rooms_follow_share_pins_and_rollback() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    let app = AppId::new("demo");
    let rooms: Vec<RoomId> = (0..400).map(|number| RoomId::from_name(&format!("room{number}"))).collect();
    let on_trial = || {
        let version = |room| patches.catalog().current(&app, "jianzi", room, None).unwrap().version;
        rooms.iter().filter(|room| version(room) == 2).count()
    };
    assert!((150..250).contains(&on_trial()), "{}", on_trial());
    let pin = Pin::Player(PlayerId::new("carol"));
    patches.pin(&game(), &pin, Some(1), "bob").unwrap();
    assert!(patches.pin(&game(), &pin, Some(9), "bob").is_err());
    let carol = PlayerId::new("carol");
    let hers = |room| patches.catalog().current(&app, "jianzi", room, Some(&carol)).unwrap().version;
    assert!(rooms.iter().all(|room| hers(room) == 1));
    patches.roll_back(&game(), "", "bob").unwrap();
    assert_eq!(on_trial(), 0, "at once, before any room answered");
}

#[test]
fn a_restart_goes_on_at_every_stage() {
    let bench = Bench::new();
    let first = bench.start();
    let (one, two) = (module(1), module(2));
    first.publish(&bench.bundle("release-1.0.0", None, &one), None, "alice").unwrap();
    let share = Share::per_mille(250);
    first.publish(&bench.bundle("hotfix-1.0.0-v1", Some(&one), &two), share, "alice").unwrap();
    first.stop();

    // While it was being verified: the replay is asked for again.
    bench.world.asked.lock().unwrap().clear();
    bench.world.verdicts.lock().unwrap().clear();
    let second = bench.start();
    bench.world.answer_replay();
    wait_for_state(&second, 2, VersionState::Canary);
    testkit::eventually("rooms are swapped", || {
        bench.world.asked().contains(&"swap 25% to 2".into()).then_some(())
    });
    // The process dies: nobody calls stop.
    drop(second);

    bench.world.asked.lock().unwrap().clear();
    let third = bench.start();
    assert_eq!(bench.world.asked(), ["swap 25% to 2"]);
    assert_eq!(third.status(None)[0].trial.as_ref().unwrap().crashes, 1);
    testkit::eventually("it can be promoted", || third.promote(&game(), "bob").ok());
    third.stop();

    bench.world.asked.lock().unwrap().clear();
    let fourth = bench.start();
    assert_eq!(bench.world.asked(), ["swap 100% to 2"]);
    assert_eq!(fourth.status(None)[0].trial.as_ref().unwrap().crashes, 1, "an orderly stop is no crash");
    *bench.world.hold.lock().unwrap() = true;
    fourth.roll_back(&game(), "", "bob").unwrap();
    fourth.stop();

    *bench.world.hold.lock().unwrap() = false;
    bench.world.asked.lock().unwrap().clear();
    let fifth = bench.start();
    wait_for_state(&fifth, 2, VersionState::RolledBack);
    assert_eq!(bench.world.asked()[0], "StopTraffic 2 for 1");
    fifth.stop();
    assert_eq!(reopened(&bench).game(&game()).unwrap().stable, Some(1));
}

#[test]
fn a_server_that_keeps_dying_takes_the_trial_back() {
    let bench = Bench::new();
    // Nobody calls stop: the process dies.
    drop(bench.in_canary());
    drop(bench.start());
    bench.world.asked.lock().unwrap().clear();
    // The third might not live until all rooms are back, either.
    *bench.world.rooms_to_come.lock().unwrap() = true;
    let third = bench.start();
    wait_for_end_of_way_back(&bench, &third);
    assert_eq!(bench.world.asked()[0], "StopTraffic 2 for 1", "nothing is swapped to it once more");
    assert!(bench.world.reported("the server died 2 times during the trial"));
    let versions = third.catalog().game(&game()).unwrap();
    assert_eq!((versions.stable, &versions.trial), (Some(1), &None));
    let running = versions.version(2).unwrap().logic(&game());
    let refuge = third.catalog().refuge(&AppId::new("demo"), &running);
    assert_eq!(refuge.map(|logic| logic.version), Some(1), "for rooms that come back later");
}

/// A kill between any two steps of a whole life, and a start on what was left: a version is never half there, and its rooms
/// are asked for what is left to do.
#[test]
fn wherever_the_process_dies_the_next_one_comes_to_an_end() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    testkit::eventually("it can be promoted", || patches.promote(&game(), "bob").ok());
    patches.roll_back(&game(), "", "bob").unwrap();
    wait_for_state(&patches, 2, VersionState::RolledBack);
    patches.stop();
    let path = bench.config().folder.join("history.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert!(lines.len() >= 8, "{whole}");
    for kept in (0..=lines.len()).rev() {
        if kept == 0 {
            // Modules that no line tells of would be a lost history.
            std::fs::remove_dir_all(bench.config().folder.join("modules")).unwrap();
        }
        let torn = lines.get(kept).map_or("", |line| &line[..line.len() / 2]);
        std::fs::write(&path, format!("{}{torn}", lines[..kept].concat())).unwrap();
        bench.world.verdicts.lock().unwrap().clear();
        let patches = bench.start();
        let stable = patches.catalog().game(&game()).and_then(|game| game.stable);
        match patches.catalog().game(&game()).and_then(|game| game.trial) {
            // Before or after it all, or in the first version's own publishing.
            None => assert_eq!(stable, (kept >= 1).then_some(1), "after {kept} lines"),
            Some(_) => {
                if stage(&patches) == Some(Stage::Verifying) {
                    bench.world.answer_replay();
                }
                testkit::eventually("it can be taken back", || match patches.roll_back(&game(), "", "bob") {
                    Ok(()) => Some(()),
                    Err(_) => (state(&patches, 2) != VersionState::Canary).then_some(()),
                });
                testkit::eventually("the trial is over", || stage(&patches).is_none().then_some(()));
                assert_eq!(patches.catalog().game(&game()).unwrap().stable, Some(1), "after {kept} lines");
            }
        }
        patches.stop();
    }
}

trait ClockMs {
    fn clock_ms(&self) -> u64;
}

impl ClockMs for Bench {
    fn clock_ms(&self) -> u64 {
        clock::Clock::Manual(self.clock.clone()).now().as_micros() / 1000
    }
}

#[test]
fn a_resumed_rollout_waits_until_all_rooms_are_back() {
    let bench = Bench::new();
    drop(bench.in_canary());
    bench.world.asked.lock().unwrap().clear();
    *bench.world.rooms_to_come.lock().unwrap() = true;
    let patches = bench.start();
    assert!(patches.promote(&game(), "bob").is_err());
    assert_eq!(bench.world.asked(), [""; 0], "a swap now would pass over the rooms that are still to come");
    *bench.world.rooms_to_come.lock().unwrap() = false;
    testkit::eventually("rooms are swapped", || {
        bench.world.asked().contains(&"swap 50% to 2".into()).then_some(())
    });
    testkit::eventually("it can be promoted", || patches.promote(&game(), "bob").ok());
}

#[test]
fn a_bundle_that_is_published_while_rooms_come_back_is_tried_once_they_are() {
    let bench = Bench::new();
    *bench.world.rooms_to_come.lock().unwrap() = true;
    let patches = bench.start();
    let (one, two) = (module(1), module(2));
    let first = patches.publish(&bench.bundle("release-1.0.0", None, &one), None, "alice").unwrap();
    assert_eq!(first.state, VersionState::Confirmed, "a game's first version changes no room");
    let hotfix = bench.bundle("hotfix-1.0.0-v1", Some(&one), &two);
    let second = patches.publish(&hotfix, None, "alice").unwrap();
    assert_eq!((second.version, second.state), (2, VersionState::Published));
    assert!(patches.promote(&game(), "bob").unwrap_err().to_string().contains("being rebuilt"));
    assert_eq!(bench.world.asked(), [""; 0]);

    *bench.world.rooms_to_come.lock().unwrap() = false;
    bench.world.answer_replay();
    testkit::eventually("the canary begins", || {
        bench.world.asked().contains(&"swap 50% to 2".to_owned()).then_some(())
    });

    // An operator who takes one back is not kept waiting.
    patches.stop();
    bench.world.asked.lock().unwrap().clear();
    *bench.world.rooms_to_come.lock().unwrap() = true;
    let patches = bench.start();
    patches.roll_back(&game(), "", "bob").unwrap();
    wait_for_end_of_way_back(&bench, &patches);
}
