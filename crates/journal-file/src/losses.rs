//! Which rooms a damaged journal has lost something of.
//!
//! Each record names the room's previous one, so a record that is missing before another is missed by its room. The
//! last record of a room is missed by nobody; but positions of a partition go up by one, so it is seen that one is
//! missing, and whichever room of the partition has nothing after it may be the one.

use std::collections::{BTreeMap, HashSet};

use model::{Partition, Position};

use crate::entry::State;
use crate::index::{Index, RoomEntry};
use crate::part::{Jump, Part};

/// The position after another, in its epoch.
fn after(position: Position) -> Position {
    Position { sequence: position.sequence + 1, ..position }
}

/// Where positions of partitions are not there, in a segment and between it and those before it, where partitions
/// stood at `states`.
pub fn jumps(
    states: &BTreeMap<Partition, State>,
    part: &Part,
    is_after_loss: bool,
    is_damaged: bool,
) -> Vec<Jump> {
    let mut jumps = part.jumps.clone();
    let mut jump = |partition: Partition, to: Position| {
        let from = states.get(&partition).map(|state| state.last).unwrap_or_default();
        let is_next = from.epoch == to.epoch && from.sequence + 1 == to.sequence;
        if from < to && !is_next {
            jumps.push(Jump { partition, from, to });
        }
    };
    if is_after_loss {
        part.begins.iter().for_each(|(partition, state)| jump(*partition, after(state.last)));
    }
    if is_after_loss || is_damaged {
        part.firsts.iter().for_each(|(partition, first)| jump(*partition, *first));
    }
    // In a compacted segment positions are missing anyway; any may be the one.
    if is_damaged && part.generation > 0 {
        part.ends.iter().for_each(|(partition, state)| jump(*partition, after(state.last)));
    }
    jumps
}

/// Notes with each room what it has lost, once all segments are merged.
pub fn settle(index: &mut Index, jumps: &[Jump], damage: &[String]) {
    let mut named = HashSet::new();
    for (partition, rooms) in &mut index.partitions {
        for (key, room) in rooms.iter_mut() {
            let trimmed = room.trimmed;
            // The image that the trimmed records went into is gone.
            let covered = room.image.map_or(Position::default(), |(at, _)| after(at));
            if covered < trimmed {
                let lost = Position { sequence: trimmed.sequence.saturating_sub(1), ..trimmed };
                lose(room, lost);
                tell(&key.room, lost, damage);
            }
            let missing = std::mem::take(&mut room.missing);
            named.extend(missing.iter().map(|position| (*partition, *position)));
            if let Some(lost) = missing.into_iter().filter(|position| *position >= trimmed).max() {
                lose(room, lost);
                tell(&key.room, lost, damage);
            }
        }
    }
    for jump in jumps {
        let Jump { partition, from, to } = *jump;
        let is_named = |sequence| named.contains(&(partition, Position { epoch: to.epoch, sequence }));
        if from.epoch == to.epoch && (from.sequence + 1..to.sequence).all(is_named) {
            continue;
        }
        let lost = Position { sequence: to.sequence - 1, ..to };
        for (key, room) in index.partitions.entry(partition).or_default() {
            if room.last.is_none_or(|last| last < to) && room.trimmed <= lost {
                lose(room, lost);
                tell(&key.room, lost, damage);
            }
        }
    }
}

fn lose(room: &mut RoomEntry, up_to: Position) {
    room.lost = room.lost.max(Some(up_to));
}

fn tell(room: &model::RoomId, lost: Position, damage: &[String]) {
    tracing::error!(event = "journal_room_damaged", %room, up_to = %lost, damage = damage.join("; "));
}
