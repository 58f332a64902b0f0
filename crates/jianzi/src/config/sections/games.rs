//! Games whose rules run in the server, and the patches that change them.

use std::time::Duration;

use crate::config::section::section;

section! {
    /// Games whose rules run in the server (authoritative rooms), and the patches that change them.
    pub struct GamesSection(profile) {
        /// Rooms with rules of their own at a time. Each takes 3 to 4 memory mappings of the process
        /// (`vm.max_map_count`).
        pub rooms: u32 = 4_000,
        /// A call into a game's rules is ended after this time, whatever it had left to use: the last resort.
        pub interrupt_after: Duration = Duration::from_secs(1),
        /// Of a game's rooms, in percent, how many try a patch first.
        pub canary_percent: u32 = if profile.is_dev() { 100 } else { 10 },
        /// Before that it is tried on the last so many ticks of matches that are being played; 0: on none.
        pub trial_ticks: u32 = if profile.is_dev() { 40 } else { 1_200 },
        /// A patch without a bad sign for this long is confirmed by itself …
        pub quiet: Duration = Duration::from_secs(if profile.is_dev() { 2 } else { 600 }),
        /// … if its rooms have made this many calls. 0: only an operator confirms.
        pub calls_to_confirm: u32 = if profile.is_dev() { 20 } else { 10_000 },
        /// A confirmed patch is watched for this long, and can be taken back by itself; no other one comes meanwhile.
        pub watch_after: Duration = Duration::from_secs(if profile.is_dev() { 2 } else { 600 }),
    }
}
