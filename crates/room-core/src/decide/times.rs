//! Sessions that come and go, and deadlines.

use model::SessionId;
use protocol::messages::StartRule;

use crate::event::{EndReason, LeftWhy, RoomEvent};
use crate::limits;
use crate::request::{Deadline, Due};
use crate::room::Room;
use crate::table::Phase;

impl Room {
    /// What the room waits for. The shard keeps a timer for each and answers with `RoomRequest::TimeUp`.
    pub fn deadlines(&self) -> Vec<(Deadline, Due)> {
        let (founding, spec) = (&self.founding, &self.founding.spec);
        let after_founding = |ms: u64| Due::At(founding.wall_ms.saturating_add(ms));
        if self.is_ended() {
            return Vec::new();
        }
        let mut deadlines = vec![(Deadline::LifeLimit, after_founding(u64::from(spec.life_limit_s) * 1000))];
        if self.table.phase == Phase::Open && spec.start == StartRule::OnTime {
            deadlines.push((Deadline::StartTime, after_founding(spec.start_after_ms.into())));
        }
        if self.table.is_empty() {
            let abandoned = self.table.is_abandoned();
            let grace = if abandoned { limits::ABANDONED_GRACE_MS } else { limits::EMPTY_GRACE_MS };
            deadlines.push((Deadline::Empty { occasion: self.table.emptied }, Due::In(grace)));
        }
        for (player, until_ms) in &self.table.reservations {
            if let Some(until_ms) = *until_ms {
                let deadline = Deadline::Reservation { player: player.clone(), until_ms };
                deadlines.push((deadline, Due::At(until_ms)));
            }
        }
        if self.table.phase == Phase::Playing && (self.table.most_have_reported() || self.is_past_last_tick())
        {
            deadlines.push((Deadline::Results, Due::In(limits::RESULT_GRACE_MS)));
        }
        deadlines
    }

    pub(super) fn time_up(&self, deadline: &Deadline) -> Vec<RoomEvent> {
        if !self.deadlines().iter().any(|(current, _)| current == deadline) {
            return Vec::new();
        }
        let event = match deadline {
            Deadline::LifeLimit => ended(EndReason::LifeLimit),
            Deadline::StartTime if self.table.players().next().is_none() => ended(EndReason::Empty),
            Deadline::StartTime => RoomEvent::Started,
            Deadline::Empty { .. } => ended(EndReason::Empty),
            Deadline::Reservation { player, .. } => RoomEvent::ReservationOver { player: player.clone() },
            Deadline::Results if self.is_past_last_tick() => ended(EndReason::LastTick),
            Deadline::Results => ended(EndReason::Finished),
        };
        vec![event]
    }

    pub(super) fn lost(&self, session: &SessionId) -> Vec<RoomEvent> {
        let member = self.member(session).filter(|(_, member)| member.online);
        member.map(|(_, member)| RoomEvent::Lost { player: member.player.clone() }).into_iter().collect()
    }

    pub(super) fn back(&self, session: &SessionId) -> Vec<RoomEvent> {
        let member = self.member(session).filter(|(_, member)| !member.online && !member.gone);
        member.map(|(_, member)| RoomEvent::Back { player: member.player.clone() }).into_iter().collect()
    }

    /// During play a seat waits for its player's next session; anything else is given up.
    pub(super) fn gone(&self, session: &SessionId) -> Vec<RoomEvent> {
        let Some((seat, member)) = self.member(session).filter(|(_, member)| !member.gone) else {
            return Vec::new();
        };
        let player = member.player.clone();
        if seat.is_some() && self.table.phase == Phase::Playing {
            return vec![RoomEvent::Gone { player }];
        }
        vec![RoomEvent::Left { player, why: LeftWhy::Gone }]
    }

    fn is_past_last_tick(&self) -> bool {
        let last_tick = self.spec().lockstep.map_or(0, |lockstep| lockstep.last_tick);
        last_tick != 0 && self.tick >= last_tick
    }
}

fn ended(reason: EndReason) -> RoomEvent {
    RoomEvent::Ended { reason }
}
