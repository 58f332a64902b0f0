//! What must follow from how the table is now: a new owner, the start, the end.

use model::PlayerId;
use protocol::messages::StartRule;

use crate::event::{EndReason, RoomEvent};
use crate::spec::RoomSpec;
use crate::table::{Phase, Table};

impl Table {
    /// The next event that is due by itself. Applied, it is not due again.
    pub fn follow_up(&self, spec: &RoomSpec) -> Option<RoomEvent> {
        let due = match self.phase {
            Phase::Open => self.start_due(spec).then_some(RoomEvent::Started),
            Phase::Playing => self.end_due(spec).map(|reason| RoomEvent::Ended { reason }),
            Phase::Ended(_) => return None,
        };
        self.heir().map(|player| RoomEvent::Owner { player }).or(due)
    }

    /// The room has no owner: the lowest seat, before others one who is online.
    fn heir(&self) -> Option<PlayerId> {
        if self.owner.is_some() {
            return None;
        }
        let online = self.players().find(|(_, _, member)| member.online);
        let (_, _, member) = online.or_else(|| self.players().next())?;
        Some(member.player.clone())
    }

    fn start_due(&self, spec: &RoomSpec) -> bool {
        let enough = self.taken() >= usize::from(spec.min_players) && self.players().next().is_some();
        match spec.start {
            StartRule::WhenReady => enough && self.players().all(|(_, chair, _)| chair.ready),
            StartRule::WhenFull => enough,
            StartRule::OnTime | StartRule::ByOwner => false,
        }
    }

    fn end_due(&self, spec: &RoomSpec) -> Option<EndReason> {
        let awaited = |(_, chair, member): (_, &crate::table::Chair, &crate::table::Member)| {
            !member.gone && chair.result.is_none()
        };
        if self.has_results() && !self.players().any(awaited) {
            return Some(EndReason::Finished);
        }
        (self.players().next().is_none() && !spec.late_join).then_some(EndReason::Empty)
    }
}
