//! `proto/errors.toml`: every error that a client may be told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorList {
    #[serde(rename = "error")]
    pub errors: Vec<ErrorEntry>,
}

/// One `[[error]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorEntry {
    pub code: u32,
    /// In snake_case.
    pub name: String,
    pub retry: Retry,
    pub http: u16,
    /// The server closes the connection after it.
    pub closes: bool,
    pub en: String,
    pub zh: String,
    pub cause_en: String,
    pub cause_zh: String,
    pub action_en: String,
    pub action_zh: String,
}

/// What a client does about it.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    Never,
    Now,
    Later,
    Login,
}

impl ErrorList {
    pub fn read(root: &Path) -> Result<ErrorList> {
        let text = fs::read_to_string(root.join("proto/errors.toml")).context("proto/errors.toml")?;
        let list: ErrorList = toml::from_str(&text).context("proto/errors.toml")?;
        let mut codes = BTreeSet::new();
        let mut names = BTreeSet::new();
        for entry in &list.errors {
            let ErrorEntry { code, name, .. } = entry;
            ensure!(codes.last().is_none_or(|last| last < code), "error {code} is not in order");
            ensure!((1000..6000).contains(code) && code % 1000 < 100, "error {code} has no close code");
            ensure!(names.insert(name.as_str()), "two errors are named {name}");
            ensure!((400..600).contains(&entry.http), "error {code} has HTTP status {}", entry.http);
            codes.insert(*code);
        }
        Ok(list)
    }
}

impl ErrorEntry {
    /// The WebSocket close code: 2005 → 4205.
    pub fn close_code(&self) -> u32 {
        4000 + self.code / 1000 * 100 + self.code % 100
    }

    /// `bad_magic` → `BadMagic`.
    pub fn camel_case(&self) -> String {
        let words = self.name.split('_');
        words.map(|word| word.get(..1).unwrap_or("").to_uppercase() + word.get(1..).unwrap_or("")).collect()
    }
}

impl Retry {
    pub fn word(self) -> &'static str {
        match self {
            Retry::Never => "never",
            Retry::Now => "now",
            Retry::Later => "later",
            Retry::Login => "login",
        }
    }
}
