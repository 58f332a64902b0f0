//! Connections and sessions.

use std::time::Duration;

use crate::config::section::section;
use crate::config::value::Bytes;

section! {
    /// Connections and sessions.
    pub struct GatewaySection(_profile) {
        /// The longest body of one frame.
        pub max_body: Bytes = Bytes::kib(64),
        /// From accepting a connection to its login.
        pub login_timeout: Duration = Duration::from_secs(5),
        /// How often a client is to be heard. One that is silent for three of these is taken for gone.
        pub heartbeat: Duration = Duration::from_secs(15),
        /// For how long a session waits for its client to come back.
        pub resume_window: Duration = Duration::from_secs(60),
        /// Clients that lose their connection come back after a random time up to this.
        pub retry_within: Duration = Duration::from_millis(500),
        /// What may wait for one slow connection before it is cut.
        pub queue: Bytes = Bytes::kib(256),
        /// For a call that names no deadline.
        pub call_deadline: Duration = Duration::from_secs(10),
        /// Answers that a session keeps for calls that are repeated.
        pub answers: usize = 128,
        /// The same in bytes.
        pub answer_bytes: Bytes = Bytes::kib(64),
        /// Pushes that a session keeps until the client has seen them.
        pub pushes: usize = 128,
        /// The same in bytes.
        pub push_bytes: Bytes = Bytes::kib(64),
        /// Rooms that one session may be in at a time.
        pub rooms_per_session: usize = 8,
    }
}
