//! The journal of a data folder, opened where it is, or as a copy if a server is at work on it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use journal::Journal;
use journal_file::{FileJournal, FileJournalConfig};
use model::{AppId, PARTITIONS, Partition, RoomKey};
use room_core::modules::Modules;

use super::modules::ModuleFolder;
use super::{FolderArgs, OneRoom, data_folder, failed};
use crate::data_folder::DataFolder;
use crate::failure::{Exit, Failure};
use crate::os;

/// Read while nobody else writes it.
pub struct Source {
    pub data: PathBuf,
    pub journal: FileJournal,
    /// Keeps a server from starting meanwhile.
    _lock: Option<DataFolder>,
    _copy: Option<Copy>,
}

/// A journal's files, copied; gone when dropped, with all that was put beside them.
pub struct Copy {
    parent: PathBuf,
    folder: PathBuf,
}

/// Files that go while they are copied were written anew in others: then all is copied again, so often.
const COPIES: u32 = 5;
/// The journal's own file names: which segments there are, and who has it.
const FIRST: [&str; 2] = ["segments", "segments.copy"];
const LOCK: &str = "lock";

impl Source {
    pub fn open(args: &FolderArgs) -> Result<Source, Failure> {
        let data = data_folder(args.data.as_deref());
        let folder = Copy::journal_of(&data)?;
        match DataFolder::open(&data) {
            Ok(lock) => {
                let journal = open(&folder)?;
                Ok(Source { data, journal, _lock: Some(lock), _copy: None })
            }
            Err(_) => {
                eprintln!("jianzi: a server is at work on {}: a copy of its journal is read", data.display());
                let copy = Copy::make(&data)?;
                let journal = open(copy.folder())?;
                Ok(Source { data, journal, _lock: None, _copy: Some(copy) })
            }
        }
    }

    /// The modules that this folder's rooms ever ran.
    pub fn modules(&self) -> Result<ModuleFolder, Failure> {
        ModuleFolder::of(&self.data)
    }

    /// For playing rooms: none are loaded before a room asks.
    pub fn playing(&self) -> Result<Arc<dyn Modules>, Failure> {
        Ok(Arc::new(self.modules()?))
    }

    /// In the order of apps and ids.
    pub fn rooms(&self, app: Option<&str>) -> Result<Vec<RoomKey>, Failure> {
        let mut rooms = Vec::new();
        for partition in 0..PARTITIONS {
            rooms.extend(self.journal.rooms(partition as Partition).map_err(failed)?);
        }
        rooms.retain(|room| app.is_none_or(|app| room.app == AppId::new(app)));
        rooms.sort_by(|one, two| {
            (one.app.as_str(), one.room.as_str()).cmp(&(two.app.as_str(), two.room.as_str()))
        });
        Ok(rooms)
    }

    /// The room that is named, or the only one.
    pub fn room(&self, wanted: &OneRoom) -> Result<RoomKey, Failure> {
        let mut rooms = self.rooms(wanted.folder.app.as_deref())?;
        rooms.retain(|room| wanted.room.as_deref().is_none_or(|wanted| room.room.as_str() == wanted));
        let found = rooms.len();
        match (rooms.pop(), found) {
            (Some(room), 1) => Ok(room),
            (None, _) => Err(failed(match &wanted.room {
                Some(room) => format!("the journal has no room {room}; rooms that have ended are not in it"),
                None => "the journal has no room".to_owned(),
            })),
            _ => Err(failed(format!(
                "{found} rooms are meant: name one, and its --app; `jianzi room list` lists them"
            ))),
        }
    }
}

/// Opens a journal that nobody else uses. As at every start of a server, its epoch goes up by one.
pub fn open(folder: &Path) -> Result<FileJournal, Failure> {
    let config = FileJournalConfig { tidies_itself: false, ..FileJournalConfig::default() };
    FileJournal::open(folder, config).map_err(|error| {
        Failure::new(Exit::DataFolder, format!("the journal in {} cannot be used: {error}", folder.display()))
    })
}

impl Copy {
    /// Of the journal as it is now. A torn end is no harm: a journal is read up to there.
    pub fn make(data: &Path) -> Result<Copy, Failure> {
        let from = Copy::journal_of(data)?;
        let parent = std::env::temp_dir().join(format!("jianzi-room-{}", std::process::id()));
        let folder = parent.join("journal");
        let failed = |error: io::Error| {
            Failure::new(
                Exit::DataFolder,
                format!("{} cannot be copied to {}: {error}", from.display(), folder.display()),
            )
        };
        let copy = Copy { parent, folder: folder.clone() };
        for _ in 0..COPIES {
            copy.remove();
            // A folder of this name that is still there is somebody else's.
            fs::create_dir(&copy.parent).map_err(failed)?;
            os::create_private_folder(&folder).map_err(failed)?;
            if copy_files(&from, &folder).map_err(failed)? {
                return Ok(copy);
            }
        }
        Err(failed(io::Error::other("its files change all the time")))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A place for something else that is needed as long.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.parent.join(name)
    }

    fn journal_of(data: &Path) -> Result<PathBuf, Failure> {
        let folder = data.join("journal");
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(Failure::new(Exit::DataFolder, format!("there is no journal in {}; see --data", data.display())))
    }

    fn remove(&self) {
        // Where there is nothing, nothing has to go.
        let _ = fs::remove_dir_all(&self.parent);
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The list of segments comes first: what it names is there when it is copied, or was replaced meanwhile, which is
/// answered with false.
fn copy_files(from: &Path, to: &Path) -> io::Result<bool> {
    let mut names = names(from)?;
    names.sort_by_key(|name| !FIRST.contains(&name.as_str()));
    for name in &names {
        match fs::copy(from.join(name), to.join(name)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    let now = self::names(from)?;
    Ok(names.iter().all(|name| now.contains(name)))
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok();
        let is_wanted = |name: &String| name != LOCK && !name.ends_with(".new");
        names.extend(name.filter(is_wanted).filter(|_| entry.path().is_file()));
    }
    Ok(names)
}
