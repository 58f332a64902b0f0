//! Tokens and how often one may ask for them.

use std::time::Duration;

use admission::Rate;

use crate::config::section::section;

section! {
    /// Tokens and how often one may ask for them.
    pub struct LoginSection(profile) {
        /// For how long an access token is good.
        pub access_ttl: Duration = Duration::from_secs(3600),
        /// For how long a refresh token is good.
        pub refresh_ttl: Duration = Duration::from_secs(30 * 24 * 3600),
        /// For how long a refresh token that was used answers with the same successor, so that a lost answer costs nothing.
        pub refresh_grace: Duration = Duration::from_secs(60),
        /// Logins that one device may try.
        pub per_device: Rate = if profile.is_dev() { Rate::UNLIMITED } else { Rate { per_second: 1, burst: 20 } },
        /// Logins that one address may try. A carrier puts thousands of players behind one address.
        pub per_address: Rate = if profile.is_dev() { Rate::UNLIMITED } else { Rate { per_second: 500, burst: 5_000 } },
        /// Devices and addresses remembered for this, each.
        pub remembered: usize = 100_000,
    }
}
