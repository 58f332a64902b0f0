//! Which builds of a game may play, and which version of its logic its rooms run.
//!
//! - [`Releases`] is the version table of builds. Rules are read in order and the first that fits an app and a build
//!   decides; where none fits, the build may play.
//! - [`Bundle`] is a signed patch, [`TrustStore`] says whose signatures count.
//! - [`Catalog`] knows the versions of every game and gives each room its own. It survives restarts by its history, which is
//!   the audit log as well.
//! - [`Rollout`] is the pure course of one patch: trial replay, canary, confirmation or rollback.
//! - [`Patches`] joins them: what operators ask for, and the thread that watches.

mod game;
mod pattern;
mod table;

mod bundle;
mod keys;
mod module_shape;
mod trust;

mod catalog;
mod history;

mod rollout;
mod tally;

mod patches;
mod ports;
pub mod testing;

pub use bundle::{BadBundle, Base, Bundle, Draft, Manifest, PatchName};
pub use catalog::{
    Catalog, CatalogError, GameVersions, Opened, Pin, Trial, TrialStage, Version, VersionState,
};
pub use game::{GameKey, Share};
pub use history::{BadHistory, Checked, Entry, Origin, Step, VersionRecord, check_history};
pub use keys::{BadKey, PrivateKey, PublicKey};
pub use module_shape::{BadModule, ModuleShape};
pub use patches::{
    GameStatus, PatchFault, Patches, PatchesConfig, PatchesParts, Published, TrialStatus, Verdict,
    VersionStatus,
};
pub use pattern::{BadPattern, Pattern};
pub use ports::{Done, Gauges, ModuleLoader, RoomsDone, RoomsOfVersion, TrialReplay, Verdicts};
pub use rollout::{
    BackStep, Command, Counters, Event, Measure, Plan, ReplayVerdict, Report, ReportKind, Rollout,
    RolloutConfig, Selector, Stage, Trigger,
};
pub use table::{BadRule, BuildRule, Decision, Releases};
pub use tally::{Tally, VersionTally};
pub use trust::{BadTrust, NotTrusted, Signer, TrustStore};

/// SHA-256 of a module's bytes.
pub fn module_hash(module: &[u8]) -> room_core::modules::ModuleHash {
    let digest = ring::digest::digest(&ring::digest::SHA256, module);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    room_core::modules::ModuleHash(hash)
}
