//! Whose signatures count.

use clock::Chance;
use releases::{Bundle, NotTrusted, PrivateKey, TrustStore};

use crate::bench::{Bench, TODAY_MS, draft, module, signed};

fn key(name: &str, seed: u64) -> PrivateKey {
    PrivateKey::draw(name, &mut Chance::seeded(seed)).unwrap()
}

fn check(bench: &Bench, key: &PrivateKey, app: &str) -> Result<String, NotTrusted> {
    let store = TrustStore::read(&bench.path().join("trust")).unwrap();
    let bundle = Bundle::read(&signed(draft(app, "release-1", None), &module(1), key)).unwrap();
    store.check(&bundle, TODAY_MS).map(|signer| signer.name)
}

#[test]
fn only_listed_keys_count_for_their_apps_in_their_time() {
    let bench = Bench::new();
    let (stranger, bob) = (key("bob", 2), key("bob", 3));
    assert_eq!(check(&bench, &bench.alice, "demo"), Ok("alice".into()));
    assert_eq!(check(&bench, &stranger, "demo"), Err(NotTrusted::Stranger(stranger.public().clone())));
    bench.trust(&bob, &["demo", "third"], Some("2026-11-21"), Some("2026-11-21"));
    assert_eq!(check(&bench, &bob, "demo"), Ok("bob".into()));
    assert!(matches!(check(&bench, &bob, "other"), Err(NotTrusted::OtherApp { .. })));
    assert!(matches!(check(&bench, &stranger, "demo"), Err(NotTrusted::Stranger(_))), "a name is no key");
    bench.trust(&bob, &[], None, Some("2026-11-20"));
    assert_eq!(
        check(&bench, &bob, "demo"),
        Err(NotTrusted::Expired { name: "bob".into(), until: "2026-11-20".into() })
    );
    bench.trust(&bob, &[], Some("2026-11-22"), None);
    assert!(matches!(check(&bench, &bob, "demo"), Err(NotTrusted::NotYet { .. })));
    // The same key under a second name, still valid: one that allows it is enough.
    let text = TrustStore::file("bob-2027", bob.public(), &[], None, Some("2027-12-31")).unwrap();
    std::fs::write(bench.path().join("trust/bob-2027.toml"), text).unwrap();
    assert_eq!(check(&bench, &bob, "demo"), Ok("bob-2027".into()));
}

#[test]
fn a_bundle_without_or_with_a_borrowed_signature_is_refused() {
    let bench = Bench::new();
    let store = TrustStore::read(&bench.path().join("trust")).unwrap();
    let unsigned = Bundle::build(draft("demo", "release-1", None), module(1)).unwrap();
    assert_eq!(store.check(&unsigned, TODAY_MS), Err(NotTrusted::Unsigned));
    // A trusted signature of another manifest.
    let (mut one, two) =
        (unsigned.write(), signed(draft("demo", "release-2", None), &module(1), &bench.alice));
    let manifest_end = 20 + u32::from_be_bytes(one[8..12].try_into().unwrap()) as usize;
    let borrowed = two[manifest_end..manifest_end + 96].to_vec();
    one[12..16].copy_from_slice(&96_u32.to_be_bytes());
    one.splice(manifest_end..manifest_end, borrowed);
    assert_eq!(store.check(&Bundle::read(&one).unwrap(), TODAY_MS), Err(NotTrusted::Forged));
}

#[test]
fn one_bad_file_closes_the_store_and_no_folder_trusts_nobody() {
    let bench = Bench::new();
    let folder = bench.path().join("trust");
    assert_eq!(TrustStore::read(&folder.join("nothing")).unwrap().names().count(), 0);
    std::fs::write(folder.join("readme.txt"), "not a key").unwrap();
    assert_eq!(TrustStore::read(&folder).unwrap().names().collect::<Vec<_>>(), ["alice"]);
    let good = std::fs::read_to_string(folder.join("alice.toml")).unwrap();
    for bad in [
        "",
        "name = 1",
        &good.replace("name", "nme"),
        &format!("{good}app = [\"demo\"]\n"),
        &format!("{good}not_after = \"soon\"\n"),
        &good.replace("alice", "a/b"),
        &"x".repeat(20_000),
    ] {
        std::fs::write(folder.join("bad.toml"), bad).unwrap();
        let error = TrustStore::read(&folder).unwrap_err().to_string();
        assert!(error.contains("bad.toml"), "{error}");
    }
    assert!(TrustStore::file("a", bench.alice.public(), &[], Some("2026-1-1"), None).is_err());
}
