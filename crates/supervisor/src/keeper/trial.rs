//! A version that has to prove itself before it is trusted.

use std::time::Duration;

use clock::Moment;

/// The exchange of one version for another, until it is confirmed or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial<B> {
    pub from: B,
    pub to: B,
    passed_at: Option<Moment>,
}

/// A step of an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<B> {
    Begun {
        from: B,
        to: B,
    },
    /// The new version is ready; players were without a server for `pause`.
    Ready {
        pause: Duration,
        well_for: Duration,
    },
    Confirmed {
        version: B,
    },
    WentBack {
        to: B,
        why: String,
    },
}

impl<B> Trial<B> {
    pub(super) fn new(from: B, to: B) -> Trial<B> {
        Trial { from, to, passed_at: None }
    }

    pub(super) fn is_ready(&mut self, now: Moment, trial: Duration) {
        self.passed_at = Some(now + trial);
    }

    pub(super) fn passed_at(&self) -> Option<Moment> {
        self.passed_at
    }
}
