//! Names of patches.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a bundle is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PatchName {
    /// `release-<version>`: a version of its own, no patch of another.
    Release { version: String },
    /// `hotfix-<base>-v<number>`: the release `base` mended for the `number`th time.
    Hotfix { base: String, number: u32 },
}

impl PatchName {
    /// The release that this is, or that it mends.
    pub fn line(&self) -> &str {
        match self {
            PatchName::Release { version } => version,
            PatchName::Hotfix { base, .. } => base,
        }
    }

    /// 0 for a release.
    pub fn number(&self) -> u32 {
        match self {
            PatchName::Release { .. } => 0,
            PatchName::Hotfix { number, .. } => *number,
        }
    }
}

/// A text that names no patch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no patch's name: hotfix-<base>-v<number>, as hotfix-1.2.3-v2, or release-<version>; a version has 1 to 32 \
     letters, digits, and . _ + -, and begins with a letter or digit; numbers begin at 1"
)]
pub struct BadName(String);

impl FromStr for PatchName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<PatchName, BadName> {
        let bad = || BadName(text.chars().take(64).collect());
        if let Some(version) = text.strip_prefix("release-") {
            return is_version(version)
                .then(|| PatchName::Release { version: version.to_owned() })
                .ok_or_else(bad);
        }
        // From the right: a base may contain "-v" itself.
        let (base, number) =
            text.strip_prefix("hotfix-").and_then(|rest| rest.rsplit_once("-v")).ok_or_else(bad)?;
        let canonical = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        match number.parse() {
            Ok(number) if canonical && is_version(base) => {
                Ok(PatchName::Hotfix { base: base.to_owned(), number })
            }
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for PatchName {
    type Error = BadName;

    fn try_from(text: String) -> Result<PatchName, BadName> {
        text.parse()
    }
}

impl From<PatchName> for String {
    fn from(name: PatchName) -> String {
        name.to_string()
    }
}

impl fmt::Display for PatchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatchName::Release { version } => write!(f, "release-{version}"),
            PatchName::Hotfix { base, number } => write!(f, "hotfix-{base}-v{number}"),
        }
    }
}

fn is_version(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-');
    (1..=32).contains(&text.len())
        && text.bytes().all(allowed)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_and_read_back() {
        let hotfix = |base: &str, number| PatchName::Hotfix { base: base.into(), number };
        for (text, name) in [
            ("hotfix-1.2.3-v2", hotfix("1.2.3", 2)),
            ("hotfix-1.2.3-beta-v11", hotfix("1.2.3-beta", 11)),
            ("hotfix-1-v2-v3", hotfix("1-v2", 3)),
            ("release-1.2.3", PatchName::Release { version: "1.2.3".into() }),
        ] {
            assert_eq!(text.parse(), Ok(name.clone()));
            assert_eq!(name.to_string(), text);
        }
        assert_eq!((hotfix("1.2", 3).line(), hotfix("1.2", 3).number()), ("1.2", 3));
    }

    #[test]
    fn other_texts_are_refused() {
        let long = format!("release-{}", "1".repeat(33));
        for bad in [
            "",
            "hotfix",
            "hotfix-",
            "hotfix-1.2.3",
            "hotfix-1.2.3-v",
            "hotfix-1.2.3-v0",
            "hotfix-1.2.3-v01",
            "hotfix-1.2.3-v+1",
            "hotfix-1.2.3-v-1",
            "hotfix-1.2.3-v4294967296",
            "hotfix--v1",
            "hotfix-../x-v1",
            "release-",
            "release--1",
            "release-1/2",
            "release-毽子",
            &long,
            "hot-1-v1",
            " hotfix-1-v1",
        ] {
            assert!(bad.parse::<PatchName>().is_err(), "{bad}");
        }
    }
}
