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

/// What has to be there after a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// This or what was written before, but one of them whole: numbers of processes mean nothing after one.
    Whole,
    Synced,
}

const NAME: &str = "state.json";
const DAMAGED: &str = "state.json.damaged";

impl Saved {
    /// The default if there is none yet.
    ///
    /// # Errors
    /// `InvalidData` and `IsADirectory` for one that will never be of use; others may go by.
    pub fn read(folder: &Path) -> io::Result<Saved> {
        match std::fs::read(folder.join(NAME)) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Saved::default()),
            Err(error) => Err(error),
        }
    }

    /// As [`read`](Saved::read), but what is damaged is set aside: then the installed program is started. A server that
    /// it named and that lives holds the data folder, so that there are never two.
    pub fn read_or_set_aside(folder: &Path) -> io::Result<Saved> {
        Saved::read(folder).or_else(|error| {
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::IsADirectory) {
                return Err(error);
            }
            let aside = folder.join(DAMAGED);
            // Of the damaged ones, the last is kept.
            let _ = std::fs::remove_file(&aside).or_else(|_| std::fs::remove_dir_all(&aside));
            std::fs::rename(folder.join(NAME), &aside)?;
            tracing::warn!(
                event = "state_damaged",
                set_aside = %aside.display(),
                %error,
                "the supervisor's state is damaged: going on with the installed version"
            );
            Ok(Saved::default())
        })
    }

    pub fn write(&self, folder: &Path, care: Care) -> io::Result<()> {
        let arriving = folder.join("state.arriving");
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&arriving)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        // Renamed before its bytes are on the disk, it may be empty after a power cut.
        file.sync_all()?;
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
        for care in [Care::Whole, Care::Synced] {
            saved.write(folder.path(), care).unwrap();
            assert_eq!(Saved::read(folder.path()).unwrap(), saved);
        }
        // Killed while writing: the old one stands.
        std::fs::write(folder.path().join("state.arriving"), "{").unwrap();
        assert_eq!(Saved::read(folder.path()).unwrap(), saved);
    }

    #[test]
    fn what_is_damaged_is_set_aside_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (state, aside) = (folder.path().join(NAME), folder.path().join(DAMAGED));
        for damaged in ["", "{", "7", "{\"server\": 7}"] {
            std::fs::write(&state, damaged).unwrap();
            assert!(Saved::read(folder.path()).is_err(), "{damaged}");
            assert_eq!(Saved::read_or_set_aside(folder.path()).unwrap(), Saved::default());
            assert_eq!(std::fs::read_to_string(&aside).unwrap(), damaged);
            assert!(!state.exists());
        }
        std::fs::create_dir(&state).unwrap();
        assert_eq!(Saved::read_or_set_aside(folder.path()).unwrap(), Saved::default());
        assert!(aside.is_dir() && !state.exists());
        std::fs::write(&state, "").unwrap();
        assert_eq!(Saved::read_or_set_aside(folder.path()).unwrap(), Saved::default());
        assert!(aside.is_file());
    }
}
