//! A finished room's log, out of the journal and into a replay.

use journal::Journal;
use model::{Position, RoomKey};
use room_core::replay::FinalState;
use room_core::{Damaged, RoomEvent, modules, replay};

use super::replays::Replays;
use crate::journaled::{Logged, RoomLog};
use crate::replaying::play_on;

/// Nothing is played: the room itself has said what it came to.
pub(super) fn archive(journal: &dyn Journal, replays: &Replays, room: &RoomKey, last: FinalState) {
    let mut log = events(journal, room).peekable();
    if matches!(log.peek(), Some(Ok(event)) if !matches!(event, RoomEvent::Founded(_))) {
        tracing::debug!(event = "replay_not_kept", app = %room.app, room = %room.room,
            "the room was so long that its log was cut off at an image");
        return;
    }
    match replay::write_ended(log, last) {
        Ok(file) => replays.put(room, file),
        Err(error) => {
            tracing::warn!(event = "replay_not_made", app = %room.app, room = %room.room, %error);
        }
    }
}

/// The replay of a room whose log is damaged, up to where it is: all that can still be told of the match. Games are not
/// run here, where everybody's backfills and images wait: of an authoritative room there is the log itself, while it is
/// kept.
pub(super) fn salvage(journal: &dyn Journal, replays: &Replays, room: &RoomKey) {
    let (mut played, mut outputs, mut whole) = (None, Vec::new(), 0);
    for event in events(journal, room).map_while(Result::ok) {
        if play_on(&mut played, event, &modules::none(), &mut outputs).is_err() {
            break;
        }
        outputs.clear();
        whole += 1;
    }
    let Some(played) = played.filter(|played| played.tick() > 0) else { return };
    if let Some(last) = played.final_state()
        && let Ok(file) = replay::write_ended(events(journal, room).take(whole), last)
    {
        replays.put(room, file);
        tracing::warn!(event = "room_salvaged", app = %room.app, room = %room.room, events = whole);
    }
}

fn events<'a>(
    journal: &'a dyn Journal,
    room: &'a RoomKey,
) -> impl Iterator<Item = Result<RoomEvent, Damaged>> + use<'a> {
    let log = RoomLog::new(journal, room, Position::default());
    log.map(|logged| logged.map(|Logged { event, .. }| event).map_err(Damaged::from))
}
