//! What the fuzzer does with the bytes of a patch bundle; `crates/releases/tests` replays the committed corpus through it.

use releases::{Bundle, ModuleShape};

/// Bytes as a bundle: what is read is written again as it was, and its module bears being looked at.
pub fn bundle(bytes: &[u8]) {
    // Whatever the bundle around it says, a module may be anything.
    let _ = ModuleShape::of(bytes);
    let Ok(bundle) = Bundle::read(bytes) else { return };
    assert_eq!(bundle.write(), bytes, "a bundle is not what it was read from");
    assert!(!bundle.signature_holds() || bundle.signed_by().is_some());
    let _ = ModuleShape::of(bundle.module());
}
