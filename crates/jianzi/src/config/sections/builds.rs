//! The version table.

use model::AppId;
use releases::Decision;

use crate::config::section::section;

section! {
    /// A line of the version table; repeat the section for more. The first that fits a client's build decides, and
    /// where none fits the build may play. The table can also be changed through `admin` while the server runs.
    pub struct BuildSection(_profile) {
        /// Empty: for every app.
        pub app: Option<AppId> = None,
        /// A build ("1.2.0"), the beginning of builds ("1.*"), or a bound ("<1.2.0").
        pub pattern: String = "<1.2.0".to_owned(),
        /// "allow", "please_update", "must_update" or "other_server".
        pub decision: Decision = Decision::Allow,
        /// Told to the player.
        pub message: String = String::new(),
        /// For "other_server": the address to use instead.
        pub server: String = String::new(),
    }
}
