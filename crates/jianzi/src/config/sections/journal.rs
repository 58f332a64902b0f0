//! The journal on disk.

use std::time::Duration;

use rooms::WithoutJournal;

use crate::config::section::section;
use crate::config::value::Bytes;

section! {
    /// The journal on disk, from which rooms are rebuilt after a crash or a restart.
    pub struct JournalSection(_profile) {
        /// What the whole journal may take on disk; "0B": no limit. Beyond it rooms do as `when_failing` says.
        pub quota: Bytes = Bytes::mib(4096),
        /// The journal is kept in files of this size; up to 1GiB.
        pub segment: Bytes = Bytes::mib(32),
        /// What may wait in memory for the disk.
        pub queue: Bytes = Bytes::mib(64),
        /// Rooms that need the journal stand still while it cannot be written. Once that has lasted for `grace`:
        /// "pause" (wait on), "end" (end with reason "unrecorded"), "play_on" (a crash would then lose what happens).
        pub when_failing: WithoutJournal = WithoutJournal::Pause,
        /// See `when_failing`.
        pub grace: Duration = Duration::from_secs(30),
    }
}
