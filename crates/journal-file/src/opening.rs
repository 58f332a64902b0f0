//! From the folder to a log that can be written: what is there, what is damaged, what was not finished.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use model::{Epoch, Partition};

use crate::entry::State;
use crate::folder::Folder;
use crate::index::{Filed, Index};
use crate::log::Log;
use crate::losses;
use crate::manifest::Manifest;
use crate::part::{Jump, Part};
use crate::scan::{Damage, Scan, scan};
use crate::segment::{Segment, index_name, log_name};
use crate::{FileJournalConfig, OpenError};

pub struct Opened {
    pub log: Arc<Log>,
    pub states: BTreeMap<Partition, State>,
    pub active: (Arc<Segment>, u32),
    pub epoch: Epoch,
}

pub fn open(folder: Arc<dyn Folder>, config: FileJournalConfig) -> Result<Opened, OpenError> {
    let names = folder.names().map_err(|source| failed("the folder", source))?;
    let mut manifest = read_manifest(folder.as_ref(), &names)?;
    let boot = folder.boot().unwrap_or_default();
    let had_power = !boot.is_empty() && boot == manifest.boot;

    let mut found = manifest
        .segments
        .iter()
        .map(|(number, generation)| load(folder.as_ref(), *number, *generation))
        .collect::<Result<Vec<Found>, OpenError>>()?;
    cut(&mut found, had_power)?;
    manifest.segments = found.iter().map(|found| (found.number, found.generation)).collect();

    let Gathered { index, states, jumps, unsynced, damage } = gather(found);
    let newest = states.values().map(|state| state.fence.max(state.last.epoch)).max();
    let epoch = manifest.epoch.max(newest.unwrap_or(0)) + 1;
    (manifest.epoch, manifest.boot) = (epoch, boot);
    let number = manifest.segments.last().map_or(0, |(number, _)| *number) + 1;
    let last_generation = manifest.segments.iter().map(|(_, generation)| *generation).max().unwrap_or(0);
    let kept: Vec<String> =
        manifest.segments.iter().flat_map(|(n, g)| [log_name(*n, *g), index_name(*n, *g)]).collect();

    let before = index.segments.values().last().map_or(0, |filed| filed.length);
    let mut index = index;
    losses::settle(&mut index, &jumps, &damage);
    let log = Log {
        folder,
        config,
        tidying: Mutex::default(),
        manifest: Mutex::new(manifest),
        index: Mutex::new(index),
        unsynced: Mutex::new(unsynced),
        last_generation: AtomicU32::new(last_generation),
        damage: damage.join("; "),
    };
    let begun = log.begin_segment(
        number,
        before,
        states.iter().map(|(partition, state)| (*partition, *state)).collect(),
    );
    let active = begun.map_err(|source| failed("a new segment", source))?;
    for name in names.iter().filter(|name| is_ours(name) && !kept.contains(name)) {
        if *name != log_name(number, 0) {
            log.folder.remove(name).map_err(|source| failed(name, source))?;
        }
    }
    Ok(Opened { log: Arc::new(log), states, active, epoch })
}

fn read_manifest(folder: &dyn Folder, names: &[String]) -> Result<Manifest, OpenError> {
    let (manifest, was_there) =
        Manifest::read(folder).map_err(|source| failed("the list of segments", source))?;
    match manifest {
        Some(manifest) => Ok(manifest),
        None if was_there || names.iter().any(|name| name.ends_with(".log")) => {
            let why = "no copy of the list of segments (the files segments, segments.copy) can be read";
            Err(OpenError::Damaged(why.into()))
        }
        None => Ok(Manifest::default()),
    }
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
fn cut(found: &mut Vec<Found>, had_power: bool) -> Result<(), OpenError> {
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
        held.segment.file.set_length(u64::from(from)).map_err(|source| failed(&name, source))?;
        let bytes = held.segment.file.read_whole().map_err(|source| failed(&name, source))?;
        let scanned = scan(number, held.segment.generation, &bytes)?;
        (held.part, held.damages) = (scanned.part, scanned.damages);
        found.truncate(at + 1);
        break;
    }
    Ok(())
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
