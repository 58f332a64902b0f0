//! Every step of every version, in order, who asked for it and when: the audit log, and what the catalog is rebuilt from.
//!
//! One JSON object a line, `{"hash":"…","entry":{…}}`. The hash is the SHA-256 of the entry's bytes, and each entry names the
//! hash before it: a line cannot be changed, left out or put in without breaking all that follow.

mod chain;
mod file;

use room_core::modules::ModuleHash;
use serde::{Deserialize, Serialize};

pub use chain::{BadHistory, Checked, check_history};
pub(crate) use chain::{Link, line_of};
pub(crate) use file::{HistoryFile, LogFile, Read, RealFile};

use crate::bundle::hex_hash;
use crate::game::{GameKey, Share};
use crate::keys::PublicKey;
use crate::rollout::ReplayVerdict;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: u64,
    /// The hash of the entry before, in hex; zeros for the first.
    pub prev: String,
    /// Milliseconds since 1970, by the server's clock.
    pub at_ms: u64,
    /// Who asked, as the operator's tool named them; `server` for what happened by itself.
    pub by: String,
    /// Whose step it is; both empty for the history's own.
    pub game: GameKey,
    pub step: Step,
}

/// What happened to a version. Names and fields stay as they are: old histories must be readable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Step {
    /// A module was put in without a bundle; the first of a game is stable at once.
    Installed {
        version: VersionRecord,
    },
    /// A bundle passed its checks, its module is on disk, and it is about to be tried.
    Published {
        version: VersionRecord,
        share: Share,
    },
    /// A bundle that was not accepted; nothing changed.
    PublishRefused {
        name: String,
        why: String,
    },
    /// How recent matches went on the new version.
    Replayed {
        version: u32,
        verdict: ReplayVerdict,
    },
    /// The version did not come as far as players.
    TrialRefused {
        version: u32,
        why: String,
    },
    CanaryBegan {
        version: u32,
        share: Share,
    },
    /// Live rooms that now run the version, and rooms that could not be brought to it.
    Swapped {
        version: u32,
        rooms: u32,
        failed: u32,
    },
    /// The version is the stable one.
    Confirmed {
        version: u32,
        automatic: bool,
    },
    /// The confirmed version is no longer watched as a new one.
    Settled {
        version: u32,
    },
    RollbackBegan {
        version: u32,
        to: u32,
        why: String,
    },
    RolledBack {
        version: u32,
        to: u32,
        took_ms: u64,
        rooms: u32,
        failed: u32,
        late: bool,
    },
    /// By an operator's word alone, without a trial.
    MadeStable {
        version: u32,
    },
    PinnedRoom {
        room: String,
        version: u32,
    },
    UnpinnedRoom {
        room: String,
    },
    PinnedPlayer {
        player: String,
        version: u32,
    },
    UnpinnedPlayer {
        player: String,
    },
    /// The server stopped in an orderly way while a version was on trial.
    Stopped {
        version: u32,
    },
    /// The server started while a version was on trial.
    Restarted {
        version: u32,
        orderly: bool,
    },
    /// The end of the history was not a whole line, as a crash leaves it, and was cut off.
    TailCut {
        bytes: u64,
    },
}

/// A version as the history introduces it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// From 1 in each game, in the order of their coming.
    pub number: u32,
    /// The bundle's, for example `hotfix-1.2.3-v2`.
    pub name: String,
    #[serde(with = "hex_hash")]
    pub module: ModuleHash,
    /// Live rooms can be brought to it and back.
    pub live: bool,
    pub origin: Origin,
}

/// Where a version came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Bundle {
        signer: String,
        key: PublicKey,
        author: String,
        made_ms: u64,
        notes: String,
    },
    /// Built into the server, or a developer's.
    Unsigned,
}

/// The name in `by` for what nobody asked for.
pub(crate) const BY_ITSELF: &str = "server";
