//! Refresh tokens in use: each is good once, and a copy that turns up late ends the whole family.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// The newest token of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    pub(crate) number: u32,
    /// Seconds since 1970, UTC.
    pub(crate) expires_s: u64,
}

/// Why a refresh token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Used before, beyond the grace: its family is revoked from now on.
    Reused,
    /// Its family was revoked.
    Revoked,
}

/// The state of all families that this process has seen a refresh of.
///
/// A family that it has not seen (the process is new) begins with the token that is shown first. A login needs no
/// entry before its first refresh.
pub(crate) struct RefreshFamilies {
    grace: Duration,
    ttl: Duration,
    limit: usize,
    families: HashMap<String, Family>,
    /// When families can be forgotten: (expiry, family).
    expiries: BTreeSet<(u64, String)>,
}

#[derive(Clone, Copy)]
struct Family {
    /// None: revoked.
    newest: Option<Newest>,
    rotated_ms: u64,
    forget_s: u64,
}

impl RefreshFamilies {
    pub(crate) fn new(ttl: Duration, grace: Duration, limit: usize) -> RefreshFamilies {
        RefreshFamilies { grace, ttl, limit, families: HashMap::new(), expiries: BTreeSet::new() }
    }

    /// Uses token `number` of a family: the token to give out instead.
    pub(crate) fn turn(&mut self, family: &str, number: u32, now_ms: u64) -> Result<Newest, Refused> {
        let Some(known) = self.families.get(family) else {
            return Ok(self.rotate(family, number, now_ms));
        };
        let Some(newest) = known.newest else {
            return Err(Refused::Revoked);
        };
        if number >= newest.number {
            return Ok(self.rotate(family, number, now_ms));
        }
        let in_grace = u128::from(now_ms.saturating_sub(known.rotated_ms)) <= self.grace.as_millis();
        if number + 1 == newest.number && in_grace {
            return Ok(newest);
        }
        self.revoke(family, now_ms);
        Err(Refused::Reused)
    }

    /// No token of this family is good any more.
    pub(crate) fn revoke(&mut self, family: &str, now_ms: u64) {
        self.keep(family, None, now_ms);
    }

    pub(crate) fn is_revoked(&self, family: &str) -> bool {
        self.families.get(family).is_some_and(|family| family.newest.is_none())
    }

    fn rotate(&mut self, family: &str, number: u32, now_ms: u64) -> Newest {
        let expires_s = now_ms / 1000 + self.ttl.as_secs();
        let newest = Newest { number: number.saturating_add(1), expires_s };
        self.keep(family, Some(newest), now_ms);
        newest
    }

    fn keep(&mut self, name: &str, newest: Option<Newest>, now_ms: u64) {
        let forget_s = now_ms / 1000 + self.ttl.as_secs() + 1;
        let family = Family { newest, rotated_ms: now_ms, forget_s };
        if let Some(before) = self.families.insert(name.to_owned(), family) {
            self.expiries.remove(&(before.forget_s, name.to_owned()));
        }
        self.expiries.insert((forget_s, name.to_owned()));
        // At most two a call: enough to shrink, without a pause for the many.
        for _ in 0..2 {
            let Some((expiry, _)) = self.expiries.first() else { break };
            if *expiry >= now_ms / 1000 && self.families.len() <= self.limit {
                break;
            }
            if let Some((_, name)) = self.expiries.pop_first() {
                self.families.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 3600 * 1000;

    #[test]
    fn families_are_forgotten_once_their_tokens_have_expired() {
        let mut families =
            RefreshFamilies::new(Duration::from_secs(30 * 24 * 3600), Duration::from_secs(60), 1 << 20);
        for family in 0..1000_u64 {
            families.turn(&format!("f{family}"), 1, family * DAY_MS / 100).unwrap();
        }
        families.revoke("f999", 10 * DAY_MS);
        assert_eq!((families.families.len(), families.expiries.len()), (1000, 1000));
        for family in 1000..3000_u64 {
            families.turn(&format!("f{family}"), 1, 45 * DAY_MS).unwrap();
        }
        assert_eq!(families.families.len(), 2000);
        assert_eq!(families.expiries.len(), 2000);
    }

    #[test]
    fn the_limit_holds() {
        let mut families = RefreshFamilies::new(Duration::from_secs(3600), Duration::from_secs(60), 100);
        for family in 0..1000 {
            families.turn(&format!("f{family}"), 1, 0).unwrap();
            families.turn(&format!("f{family}"), 2, 0).unwrap();
            assert!(families.families.len() <= 100 && families.expiries.len() == families.families.len());
        }
    }
}
