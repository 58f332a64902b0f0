//! The folder for what the server keeps: made if it is not there, used by one process at a time.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};
use crate::os;

/// Held for as long as the process uses the folder.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Its lock ends with the process, however that ends.
    _lock: File,
}

impl DataFolder {
    /// The failure has exit code 5 and says what to do.
    pub fn open(path: &Path) -> Result<DataFolder, Failure> {
        let cannot = |what: &str, error: io::Error| {
            let shown = path.display();
            Failure::new(
                Exit::DataFolder,
                format!("the data folder {shown} cannot be {what}: {error}; see --data"),
            )
        };
        os::create_private_folder(path).map_err(|error| cannot("made", error))?;
        std::fs::read_dir(path).map_err(|error| cannot("read", error))?;
        let mut lock = os::open_private_file(&path.join("lock")).map_err(|error| cannot("written", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message.
                let _ = lock.read_to_string(&mut holder);
                let message = format!(
                    "the data folder {} is used by another process ({}); stop it or choose another folder with --data",
                    path.display(),
                    holder.trim()
                );
                return Err(Failure::new(Exit::DataFolder, message));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("locked", error)),
        }
        // Only for the message: a full disk is no reason not to start.
        let _ = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "process {}", std::process::id()));
        Ok(DataFolder { path: path.to_owned(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_user_is_told_about_the_first() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let first = DataFolder::open(&path).unwrap();
        assert_eq!(first.path(), path);
        let second = DataFolder::open(&path).unwrap_err();
        assert_eq!(second.exit, Exit::DataFolder);
        assert!(second.message.contains(&format!("process {}", std::process::id())), "{second}");
        drop(first);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn a_folder_that_is_none_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        std::fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("below")] {
            let failure = DataFolder::open(&path).unwrap_err();
            assert_eq!(failure.exit, Exit::DataFolder);
            assert!(failure.message.contains("--data"), "{failure}");
        }
    }
}
