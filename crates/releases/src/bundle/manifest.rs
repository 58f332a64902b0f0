//! What a bundle says about itself.

use model::AppId;
use room_core::modules::ModuleHash;
use serde::{Deserialize, Serialize};

use super::BadBundle;
use super::name::PatchName;
use crate::game::GameKey;

/// Everything that is signed. The module is bound to it by hash and length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: PatchName,
    /// The scope: one app …
    pub app: AppId,
    /// … and one game of it.
    pub game: String,
    /// What a hotfix mends; a release has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// Of the calls between host and module.
    pub abi: u32,
    pub author: String,
    /// Milliseconds since 1970, by the author's clock.
    pub made_ms: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    #[serde(with = "hex_hash")]
    pub module: ModuleHash,
    pub module_bytes: u64,
}

/// The release that a hotfix fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    pub version: String,
    #[serde(with = "hex_hash")]
    pub module: ModuleHash,
}

/// Of app and game.
const WORD_BYTES: usize = 64;
const AUTHOR_BYTES: usize = 128;
const NOTES_BYTES: usize = 4096;

impl Manifest {
    pub fn scope(&self) -> GameKey {
        GameKey { app: self.app.clone(), game: self.game.clone() }
    }

    /// Whether the parts agree with each other and keep to their limits.
    pub(super) fn check(&self) -> Result<(), BadBundle> {
        let bad = |why: &str| Err(BadBundle::Manifest(why.to_owned()));
        if !is_word(self.app.as_str()) || !is_word(&self.game) {
            return bad("app and game have 1 to 64 letters, digits, and . _ -");
        }
        match (&self.name, &self.base) {
            (PatchName::Release { .. }, None) => {}
            (PatchName::Hotfix { base: line, .. }, Some(base)) if *line == base.version => {}
            (PatchName::Release { .. }, Some(_)) => return bad("a release has no base"),
            (PatchName::Hotfix { .. }, None) => return bad("a hotfix names its base's module"),
            (PatchName::Hotfix { .. }, Some(_)) => return bad("name and base speak of different releases"),
        }
        let printable = |text: &str| !text.chars().any(char::is_control);
        if self.author.is_empty() || self.author.len() > AUTHOR_BYTES || !printable(&self.author) {
            return bad("the author is a line of 1 to 128 bytes");
        }
        let is_text = self.notes.chars().all(|char| !char.is_control() || char == '\n' || char == '\t');
        if self.notes.len() > NOTES_BYTES || !is_text {
            return bad("the notes are text of at most 4096 bytes");
        }
        Ok(())
    }
}

fn is_word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=WORD_BYTES).contains(&text.len()) && text.bytes().all(allowed)
}

/// Module hashes as 64 hexadecimal digits.
pub(crate) mod hex_hash {
    use room_core::modules::ModuleHash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(hash: &ModuleHash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(hash)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ModuleHash, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
