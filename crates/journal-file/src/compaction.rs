//! New segments of old ones.
//!
//! The order, each step harmless to die after: write the new segment and its index under names that nobody knows yet,
//! sync them and the folder; sync the log, so that what made entries superfluous is on the disk before they are gone;
//! write the manifest, which is the moment that counts; put the new segment into the index; remove the old files. What
//! is left behind in between is not in the manifest and goes at the next opening.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;

use model::Partition;

use crate::entry::{self, Entry, State};
use crate::index::Index;
use crate::log::{Log, guard};
use crate::part::Part;
use crate::scan::{self, Found, scan};
use crate::segment::{Segment, index_name, log_name, start};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("damaged: {0}")]
    Damaged(String),
}

/// Copies all of a segment that could not be synced. `tidying` is held.
pub fn write_again(log: &Log, segment: &Arc<Segment>) -> Result<(), Error> {
    let run = [segment.number];
    let (new, part) = build(log, &run, &|_, _| true)?;
    exchange(log, &run, Some((new, part)), true)
}

/// Copies what is still needed of neighbouring segments into one. `tidying` is held.
pub fn compact(log: &Log, run: &[u32]) -> Result<(), Error> {
    let live = live_offsets(&log.index(), run);
    let (new, part) = build(log, run, &|segment, offset| live.contains(&(segment, offset)))?;
    log.sync()?;
    exchange(log, run, Some((new, part)), false)
}

/// Removes segments in which nothing is needed any more. `tidying` is held.
pub fn remove(log: &Log, run: &[u32]) -> Result<(), Error> {
    log.sync()?;
    exchange(log, run, None, false)
}

/// Makes the index beside a sealed segment. A damaged segment gets none, so that every start looks at it.
pub fn write_index(log: &Log, segment: &Segment) -> Result<(), Error> {
    let bytes = read(log, segment)?;
    let scanned = scan(segment.number, segment.generation, &bytes)
        .map_err(|error| Error::Damaged(error.to_string()))?;
    if scanned.damages.is_empty() {
        put_index(log, &scanned.part)?;
    }
    Ok(())
}

fn live_offsets(index: &Index, run: &[u32]) -> HashSet<(u32, u32)> {
    let mut live = HashSet::new();
    for room in index.partitions.values().flat_map(|rooms| rooms.values()) {
        for chunk in room.places.chunks.iter().filter(|chunk| run.contains(&chunk.segment)) {
            live.extend(chunk.offsets().map(|offset| (chunk.segment, offset)));
        }
        let others = room.image.map(|(_, place)| place).into_iter().chain(room.trim);
        live.extend(others.map(|place| (place.segment, place.offset)));
    }
    let is_held_elsewhere = |holders: &[u32]| holders.iter().any(|holder| !run.contains(holder));
    let tombs = index.tombs.values().filter(|tomb| is_held_elsewhere(&tomb.holders));
    live.extend(tombs.map(|tomb| (tomb.place.segment, tomb.place.offset)));
    live
}

fn build(log: &Log, run: &[u32], keep: &dyn Fn(u32, u32) -> bool) -> Result<(Segment, Part), Error> {
    let segments: Vec<Arc<Segment>> = {
        let index = log.index();
        run.iter()
            .filter_map(|number| index.segments.get(number))
            .map(|filed| filed.segment.clone())
            .collect()
    };
    let Some(first) = segments.first() else { return Err(Error::Damaged("no segments".into())) };
    let (number, generation) = (first.number, log.next_generation());
    let mut bytes = start();
    let mut states = BTreeMap::new();
    for (index, segment) in segments.iter().enumerate() {
        let old = read(log, segment)?;
        let scanned = scan(segment.number, segment.generation, &old)
            .map_err(|error| Error::Damaged(error.to_string()))?;
        if let Some(damage) = scanned.damages.first() {
            let name = log_name(segment.number, segment.generation);
            return Err(Error::Damaged(format!(
                "segment {} ({name}), offset {}",
                segment.number, damage.from
            )));
        }
        if index == 0 {
            append_head(&mut bytes, [number, generation, scanned.part.before], &scanned.part.begins);
        }
        states.extend(scanned.part.ends);
        copy(segment.number, &old, keep, &mut bytes)?;
    }
    append_head(&mut bytes, [number, generation, 0], &states);
    let part = scan(number, generation, &bytes).map_err(|error| Error::Damaged(error.to_string()))?.part;
    let new = put_segment(log, &bytes, &part).inspect_err(|_| {
        // Nobody knows them yet, and the disk may be full.
        for name in [log_name(number, generation), index_name(number, generation)] {
            let _ = log.folder.remove(&name);
        }
    })?;
    Ok((new, part))
}

fn put_segment(log: &Log, bytes: &[u8], part: &Part) -> io::Result<Segment> {
    let new = Segment::write(log.folder.as_ref(), part.number, part.generation, bytes)?;
    put_index(log, part)?;
    log.folder.sync()?;
    Ok(new)
}

fn copy(number: u32, old: &[u8], keep: &dyn Fn(u32, u32) -> bool, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let tell = |found: Found<'_>| {
        let Found::Entry { entry, offset, .. } = found else { return };
        let is_of_a_room = !matches!(entry, Entry::Head { .. } | Entry::Fence { .. } | Entry::Synced { .. });
        if is_of_a_room && keep(number, offset) {
            entry::append(bytes, &entry);
        }
    };
    scan::for_each(number, old, tell).map_err(|error| Error::Damaged(error.to_string()))
}

fn append_head(
    bytes: &mut Vec<u8>,
    [number, generation, before]: [u32; 3],
    states: &BTreeMap<Partition, State>,
) {
    let states = states.iter().map(|(partition, state)| (*partition, *state)).collect();
    entry::append(bytes, &Entry::Head { number, generation, before, states });
}

fn put_index(log: &Log, part: &Part) -> io::Result<()> {
    log.folder.put(&index_name(part.number, part.generation), &part.encode()).map(drop)
}

/// Commits, and removes what the new segment replaces.
fn exchange(log: &Log, run: &[u32], new: Option<(Segment, Part)>, has_all: bool) -> Result<(), Error> {
    let named = new.as_ref().map(|(segment, _)| (segment.number, segment.generation));
    log.change_manifest(|manifest| {
        let at = manifest.segments.iter().position(|(number, _)| run.contains(number)).unwrap_or(0);
        manifest.segments.retain(|(number, _)| !run.contains(number));
        named.into_iter().for_each(|named| manifest.segments.insert(at, named));
    })?;
    let mut old_names = Vec::new();
    {
        let mut index = log.index();
        for filed in run.iter().filter_map(|number| index.segments.get(number)) {
            let Segment { number, generation, .. } = *filed.segment;
            old_names.extend([log_name(number, generation), index_name(number, generation)]);
        }
        match new {
            Some((segment, part)) => index.replace(run, Arc::new(segment), part, has_all),
            None => index.remove(run),
        }
    }
    guard(&log.unsynced).retain(|segment| !run.contains(&segment.number));
    for name in old_names {
        // It is not in the manifest any more; if it stays, the next opening removes it.
        if let Err(error) = log.folder.remove(&name)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(event = "journal_file_not_removed", file = name, %error);
        }
    }
    Ok(())
}

/// What was written of a segment.
fn read(log: &Log, segment: &Segment) -> io::Result<Vec<u8>> {
    let mut bytes = segment.file.read_whole()?;
    if let Some(filed) = log.index().segments.get(&segment.number) {
        bytes.truncate(filed.length as usize);
    }
    Ok(bytes)
}
