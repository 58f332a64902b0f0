//! From the folder to a log that can be written: what is there, what is damaged, what was not finished.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use journal::JournalError;
use model::{Epoch, Partition};

use crate::blocks::Blocks;
use crate::entry::State;
use crate::folder::Folder;
use crate::index::{Filed, Index};
use crate::log::Log;
use crate::losses;
use crate::manifest::Manifest;
use crate::part::{Jump, Part};
use crate::scan::{Damage, Scan, scan};
use crate::segment::{Segment, index_name, log_name};
use crate::writer::to_error;
use crate::{FileJournalConfig, Look, OpenError};

pub struct Opened {
    pub log: Arc<Log>,
    pub states: BTreeMap<Partition, State>,
    pub first: First,
    pub epoch: Epoch,
}

/// The segment that this process begins with.
pub enum First {
    /// With its length.
    Begun(Arc<Segment>, u32),
    /// There is no space for one now. What there is can be read all the same.
    Later { number: u32, before: u32 },
}

pub fn open(folder: Arc<dyn Folder>, config: FileJournalConfig) -> Result<Opened, OpenError> {
    let Stored { names, copies, mut manifest, mut found, had_power, boot } = Stored::read(folder.as_ref())?;
    if let (Some(length), Some(Held { segment, .. })) = (cut(&mut found, had_power)?, last_held(&found)) {
        let name = log_name(segment.number, segment.generation);
        segment.file.set_length(u64::from(length)).map_err(|source| failed(&name, source))?;
    }
    manifest.segments = found.iter().map(|found| (found.number, found.generation)).collect();

    let Gathered { mut index, states, jumps, unsynced, damage } = gather(found);
    let newest = states.values().map(|state| state.fence.max(state.last.epoch)).max();
    let epoch = manifest.epoch.max(newest.unwrap_or(0)) + 1;
    (manifest.epoch, manifest.boot) = (epoch, boot);
    // Names of segments that were cut off are not used again: until the list is written anew, it names them.
    let all = || copies.iter().flat_map(|copy| &copy.segments);
    let number = all().map(|(number, _)| *number).max().unwrap_or(0) + 1;
    let last_generation = all().map(|(_, generation)| *generation).max().unwrap_or(0);
    let kept: HashSet<String> = manifest.names().chain([log_name(number, 0)]).collect();

    let before = index.segments.values().last().map_or(0, |filed| filed.length);
    losses::settle(&mut index, &jumps, &damage);
    let log = Log {
        folder,
        blocks: Blocks::new(config.rebuild_bytes),
        config,
        tidying: Mutex::default(),
        manifest: Mutex::new(manifest),
        index: Mutex::new(index),
        unsynced: Mutex::new(unsynced),
        last_generation: AtomicU32::new(last_generation),
        waits_for_space: AtomicBool::new(false),
        damage: damage.join("; "),
    };
    // As long as the list of segments is not written anew, either copy of it may be read next time.
    let named: HashSet<String> =
        copies.iter().flat_map(Manifest::names).chain(kept.iter().cloned()).collect();
    remove_leftovers(&log, &names, &named)?;
    let begun = log.begin_segment(
        number,
        before,
        states.iter().map(|(partition, state)| (*partition, *state)).collect(),
    );
    let first = match begun {
        Ok((segment, length)) => {
            remove_leftovers(&log, &names, &kept)?;
            First::Begun(segment, length)
        }
        Err(error) if matches!(to_error(&error), JournalError::Full(_)) => {
            tracing::warn!(event = "journal_opened_full", %error, "nothing can be written until there is space");
            log.waits_for_space.store(true, Ordering::Relaxed);
            First::Later { number, before }
        }
        Err(error) => return Err(failed("a new segment", error)),
    };
    Ok(Opened { log: Arc::new(log), states, first, epoch })
}

/// What an opening would find, and changes nothing.
pub fn look(folder: &dyn Folder) -> Result<Look, OpenError> {
    let Stored { manifest, mut found, had_power, .. } = Stored::read_unchanged(folder)?;
    cut(&mut found, had_power)?;
    let Gathered { mut index, jumps, damage, .. } = gather(found);
    losses::settle(&mut index, &jumps, &damage);
    let rooms = || index.partitions.values().flat_map(HashMap::values).filter(|room| room.is_there());
    Ok(Look {
        segments: manifest.segments.len(),
        rooms: rooms().count(),
        damaged_rooms: rooms().filter(|room| room.lost.is_some()).count(),
        damage,
    })
}

/// What is in the folder, as it is there.
struct Stored {
    names: Vec<String>,
    /// Of the list of segments.
    copies: Vec<Manifest>,
    /// The newest of them.
    manifest: Manifest,
    found: Vec<Found>,
    had_power: bool,
    boot: String,
}

/// A journal that is being written changes its list of segments now and then, and hardly ever so often in a row.
const LOOKS: u32 = 10;

impl Stored {
    fn read(folder: &dyn Folder) -> Result<Stored, OpenError> {
        let names = folder.names().map_err(|source| failed("the folder", source))?;
        let (copies, manifest) = read_manifest(folder, &names)?;
        let boot = folder.boot().unwrap_or_default();
        let had_power = !boot.is_empty() && boot == manifest.boot;
        let load = |(number, generation): &(u32, u32)| load(folder, *number, *generation);
        let found = manifest.segments.iter().map(load).collect::<Result<Vec<Found>, OpenError>>()?;
        Ok(Stored { names, copies, manifest, found, had_power, boot })
    }

    /// Of a journal that somebody may be writing: segments that were replaced meanwhile are not missing.
    fn read_unchanged(folder: &dyn Folder) -> Result<Stored, OpenError> {
        for _ in 0..LOOKS {
            let stored = Stored::read(folder)?;
            let copies = Manifest::read(folder).map_err(|source| failed("the list of segments", source))?.0;
            if copies.last().is_none_or(|newest| *newest == stored.manifest) {
                return Ok(stored);
            }
        }
        Stored::read(folder)
    }
}

fn read_manifest(folder: &dyn Folder, names: &[String]) -> Result<(Vec<Manifest>, Manifest), OpenError> {
    let (copies, was_there) =
        Manifest::read(folder).map_err(|source| failed("the list of segments", source))?;
    match copies.last().cloned() {
        Some(newest) => Ok((copies, newest)),
        None if was_there || names.iter().any(|name| name.ends_with(".log")) => {
            let why = "no copy of the list of segments (the files segments, segments.copy) can be read";
            Err(OpenError::Damaged(why.into()))
        }
        None => Ok((copies, Manifest::default())),
    }
}

fn remove_leftovers(log: &Log, names: &[String], kept: &HashSet<String>) -> Result<(), OpenError> {
    for name in names.iter().filter(|name| is_ours(name) && !kept.contains(*name)) {
        match log.folder.remove(name) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(failed(name, source)),
            _ => {}
        }
    }
    Ok(())
}

/// What the manifest names.
struct Found {
    number: u32,
    generation: u32,
    /// `None` if the file is not there, or empty.
    held: Option<Held>,
}

struct Held {
    segment: Segment,
    part: Part,
    damages: Vec<Damage>,
    /// It has an index, so it had reached the disk.
    is_sealed: bool,
}

fn load(folder: &dyn Folder, number: u32, generation: u32) -> Result<Found, OpenError> {
    let io = |source| failed(&log_name(number, generation), source);
    let segment = match Segment::open(folder, number, generation) {
        Ok(segment) => segment,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Found { number, generation, held: None });
        }
        Err(error) => return Err(io(error)),
    };
    let length = segment.file.length().map_err(io)?;
    // A segment is named only once its head is on the disk.
    if length == 0 {
        return Ok(Found { number, generation, held: None });
    }
    let index = folder.open(&index_name(number, generation)).and_then(|file| file.read_whole());
    let part = index.ok().and_then(|bytes| Part::decode(&bytes, number, generation, length));
    let held = match part {
        Some(part) => Held { segment, part, damages: Vec::new(), is_sealed: true },
        None => {
            let bytes = segment.file.read_whole().map_err(io)?;
            let scanned = scan(number, generation, &bytes)?;
            let Scan { part, damages } = scanned;
            Held { segment, part, damages, is_sealed: false }
        }
    };
    Ok(Found { number, generation, held: Some(held) })
}

/// Takes off what had not reached the disk when the writing ended.
///
/// While the machine kept its power, that can only be an entry at the very end that was not written whole. When it did
/// not, the file system may have kept any part of what was not synced; then all that follows the first damage goes, and
/// what remains is what once was. Damage in what is known to have been synced is damage.
///
/// Returns the length to which the last segment that is left has to be cut; the file is still as it was.
fn cut(found: &mut Vec<Found>, had_power: bool) -> Result<Option<u32>, OpenError> {
    let synced_before =
        found.iter().rposition(|one| one.held.as_ref().is_some_and(|held| held.part.synced.is_some()));
    let last = found.len().saturating_sub(1);
    for at in 0..found.len() {
        if let Some((one, later)) = found[at..].split_first_mut() {
            miss_the_end(one, later.first());
        }
    }
    for at in 0..found.len() {
        let Some(held) = &mut found[at].held else { continue };
        let synced = held.part.synced.unwrap_or(0);
        let was_synced =
            held.is_sealed || held.segment.generation > 0 || synced_before.is_some_and(|before| at < before);
        let is_torn = |damage: &&Damage| damage.to == held.part.length && at == last;
        let from = if had_power || was_synced {
            held.damages.iter().find(is_torn)
        } else {
            held.damages.iter().find(|damage| damage.from >= synced)
        };
        let Some(Damage { from, .. }) = from.copied() else { continue };
        let (number, length) = (held.segment.number, held.part.length);
        let name = log_name(number, held.segment.generation);
        tracing::warn!(event = "journal_end_cut", segment = number, from, length, later_segments = last - at);
        let mut bytes = held.segment.file.read_whole().map_err(|source| failed(&name, source))?;
        bytes.truncate(from as usize);
        let scanned = scan(number, held.segment.generation, &bytes)?;
        (held.part, held.damages) = (scanned.part, scanned.damages);
        found.truncate(at + 1);
        return Ok(Some(from));
    }
    Ok(None)
}

fn last_held(found: &[Found]) -> Option<&Held> {
    found.last().and_then(|found| found.held.as_ref())
}

/// The next segment tells how long this one was, and a compacted one ends with a head.
fn miss_the_end(one: &mut Found, next: Option<&Found>) {
    let Some(held) = one.held.as_mut() else { return };
    let from = held.part.length;
    let before = next.and_then(|next| next.held.as_ref()).map_or(0, |held| held.part.before);
    let follows = next.is_some_and(|next| next.number == one.number + 1);
    if one.generation > 0 && !held.is_sealed && !held.part.has_end {
        held.damages.push(Damage { from, to: from });
    } else if one.generation == 0 && follows && from < before {
        held.damages.push(Damage { from, to: before });
    }
}

struct Gathered {
    index: Index,
    states: BTreeMap<Partition, State>,
    jumps: Vec<Jump>,
    unsynced: Vec<Arc<Segment>>,
    damage: Vec<String>,
}

fn gather(found: Vec<Found>) -> Gathered {
    let mut gathered = Gathered {
        index: Index::default(),
        states: BTreeMap::new(),
        jumps: Vec::new(),
        unsynced: Vec::new(),
        damage: Vec::new(),
    };
    let mut is_after_loss = false;
    for Found { number, generation, held } in found {
        let name = log_name(number, generation);
        let Some(Held { segment, part, damages, is_sealed }) = held else {
            tracing::error!(event = "journal_segment_missing", segment = number, file = name);
            gathered.damage.push(format!("segment {number} ({name}) is missing"));
            is_after_loss = true;
            continue;
        };
        for damage in &damages {
            let Damage { from, to } = *damage;
            tracing::error!(event = "journal_damaged", segment = number, file = name, from, to);
            gathered.damage.push(format!("segment {number} ({name}) is damaged from offset {from} to {to}"));
        }
        let is_damaged = !damages.is_empty();
        gathered.jumps.extend(losses::jumps(&gathered.states, &part, is_after_loss, is_damaged));
        is_after_loss = is_damaged;
        for (partition, end) in &part.ends {
            let state = gathered.states.entry(*partition).or_default();
            state.fence = state.fence.max(end.fence);
            state.last = state.last.max(end.last);
        }
        let segment = Arc::new(segment);
        if !is_sealed {
            // A damaged one stays as it is, for people to look at.
            if !is_damaged {
                segment.inherit();
            }
            gathered.unsynced.push(segment.clone());
        }
        let filed = Filed { segment, length: part.length, heads: part.heads, live: 0 };
        gathered.index.segments.insert(number, filed);
        gathered.index.merge(part);
    }
    gathered
}

fn is_ours(name: &str) -> bool {
    [".log", ".index"].iter().any(|end| name.ends_with(end))
}

fn failed(what: &str, source: io::Error) -> OpenError {
    OpenError::Io { what: what.to_owned(), source }
}
