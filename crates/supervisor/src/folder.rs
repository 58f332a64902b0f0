//! `supervisor/` in the data folder: one supervisor's at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clock::Chance;

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

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the folder {path} cannot be used: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("the data folder is looked after by another supervisor ({holder}); stop it first")]
    Taken { holder: String },
}

impl Folder {
    pub fn path_in(data: &Path) -> PathBuf {
        data.join("supervisor")
    }

    pub fn open(data: &Path) -> Result<Folder, FolderError> {
        let path = Folder::path_in(data);
        let cannot = |source| FolderError::Io { path: path.clone(), source };
        private().create(&path).map_err(cannot)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message.
                let _ = lock.read_to_string(&mut holder);
                return Err(FolderError::Taken { holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "process {}", std::process::id()))
            .map_err(cannot)?;
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
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.sockets != self.path {
            let _ = std::fs::remove_dir_all(&self.sockets);
        }
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
        let refused = Folder::open(data.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        Folder::open(data.path()).unwrap();
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
