//! What an operator may choose about quick match.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct MatchConfig {
    /// How long a ticket looks for players when it does not say.
    pub patience: Duration,
    /// The longest patience that a ticket may ask for.
    pub longest_patience: Duration,
    /// Between two words to a waiting ticket about why it waits.
    pub tell_every: Duration,
    /// The longest time from a match to its room; then its tickets fail.
    pub room_within: Duration,
    /// How long a ticket that has ended can be asked about.
    pub remember: Duration,
    /// Ended tickets remembered; the oldest go first.
    pub remembered: usize,
    /// Tickets waiting at a time; more are refused with `unavailable`.
    pub waiting: usize,
    /// Tickets of one player waiting at a time, each of another mode.
    pub per_player: usize,
    /// Requests in the queue to the thread; more are refused with `unavailable`.
    pub queue: usize,
}

impl Default for MatchConfig {
    fn default() -> MatchConfig {
        MatchConfig {
            patience: Duration::from_secs(10),
            longest_patience: Duration::from_secs(300),
            tell_every: Duration::from_secs(1),
            room_within: Duration::from_secs(60),
            remember: Duration::from_secs(600),
            remembered: 50_000,
            waiting: 100_000,
            per_player: 4,
            queue: 16_384,
        }
    }
}
