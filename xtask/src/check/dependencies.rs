//! Other people's crates: licence, source, and those that we do without.

use std::collections::BTreeSet;

use anyhow::Result;

use super::verdict;
use crate::workspace::{Metadata, Package};

/// Licences that ask no more than to be named.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that may not come in, not even through others.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "TLS is rustls; OpenSSL has to be installed on the machine"),
    ("openssl-sys", "TLS is rustls; OpenSSL has to be installed on the machine"),
    ("native-tls", "TLS is rustls"),
    ("aws-lc-rs", "the one crypto provider is ring"),
    ("aws-lc-sys", "the one crypto provider is ring"),
    ("boring-sys", "the one crypto provider is ring"),
    ("protobuf-src", "messages are compiled by protox, without protoc"),
    ("protoc-bin-vendored", "messages are compiled by protox, without protoc"),
    ("libz-sys", "needs a C library of the machine"),
];

pub fn check(metadata: &Metadata) -> Result<()> {
    let mut complaints = Vec::new();
    let mut licences = BTreeSet::new();
    let mut count = 0;
    for package in metadata.foreign() {
        count += 1;
        licences.extend(package.license.as_deref());
        complaints.extend(complaints_about(package));
    }
    println!("{count} crates of others; licences: {}", licences.into_iter().collect::<Vec<_>>().join(" | "));
    verdict(complaints)
}

fn complaints_about(package: &Package) -> Vec<String> {
    let Package { name, version, license, source, .. } = package;
    let mut complaints = Vec::new();
    match license {
        Some(expression) if is_allowed(expression) => {}
        Some(expression) => complaints.push(format!("{name} {version} has the licence {expression}")),
        None => complaints.push(format!("{name} {version} names no licence")),
    }
    let is_from_crates_io =
        source.as_deref().is_some_and(|source| source.ends_with("github.com/rust-lang/crates.io-index"));
    if !is_from_crates_io {
        complaints.push(format!("{name} {version} does not come from crates.io"));
    }
    let banned = BANNED.iter().find(|(banned, _)| banned == name);
    if let Some((_, reason)) = banned {
        complaints.push(format!("{name} {version} is banned: {reason}"));
    }
    complaints
}

/// An SPDX expression whose terms are allowed: one of `OR`, all of `AND`.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    split_outside(&expression, " OR ").iter().any(|choice| {
        split_outside(choice, " AND ").iter().all(|term| {
            let term = term.trim();
            match term.strip_prefix('(').and_then(|term| term.strip_suffix(')')) {
                Some(inner) => is_allowed(inner),
                None => LICENCES.contains(&term),
            }
        })
    })
}

/// Splits where no parenthesis is open.
fn split_outside<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for (at, _) in text.match_indices(separator) {
        let before = &text[..at];
        if before.matches('(').count() == before.matches(')').count() {
            parts.push(&text[begin..at]);
            begin = at + separator.len();
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn licence_expressions_are_understood() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "(GPL-3.0 AND MIT) OR ISC",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR GPL-3.0) AND AGPL-3.0", "", "MPL-2.0"] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }
}
