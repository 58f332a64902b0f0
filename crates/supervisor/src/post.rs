//! The supervisor's post at a data folder: taken before anything else, from a predecessor that may have been killed.

use std::io;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use clock::Clock;

use crate::audit::Audit;
use crate::binary::{self, Binary};
use crate::child;
use crate::folder::{Folder, FolderError};
use crate::saved::{Care, Process, Saved};

/// Nobody else looks after the data folder, and no server of a predecessor lives.
pub struct Post {
    pub(crate) folder: Folder,
    pub(crate) saved: Saved,
    pub(crate) audit: Audit,
}

#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("the supervisor's state in {path} cannot be used: {source}")]
    Saved { path: String, source: io::Error },
}

/// A server that lost its supervisor hands over by itself; one that cannot is killed.
const ORPHAN_WITHIN: Duration = Duration::from_secs(5);

impl Post {
    /// Waits for the end of what a predecessor left behind. Then its addresses are free.
    pub fn take(data: &Path) -> Result<Post, PostError> {
        let folder = Folder::open(data)?;
        let state = |source| PostError::Saved { path: folder.path().display().to_string(), source };
        let mut saved = Saved::read_or_set_aside(folder.path()).map_err(state)?;
        let audit = Audit::new(folder.path().join("upgrades.log"));
        if let Some(orphan) = saved.server.take() {
            end_orphan(orphan);
        }
        Binary::forget_unfinished(&folder.versions());
        if let Some(trial) = saved.trial.take() {
            let why = "the supervisor ended before the trial was over";
            audit.write("went_back", &trial.shown(), why);
        }
        if let Some(version) = &saved.version
            && saved.instead_of != binary::own_fingerprint()
        {
            audit.write(
                "dropped",
                &version.shown(),
                "another program was installed since: that one is meant",
            );
            saved.version = None;
        }
        if let Some(Binary::Kept { file, .. }) = &saved.version
            && !file.is_file()
        {
            audit.write("dropped", &file.display().to_string(), "the kept program is not there any more");
            saved.version = None;
        }
        if let Err(error) = saved.write(folder.path(), Care::Synced) {
            // On a full disk the next supervisor finds what this one has found, and decides the same.
            tracing::error!(event = "state_not_saved", %error, "after a crash of the supervisor this is missed");
        }
        Ok(Post { folder, saved, audit })
    }
}

fn end_orphan(orphan: Process) {
    let lives = || child::started_at(orphan.pid) == Some(orphan.started);
    if !lives() {
        return;
    }
    tracing::warn!(
        event = "orphan",
        pid = orphan.pid,
        "a server of an earlier supervisor lives: it is to end"
    );
    child::signal_stranger(orphan.pid, libc::SIGUSR1);
    let began = Clock::System.now();
    let (_never, wait) = channel::<()>();
    let mut killed = false;
    while lives() {
        let waited = Clock::System.now().since(began);
        if waited >= ORPHAN_WITHIN && !killed {
            child::signal_stranger(orphan.pid, libc::SIGKILL);
            killed = true;
        }
        if waited >= ORPHAN_WITHIN * 2 {
            // In the kernel's hands; whether its addresses are free will be seen.
            return;
        }
        let _ = wait.recv_timeout(Duration::from_millis(2));
    }
}
