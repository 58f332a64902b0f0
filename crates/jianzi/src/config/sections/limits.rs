//! How many and how fast.

use std::time::Duration;

use admission::Rate;

use crate::config::section::section;

section! {
    /// How many and how fast. Accounts and devices are held tightly, addresses loosely: a carrier puts thousands of
    /// players behind one address. 0 and "unlimited" mean no limit.
    pub struct LimitsSection(profile) {
        /// Live connections of all together.
        pub connections: u32 = 0,
        /// Live connections of one account.
        pub per_account: u32 = 8,
        /// Live connections of one device.
        pub per_device: u32 = if profile.is_dev() { 0 } else { 16 },
        /// Live connections of one address (IPv6: of one /64).
        pub per_address: u32 = 0,
        /// Connections of one address that have not logged in yet.
        pub pending_per_address: u32 = if profile.is_dev() { 0 } else { 2_000 },
        /// New connections of all together. Those beyond are told when to come back.
        pub arrivals: Rate = if profile.is_dev() { Rate::UNLIMITED } else { Rate { per_second: 5_000, burst: 10_000 } },
        /// New connections of one address.
        pub arrivals_per_address: Rate =
            if profile.is_dev() { Rate::UNLIMITED } else { Rate { per_second: 1_000, burst: 5_000 } },
        /// The longest time after which one that was sent away is told to come back.
        pub longest_wait: Duration = Duration::from_secs(30),
        /// Addresses remembered for this.
        pub addresses: usize = 100_000,
        /// Frames that one connection may send.
        pub frames: Rate = Rate { per_second: 300, burst: 600 },
        /// Bytes that one connection may send.
        pub bytes: Rate = Rate { per_second: 256 * 1024, burst: 1024 * 1024 },
    }
}
