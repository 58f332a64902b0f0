//! A folder in memory that dies, loses its power, fills up, fails and holds still on command.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use clock::Chance;

use crate::folder::{File, Folder};

/// The disk of a machine. Each [`SimFolder::process`] sees it until the next `kill` or `power_cut`.
#[derive(Clone)]
pub struct SimFolder {
    disk: Arc<(Mutex<Disk>, Condvar)>,
    process: u64,
}

struct Disk {
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    pending_names: Vec<Naming>,
    files: HashMap<u64, SimInode>,
    chance: Chance,
    process: u64,
    boot: u64,
    steps: u64,
    crash_at: Option<u64>,
    space: Option<u64>,
    failing_syncs: u32,
    failing_writes: u32,
    is_held: bool,
}

/// What readers see, what the power cannot take, and what stands between.
#[derive(Default)]
struct SimInode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Clone)]
enum Naming {
    Link(String, u64),
    Unlink(String),
}

impl SimFolder {
    pub fn new(seed: u64) -> SimFolder {
        let disk = Disk {
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            files: HashMap::new(),
            chance: Chance::seeded(seed),
            process: 0,
            boot: 0,
            steps: 0,
            crash_at: None,
            space: None,
            failing_syncs: 0,
            failing_writes: 0,
            is_held: false,
        };
        SimFolder { disk: Arc::new((Mutex::new(disk), Condvar::new())), process: 0 }
    }

    /// The folder as the living process sees it.
    pub fn process(&self) -> Arc<dyn Folder> {
        let process = self.guard().process;
        Arc::new(SimFolder { disk: self.disk.clone(), process })
    }

    /// The process dies where it stands; the machine lives.
    pub fn kill(&self) {
        let mut disk = self.guard();
        disk.process += 1;
        disk.crash_at = None;
        disk.is_held = false;
        self.disk.1.notify_all();
    }

    /// The machine dies, too: of what was not synced, any part may be left.
    pub fn power_cut(&self) {
        self.kill();
        let mut disk = self.guard();
        disk.boot += 1;
        disk.lose_what_was_not_synced();
    }

    /// The process dies in the middle of its `steps`-th change of the disk from now, the first being 1.
    pub fn crash_in(&self, steps: u64) {
        let mut disk = self.guard();
        disk.crash_at = Some(disk.steps + steps);
    }

    pub fn has_crashed(&self) -> bool {
        let disk = self.guard();
        disk.crash_at.is_some_and(|at| disk.steps >= at)
    }

    /// Changes of the disk so far: writes, syncs, names.
    pub fn steps(&self) -> u64 {
        self.guard().steps
    }

    /// Bytes that all files together may have.
    pub fn set_space(&self, bytes: Option<u64>) {
        self.guard().space = bytes;
    }

    pub fn used(&self) -> u64 {
        self.guard().used()
    }

    /// So many syncs of files fail, and what they were to write never reaches the disk, though it can be read.
    pub fn fail_syncs(&self, count: u32) {
        self.guard().failing_syncs = count;
    }

    pub fn fail_writes(&self, count: u32) {
        self.guard().failing_writes = count;
    }

    /// Writes and syncs wait until they are let go.
    pub fn hold(&self) {
        self.guard().is_held = true;
    }

    pub fn let_go(&self) {
        self.guard().is_held = false;
        self.disk.1.notify_all();
    }

    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let disk = self.guard();
        disk.names.get(name).and_then(|inode| disk.files.get(inode)).map(|file| file.seen.clone())
    }

    /// Puts these bytes where they were not written.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut disk = self.guard();
        let inode = disk.names.get(name).copied();
        if let Some(file) = inode.and_then(|inode| disk.files.get_mut(&inode)) {
            *file = SimInode { seen: bytes.to_vec(), durable: bytes.to_vec(), pending: Vec::new() };
        }
    }

    fn guard(&self) -> MutexGuard<'_, Disk> {
        self.disk.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk, if this process lives and nothing holds it.
    fn living(&self, changes: bool) -> io::Result<MutexGuard<'_, Disk>> {
        let mut disk = self.guard();
        while changes && disk.is_held && disk.process == self.process {
            disk = self.disk.1.wait(disk).unwrap_or_else(PoisonError::into_inner);
        }
        let is_crashed = disk.crash_at.is_some_and(|at| disk.steps >= at);
        if disk.process != self.process || is_crashed {
            return Err(io::Error::other("the process is dead"));
        }
        Ok(disk)
    }
}

impl Disk {
    /// True if this is the change in which the process dies.
    fn step(&mut self) -> bool {
        self.steps += 1;
        self.crash_at.is_some_and(|at| self.steps >= at)
    }

    fn used(&self) -> u64 {
        self.names.values().filter_map(|inode| self.files.get(inode)).map(|file| file.seen.len() as u64).sum()
    }

    fn name(&mut self, naming: Naming) -> io::Result<()> {
        if self.step() && self.chance.below(2) == 0 {
            return Err(io::Error::other("the process is dead"));
        }
        naming.apply(&mut self.names);
        self.pending_names.push(naming);
        Ok(())
    }

    fn lose_what_was_not_synced(&mut self) {
        let pending = std::mem::take(&mut self.pending_names);
        let kept = self.chance.below(pending.len() as u64 + 1) as usize;
        pending[..kept].iter().for_each(|naming| naming.apply(&mut self.durable_names));
        self.names = self.durable_names.clone();
        let mut inodes: Vec<u64> = self.files.keys().copied().collect();
        inodes.sort_unstable();
        for inode in inodes {
            let Some(file) = self.files.get_mut(&inode) else { continue };
            for change in std::mem::take(&mut file.pending) {
                match (change, self.chance.below(3)) {
                    (_, 0) => {}
                    (Change::Write(offset, bytes), 1) => {
                        let half = self.chance.below(bytes.len() as u64 + 1) as usize;
                        Change::Write(offset, bytes[..half].to_vec()).apply(&mut file.durable);
                    }
                    (change, _) => change.apply(&mut file.durable),
                }
            }
            file.seen = file.durable.clone();
        }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(offset, written) => {
                let end = *offset as usize + written.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset as usize..end].copy_from_slice(written);
            }
            Change::Length(length) => bytes.resize(*length as usize, 0),
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Naming::Link(name, inode) => {
                names.retain(|_, other| other != inode);
                names.insert(name.clone(), *inode);
            }
            Naming::Unlink(name) => {
                names.remove(name);
            }
        }
    }
}

impl Folder for SimFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.living(false)?.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let disk = self.living(false)?;
        let inode = *disk.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile { folder: self.clone(), inode }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut disk = self.living(true)?;
        let inode = disk.files.keys().max().map_or(1, |newest| newest + 1);
        disk.files.insert(inode, SimInode::default());
        disk.name(Naming::Link(name.to_owned(), inode))?;
        Ok(Arc::new(SimFile { folder: self.clone(), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.living(true)?;
        let inode = *disk.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        disk.name(Naming::Link(to.to_owned(), inode))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut disk = self.living(true)?;
        if !disk.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        disk.name(Naming::Unlink(name.to_owned()))
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.living(true)?;
        if disk.step() {
            return Err(io::Error::other("the process is dead"));
        }
        disk.durable_names = disk.names.clone();
        disk.pending_names.clear();
        Ok(())
    }

    fn boot(&self) -> Option<String> {
        Some(format!("boot {}", self.guard().boot))
    }
}

struct SimFile {
    folder: SimFolder,
    inode: u64,
}

impl SimFile {
    fn change(disk: &mut Disk, inode: u64, change: Change) {
        if let Some(file) = disk.files.get_mut(&inode) {
            change.apply(&mut file.seen);
            file.pending.push(change);
        }
    }
}

impl File for SimFile {
    fn length(&self) -> io::Result<u64> {
        let disk = self.folder.living(false)?;
        Ok(disk.files.get(&self.inode).map_or(0, |file| file.seen.len() as u64))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let disk = self.folder.living(false)?;
        let seen = disk.files.get(&self.inode).map(|file| file.seen.as_slice()).unwrap_or_default();
        let rest = seen.get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.folder.living(true)?;
        if disk.failing_writes > 0 {
            disk.failing_writes -= 1;
            return Err(io::Error::other("the disk does not write"));
        }
        let free = disk.space.map_or(u64::MAX, |space| space.saturating_sub(disk.used()));
        if free == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut length = bytes.len().min(usize::try_from(free).unwrap_or(usize::MAX));
        let dies = disk.step();
        if dies {
            length = disk.chance.below(length as u64 + 1) as usize;
        }
        SimFile::change(&mut disk, self.inode, Change::Write(offset, bytes[..length].to_vec()));
        if dies { Err(io::Error::other("the process is dead")) } else { Ok(length) }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut disk = self.folder.living(true)?;
        if disk.step() {
            return Err(io::Error::other("the process is dead"));
        }
        SimFile::change(&mut disk, self.inode, Change::Length(length));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.folder.living(true)?;
        if disk.step() {
            return Err(io::Error::other("the process is dead"));
        }
        let fails = disk.failing_syncs > 0;
        disk.failing_syncs = disk.failing_syncs.saturating_sub(1);
        let Some(file) = disk.files.get_mut(&self.inode) else { return Ok(()) };
        let pending = std::mem::take(&mut file.pending);
        if fails {
            return Err(io::Error::other("the disk does not sync"));
        }
        pending.iter().for_each(|change| change.apply(&mut file.durable));
        Ok(())
    }
}
