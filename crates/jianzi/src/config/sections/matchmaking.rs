//! Quick match.

use std::time::Duration;

use crate::config::section::section;

section! {
    /// Quick match.
    pub struct MatchSection(_profile) {
        /// How long a ticket looks for players when it does not say.
        pub patience: Duration = Duration::from_secs(10),
        /// The longest patience that a ticket may ask for.
        pub longest_patience: Duration = Duration::from_secs(300),
        /// Between two words to a waiting ticket about why it waits.
        pub tell_every: Duration = Duration::from_secs(1),
        /// The longest time from a match to its room; then its tickets fail.
        pub room_within: Duration = Duration::from_secs(60),
        /// How long a ticket that has ended can be asked about.
        pub remember: Duration = Duration::from_secs(600),
        /// Ended tickets remembered; the oldest go first.
        pub remembered: usize = 50_000,
        /// Tickets waiting at a time; more are refused.
        pub waiting: usize = 100_000,
        /// Tickets of one player waiting at a time, each of another mode.
        pub per_player: usize = 4,
        /// Requests waiting for the matchmaking thread; more are refused.
        pub queue: usize = 16_384,
    }
}
