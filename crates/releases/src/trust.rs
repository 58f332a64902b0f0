//! Whose signatures count, for which apps, from when until when.

use std::fs;
use std::path::{Path, PathBuf};

use model::AppId;
use serde::{Deserialize, Serialize};

use crate::bundle::Bundle;
use crate::keys::{PublicKey, is_key_name};

/// The public keys that may sign patches.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    keys: Vec<TrustedKey>,
}

/// One key, as its file `<name>.toml` is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustedKey {
    name: String,
    key: PublicKey,
    /// None: every app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    apps: Option<Vec<AppId>>,
    /// The first day, UTC, as 2026-11-21.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Day>,
    /// The last day, itself included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_after: Option<Day>,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub name: String,
    pub key: PublicKey,
}

/// Why a bundle is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTrusted {
    #[error("the bundle is not signed; see `jianzi patch sign`")]
    Unsigned,
    #[error(
        "the bundle is signed by a stranger: the key {0} is not in the trust store; if it is a colleague's, put the public file \
         that keygen wrote there"
    )]
    Stranger(PublicKey),
    #[error("the signature does not fit the manifest: the bundle is damaged or was tampered with")]
    Forged,
    #[error("the key of {name} is not trusted for the app {app}")]
    OtherApp { name: String, app: AppId },
    #[error("the key of {name} is valid from {from} only")]
    NotYet { name: String, from: String },
    #[error("the key of {name} expired after {until}; sign with a newer one")]
    Expired { name: String, until: String },
}

/// A folder that is no trust store. Nothing is trusted until it is mended.
#[derive(Debug, thiserror::Error)]
pub enum BadTrust {
    #[error("the trust store {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    #[error("the key file {0} in the trust store is refused: {1}")]
    Key(PathBuf, String),
}

/// A day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// Longer files are no keys.
const FILE_BYTES_MAX: u64 = 16 * 1024;

impl TrustStore {
    /// Reads every `*.toml` of a folder; a folder that is not there trusts nobody.
    ///
    /// # Errors
    /// One bad file refuses the whole, so that a misspelt restriction is not taken for none.
    pub fn read(folder: &Path) -> Result<TrustStore, BadTrust> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(TrustStore::default()),
            Err(error) => return Err(BadTrust::Unreadable(folder.to_owned(), error)),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| BadTrust::Unreadable(folder.to_owned(), error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                keys.push(read_key(&path)?);
            }
        }
        keys.sort_by(|one: &TrustedKey, other| one.name.cmp(&other.name));
        Ok(TrustStore { keys })
    }

    /// The text of a file of the store that trusts a key.
    ///
    /// # Errors
    /// When a day is none.
    pub fn file(
        name: &str,
        key: &PublicKey,
        apps: &[AppId],
        not_before: Option<&str>,
        not_after: Option<&str>,
    ) -> Result<String, String> {
        let day = |text: Option<&str>| text.map(|text| Day::try_from(text.to_owned())).transpose();
        let apps = (!apps.is_empty()).then(|| apps.to_vec());
        let (not_before, not_after) = (day(not_before)?, day(not_after)?);
        let file = TrustedKey { name: name.to_owned(), key: key.clone(), apps, not_before, not_after };
        toml::to_string(&file).map_err(|error| error.to_string())
    }

    /// Who signed a bundle, if that counts for its app today.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, bundle: &Bundle, now_ms: u64) -> Result<Signer, NotTrusted> {
        let key = bundle.signed_by().ok_or(NotTrusted::Unsigned)?;
        let known: Vec<&TrustedKey> = self.keys.iter().filter(|trusted| trusted.key == *key).collect();
        if known.is_empty() {
            return Err(NotTrusted::Stranger(key.clone()));
        }
        if !bundle.signature_holds() {
            return Err(NotTrusted::Forged);
        }
        // A key may be listed more than once, for example with another period: one that allows it is enough.
        let mut refusal = NotTrusted::Forged;
        for trusted in known {
            match trusted.allows(&bundle.manifest().app, Day::of(now_ms)) {
                Ok(()) => return Ok(Signer { name: trusted.name.clone(), key: key.clone() }),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }

    /// The names of the keys, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.name.as_str())
    }
}

impl TrustedKey {
    fn allows(&self, app: &AppId, today: Day) -> Result<(), NotTrusted> {
        let name = self.name.clone();
        if self.apps.as_ref().is_some_and(|apps| !apps.contains(app)) {
            return Err(NotTrusted::OtherApp { name, app: app.clone() });
        }
        if let Some(from) = self.not_before.filter(|from| today < *from) {
            return Err(NotTrusted::NotYet { name, from: from.into() });
        }
        if let Some(until) = self.not_after.filter(|until| today > *until) {
            return Err(NotTrusted::Expired { name, until: until.into() });
        }
        Ok(())
    }
}

fn read_key(path: &Path) -> Result<TrustedKey, BadTrust> {
    let unreadable = |error| BadTrust::Unreadable(path.to_owned(), error);
    let bad = |why: &str| BadTrust::Key(path.to_owned(), why.to_owned());
    if fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(bad("it is longer than a key file can be"));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let key: TrustedKey = toml::from_str(&text).map_err(|error| bad(error.message()))?;
    if !is_key_name(&key.name) {
        return Err(bad("a key's name has 1 to 64 letters, digits, and . _ - @"));
    }
    Ok(key)
}

impl Day {
    /// The civil date of a time, after Howard Hinnant's `civil_from_days`.
    fn of(ms: u64) -> Day {
        let days = ms / 86_400_000 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        Day { year: year.min(u64::from(u16::MAX)) as u16, month: month as u8, day: day as u8 }
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Day, String> {
        let bad =
            || format!("{:?} is no day; write it as 2026-11-21", text.chars().take(20).collect::<String>());
        let digits = |part: &str, count: usize| {
            let good = part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
            good.then(|| part.parse::<u16>().ok()).flatten()
        };
        let mut parts = text.split('-');
        let mut next = |count| parts.next().and_then(|part| digits(part, count)).ok_or_else(bad);
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(bad());
        }
        Ok(Day { year, month: month as u8, day: day as u8 })
    }
}

impl From<Day> for String {
    fn from(Day { year, month, day }: Day) -> String {
        format!("{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_799, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_219_199, "2026-11-20"),
            (1_795_219_200, "2026-11-21"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(String::from(Day::of(seconds * 1000)), day);
        }
        assert_eq!(Day::of(u64::MAX).year, u16::MAX);
        for bad in
            ["", "2026", "2026-13-01", "2026-00-01", "2026-1-1", "2026-01-32", "2026-01-01-01", "20a6-01-01"]
        {
            assert!(Day::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
