//! A finished room's log, out of the journal and into a replay.

use std::sync::Arc;

use journal::Journal;
use model::{Position, RoomKey};
use room_core::modules::Modules;
use room_core::{Damaged, RoomEvent, replay};

use super::replays::Replays;
use crate::record;
use crate::replaying::play_on;

const PAGE_BYTES: usize = 256 << 10;

pub(super) fn archive(journal: &dyn Journal, replays: &Replays, modules: &Arc<dyn Modules>, room: &RoomKey) {
    match replay::write(Log::new(journal, room), modules) {
        Ok(file) => replays.put(room, file),
        Err(error) => {
            tracing::warn!(event = "replay_not_made", app = %room.app, room = %room.room, %error);
        }
    }
}

/// The replay of a room whose log is damaged, up to where it is: all that can still be told of the match.
pub(super) fn salvage(journal: &dyn Journal, replays: &Replays, modules: &Arc<dyn Modules>, room: &RoomKey) {
    let (mut played, mut outputs, mut whole) = (None, Vec::new(), 0);
    for event in Log::new(journal, room).map_while(Result::ok) {
        if play_on(&mut played, event, modules, &mut outputs).is_err() {
            break;
        }
        outputs.clear();
        whole += 1;
    }
    if played.is_some_and(|played| played.tick() > 0)
        && let Ok(file) = replay::write(Log::new(journal, room).take(whole), modules)
    {
        replays.put(room, file);
        tracing::warn!(event = "room_salvaged", app = %room.app, room = %room.room, events = whole);
    }
}

/// All events of a room, page by page.
struct Log<'a> {
    journal: &'a dyn Journal,
    room: &'a RoomKey,
    after: Position,
    page: std::vec::IntoIter<Result<RoomEvent, Damaged>>,
}

impl<'a> Log<'a> {
    fn new(journal: &'a dyn Journal, room: &'a RoomKey) -> Log<'a> {
        Log { journal, room, after: Position::default(), page: Vec::new().into_iter() }
    }

    fn turn_page(&mut self) -> Result<(), Damaged> {
        let records = self.journal.read_room(self.room, self.after, PAGE_BYTES);
        let records = records.map_err(|error| Damaged { what: error.to_string().into() })?;
        if let Some(last) = records.last() {
            self.after = last.position;
        }
        let events: Vec<_> = records.iter().flat_map(|read| record::events(&read.bytes)).collect();
        self.page = events.into_iter();
        Ok(())
    }
}

impl Iterator for Log<'_> {
    type Item = Result<RoomEvent, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(event) = self.page.next() {
            return Some(event);
        }
        match self.turn_page() {
            Ok(()) => self.page.next(),
            Err(damaged) => Some(Err(damaged)),
        }
    }
}
