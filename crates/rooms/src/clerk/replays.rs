//! Replay files of finished rooms, a bounded number of them, in a folder or in memory.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{AppId, RoomKey};

/// The shelf: what is put on it last stays longest.
pub(crate) struct Replays {
    folder: Option<PathBuf>,
    most: usize,
    most_bytes: usize,
    shelf: Mutex<Shelf>,
}

const EXTENSION: &str = "jzrp";

#[derive(Default)]
struct Shelf {
    /// Oldest first.
    order: VecDeque<RoomKey>,
    replays: HashMap<RoomKey, Kept>,
    bytes: usize,
}

struct Kept {
    length: usize,
    /// Unless it is on disk.
    file: Option<Vec<u8>>,
}

impl Replays {
    /// Takes over what an earlier process left in the folder.
    pub fn open(folder: Option<PathBuf>, most: usize, most_bytes: usize) -> Replays {
        let replays = Replays { folder, most, most_bytes, shelf: Mutex::default() };
        if let Some(folder) = &replays.folder {
            let found = find_files(folder).unwrap_or_else(|error| {
                tracing::warn!(event = "replays_unreadable", folder = %folder.display(), %error);
                Vec::new()
            });
            let mut shelf = replays.shelf();
            found.into_iter().for_each(|(key, length)| shelf.add(key, Kept { length, file: None }));
            replays.shorten(&mut shelf);
        }
        replays
    }

    pub fn put(&self, key: &RoomKey, file: Vec<u8>) {
        if self.most == 0 || file.len() > self.most_bytes {
            return;
        }
        let length = file.len();
        let kept = match &self.folder {
            None => Kept { length, file: Some(file) },
            Some(folder) => match write_file(&path(folder, key), &file) {
                Ok(()) => Kept { length, file: None },
                Err(error) => {
                    tracing::warn!(event = "replay_not_written", app = %key.app, room = %key.room, %error);
                    return;
                }
            },
        };
        let mut shelf = self.shelf();
        shelf.add(key.clone(), kept);
        self.shorten(&mut shelf);
    }

    pub fn get(&self, key: &RoomKey) -> Option<Vec<u8>> {
        let in_memory = self.shelf().replays.get(key)?.file.clone();
        in_memory.or_else(|| fs::read(path(self.folder.as_ref()?, key)).ok())
    }

    fn shorten(&self, shelf: &mut Shelf) {
        while shelf.order.len() > self.most || shelf.bytes > self.most_bytes {
            let Some(oldest) = shelf.order.pop_front() else { return };
            shelf.remove(&oldest);
            if let Some(folder) = &self.folder {
                // Somebody may have removed it already; then there is nothing left to do.
                let _ = fs::remove_file(path(folder, &oldest));
            }
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn add(&mut self, key: RoomKey, kept: Kept) {
        self.bytes += kept.length;
        match self.replays.insert(key.clone(), kept) {
            Some(replaced) => self.bytes -= replaced.length,
            None => self.order.push_back(key),
        }
    }

    fn remove(&mut self, key: &RoomKey) {
        self.bytes -= self.replays.remove(key).map_or(0, |kept| kept.length);
    }
}

/// `<folder>/<app>/<room>.jzrp`.
fn path(folder: &Path, key: &RoomKey) -> PathBuf {
    folder.join(file_name(&key.app)).join(format!("{}.{EXTENSION}", key.room))
}

/// An app's id may hold anything; a folder's name may not.
fn file_name(app: &AppId) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let to_text = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
    app.as_str().bytes().map(to_text).collect()
}

fn app_of(file_name: &str) -> Option<AppId> {
    let mut parts = file_name.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok().map(AppId::from)
}

/// Under another name first: a crash leaves no half replay.
fn write_file(path: &Path, file: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("part");
    fs::write(&unfinished, file)?;
    fs::rename(unfinished, path)
}

/// Oldest first.
fn find_files(folder: &Path) -> io::Result<Vec<(RoomKey, usize)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for app_folder in fs::read_dir(folder)? {
        let app_folder = app_folder?.path();
        let Some(app) = app_folder.file_name().and_then(|name| app_of(name.to_str()?)) else { continue };
        let Ok(entries) = fs::read_dir(&app_folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            let room = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            let (Some(room), Ok(about)) = (room, path.metadata()) else { continue };
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                found.push((about.modified()?, RoomKey { app: app.clone(), room }, about.len() as usize));
            }
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, key, length)| (key, length)).collect())
}

#[cfg(test)]
mod tests {
    use model::RoomId;

    use super::*;

    #[test]
    fn the_shelf_is_bounded_in_memory_and_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        for folder in [None, Some(folder.path().to_path_buf())] {
            let replays = Replays::open(folder.clone(), 3, 1000);
            for number in 0..10u8 {
                replays.put(&key(number), vec![number; 10]);
            }
            replays.put(&key(9), vec![90; 10]);
            let kept: Vec<u8> = (0..10).filter(|number| replays.get(&key(*number)).is_some()).collect();
            assert_eq!(kept, [7, 8, 9]);
            assert_eq!(replays.get(&key(9)), Some(vec![90; 10]));
            replays.put(&key(10), vec![1; 1001]);
            assert_eq!(replays.get(&key(10)), None);
            replays.put(&key(11), vec![1; 985]);
            assert_eq!(replays.get(&key(8)), None);
            assert_eq!(replays.get(&key(9)), Some(vec![90; 10]));
        }
        let later = Replays::open(Some(folder.path().to_path_buf()), 1, 1000);
        assert_eq!(later.get(&key(11)).map(|file| file.len()), Some(985));
        assert_eq!(later.get(&key(9)), None);
        assert_eq!(find_files(folder.path()).unwrap().len(), 1);
    }

    #[test]
    fn any_app_has_a_folder_of_its_own() {
        for app in ["wx0123", "../../etc", "a.b", "游戏", "%41", ""] {
            let name = file_name(&AppId::new(app));
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_%".contains(&byte)));
            assert_eq!(app_of(&name), Some(AppId::new(app)));
        }
    }

    fn key(number: u8) -> RoomKey {
        RoomKey { app: AppId::new("wx/游戏"), room: RoomId::from_name(&format!("replay{number}")) }
    }
}
