//! Who may not play.

use std::collections::HashMap;

use model::{AppId, PlayerId};
use protocol::{ErrorCode, Fault};

/// A ban as an operator gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Told to the player.
    pub reason: String,
    /// Milliseconds since 1970, UTC; none: for ever.
    pub until_ms: Option<u64>,
}

impl Ban {
    pub fn to_fault(&self) -> Fault {
        Fault::new(ErrorCode::Banned, format!("The account is banned: {}", self.reason))
    }
}

/// The bans of all apps.
#[derive(Default)]
pub(crate) struct Bans {
    bans: HashMap<(AppId, PlayerId), Ban>,
}

impl Bans {
    pub(crate) fn set(&mut self, app: &AppId, player: &PlayerId, ban: Ban, now_ms: u64) {
        self.bans.retain(|_, ban| holds(ban, now_ms));
        self.bans.insert((app.clone(), player.clone()), ban);
    }

    /// False if there was none.
    pub(crate) fn lift(&mut self, app: &AppId, player: &PlayerId) -> bool {
        self.bans.remove(&(app.clone(), player.clone())).is_some()
    }

    pub(crate) fn find(&self, app: &AppId, player: &PlayerId, now_ms: u64) -> Option<&Ban> {
        if self.bans.is_empty() {
            return None;
        }
        self.bans.get(&(app.clone(), player.clone())).filter(|ban| holds(ban, now_ms))
    }
}

fn holds(ban: &Ban, now_ms: u64) -> bool {
    ban.until_ms.is_none_or(|until| now_ms < until)
}
