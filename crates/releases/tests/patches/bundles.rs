//! Bundles, whole and attacked.

use proptest::prelude::*;
use releases::{BadBundle, Bundle};

use crate::bench::{Bench, draft, module, signed};

#[test]
fn a_bundle_survives_its_file() {
    let bench = Bench::new();
    let (one, two) = (module(1), module(2));
    let mut bundle = Bundle::build(draft("demo", "hotfix-1.0.0-v2", Some(&one)), two.clone()).unwrap();
    assert_eq!((bundle.signed_by(), bundle.signature_holds()), (None, false));
    assert_eq!(Bundle::read(&bundle.write()).unwrap(), bundle);
    bundle.sign(&bench.alice);
    let again = Bundle::read(&bundle.write()).unwrap();
    assert_eq!(again, bundle);
    assert!(again.signature_holds() && again.signed_by() == Some(bench.alice.public()));
    assert_eq!(
        (again.module().as_ref(), again.manifest().name.to_string()),
        (&two[..], "hotfix-1.0.0-v2".into())
    );
}

#[test]
fn a_draft_that_contradicts_itself_is_refused() {
    let one = module(1);
    let good = || draft("demo", "hotfix-1.0.0-v1", Some(&one));
    let build = |draft| Bundle::build(draft, module(2));
    assert!(build(good()).is_ok());
    let mut other_line = good();
    other_line.name = "hotfix-2.0.0-v1".parse().unwrap();
    let mut baseless = good();
    baseless.base = None;
    let mut based = good();
    based.name = "release-1.0.0".parse().unwrap();
    let mut scopeless = good();
    scopeless.game = "../jianzi".into();
    let mut nobody = good();
    nobody.author = String::new();
    let mut forged_line = good();
    forged_line.author = "Alice\nBob".into();
    let mut chatty = good();
    chatty.notes = "x".repeat(5000);
    for bad in [other_line, baseless, based, scopeless, nobody, forged_line, chatty] {
        assert!(matches!(build(bad), Err(BadBundle::Manifest(_))));
    }
    let huge = vec![0; 17 * 1024 * 1024];
    assert!(matches!(Bundle::build(good(), huge), Err(BadBundle::TooLarge { what: "module", .. })));
}

#[test]
fn no_cut_and_no_flipped_bit_goes_unnoticed() {
    let bench = Bench::new();
    let bytes = bench.bundle("release-1.0.0", None, &module(1));
    for cut in 0..bytes.len() {
        assert!(Bundle::read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    assert_eq!(Bundle::read(&[&bytes[..], b"x"].concat()), Err(BadBundle::TooLong(1)));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let noticed = Bundle::read(&damaged).map_or(true, |bundle| {
                !bundle.signature_holds() || bundle.signed_by() != Some(bench.alice.public())
            });
            assert!(noticed, "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn announced_lengths_are_believed_only_as_far_as_they_may_go() {
    let bytes = signed(draft("demo", "release-1", None), &module(1), &Bench::new().alice);
    for (at, what) in [(8, "manifest"), (16, "module")] {
        for length in [u32::MAX, 1 << 31, 17 * 1024 * 1024] {
            let mut huge = bytes.clone();
            huge[at..at + 4].copy_from_slice(&length.to_be_bytes());
            assert!(
                matches!(Bundle::read(&huge), Err(BadBundle::TooLarge { what: said, .. }) if said == what)
            );
        }
    }
    for length in [1_u32, 95, 97, u32::MAX] {
        let mut odd = bytes.clone();
        odd[12..16].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Bundle::read(&odd), Err(BadBundle::Signature(length as usize)));
    }
    let mut newer = bytes;
    newer[7] = 2;
    assert_eq!(Bundle::read(&newer), Err(BadBundle::Format(2)));
    assert_eq!(Bundle::read(b""), Err(BadBundle::NotABundle));
    assert_eq!(Bundle::read(b"\0asm\x01\0\0\0"), Err(BadBundle::NotABundle));
    assert_eq!(Bundle::read(b"JZPATCH\x01"), Err(BadBundle::Truncated { missing: 12 }));
}

proptest! {
    #[test]
    fn garbage_never_panics_and_never_passes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Bundle::read(&bytes).is_err());
        let headed = [b"JZPATCH\x01", &bytes[..]].concat();
        let _ = Bundle::read(&headed);
    }

    /// A manifest of anybody's making, with lengths that fit.
    #[test]
    fn manifests_of_any_text_are_refused_or_consistent(text in r#"[{}":,a-z0-9\[\]\-_. ]{0,200}"#) {
        let lengths = [text.len() as u32, 0, 0].map(u32::to_be_bytes).concat();
        let bytes = [b"JZPATCH\x01", &lengths[..], text.as_bytes()].concat();
        prop_assert!(Bundle::read(&bytes).is_err());
    }
}
