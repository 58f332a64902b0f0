//! Web pages of other origins.

use crate::config::section::section;

section! {
    /// Web pages of other origins. Mini games need none: they have no origin.
    pub struct CorsSection(profile) {
        /// Origins that may call, such as "https://game.example"; "*" stands for any and is refused in production.
        pub origins: Vec<String> = if profile.is_dev() { vec!["*".to_owned()] } else { Vec::new() },
    }
}
