//! The catalog on real folders, cut and broken at every place.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clock::ManualClock;

use super::*;
use crate::game::Share;
use crate::history::{Link, check_history, line_of};

const ONE: &[u8] = b"module one";
const TWO: &[u8] = b"module two";

fn clock() -> Clock {
    Clock::Manual(Arc::new(ManualClock::new(1_795_219_200_000)))
}

fn key() -> GameKey {
    GameKey::new("demo", "jianzi")
}

fn open(folder: &Path) -> Catalog {
    Catalog::open(folder, clock()).unwrap().0
}

fn room(number: u32) -> RoomId {
    RoomId::from_name(&format!("room{number}x"))
}

fn publish(catalog: &Catalog, name: &str, module: &[u8], share: Share) -> u32 {
    let hash = module_hash(module);
    catalog.keep(&hash, module).unwrap();
    let version = catalog.next(&key(), name, hash, true, Origin::Unsigned);
    let number = version.number;
    catalog.record("alice", &key(), Step::Published { version, share }).unwrap();
    number
}

/// Everything that can happen to two versions, from the first to the rollback of what was confirmed.
fn a_whole_life(catalog: &Catalog) {
    catalog.install(&key(), "release-1.0.0", true, ONE, "alice").unwrap();
    let version = publish(catalog, "hotfix-1.0.0-v1", TWO, Share::per_mille(300).unwrap());
    let record = |step| catalog.record("server", &key(), step).unwrap();
    record(Step::CanaryBegan { version, share: Share::per_mille(300).unwrap() });
    record(Step::Swapped { version, rooms: 3, failed: 0 });
    catalog.pin(&key(), &Pin::Room(room(1)), Some(1), "bob").unwrap();
    catalog.pin(&key(), &Pin::Player(PlayerId::new("carol")), Some(version), "bob").unwrap();
    record(Step::Confirmed { version, automatic: true });
    record(Step::RollbackBegan { version, to: 1, why: "a storm".into() });
    record(Step::RolledBack { version, to: 1, took_ms: 700, rooms: 5, failed: 0, late: false });
    catalog.pin(&key(), &Pin::Room(room(1)), None, "bob").unwrap();
}

#[test]
fn rooms_get_what_pins_canary_and_stable_say() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    let running = |number: u32, founder: Option<&str>| {
        let founder = founder.map(PlayerId::new);
        let logic = catalog.current(&AppId::new("demo"), "jianzi", &room(number), founder.as_ref());
        logic.map(|logic| logic.version)
    };
    assert_eq!(running(1, None), None);
    let first = catalog.install(&key(), "release-1.0.0", true, ONE, "alice").unwrap();
    assert_eq!((first.version, first.hash), (1, module_hash(ONE)));
    assert_eq!(catalog.install(&key(), "again", true, ONE, "alice").unwrap(), first);
    assert_eq!(running(1, None), Some(1));

    let share = Share::per_mille(300).unwrap();
    let version = publish(&catalog, "hotfix-1.0.0-v1", TWO, share);
    assert!((0..100).all(|number| running(number, None) == Some(1)), "nobody meets what is not verified");
    assert!(catalog.pin(&key(), &Pin::Room(room(1)), Some(version), "bob").is_err());
    assert!(catalog.make_stable(&key(), version, "bob").is_err());
    catalog.record("server", &key(), Step::CanaryBegan { version, share }).unwrap();
    let tried = (0..1000).filter(|number| running(*number, None) == Some(2)).count();
    assert!((230..370).contains(&tried), "{tried}");

    let in_share = (0..).find(|number| running(*number, None) == Some(2)).unwrap();
    let beside = (0..).find(|number| running(*number, None) == Some(1)).unwrap();
    catalog.pin(&key(), &Pin::Room(room(in_share)), Some(1), "bob").unwrap();
    assert_eq!(running(in_share, None), Some(1));
    catalog.pin(&key(), &Pin::Player(PlayerId::new("carol")), Some(2), "bob").unwrap();
    assert_eq!((running(beside, Some("carol")), running(beside, Some("dave"))), (Some(2), Some(1)));
    assert_eq!(running(in_share, Some("carol")), Some(1), "a room's pin goes before a player's");

    catalog.record("server", &key(), Step::RollbackBegan { version, to: 1, why: "x".into() }).unwrap();
    assert!((0..1000).all(|number| running(number, Some("carol")) == Some(1)), "also pinned rooms go back");
    let on = |version| LogicRef { game: "jianzi".into(), version, hash: module_hash(TWO) };
    let refuge = |version| catalog.refuge(&AppId::new("demo"), &on(version)).map(|logic| logic.version);
    assert_eq!((refuge(1), refuge(2), refuge(3)), (None, Some(1), None));
}

#[test]
fn what_a_version_wants_takes_place_if_it_was_ever_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    let takes_place =
        |catalog: &Catalog, version| catalog.takes_place(&AppId::new("demo"), "jianzi", version);
    assert_eq!(takes_place(&catalog, 1), Some(true), "nobody knows it");
    a_whole_life(&catalog);
    assert_eq!((takes_place(&catalog, 1), takes_place(&catalog, 2)), (Some(true), Some(true)));

    let version = publish(&catalog, "hotfix-1.0.0-v2", b"three", Share::ALL);
    assert_eq!(takes_place(&catalog, version), None);
    catalog.record("server", &key(), Step::CanaryBegan { version, share: Share::ALL }).unwrap();
    assert_eq!(takes_place(&catalog, version), None);
    catalog.record("server", &key(), Step::RollbackBegan { version, to: 1, why: "x".into() }).unwrap();
    assert_eq!(takes_place(&catalog, version), Some(false));
    let gone = Step::RolledBack { version, to: 1, took_ms: 1, rooms: 1, failed: 0, late: false };
    catalog.record("server", &key(), gone).unwrap();
    drop(catalog);
    let again = open(folder.path());
    assert_eq!((takes_place(&again, 2), takes_place(&again, version)), (Some(true), Some(false)));
}

#[test]
fn two_apps_do_not_see_each_others_versions() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    a_whole_life(&catalog);
    let other = GameKey::new("other", "jianzi");
    assert_eq!(catalog.current(&AppId::new("other"), "jianzi", &room(1), None), None);
    assert!(catalog.pin(&other, &Pin::Room(room(1)), Some(1), "bob").is_err());
    catalog.install(&other, "release-9", true, TWO, "bob").unwrap();
    let logic = catalog.current(&AppId::new("other"), "jianzi", &room(1), None).unwrap();
    assert_eq!((logic.version, logic.hash), (1, module_hash(TWO)));
    let logic = catalog.current(&AppId::new("demo"), "jianzi", &room(1), None).unwrap();
    assert_eq!((logic.version, logic.hash), (1, module_hash(ONE)));
    assert_eq!(catalog.current(&AppId::new("demo"), "chess", &room(1), None), None);
}

/// A kill between any two bytes of the history leaves the state after one of its steps, and the next step can follow.
#[test]
fn wherever_the_history_is_cut_the_catalog_goes_on_from_a_whole_step() {
    let folder = tempfile::tempdir().unwrap();
    a_whole_life(&open(folder.path()));
    let whole = fs::read(folder.path().join("history.jsonl")).unwrap();
    let entries = Read::of(&whole).unwrap().entries;
    assert!(entries.len() >= 10);
    let mut ends = vec![0];
    ends.extend(whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1));
    // Every cut near a line's end, and many within lines.
    let near = |cut: usize| ends.iter().any(|end| cut.abs_diff(*end) <= 2);
    for cut in (0..=whole.len()).filter(|cut| near(*cut) || cut % 13 == 0) {
        let steps = ends.iter().filter(|end| **end <= cut).count() - 1;
        let mut expected = State::default();
        entries[..steps].iter().for_each(|entry| expected.apply(entry).unwrap());

        fs::write(folder.path().join("history.jsonl"), &whole[..cut]).unwrap();
        put_modules(folder.path(), if steps == 0 { &[] } else { &[ONE, TWO] });
        let (catalog, opened) = Catalog::open(folder.path(), clock()).unwrap();
        assert_eq!(opened.torn as usize, cut - ends[steps], "cut at {cut}");
        assert_eq!(opened.problems, [""; 0]);
        // A restart is counted against what is on trial, and nothing else changes.
        let mut state = State::clone(&catalog.state.load());
        for game in state.games.values_mut() {
            game.trial.iter_mut().for_each(|trial| trial.crashes = 0);
        }
        assert_eq!(state, expected, "cut at {cut}");
        catalog.install(&key(), "another", true, b"module three", "dave").unwrap();
        let text = catalog.history().unwrap();
        let checked = check_history(&text).unwrap();
        assert_eq!((checked.entries, checked.head), catalog.head());
    }
}

#[test]
fn a_changed_line_is_found_and_nothing_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    a_whole_life(&open(folder.path()));
    let path = folder.path().join("history.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let changed = |lines: Vec<String>| {
        let text = lines.concat();
        fs::write(&path, &text).unwrap();
        let refused = Catalog::open(folder.path(), clock()).err();
        (check_history(&text).unwrap_err(), refused.map(|error| error.to_string()))
    };
    let own = || lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();

    let mut forged = own();
    forged[1] = forged[1].replace("alice", "mallo");
    let (error, refused) = changed(forged);
    assert_eq!(error, BadHistory::Changed(2));
    assert!(refused.unwrap().contains("line 2 was changed"));

    let mut left_out = own();
    left_out.remove(3);
    assert_eq!(changed(left_out).0, BadHistory::Unlinked(4));
    let mut moved = own();
    moved.swap(2, 3);
    assert!(matches!(changed(moved).0, BadHistory::Unlinked(3)));
    // Also in the last line, which a crash might have torn but not written whole and wrong.
    let mut last = own();
    let end = last.len() - 1;
    last[end] = last[end].replace("bob", "eve");
    assert_eq!(changed(last).0, BadHistory::Changed(end as u64 + 1));
    let mut last = own();
    last[end] = last[end].replace("}}", "}");
    let (error, refused) = changed(last);
    assert!(matches!(error, BadHistory::Changed(_) | BadHistory::Line(..)), "{error}");
    assert!(refused.unwrap().contains(&format!("line {}", end + 1)), "a whole line is not torn");
}

#[test]
fn modules_without_a_history_are_no_new_installation() {
    let folder = tempfile::tempdir().unwrap();
    a_whole_life(&open(folder.path()));
    let path = folder.path().join("history.jsonl");
    let whole = fs::read(&path).unwrap();
    let line = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for bytes in [Some(&b""[..]), Some(&whole[..line]), None] {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        for _ in 0..2 {
            let error = refusal(folder.path());
            assert!(error.contains("missing or empty") && error.contains("2 modules"), "{error}");
            assert_eq!(Catalog::look(folder.path()).unwrap_err().to_string(), error);
        }
        assert_eq!(fs::read(&path).ok().as_deref(), bytes, "a refusal changes nothing");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(Catalog::look(folder.path()).unwrap(), Opened::default());
    fs::remove_dir_all(folder.path().join("modules")).unwrap();
    let looked = Catalog::look(folder.path()).unwrap();
    assert!(looked.problems[0].contains("release-1.0.0 of demo/jianzi"), "{looked:?}");
    assert!(!folder.path().join("modules").exists());
    assert_eq!(Catalog::open(folder.path(), clock()).unwrap().1, looked);
}

#[test]
fn every_flipped_bit_is_found_by_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    a_whole_life(&open(folder.path()));
    let whole = fs::read(folder.path().join("history.jsonl")).unwrap();
    let good = check_history(std::str::from_utf8(&whole).unwrap()).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        let Ok(text) = std::str::from_utf8(&damaged) else { continue };
        assert_ne!(check_history(text), Ok(good.clone()), "byte {at}");
    }
}

#[test]
fn what_a_newer_program_wrote_is_not_guessed_at() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |step| Entry { seq: 1, prev: "0".repeat(64), at_ms: 0, by: "x".into(), game: key(), step };
    let (line, Link { seq, .. }) = line_of(&entry(Step::Settled { version: 7 })).unwrap();
    assert_eq!(seq, 1);
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(folder.path().join("history.jsonl"), line).unwrap();
    let error = refusal(folder.path());
    assert!(error.contains("line 1") && error.contains("version 7 is not on trial"), "{error}");
}

#[test]
fn a_lost_or_damaged_module_is_told_and_can_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(folder.path());
    let logic = catalog.install(&key(), "release-1", true, ONE, "alice").unwrap();
    let path = folder.path().join("modules").join(format!("{}.wasm", logic.hash));
    assert_eq!(catalog.module(&logic.hash).unwrap(), ONE);
    for broken in [&b"module onE"[..], b"", b"module one "] {
        fs::write(&path, broken).unwrap();
        assert!(catalog.module(&logic.hash).unwrap_err().to_string().contains("damaged"));
        let (again, opened) = Catalog::open(folder.path(), clock()).unwrap();
        assert!(opened.problems[0].contains("release-1 of demo/jianzi"), "{opened:?}");
        again.install(&key(), "release-1", true, ONE, "alice").unwrap();
        assert_eq!(again.problems(), [""; 0]);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(catalog.problems().len(), 1);
}

#[test]
fn what_a_crash_left_half_written_is_swept_away() {
    let folder = tempfile::tempdir().unwrap();
    let modules = folder.path().join("modules");
    fs::create_dir_all(&modules).unwrap();
    fs::write(modules.join("abc.unfinished"), "half").unwrap();
    // A module without its record: the crash came between the two.
    fs::write(folder.path().join("history.jsonl"), "").unwrap();
    let orphan = modules.join(format!("{}.wasm", module_hash(ONE)));
    fs::write(&orphan, ONE).unwrap();
    let catalog = open(folder.path());
    assert!(!modules.join("abc.unfinished").exists() && orphan.exists());
    assert_eq!(catalog.games(), []);
    catalog.install(&key(), "release-1", true, ONE, "alice").unwrap();
}

#[test]
fn modules_that_nothing_can_need_any_more_are_tidied_away() {
    let folder = tempfile::tempdir().unwrap();
    let time = Arc::new(ManualClock::new(1_000_000));
    let (catalog, _) = Catalog::open(folder.path(), Clock::Manual(time.clone())).unwrap();
    let module = |number: u32| format!("module {number}").into_bytes();
    for number in 1..=20 {
        let logic =
            catalog.install(&key(), &format!("source-{number}"), true, &module(number), "dev").unwrap();
        catalog.make_stable(&key(), logic.version, "dev").unwrap();
    }
    catalog.pin(&key(), &Pin::Player(PlayerId::new("carol")), Some(2), "bob").unwrap();
    let stranger = module_hash(b"about to be told");
    catalog.keep(&stranger, b"about to be told").unwrap();
    let there = |catalog: &Catalog| -> Vec<u32> {
        (1..=20).filter(|number| catalog.module(&module_hash(&module(*number))).is_ok()).collect()
    };
    let runs = |_: &GameKey, version| version == 5;
    assert_eq!(catalog.tidy(runs).unwrap(), 0, "rooms of yesterday may run any of them");
    time.advance(std::time::Duration::from_secs(3 * 24 * 3600));
    // An early one is stable again, and the way back from it leads to the one before it.
    catalog.make_stable(&key(), 7, "dev").unwrap();
    assert_eq!(catalog.tidy(runs).unwrap(), 9);
    let left: Vec<u32> = [2, 5, 7].into_iter().chain(13..=20).collect();
    assert_eq!(there(&catalog), left);
    assert!(catalog.module(&stranger).is_ok());
    assert_eq!(catalog.problems(), [""; 0]);
    drop(catalog);
    let (catalog, _) = Catalog::open(folder.path(), Clock::Manual(time)).unwrap();
    assert_eq!((catalog.tidy(runs).unwrap(), there(&catalog)), (0, left));
    // Who wants one back brings its bytes.
    let pin = Pin::Room(room(1));
    let bare = [catalog.pin(&key(), &pin, Some(1), "bob"), catalog.make_stable(&key(), 1, "dev")];
    for refused in bare.map(|refused| refused.unwrap_err().to_string()) {
        assert!(refused.contains("publish its bundle again"), "{refused}");
    }
    catalog.install(&key(), "source-1", true, &module(1), "dev").unwrap();
    assert_eq!(there(&catalog)[0], 1);
    catalog.pin(&key(), &pin, Some(1), "bob").unwrap();
    // It is a problem as long as it is pinned.
    fs::remove_file(folder.path().join("modules").join(format!("{}.wasm", module_hash(&module(1))))).unwrap();
    assert!(matches!(&catalog.problems()[..], [problem] if problem.starts_with("source-1 of")));
    catalog.pin(&key(), &pin, None, "bob").unwrap();
    assert_eq!(catalog.problems(), [""; 0]);
}

/// These and no others.
fn put_modules(folder: &Path, modules: &[&[u8]]) {
    let folder = folder.join("modules");
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    for module in modules {
        fs::write(folder.join(format!("{}.wasm", module_hash(module))), module).unwrap();
    }
}

fn refusal(folder: &Path) -> String {
    Catalog::open(folder, clock()).err().expect("refused").to_string()
}

/// A disk that takes some writes, tears one, and may refuse to cut.
struct Flaky {
    text: Arc<Mutex<Vec<u8>>>,
    writes_left: Arc<AtomicUsize>,
    cuts: bool,
}

impl LogFile for Flaky {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut text = self.text.lock().unwrap();
        if self.writes_left.load(Ordering::SeqCst) == 0 {
            text.extend_from_slice(&bytes[..bytes.len() / 2]);
            return Err(io::Error::other("the disk is full"));
        }
        self.writes_left.fetch_sub(1, Ordering::SeqCst);
        text.extend_from_slice(bytes);
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        if !self.cuts && self.writes_left.load(Ordering::SeqCst) == 0 {
            return Err(io::Error::other("nor cut"));
        }
        self.text.lock().unwrap().truncate(length as usize);
        Ok(())
    }
}

#[test]
fn what_a_start_on_a_full_disk_finds_is_noted_later() {
    for cuts in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let catalog = open(folder.path());
        catalog.install(&key(), "release-1", true, ONE, "alice").unwrap();
        publish(&catalog, "hotfix-1-v1", TWO, Share::ALL);
        let path = folder.path().join("history.jsonl");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"hash");
        let (text, writes_left) = (Arc::new(Mutex::new(bytes.clone())), Arc::new(AtomicUsize::new(0)));
        let file = Flaky { text: text.clone(), writes_left: writes_left.clone(), cuts };
        let modules = ModuleFiles::open(&folder.path().join("modules")).unwrap();
        let (catalog, opened) = Catalog::from_parts(modules, path, Box::new(file), &bytes, clock()).unwrap();
        assert_eq!((opened.torn, opened.problems), (6, vec![]));
        assert_eq!(catalog.game(&key()).unwrap().trial.unwrap().crashes, 1);
        assert!(!catalog.settle());
        writes_left.store(9, Ordering::SeqCst);
        assert!(catalog.settle());
        let steps = Read::of(&text.lock().unwrap()).unwrap().entries;
        assert!(matches!(steps[2].step, Step::TailCut { bytes: 6 }));
        assert!(matches!(steps[3].step, Step::Restarted { version: 2, orderly: false }));
        assert_eq!(steps.len(), 4);
    }
}

#[test]
fn a_full_disk_refuses_changes_but_never_a_way_back() {
    for cuts in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let modules = ModuleFiles::open(&folder.path().join("modules")).unwrap();
        let (text, writes_left) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(3)));
        let file = Flaky { text: text.clone(), writes_left: writes_left.clone(), cuts };
        let path = folder.path().join("history.jsonl");
        let (catalog, _) = Catalog::from_parts(modules, path, Box::new(file), b"", clock()).unwrap();
        catalog.install(&key(), "release-1", true, ONE, "alice").unwrap();
        let version = publish(&catalog, "hotfix-1-v1", TWO, Share::ALL);
        catalog.record("server", &key(), Step::CanaryBegan { version, share: Share::ALL }).unwrap();

        let confirmed = Step::Confirmed { version, automatic: true };
        assert!(matches!(catalog.record("server", &key(), confirmed), Err(CatalogError::Io { .. })));
        let running = || catalog.current(&AppId::new("demo"), "jianzi", &room(1), None).unwrap().version;
        assert_eq!((running(), catalog.game(&key()).unwrap().stable), (2, Some(1)), "it does not count");
        let back = Step::RollbackBegan { version, to: 1, why: "errors".into() };
        assert!(catalog.record_anyway("server", &key(), back).is_err());
        assert_eq!(running(), 1, "it counts all the same");
        assert!(!catalog.settle());

        writes_left.store(9, Ordering::SeqCst);
        assert!(catalog.settle());
        let steps = Read::of(&text.lock().unwrap()).unwrap().entries;
        assert_eq!(steps.len(), 4);
        assert!(matches!(&steps[3].step, Step::RollbackBegan { why, .. } if why == "errors"));
        catalog.pin(&key(), &Pin::Room(room(1)), Some(1), "bob").unwrap();
        assert!(check_history(std::str::from_utf8(&text.lock().unwrap()).unwrap()).is_ok());
    }
}
