//! What is wrong with a configuration, and where.

use std::fmt;

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `jianzi.toml:12`, `JIANZI_LOG__LEVEL`, or a section and key.
    pub place: String,
    pub message: String,
}

/// All that is wrong; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadConfig(pub Vec<Problem>);

impl Problem {
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { place: place.into(), message: message.into() }
    }

    /// A key that is none, with the nearest one that is.
    pub fn unknown_key(place: impl Into<String>, what: &str, key: &str, known: &[&str]) -> Problem {
        let nearest = known
            .iter()
            .map(|name| (strsim::damerau_levenshtein(name, key), name))
            .filter(|(distance, name)| *distance <= name.len().max(key.len()) / 2)
            .min();
        let hint = match nearest {
            Some((_, name)) => format!("did you mean \"{name}\"?"),
            None => format!("known are {}", known.join(", ")),
        };
        Problem::new(place, format!("unknown {what} \"{key}\"; {hint}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let line_end = if number == 0 { "" } else { "\n" };
            write!(f, "{line_end}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BadConfig {}
