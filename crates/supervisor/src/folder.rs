//! `supervisor/` in the data folder: one supervisor's at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use clock::{Chance, Clock};

/// Held for as long as the supervisor works.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Where sockets are: here, or in a folder of a shorter name.
    sockets: PathBuf,
    /// Its lock ends with the process, however that ends.
    _lock: File,
}

/// The kernel takes 108 bytes at most, some systems 104.
const LONGEST_SOCKET_PATH: usize = 100;
const LONGEST_SOCKET_NAME: usize = "/control.sock".len();

/// A supervisor that was killed, or a child that it was just starting, holds the lock a moment longer.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{path} cannot be used: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("the data folder is looked after by another supervisor ({holder}); stop it first")]
    Taken { holder: String },
}

impl Folder {
    pub fn path_in(data: &Path) -> PathBuf {
        data.join("supervisor")
    }

    /// Waits a little for another supervisor that is just ending.
    pub fn open(data: &Path) -> Result<Folder, FolderError> {
        let began = Clock::System.now();
        let (_never, wait) = channel::<()>();
        Folder::open_while(data, || {
            let _ = wait.recv_timeout(Duration::from_millis(10));
            Clock::System.now().since(began) < PATIENCE
        })
    }

    /// Looks for as long as `patient` says so whether another supervisor has let go.
    fn open_while(data: &Path, mut patient: impl FnMut() -> bool) -> Result<Folder, FolderError> {
        let path = Folder::path_in(data);
        let cannot = |source| FolderError::Io { path: path.clone(), source };
        private().create(&path).map_err(cannot)?;
        let lock_path = path.join("lock");
        let no_lock = |source| FolderError::Io { path: lock_path.clone(), source };
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(no_lock)?;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if patient() => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // Only for the message.
                    let _ = lock.read_to_string(&mut holder);
                    return Err(FolderError::Taken { holder: holder.trim().to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(no_lock(error)),
            }
        }
        // Only for the message: a full disk is no reason not to start.
        let _ = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "process {}", std::process::id()));
        let path = path.canonicalize().map_err(cannot)?;
        let sockets = socket_folder(&path).map_err(cannot)?;
        Ok(Folder { path, sockets, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn socket(&self, name: &str) -> PathBuf {
        self.sockets.join(name)
    }

    /// Where programs are kept that `jianzi upgrade` brought; not made yet.
    pub fn versions(&self) -> PathBuf {
        self.path.join("versions")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.sockets != self.path {
            let _ = std::fs::remove_dir_all(&self.sockets);
        }
    }
}

/// Removes a socket that a killed supervisor left where another is to be.
///
/// # Errors
/// When something else is there that cannot be removed, such as a folder with files.
pub fn make_way(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Of a folder some systems say so, others not.
        Err(_) if path.is_dir() => std::fs::remove_dir(path),
        outcome => outcome,
    }
}

/// For this user alone.
fn private() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

fn socket_folder(path: &Path) -> io::Result<PathBuf> {
    if path.as_os_str().len() + LONGEST_SOCKET_NAME <= LONGEST_SOCKET_PATH {
        return Ok(path.to_owned());
    }
    // By chance, and refused if it is there: nobody can have put it there for us.
    let short = std::env::temp_dir().join(format!("jianzi-{}", Chance::system().name(12)));
    private().recursive(false).create(&short)?;
    Ok(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_supervisor_is_refused_and_told_about_the_first() {
        let data = tempfile::tempdir().unwrap();
        let first = Folder::open(data.path()).unwrap();
        let refused = Folder::open_while(data.path(), || false).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        Folder::open(data.path()).unwrap();
    }

    #[test]
    fn one_that_is_just_ending_is_waited_for() {
        let data = tempfile::tempdir().unwrap();
        let mut first = Some(Folder::open(data.path()).unwrap());
        let mut looked = 0;
        Folder::open_while(data.path(), || {
            looked += 1;
            if looked == 3 {
                first = None;
            }
            looked < 10
        })
        .unwrap();
        assert_eq!(looked, 3);
    }

    #[test]
    fn what_is_in_the_way_is_removed_or_named() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::open(data.path()).unwrap();
        let socket = folder.socket("control.sock");
        make_way(&socket).unwrap();
        std::fs::write(&socket, "").unwrap();
        make_way(&socket).unwrap();
        std::fs::create_dir(&socket).unwrap();
        make_way(&socket).unwrap();
        assert!(!socket.exists());
        std::fs::create_dir_all(socket.join("full")).unwrap();
        assert_eq!(make_way(&socket).unwrap_err().kind(), io::ErrorKind::DirectoryNotEmpty);
        let lock = folder.path().join("lock");
        drop(folder);
        std::fs::remove_file(&lock).unwrap();
        std::fs::create_dir(&lock).unwrap();
        let refused = Folder::open(data.path()).unwrap_err().to_string();
        assert!(refused.contains("/lock cannot be used"), "{refused}");
    }

    #[test]
    fn a_long_name_does_not_keep_sockets_from_being_bound() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::open(&data.path().join("long".repeat(30))).unwrap();
        let path = folder.socket("control.sock");
        std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
