//! What is known about a player beside the id.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use model::{AppId, PlayerId};

/// A player as the game may show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub player: PlayerId,
    pub name: String,
    /// The platform's short name; empty if it is not known any more.
    pub platform: String,
    /// Milliseconds since 1970, UTC.
    pub created_ms: u64,
    /// Milliseconds since 1970, UTC.
    pub last_login_ms: u64,
    pub logins: u32,
}

/// Where profiles are kept.
pub trait ProfileStore: Send + Sync {
    /// None if there is no such player.
    fn get(&self, app: &AppId, player: &PlayerId) -> Option<Profile>;

    /// Notes a login: makes the profile if it is new, else takes over `last_login_ms` and counts it. Gives back what
    /// is stored now; a stored name and time of creation stay.
    fn note_login(&self, app: &AppId, profile: Profile) -> Profile;
}

/// Profiles in memory. Above its limit it forgets the player who came first; ids do not depend on it.
pub struct MemoryProfiles {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    profiles: HashMap<(AppId, PlayerId), Profile>,
    order: VecDeque<(AppId, PlayerId)>,
}

impl MemoryProfiles {
    pub fn new(limit: usize) -> MemoryProfiles {
        MemoryProfiles { limit: limit.max(1), inner: Mutex::default() }
    }
}

impl ProfileStore for MemoryProfiles {
    fn get(&self, app: &AppId, player: &PlayerId) -> Option<Profile> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.profiles.get(&(app.clone(), player.clone())).cloned()
    }

    fn note_login(&self, app: &AppId, profile: Profile) -> Profile {
        let key = (app.clone(), profile.player.clone());
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = inner.profiles.get_mut(&key) {
            known.last_login_ms = profile.last_login_ms;
            known.logins = known.logins.saturating_add(1);
            return known.clone();
        }
        if inner.profiles.len() >= self.limit
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.profiles.remove(&oldest);
        }
        inner.order.push_back(key.clone());
        inner.profiles.insert(key, profile.clone());
        profile
    }
}
