//! What is left of a crash, and who gets it.

use platform::Secret;

use crate::config::section::section;

section! {
    /// Reports of crashes are kept in the data folder, the newest 20; `jianzi crash list` shows them.
    pub struct CrashesSection(profile) {
        /// An error tracker that speaks Sentry's protocol gets each report: https://<key>@<host>/<project>.
        pub dsn: Option<Secret> = None,
        /// What the tracker is told to be the environment; empty: the profile.
        pub environment: String = String::new(),
    }
}
