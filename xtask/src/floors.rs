//! The house: which crate may know which. `ARCHITECTURE.md` says why.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::workspace::{Metadata, Package};

/// From the roof to the ground. A crate may use crates of lower floors only: siblings do not know each other.
pub const FLOORS: &[Floor] = &[
    Floor { name: "top", crates: &["jianzi"] },
    Floor { name: "parent", crates: &["supervisor"] },
    Floor { name: "proof", crates: &["testkit", "store-conformance", "simulation", "loadgen"] },
    Floor { name: "doors", crates: &["gateway", "rest", "grpc", "console"] },
    Floor {
        name: "services",
        crates: &[
            "accounts",
            "admission",
            "alerts",
            "boards",
            "functions",
            "matchmaking",
            "payments",
            "releases",
            "rooms",
            "social",
            "storage",
        ],
    },
    Floor {
        name: ENGINES,
        crates: &[
            "cluster-etcd",
            "journal-file",
            "journal-memory",
            "journal-redis",
            "link-grpc",
            "store-memory",
            "store-redis",
            "store-sql",
            "wasm-host",
            "wechat",
            "wechat-sim",
        ],
    },
    Floor {
        name: "cores and ports",
        crates: &["cluster", "economy", "journal", "link", "platform", "room-core", "store"],
    },
    Floor { name: "vocabulary", crates: &["clock", "crashes", "game-abi", "model", "protocol", "telemetry"] },
];

/// Only the top and tests name an engine; everybody else speaks to its port.
const ENGINES: &str = "engines";

/// Tools, not part of the house: may use the vocabulary.
const BESIDE: &[&str] = &["xtask"];

pub struct Floor {
    pub name: &'static str,
    pub crates: &'static [&'static str],
}

/// Fails with a sentence for each arrow that points the wrong way.
pub fn check(metadata: &Metadata) -> Result<()> {
    let members: BTreeSet<&str> = metadata.members().map(|package| package.name.as_str()).collect();
    let floors: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(level, floor)| floor.crates.iter().map(move |name| (*name, level)))
        .collect();
    let mut complaints = Vec::new();
    for package in metadata.members() {
        complaints.extend(package_complaints(package, &members, &floors));
    }
    if complaints.is_empty() {
        println!("{} crates on {} floors, all arrows point down", members.len(), FLOORS.len());
        return Ok(());
    }
    bail!("{}", complaints.join("\n  "))
}

fn package_complaints(
    package: &Package,
    members: &BTreeSet<&str>,
    floors: &BTreeMap<&str, usize>,
) -> Vec<String> {
    let name = package.name.as_str();
    let folder = package.folder().file_name().unwrap_or_default().to_string_lossy();
    let mut complaints = Vec::new();
    if folder != name {
        complaints.push(format!("crate {name} lives in the folder {folder}; they have one name"));
    }
    let own = match floors.get(name) {
        Some(level) => *level,
        None if BESIDE.contains(&name) => FLOORS.len() - 2,
        None => {
            complaints.push(format!("crate {name} stands on no floor; give it one in xtask/src/floors.rs"));
            return complaints;
        }
    };
    for dependency in package.dependencies.iter().filter(|other| members.contains(other.name.as_str())) {
        let other = dependency.name.as_str();
        let Some(level) = floors.get(other) else {
            complaints.push(format!("{name} uses {other}, which is not part of the house"));
            continue;
        };
        complaints.extend(arrow_complaint(name, own, other, *level, dependency.is_for_tests()));
    }
    complaints
}

fn arrow_complaint(name: &str, own: usize, other: &str, level: usize, for_tests: bool) -> Option<String> {
    let (from, to) = (FLOORS[own].name, FLOORS[level].name);
    let names_engine = to == ENGINES && !matches!(from, "top" | "proof");
    let is_proof = to == "proof";
    if for_tests {
        // Tests may take any engine and any tool of proof, besides what lies below.
        let allowed = level > own || to == ENGINES || is_proof;
        return (!allowed)
            .then(|| format!("tests of {name} ({from}) use {other} ({to}), which is not below"));
    }
    if names_engine {
        return Some(format!("{name} ({from}) names the engine {other}; it may know its port only"));
    }
    (level <= own).then(|| format!("{name} ({from}) uses {other} ({to}), which is not below it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrow(name: &str, other: &str, for_tests: bool) -> bool {
        let level = |name| FLOORS.iter().position(|floor| floor.crates.contains(&name)).expect("a crate");
        arrow_complaint(name, level(name), other, level(other), for_tests).is_none()
    }

    #[test]
    fn arrows_point_down_and_only_the_top_and_tests_name_engines() {
        assert!(arrow("gateway", "rooms", false));
        assert!(arrow("jianzi", "journal-memory", false));
        assert!(arrow("journal-memory", "journal", false));
        assert!(arrow("rooms", "journal-memory", true));
        assert!(arrow("model", "testkit", true));

        assert!(!arrow("rooms", "gateway", false));
        assert!(!arrow("rooms", "matchmaking", false));
        assert!(!arrow("rooms", "journal-memory", false));
        assert!(!arrow("gateway", "wechat-sim", false));
        assert!(!arrow("journal", "journal-memory", false));
        assert!(!arrow("journal-file", "journal-memory", false));
        assert!(!arrow("rooms", "gateway", true));
        assert!(!arrow("gateway", "testkit", false));
    }

    #[test]
    fn no_crate_stands_on_two_floors() {
        let all: Vec<&str> = FLOORS.iter().flat_map(|floor| floor.crates).copied().collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
