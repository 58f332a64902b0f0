//! The table and what it says of a build.

use std::sync::Arc;

use arc_swap::ArcSwap;
use model::AppId;
use protocol::messages::{self, BuildVerdict};
use serde::{Deserialize, Serialize};

use crate::pattern::{BadPattern, Pattern};

/// The version table of all apps; asked by many threads, replaced by an operator.
pub struct Releases {
    table: ArcSwap<Vec<Compiled>>,
}

/// One line of the table, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildRule {
    /// None: every app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// See [`Pattern`].
    pub pattern: String,
    pub decision: Decision,
    /// Told to the player.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// For `other_server`: the address to use instead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server: String,
}

/// What becomes of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Allow,
    PleaseUpdate,
    MustUpdate,
    OtherServer,
}

/// A line that the table refuses.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    #[error("rule {number}: {source}")]
    Pattern { number: usize, source: BadPattern },
    #[error("rule {number}: other_server needs the address in `server`")]
    NoServer { number: usize },
    #[error("rule {number}: `server` is for other_server only")]
    ServerUnused { number: usize },
}

struct Compiled {
    rule: BuildRule,
    pattern: Pattern,
    verdict: BuildVerdict,
}

impl Releases {
    /// A table of these rules.
    ///
    /// # Errors
    /// The first rule that cannot be read, counted from 1.
    pub fn new(rules: Vec<BuildRule>) -> Result<Releases, BadRule> {
        Ok(Releases { table: ArcSwap::from_pointee(compile(rules)?) })
    }

    /// What the table says of a build of an app.
    pub fn decide(&self, app: &AppId, build: &str) -> BuildVerdict {
        let table = self.table.load();
        let fits =
            |line: &&Compiled| line.rule.app.as_ref().is_none_or(|of| of == app) && line.pattern.fits(build);
        table.iter().find(fits).map(|line| line.verdict.clone()).unwrap_or_default()
    }

    /// Puts other rules in place of all; on an error nothing changes.
    ///
    /// # Errors
    /// As [`Releases::new`].
    pub fn replace(&self, rules: Vec<BuildRule>) -> Result<(), BadRule> {
        self.table.store(Arc::new(compile(rules)?));
        Ok(())
    }

    /// The rules in force, in order.
    pub fn rules(&self) -> Vec<BuildRule> {
        self.table.load().iter().map(|line| line.rule.clone()).collect()
    }
}

impl Decision {
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::PleaseUpdate => "please_update",
            Decision::MustUpdate => "must_update",
            Decision::OtherServer => "other_server",
        }
    }

    pub const fn on_wire(self) -> messages::build_verdict::Decision {
        match self {
            Decision::Allow => messages::build_verdict::Decision::Allow,
            Decision::PleaseUpdate => messages::build_verdict::Decision::PleaseUpdate,
            Decision::MustUpdate => messages::build_verdict::Decision::MustUpdate,
            Decision::OtherServer => messages::build_verdict::Decision::OtherServer,
        }
    }
}

impl From<messages::build_verdict::Decision> for Decision {
    fn from(decision: messages::build_verdict::Decision) -> Decision {
        match decision {
            messages::build_verdict::Decision::Allow => Decision::Allow,
            messages::build_verdict::Decision::PleaseUpdate => Decision::PleaseUpdate,
            messages::build_verdict::Decision::MustUpdate => Decision::MustUpdate,
            messages::build_verdict::Decision::OtherServer => Decision::OtherServer,
        }
    }
}

fn compile(rules: Vec<BuildRule>) -> Result<Vec<Compiled>, BadRule> {
    rules.into_iter().zip(1..).map(|(rule, number)| compile_rule(rule, number)).collect()
}

fn compile_rule(rule: BuildRule, number: usize) -> Result<Compiled, BadRule> {
    let pattern = rule.pattern.parse().map_err(|source| BadRule::Pattern { number, source })?;
    let elsewhere = rule.decision == Decision::OtherServer;
    if elsewhere && rule.server.is_empty() {
        return Err(BadRule::NoServer { number });
    }
    if !elsewhere && !rule.server.is_empty() {
        return Err(BadRule::ServerUnused { number });
    }
    let verdict = BuildVerdict {
        decision: rule.decision.on_wire().into(),
        message: rule.message.clone(),
        server: rule.server.clone(),
    };
    Ok(Compiled { rule, pattern, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(app: Option<&str>, pattern: &str, decision: Decision) -> BuildRule {
        let server = if decision == Decision::OtherServer { "wss://next.example" } else { "" };
        BuildRule {
            app: app.map(AppId::new),
            pattern: pattern.into(),
            decision,
            message: String::new(),
            server: server.into(),
        }
    }

    fn decision(releases: &Releases, app: &str, build: &str) -> Decision {
        releases.decide(&AppId::new(app), build).decision().into()
    }

    #[test]
    fn the_first_rule_that_fits_decides_per_app() {
        let releases = Releases::new(vec![
            rule(Some("demo"), "1.0.5", Decision::Allow),
            rule(Some("demo"), "<1.2.0", Decision::MustUpdate),
            rule(None, "2.*", Decision::OtherServer),
        ])
        .unwrap();
        assert_eq!(decision(&releases, "demo", "1.0.5"), Decision::Allow);
        assert_eq!(decision(&releases, "demo", "1.0.6"), Decision::MustUpdate);
        assert_eq!(decision(&releases, "demo", "1.2.0"), Decision::Allow);
        assert_eq!(decision(&releases, "other", "1.0.6"), Decision::Allow);
        assert_eq!(decision(&releases, "other", "2.0"), Decision::OtherServer);
        assert_eq!(releases.decide(&AppId::new("demo"), "2.1").server, "wss://next.example");
    }

    #[test]
    fn a_bad_table_changes_nothing() {
        let releases = Releases::new(vec![rule(None, "1.0", Decision::MustUpdate)]).unwrap();
        let bad = vec![rule(None, "*", Decision::Allow), rule(None, "<x", Decision::Allow)];
        assert!(matches!(releases.replace(bad), Err(BadRule::Pattern { number: 2, .. })));
        let no_server = BuildRule { server: String::new(), ..rule(None, "*", Decision::OtherServer) };
        assert_eq!(releases.replace(vec![no_server]), Err(BadRule::NoServer { number: 1 }));
        let unused = BuildRule { server: "x".into(), ..rule(None, "*", Decision::Allow) };
        assert_eq!(releases.replace(vec![unused]), Err(BadRule::ServerUnused { number: 1 }));
        assert_eq!(decision(&releases, "demo", "1.0"), Decision::MustUpdate);
        releases.replace(Vec::new()).unwrap();
        assert_eq!(decision(&releases, "demo", "1.0"), Decision::Allow);
        assert!(releases.rules().is_empty());
    }
}
