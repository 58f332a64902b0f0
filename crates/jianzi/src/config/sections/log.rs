//! The log.

use telemetry::Format;

use crate::config::Profile;
use crate::config::section::section;

section! {
    /// The log, on standard error.
    pub struct LogSection(profile) {
        /// "text" for people, "json" for machines.
        pub format: Format = if profile.is_dev() { Format::Text } else { Format::Json },
        /// "error", "warn", "info", "debug", "trace", or by part: "info,gateway=debug".
        pub level: String = match profile {
            Profile::Staging => "debug".to_owned(),
            Profile::Dev | Profile::Production => "info".to_owned(),
        },
    }
}
