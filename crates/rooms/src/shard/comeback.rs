//! After a recovery: the room waits a moment for its members, and gives up those who do not come.

use std::time::Duration;

use clock::Moment;
use link::ToRoom;
use model::{PlayerId, SessionId};
use room_core::{Room, RoomRequest};

use crate::calls::Member;

use super::hosted::Hosted;
use super::{RoomAt, Shard};

/// Whom a recovered room awaits.
pub(super) struct Comeback {
    /// They were playing when the last run ended: the next tick waits for them.
    players: Vec<PlayerId>,
    /// But not longer than this.
    ticks_at: Moment,
    /// Of the last run. Their gateway does not know them any more, so nobody else will say that they are over.
    sessions: Vec<SessionId>,
    gone_at: Moment,
}

impl Comeback {
    /// Of the room as its last run left it; nothing if nobody is in it.
    pub fn of(room: &Room, now: Moment, grace: Duration, window: Duration) -> Option<Comeback> {
        let seated_online =
            room.members().filter(|(seat, member)| seat.is_some() && member.online).map(|(_, member)| member);
        let players = seated_online.map(|member| member.player.clone()).collect();
        let still_there = room.members().filter(|(_, member)| !member.gone);
        let sessions: Vec<SessionId> = still_there.map(|(_, member)| member.session).collect();
        let comeback = Comeback { players, ticks_at: now + grace, sessions, gone_at: now + window };
        (!comeback.sessions.is_empty()).then_some(comeback)
    }

    fn awaits_somebody(&self, room: &Room) -> bool {
        let is_away = |player| room.member_of(player).is_some_and(|(_, member)| !member.online);
        self.players.iter().any(is_away)
    }
}

impl Hosted {
    /// The next tick is not to come yet: a pause, in which no tick is lost.
    pub(super) fn awaits_members(&self, now: Moment) -> bool {
        let waits = |comeback: &Comeback| now < comeback.ticks_at && comeback.awaits_somebody(&self.room);
        self.comeback.as_ref().is_some_and(waits)
    }

    /// Whoever comes back is newer than a session of the last run, whatever the numbers say: a login before the room was
    /// rebuilt, within the same second or by a clock that was set back may have drawn one that is not higher.
    pub(super) fn session_number_of(&self, who: &Member) -> u32 {
        let of_last_run = |session| self.comeback.as_ref().is_some_and(|it| it.sessions.contains(session));
        match self.room.member_of(&who.player) {
            Some((_, member)) if !member.online && of_last_run(&member.session) => {
                who.session_number.max(member.session_number.saturating_add(1))
            }
            _ => who.session_number,
        }
    }

    pub(super) fn comeback_timer(&self, now: Moment) -> Option<Moment> {
        let comeback = self.comeback.as_ref()?;
        if comeback.ticks_at > now { Some(comeback.ticks_at) } else { Some(comeback.gone_at) }
    }
}

impl Shard {
    /// The sessions of the last run that have not come back are over.
    pub(super) fn end_old_sessions(&mut self, at: RoomAt) {
        let now = self.now;
        let Some(hosted) = self.room(at) else { return };
        let Some(comeback) = hosted.comeback.take_if(|comeback| comeback.gone_at <= now) else { return };
        for session in comeback.sessions {
            let Some(hosted) = self.room(at) else { return };
            // Back under the same session, or in by another one.
            if hosted.room.member(&session).is_none_or(|(_, member)| member.online) {
                continue;
            }
            if self.put_off_fact(at, ToRoom::Gone { session }).is_some() {
                self.note_session(at, &RoomRequest::Gone { session });
            }
        }
    }
}
