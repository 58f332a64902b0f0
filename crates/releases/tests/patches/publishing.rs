//! What is published and what is refused.

use clock::Chance;
use releases::{GameKey, PatchFault, PrivateKey, VersionState, check_history};

use crate::bench::{Bench, draft, game, module, module_with, reopened, signed};

#[track_caller]
fn refused(patches: &releases::Patches, bytes: &[u8], parts: &[&str]) {
    let fault = patches.publish(bytes, None, "mallory").unwrap_err().to_string();
    assert!(parts.iter().all(|part| fault.contains(part)), "{fault}");
    assert_eq!(patches.verify(bytes).unwrap_err().to_string(), fault);
}

#[test]
fn the_first_version_is_stable_at_once_and_a_hotfix_is_tried_first() {
    let bench = Bench::new();
    let patches = bench.start();
    let (one, two) = (module(1), module(2));
    let release = bench.bundle("release-1.0.0", None, &one);
    let verdict = patches.verify(&release).unwrap();
    assert_eq!(
        (verdict.signer.as_str(), verdict.live, verdict.follows, verdict.already),
        ("alice", true, None, false)
    );
    assert_eq!(patches.catalog().games(), [], "verifying changes nothing");

    let published = patches.publish(&release, None, "alice").unwrap();
    assert_eq!((published.version, published.already, published.state), (1, false, VersionState::Confirmed));
    let hotfix = bench.bundle("hotfix-1.0.0-v1", Some(&one), &two);
    *bench.world.replays_at_once.lock().unwrap() = true;
    let verdict = patches.verify(&hotfix).unwrap();
    assert_eq!(
        (verdict.follows.as_deref(), verdict.replay),
        (Some("release-1.0.0"), Some(Default::default()))
    );
    *bench.world.replays_at_once.lock().unwrap() = false;
    let published = patches.publish(&hotfix, None, "alice").unwrap();
    assert_eq!((published.version, published.state), (2, VersionState::Published));
    assert_eq!(bench.world.asked(), ["replay 1 on 2", "replay 1 on 2"]);
    assert_eq!(patches.catalog().game(&game()).unwrap().stable, Some(1));
}

#[test]
fn the_same_bundle_twice_is_loaded_once() {
    let bench = Bench::new();
    let patches = bench.start();
    let (one, two) = (module(1), module(2));
    let release = bench.bundle("release-1.0.0", None, &one);
    let hotfix = bench.bundle("hotfix-1.0.0-v1", Some(&one), &two);
    for bundle in [&release, &hotfix] {
        let first = patches.publish(bundle, None, "alice").unwrap();
        let head = patches.catalog().head();
        let again = patches.publish(bundle, None, "alice").unwrap();
        assert_eq!((again.version, again.already), (first.version, true));
        assert!(patches.verify(bundle).unwrap().already);
        assert_eq!(patches.catalog().head(), head, "nothing happened");
    }
    assert_eq!(bench.world.asked(), ["replay 1 on 2"]);
    // Another module under the same name, and the same module under another name.
    refused(
        &patches,
        &bench.bundle("hotfix-1.0.0-v1", Some(&one), &module(3)),
        &["hotfix-1.0.0-v1", "next number"],
    );
    refused(
        &patches,
        &bench.bundle("hotfix-1.0.0-v2", Some(&one), &two),
        &["hotfix-1.0.0-v1", "published before"],
    );
}

#[test]
fn strangers_tamperers_and_latecomers_are_refused_and_audited() {
    let bench = Bench::new();
    let patches = bench.start();
    let one = module(1);
    let good = bench.bundle("release-1.0.0", None, &one);
    let stranger = PrivateKey::draw("alice", &mut Chance::seeded(9)).unwrap();
    refused(
        &patches,
        &signed(draft("demo", "release-1.0.0", None), &one, &stranger),
        &["stranger", "trust store"],
    );
    let mut tampered = good.clone();
    let last = tampered.len() - 1;
    tampered[last] ^= 1;
    refused(&patches, &tampered, &["tampered"]);
    refused(&patches, &good[..good.len() - 1], &["cut off"]);
    refused(&patches, b"PK\x03\x04", &["no patch bundle"]);
    bench.trust(&bench.alice, &[], None, Some("2026-11-20"));
    refused(&patches, &good, &["alice", "expired after 2026-11-20"]);
    bench.trust(&bench.alice, &["other"], None, None);
    refused(&patches, &good, &["not trusted for the app demo"]);
    std::fs::write(bench.path().join("trust/bad.toml"), "?").unwrap();
    assert!(matches!(patches.publish(&good, None, "alice"), Err(PatchFault::Trust(_))));

    assert_eq!(patches.catalog().games(), []);
    let history = patches.catalog().history().unwrap();
    assert_eq!(check_history(&history).unwrap().entries, 7);
    assert_eq!(history.matches("publish_refused").count(), 7, "{history}");
    assert!(history.contains("mallory") && history.contains("stranger"));
}

#[test]
fn a_patch_never_goes_on_a_wrong_base() {
    let bench = Bench::new();
    let patches = bench.start();
    let (one, two, three) = (module(1), module(2), module(3));
    let hotfix = |name: &str, base: &[u8], module: &[u8]| bench.bundle(name, Some(base), module);
    refused(&patches, &hotfix("hotfix-1.0.0-v1", &one, &two), &["1.0.0 is not on this server"]);
    patches.publish(&bench.bundle("release-1.0.0", None, &one), None, "alice").unwrap();
    refused(&patches, &hotfix("hotfix-2.0.0-v1", &three, &two), &["mends 2.0.0", "release-1.0.0"]);
    // The right module under a wrong number.
    refused(&patches, &hotfix("hotfix-2.0.0-v1", &one, &two), &["made for 2.0.0", "that of release-1.0.0"]);
    refused(&patches, &hotfix("hotfix-1.0.0-v1", &three, &two), &["another 1.0.0"]);

    let publish_to_the_end = |bundle: &[u8]| {
        let version = patches.publish(bundle, None, "alice").unwrap().version;
        bench.world.answer_replay();
        testkit::eventually("the canary begins", || patches.promote(&game(), "alice").ok());
        patches.roll_forward(version, &bench);
    };
    publish_to_the_end(&hotfix("hotfix-1.0.0-v2", &one, &two));
    refused(&patches, &hotfix("hotfix-1.0.0-v1", &one, &three), &["hotfix-1.0.0-v2 is stable already"]);
    // A later mending of the same release may follow an earlier one.
    publish_to_the_end(&hotfix("hotfix-1.0.0-v3", &one, &three));
    assert_eq!(patches.catalog().game(&game()).unwrap().stable, Some(3));
}

#[test]
fn who_publishes_a_module_anew_that_was_rolled_back_is_told_what_to_do() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    patches.roll_back(&game(), "the wrong name typed", "bob").unwrap();
    testkit::eventually("it is rolled back", || {
        let state = patches.catalog().game(&game())?.by_name("hotfix-1.0.0-v1")?.state;
        (state == VersionState::RolledBack).then_some(())
    });
    let again = bench.bundle("hotfix-1.0.0-v2", Some(&module(1)), &module(2));
    refused(&patches, &again, &["hotfix-1.0.0-v1", "rolled back", "build it anew with any change"]);
}

#[test]
fn modules_that_cannot_be_ours_are_refused() {
    let bench = Bench::new();
    let patches = bench.start();
    let release = |module: &[u8]| bench.bundle("release-1.0.0", None, module);
    refused(&patches, &release(b"text"), &["no WebAssembly module"]);
    refused(&patches, &release(&module(1)[..40]), &["no WebAssembly module"]);
    let wasi = wat::parse_str(r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#).unwrap();
    refused(&patches, &release(&wasi), &["wasi_snapshot_preview1.fd_write"]);
    refused(&patches, &release(&module_with(1, &[], "refuse")), &["engine refuses", "table.grow"]);
    let mut newer = draft("demo", "release-1.0.0", None);
    newer.abi = 2;
    refused(&patches, &signed(newer, &module(1), &bench.alice), &["ABI 2", "ABI 1"]);
    // Without save and load: for new rooms only, and it says so.
    let bare = bench.bundle("release-1.0.0", None, &module_with(1, &[], ""));
    assert!(!patches.verify(&bare).unwrap().live);
    assert!(!patches.publish(&bare, None, "alice").unwrap().live);
    // Nor can rooms of a version that does not save be brought to one that would load.
    let whole = bench.bundle("hotfix-1.0.0-v1", Some(&module_with(1, &[], "")), &module(2));
    assert!(!patches.publish(&whole, None, "alice").unwrap().live);
}

#[test]
fn one_trial_at_a_time_and_two_apps_beside_each_other() {
    let bench = Bench::new();
    let patches = bench.in_canary();
    let one = module(1);
    refused(
        &patches,
        &bench.bundle("hotfix-1.0.0-v2", Some(&one), &module(3)),
        &["hotfix-1.0.0-v1 is under way"],
    );
    let other = signed(draft("other", "release-1.0.0", None), &module(2), &bench.alice);
    let published = patches.publish(&other, None, "bob").unwrap();
    assert_eq!((published.game.clone(), published.version), (GameKey::new("other", "jianzi"), 1));
    let base = signed(draft("other", "hotfix-1.0.0-v1", Some(&one)), &module(3), &bench.alice);
    refused(&patches, &base, &["another 1.0.0"]);
    assert_eq!(patches.status(Some(&published.game)).len(), 1);
    assert_eq!(patches.status(None).len(), 2);
    assert!(patches.promote(&GameKey::new("third", "jianzi"), "bob").is_err());
    assert!(
        patches
            .roll_back(&published.game, "", "bob")
            .unwrap_err()
            .to_string()
            .contains("nothing to go back to")
    );
    patches.stop();
    assert_eq!(reopened(&bench).game(&published.game).unwrap().versions.len(), 1);
}

#[test]
fn a_lost_module_is_put_back_by_its_bundle() {
    let bench = Bench::new();
    let patches = bench.start();
    let one = module(1);
    let release = bench.bundle("release-1.0.0", None, &one);
    patches.publish(&release, None, "alice").unwrap();
    std::fs::remove_dir_all(bench.config().folder.join("modules")).unwrap();
    patches.stop();
    let patches = bench.start();
    assert_eq!(patches.problems().len(), 1);
    assert!(patches.publish(&release, None, "alice").unwrap().already);
    assert_eq!(patches.problems(), [""; 0]);
}

trait RollForward {
    fn roll_forward(&self, version: u32, bench: &Bench);
}

impl RollForward for releases::Patches {
    /// Waits until a promoted version has settled.
    fn roll_forward(&self, version: u32, bench: &Bench) {
        let all = format!("swap 100% to {version}");
        testkit::eventually("all rooms are asked", || bench.world.asked().contains(&all).then_some(()));
        Bench::until_swapped(self);
        testkit::eventually("the version settles", || {
            bench.advance(60_000);
            self.catalog().game(&game()).unwrap().trial.is_none().then_some(())
        });
        let game = self.catalog().game(&game()).unwrap();
        assert_eq!(game.stable, Some(version), "{:?}", game.version(version));
    }
}
