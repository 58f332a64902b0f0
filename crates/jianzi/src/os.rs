//! What differs from one operating system to another.

mod notify;
mod passed;
mod signals;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

pub use notify::{Notifier, watchdog};
pub use passed::{PassedSockets, SUPERVISOR};
pub use signals::{Asked, listen};

/// The folder and those above it; what is made can be used by this user only.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file for reading and writing, made if it is not there; what is made can be used by this user only.
pub fn open_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Lets the process open as many files as it may, and tells how many that is; `None` where nobody counts.
#[cfg(unix)]
pub fn raise_file_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    // On a refusal the lower limit stays, and that is what is told.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
pub fn raise_file_limit() -> Option<u64> {
    None
}

/// Processor time of all threads of this process so far.
#[cfg(unix)]
pub fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec as u32)
}

#[cfg(not(unix))]
pub fn cpu_time() -> Duration {
    Duration::ZERO
}

/// Whether the process was started by our supervisor.
pub fn is_supervised() -> bool {
    std::env::var_os(SUPERVISOR).is_some()
}

/// Tells our supervisor, if there is one, why the process is about to end.
pub fn tell_supervisor_why(why: &str) {
    if is_supervised() {
        // One line of a small message.
        let why: String = why.replace('\n', "; ").chars().take(LONGEST_WHY).collect();
        Notifier::from_environment().tell(&format!("STATUS={why}"));
    }
}

const LONGEST_WHY: usize = 200;

/// Whether the process was started by our supervisor and has lost it. Linux says so by a signal, too.
#[cfg(unix)]
pub fn has_lost_supervisor() -> bool {
    use std::os::unix::process::parent_id;
    use std::sync::OnceLock;

    // What the first look finds is the start: a child that outlived its supervisor before that got the signal.
    static SUPERVISED: OnceLock<bool> = OnceLock::new();
    let named = || std::env::var(SUPERVISOR).is_ok_and(|supervisor| supervisor == parent_id().to_string());
    let was_supervised = *SUPERVISED.get_or_init(named);
    was_supervised && !named()
}

#[cfg(not(unix))]
pub fn has_lost_supervisor() -> bool {
    false
}
