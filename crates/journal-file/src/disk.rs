//! The folder on a real disk, and the lock that keeps a second process out.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::OpenError;
use crate::folder::{File, Folder};

/// Holds the lock as long as it lives.
pub struct DiskFolder {
    path: PathBuf,
    /// None for whoever only reads.
    lock: Option<fs::File>,
}

const LOCK: &str = "lock";
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

impl DiskFolder {
    /// Makes the folder if there is none, and takes its lock.
    pub fn open(path: &Path) -> Result<DiskFolder, OpenError> {
        let failed = |source| OpenError::Io { what: path.display().to_string(), source };
        fs::create_dir_all(path).map_err(failed)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                lock.take(32).read_to_string(&mut owner).map_err(failed)?;
                let pid = owner.trim().parse().ok();
                return Err(OpenError::InUse { folder: path.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Only for a message to others: a full disk is no reason not to start.
        if let Err(error) = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())) {
            tracing::warn!(event = "lock_not_signed", folder = %path.display(), %error);
        }
        Ok(DiskFolder { path: path.to_owned(), lock: Some(lock) })
    }

    /// Without a lock, beside whoever writes; `None` if there is no such folder.
    pub fn only_to_read(path: &Path) -> Option<DiskFolder> {
        path.is_dir().then(|| DiskFolder { path: path.to_owned(), lock: None })
    }
}

impl Folder for DiskFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for found in fs::read_dir(&self.path)? {
            names.extend(found?.file_name().into_string().ok().filter(|name| name != LOCK));
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let writes = self.lock.is_some();
        Ok(Arc::new(OpenOptions::new().read(true).write(writes).open(self.path.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(self.path.join(name))?;
        Ok(Arc::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        fs::File::open(&self.path)?.sync_all()
    }

    fn boot(&self) -> Option<String> {
        fs::read_to_string(BOOT).ok().map(|text| text.trim().to_owned())
    }
}

impl File for fs::File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
