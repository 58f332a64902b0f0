//! What kind of place the server runs in.

use std::fmt;
use std::str::FromStr;

/// Chooses defaults and how strict the checks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A developer's machine: keys are made by itself, any origin may call, test players log in.
    Dev,
    /// Like production, with more words in the log.
    Staging,
    Production,
}

impl Profile {
    pub const ALL: [Profile; 3] = [Profile::Dev, Profile::Staging, Profile::Production];

    pub fn is_dev(self) -> bool {
        self == Profile::Dev
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Profile::Dev => "dev",
            Profile::Staging => "staging",
            Profile::Production => "production",
        })
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Profile, String> {
        let found = Profile::ALL.into_iter().find(|profile| profile.to_string() == text);
        found.ok_or_else(|| format!("the profile is \"dev\", \"staging\" or \"production\", not {text:?}"))
    }
}
