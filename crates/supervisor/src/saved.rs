//! What the next supervisor has to know when this one was killed. One small file, written by renaming.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::binary::Binary;

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Where `jianzi status` asks.
    pub control: PathBuf,
    /// A server that may still live.
    pub server: Option<Process>,
    /// The version last confirmed; none: the supervisor's own.
    pub version: Option<Binary>,
    /// Which installed program it was put in the place of. With another one installed, that one is meant.
    pub instead_of: String,
    /// A version on trial: begun, not decided.
    pub trial: Option<Binary>,
}

/// A process, told from a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    pub started: u64,
}

/// Whether it has to be there after a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Numbers of processes mean nothing after one.
    Written,
    Synced,
}

const NAME: &str = "state.json";

impl Saved {
    /// The default if there is none yet. A file that cannot be read is an error, not a fresh start: it may name a server
    /// that lives.
    pub fn read(folder: &Path) -> io::Result<Saved> {
        match std::fs::read(folder.join(NAME)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Saved::default()),
            Err(error) => Err(error),
        }
    }

    pub fn write(&self, folder: &Path, care: Care) -> io::Result<()> {
        let arriving = folder.join("state.arriving");
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&arriving)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        if care == Care::Synced {
            file.sync_all()?;
        }
        std::fs::rename(&arriving, folder.join(NAME))?;
        if care == Care::Synced {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_half_a_file_is_never_seen() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Saved::read(folder.path()).unwrap(), Saved::default());
        let saved = Saved {
            control: "/a/b".into(),
            server: Some(Process { pid: 7, started: 8 }),
            version: Some(Binary::Own { version: "1".into() }),
            instead_of: "x".into(),
            trial: None,
        };
        for care in [Care::Written, Care::Synced] {
            saved.write(folder.path(), care).unwrap();
            assert_eq!(Saved::read(folder.path()).unwrap(), saved);
        }
        // Killed while writing: the old one stands.
        std::fs::write(folder.path().join("state.arriving"), "{").unwrap();
        assert_eq!(Saved::read(folder.path()).unwrap(), saved);
        std::fs::write(folder.path().join(NAME), "{").unwrap();
        assert!(Saved::read(folder.path()).is_err());
    }
}
