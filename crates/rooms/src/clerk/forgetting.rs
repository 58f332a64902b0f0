//! Rooms that the journal is to forget, asked again where it failed to.

use std::time::Duration;

use clock::Moment;
use journal::Journal;
use model::RoomKey;

/// Rooms that are not forgotten yet.
#[derive(Default)]
pub(super) struct Forgetting {
    waiting: Vec<Unforgotten>,
}

struct Unforgotten {
    room: RoomKey,
    tries: u32,
    again_at: Moment,
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Some two minutes; then, as beyond the bound, it is left to the next start of the server, which finds that the room
/// has ended. Not for ever: a room's id may be used again.
const MOST_TRIES: u32 = 8;
const MOST_WAITING: usize = 4096;

impl Forgetting {
    pub fn forget(&mut self, journal: &dyn Journal, room: RoomKey, now: Moment) {
        self.try_to(journal, Unforgotten { room, tries: 0, again_at: now }, now);
    }

    /// Those whose time has come.
    pub fn try_again(&mut self, journal: &dyn Journal, now: Moment) {
        let due: Vec<Unforgotten> = self.waiting.extract_if(.., |waiting| waiting.again_at <= now).collect();
        due.into_iter().for_each(|room| self.try_to(journal, room, now));
    }

    /// All of them, the last time.
    pub fn try_all(&mut self, journal: &dyn Journal, now: Moment) {
        for room in std::mem::take(&mut self.waiting) {
            self.try_to(journal, room, now);
        }
    }

    pub fn next(&self) -> Option<Moment> {
        self.waiting.iter().map(|waiting| waiting.again_at).min()
    }

    fn try_to(&mut self, journal: &dyn Journal, unforgotten: Unforgotten, now: Moment) {
        let Unforgotten { room, tries, .. } = unforgotten;
        let Err(error) = journal.forget(&room) else { return };
        let gives_up = tries + 1 >= MOST_TRIES || self.waiting.len() >= MOST_WAITING;
        if tries == 0 || gives_up {
            tracing::warn!(event = "room_not_forgotten", app = %room.app, room = %room.room, %error, gives_up);
        }
        if !gives_up {
            let again_at = now + FIRST_PAUSE * 2_u32.pow(tries);
            self.waiting.push(Unforgotten { room, tries: tries + 1, again_at });
        }
    }
}
