//! Modules on disk: `<hash>.wasm`, written whole or not at all, compared with their name whenever they are read.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use room_core::modules::ModuleHash;

use crate::module_hash;

pub(super) struct ModuleFiles {
    folder: PathBuf,
}

/// A module that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoModule {
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, io::Error),
    #[error("{0} is damaged: its bytes are not those that its name speaks of")]
    Damaged(PathBuf),
}

const UNFINISHED: &str = "unfinished";

impl ModuleFiles {
    /// For reading; the folder need not be there.
    pub(super) fn at(folder: &Path) -> ModuleFiles {
        ModuleFiles { folder: folder.to_owned() }
    }

    /// Makes the folder, and removes what a crash left unfinished.
    pub(super) fn open(folder: &Path) -> io::Result<ModuleFiles> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                fs::remove_file(path)?;
            }
        }
        Ok(ModuleFiles::at(folder))
    }

    /// How many modules there are, whole or not.
    pub(super) fn count(&self) -> io::Result<usize> {
        match fs::read_dir(&self.folder) {
            Ok(entries) => Ok(entries
                .filter_map(Result::ok)
                .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "wasm"))
                .count()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Of all modules, whole or not.
    pub(super) fn hashes(&self) -> io::Result<Vec<ModuleHash>> {
        let mut hashes = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name =
                path.file_stem().filter(|_| path.extension().is_some_and(|extension| extension == "wasm"));
            hashes.extend(name.and_then(|name| name.to_str()?.parse::<ModuleHash>().ok()));
        }
        Ok(hashes)
    }

    pub(super) fn remove(&self, hash: &ModuleHash) -> io::Result<()> {
        fs::remove_file(self.path(hash))
    }

    /// Once this returns, the module is there after any crash.
    pub(super) fn write(&self, hash: &ModuleHash, module: &[u8]) -> io::Result<()> {
        let path = self.path(hash);
        let unfinished = path.with_extension(UNFINISHED);
        let mut file = File::create(&unfinished)?;
        file.write_all(module)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        sync_folder(&self.folder)
    }

    pub(super) fn read(&self, hash: &ModuleHash) -> Result<Bytes, NoModule> {
        let path = self.path(hash);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(NoModule::Unreadable(path, error)),
        };
        if module_hash(&bytes) == *hash { Ok(bytes.into()) } else { Err(NoModule::Damaged(path)) }
    }

    fn path(&self, hash: &ModuleHash) -> PathBuf {
        self.folder.join(format!("{hash}.wasm"))
    }
}

/// Makes new names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
