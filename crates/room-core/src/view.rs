//! The room as its members and lists see it.

use protocol::messages::{self, room_view};

use crate::frames::ROOM_SEAT;
use crate::room::Room;
use crate::spec::to_messages;
use crate::table::Phase;

impl Room {
    /// The room's properties are told once, as they are now: the specification comes without those of the founding.
    pub fn view(&self) -> messages::RoomView {
        let spec = messages::RoomSpec { properties: Vec::new(), ..self.spec().into() };
        messages::RoomView {
            room: self.key().room.as_str().to_owned(),
            spec: Some(spec),
            phase: self.phase_number(),
            owner: self.owner().map_or_else(String::new, |owner| owner.as_str().to_owned()),
            seats: self.seat_views(),
            spectators: self.table.spectators.len() as u32,
            invite: self.founding.invite.clone(),
            tick: self.tick,
            run: self.run,
            build: self.founding.build.as_str().to_owned(),
            properties: to_messages(&self.table.properties),
            revision: self.table.revision,
            logic: self.logic.authoritative().map(|authoritative| {
                let logic = authoritative.logic();
                messages::Logic {
                    game: logic.game.clone(),
                    version: logic.version,
                    hash: format!("{:.12}", logic.hash),
                    suspended: authoritative.is_suspended(),
                }
            }),
        }
    }

    /// How the room ended; `None` while it lives.
    pub fn ended(&self) -> Option<messages::RoomEnded> {
        let Phase::Ended(reason) = self.table.phase else { return None };
        Some(messages::RoomEnded {
            room: self.key().room.as_str().to_owned(),
            reason: reason.as_str().to_owned(),
            last_tick: self.tick,
            results: self.results(),
            agreed: self.agreed(),
        })
    }

    pub(crate) fn results(&self) -> Vec<messages::SeatResult> {
        let results = self.table.seats.iter().enumerate().filter_map(|(seat, chair)| {
            let told = chair.result.as_ref()?;
            Some(messages::SeatResult { seat: seat as u32, result: told.result.clone(), hash: told.hash })
        });
        let own = self.logic.authoritative().and_then(|authoritative| authoritative.outcome());
        let own = own.map(|result| messages::SeatResult {
            seat: ROOM_SEAT.into(),
            result: result.clone(),
            hash: 0,
        });
        results.chain(own).collect()
    }

    /// The outcome is trusted: it is the room's own, or the seats agree on it.
    pub(crate) fn agreed(&self) -> bool {
        self.logic.authoritative().is_some_and(|authoritative| authoritative.outcome().is_some())
            || self.table.agreed()
    }

    /// Seats that are taken.
    fn seat_views(&self) -> Vec<messages::SeatView> {
        let taken =
            self.table.seats.iter().enumerate().filter(|(_, chair)| chair.bot || chair.member.is_some());
        let view = |(seat, chair): (usize, &crate::table::Chair)| {
            let member = chair.member.as_ref();
            messages::SeatView {
                seat: seat as u32,
                player: member.map_or_else(String::new, |member| member.player.as_str().to_owned()),
                name: member.map_or_else(String::new, |member| member.name.clone()),
                ready: chair.ready || chair.bot,
                online: member.is_some_and(|member| member.online),
                bot: chair.bot,
                properties: to_messages(&chair.properties),
            }
        };
        taken.map(view).collect()
    }

    fn phase_number(&self) -> i32 {
        let phase = match self.table.phase {
            Phase::Open => room_view::Phase::Open,
            Phase::Playing => room_view::Phase::Playing,
            Phase::Ended(_) => room_view::Phase::Ended,
        };
        phase.into()
    }
}
