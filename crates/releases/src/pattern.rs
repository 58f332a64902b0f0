//! Patterns of builds.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Fits some builds.
///
/// - `1.4.2`: exactly this build
/// - `1.4.*`: all that begin with `1.4.`; `*` alone fits every build, also an empty one
/// - `<1.2.0`, `<=1.2`, `>2`, `>=1.0 <2.0`: a range of versions, every part of which must hold
///
/// In a range versions are compared number by number, missing ones count as 0, and `1.2.0-beta` comes before `1.2.0`.
/// A build that is not a version, say `night-7`, lies in no range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Exact,
    Prefix(String),
    Range(Vec<Bound>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Bound {
    /// How the build must compare to the version.
    allowed: &'static [Ordering],
    version: Version,
}

impl Pattern {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn fits(&self, build: &str) -> bool {
        match &self.form {
            Form::Exact => build == self.text,
            Form::Prefix(prefix) => build.starts_with(prefix),
            Form::Range(bounds) => Version::read(build).is_some_and(|version| {
                bounds.iter().all(|bound| bound.allowed.contains(&version.compare(&bound.version)))
            }),
        }
    }
}

/// A text that is not a pattern.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a pattern of builds: {reason}")]
pub struct BadPattern {
    text: String,
    reason: &'static str,
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Pattern, BadPattern> {
        let bad = |reason| BadPattern { text: text.chars().take(64).collect(), reason };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(bad("it is empty; * fits every build"));
        }
        let form = if trimmed.starts_with(['<', '>', '=']) {
            Form::Range(trimmed.split_whitespace().map(read_bound).collect::<Result<_, _>>().map_err(bad)?)
        } else if let Some(prefix) = trimmed.strip_suffix('*') {
            if prefix.contains('*') {
                return Err(bad("* may stand at the end only"));
            }
            Form::Prefix(prefix.to_owned())
        } else if trimmed.contains('*') {
            return Err(bad("* may stand at the end only"));
        } else {
            Form::Exact
        };
        Ok(Pattern { text: trimmed.to_owned(), form })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read_bound(text: &str) -> Result<Bound, &'static str> {
    use Ordering::{Equal, Greater, Less};
    let comparisons: [(&str, &'static [Ordering]); 5] = [
        ("<=", &[Less, Equal]),
        (">=", &[Greater, Equal]),
        ("<", &[Less]),
        (">", &[Greater]),
        ("=", &[Equal]),
    ];
    for (sign, allowed) in comparisons {
        if let Some(version) = text.strip_prefix(sign) {
            let version = Version::read(version)
                .ok_or("a version, as 1.2.0, must follow right after <, <=, >, >= or =")?;
            return Ok(Bound { allowed, version });
        }
    }
    Err("each part of a range begins with <, <=, >, >= or =")
}

/// Numbers between dots, perhaps with a word after a hyphen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: Vec<u64>,
    before_release: Option<String>,
}

impl Version {
    fn read(text: &str) -> Option<Version> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split('+').next()?;
        let (numbers, word) = match text.split_once('-') {
            Some((numbers, word)) => (numbers, Some(word.to_owned())),
            None => (text, None),
        };
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        let mut numbers = numbers.split('.').map(number).collect::<Option<Vec<u64>>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(Version { numbers, before_release: word })
    }

    fn compare(&self, other: &Version) -> Ordering {
        // Trailing zeros are cut, so that a longer list is the greater one where both agree.
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.before_release, &other.before_release) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(mine), Some(theirs)) => mine.cmp(theirs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, fitting: &[&str], others: &[&str]) {
        let pattern: Pattern = pattern.parse().unwrap();
        for build in fitting {
            assert!(pattern.fits(build), "{pattern} should fit {build}");
        }
        for build in others {
            assert!(!pattern.fits(build), "{pattern} should not fit {build}");
        }
    }

    #[test]
    fn every_form_fits_what_it_says() {
        check("1.4.2", &["1.4.2"], &["1.4.20", "1.4", "", "v1.4.2"]);
        check("1.4.*", &["1.4.0", "1.4."], &["1.40", "1.4", ""]);
        check("*", &["", "1", "night-7"], &[]);
        check(
            "<1.2.0",
            &["1.1.9", "1.1.99", "1.2.0-beta", "0", "v1.0"],
            &["1.2", "1.2.0", "1.10.0", "night", ""],
        );
        check("<=1.2", &["1.2.0", "1.2", "1.2.0+77"], &["1.2.0.1", "1.2.1"]);
        check(">2", &["2.0.1", "3"], &["2", "2.0.0", "2.0-rc"]);
        check(">=1.0 <2.0", &["1", "1.9.9", "2.0-rc"], &["0.9", "2", "1.0-rc"]);
        check("=1.2", &["1.2.0", "v1.2"], &["1.2.1"]);
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for bad in ["", "  ", "1.*.2", "**", "<", "<abc", "< 1.2", ">=1 2", "<1.2.99999999999999999999999"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
        assert!("< 1.2".parse::<Pattern>().unwrap_err().to_string().contains("right after"));
    }
}
