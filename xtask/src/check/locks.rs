//! Lock files name the public registries only.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::verdict;
use crate::npm;
use crate::workspace;

const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM: &str = "https://registry.npmjs.org/";

pub fn check(root: &Path) -> Result<()> {
    let files = workspace::files(root)?;
    let mut complaints = npm::list_complaints(&files);
    for path in &files {
        let name = path.file_name().unwrap_or_default();
        let complain = |source: &str| format!("{}: comes from {source}", path.display());
        if name == "Cargo.lock" {
            let text = fs::read_to_string(root.join(path))?;
            let sources = text.lines().filter_map(|line| line.strip_prefix("source = "));
            let strange = sources.map(|source| source.trim_matches('"')).filter(|source| *source != CRATES);
            complaints.extend(strange.map(complain));
        } else if name == "package-lock.json" {
            let lock: Value = serde_json::from_str(&fs::read_to_string(root.join(path))?)?;
            let packages = lock["packages"].as_object().into_iter().flatten();
            let resolved = packages.filter_map(|(_, package)| package["resolved"].as_str());
            let strange = resolved.filter(|source| source.contains("://") && !source.starts_with(NPM));
            complaints.extend(strange.map(complain));
        } else if name == ".npmrc" {
            complaints.push(format!("{}: which registry is used is the machine's to say", path.display()));
        }
    }
    verdict(complaints)
}
