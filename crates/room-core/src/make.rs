//! What each event does to the room.

use model::{PlayerId, Seat};
use protocol::messages::input_refused::Refusal;

use crate::authoritative::NoSwap;
use crate::codec::Damaged;
use crate::event::{LeftWhy, RoomEvent};
use crate::logic::Newcomer;
use crate::modules::CallEnd;
use crate::output::{Output, Why};
use crate::room::Room;
use crate::table::nobody;

/// Why an event was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    #[error("{0}")]
    Call(#[from] CallEnd),
    #[error("{0}")]
    Swap(#[from] NoSwap),
}

impl NotMade {
    /// What the log carries in place of the event.
    pub fn in_place_of(self, event: &RoomEvent) -> RoomEvent {
        match (self, event) {
            (NotMade::Swap(why), RoomEvent::Swapped { to, .. } | RoomEvent::RolledBack { to, .. }) => {
                RoomEvent::SwapFailed { to: to.clone(), why: why.to_string() }
            }
            (NotMade::Call(end), event) => RoomEvent::CallEnded { event: Box::new(event.clone()), end },
            (NotMade::Swap(why), event) => {
                let end = CallEnd::Trap(why.to_string());
                RoomEvent::CallEnded { event: Box::new(event.clone()), end }
            }
        }
    }
}

impl Room {
    pub(crate) fn make(&mut self, event: &RoomEvent, out: &mut Vec<Output>) -> Result<(), NotMade> {
        match event {
            RoomEvent::Input { seat, number, tick, data } => {
                self.set_applied(*seat, *number);
                self.logic.input(self.tick, *seat, *tick, data, out)?;
            }
            RoomEvent::Refused { seat, number, reason } => self.refuse(*seat, *number, *reason, out),
            RoomEvent::Tick { number, .. } => {
                self.tick = *number;
                self.logic.tick(*number, out)?;
            }
            RoomEvent::StateHash { seat, tick, hash } => {
                self.votes.add(*seat, *tick, *hash);
                self.settle_votes(out);
            }
            RoomEvent::RunBegan { run, continues_at, .. } => {
                self.logic.begin_run(*run, *continues_at, out);
                (self.run, self.continues_at) = (*run, *continues_at);
            }
            RoomEvent::Ended { reason } => {
                self.logic.flush(out);
                self.table.apply(event, out);
                out.push(Output::Ended { reason: *reason });
            }
            RoomEvent::Started => {
                self.table.apply(event, out);
                self.logic.started();
            }
            RoomEvent::SeatTaken { seat, player, name, .. } => {
                self.seat_event(event, Some(*seat), out);
                let newcomer = Newcomer { seat: *seat, player, name };
                self.logic.seat_taken(self.tick, newcomer, out)?;
            }
            RoomEvent::Left { player, .. } | RoomEvent::Gone { player } => {
                let seat = self.table.seat_of(player);
                self.seat_event(event, seat, out);
                if let Some(seat) = seat {
                    self.logic.seat_left(self.tick, seat, why_left(event), out)?;
                }
            }
            RoomEvent::Shown { player } => {
                if let Some((seat, member)) = self.table.member(player) {
                    let session = member.session;
                    self.logic.show(self.tick, seat, &session, out)?;
                }
            }
            RoomEvent::CallEnded { event, end } => self.make_without_call(event, end, out),
            RoomEvent::Swapped { to, from_version, save } => {
                let tick = self.tick;
                self.game()?.swap(tick, to, *from_version, save, out)?;
                self.table.changed(Why::Logic, nobody(), out);
            }
            RoomEvent::SwapFailed { to, why } => {
                out.push(Output::SwapFailed { to: to.clone(), why: why.clone() });
            }
            RoomEvent::RolledBack { to, state } => {
                self.game()?.roll_back(to, state, out)?;
                self.table.changed(Why::Logic, nobody(), out);
            }
            other => self.seat_event(other, None, out),
        }
        Ok(())
    }

    /// An event whose call ended badly: all of it but the call.
    fn make_without_call(&mut self, event: &RoomEvent, end: &CallEnd, out: &mut Vec<Output>) {
        let (call, seat) = self.call_of(event);
        out.push(Output::CallEnded { call, seat, end: end.clone() });
        match event {
            RoomEvent::Input { seat, number, .. } => self.refuse(*seat, *number, Refusal::EndedBadly, out),
            RoomEvent::Tick { number, .. } => self.tick = *number,
            RoomEvent::SeatTaken { .. } | RoomEvent::Left { .. } | RoomEvent::Gone { .. } => {
                self.seat_event(event, seat, out);
            }
            _ => {}
        }
        let now = self.tick;
        let member = match event {
            RoomEvent::Shown { player } => self.table.member(player).map(|(_, member)| member.session),
            _ => None,
        };
        let Some(game) = self.logic.authoritative_mut() else { return };
        match (event, seat) {
            (RoomEvent::Input { seat, .. }, _) => game.input_ended(now, *seat),
            (RoomEvent::Tick { number, .. }, _) if game.tick_ended(*number, end, out) => {
                self.table.changed(Why::Logic, nobody(), out);
                return;
            }
            (RoomEvent::SeatTaken { seat, .. }, _) => game.join_ended(*seat),
            (RoomEvent::Left { .. } | RoomEvent::Gone { .. }, Some(seat)) => {
                game.leave_ended(seat, why_left(event));
            }
            _ => {}
        }
        if let Some(session) = member {
            game.show_ended(now, &session, out);
        }
    }

    /// The table's part of an event; from `silenced` nothing more comes by itself.
    fn seat_event(&mut self, event: &RoomEvent, seat: Option<Seat>, out: &mut Vec<Output>) {
        let silenced = match event {
            RoomEvent::Left { .. } | RoomEvent::Gone { .. } => seat,
            RoomEvent::Muted { seat, .. } => Some(*seat),
            _ => None,
        };
        if let Some(seat) = silenced {
            self.logic.silence(seat);
        }
        self.table.apply(event, out);
        // Nobody waits for the vote of a player who is not there.
        if matches!(event, RoomEvent::Left { .. } | RoomEvent::Lost { .. } | RoomEvent::Gone { .. }) {
            self.settle_votes(out);
        }
    }

    fn call_of(&self, event: &RoomEvent) -> (&'static str, Option<Seat>) {
        let seat_of = |player: &PlayerId| self.table.seat_of(player);
        match event {
            RoomEvent::Input { seat, .. } => ("input", Some(*seat)),
            RoomEvent::SeatTaken { seat, .. } => ("join", Some(*seat)),
            RoomEvent::Left { player, .. } | RoomEvent::Gone { player } => ("leave", seat_of(player)),
            RoomEvent::Shown { player } => ("view", seat_of(player)),
            _ => ("tick", None),
        }
    }

    fn refuse(&mut self, seat: Seat, number: u32, reason: Refusal, out: &mut Vec<Output>) {
        self.set_applied(seat, number);
        out.push(Output::Refused { seat, number, reason });
    }

    fn set_applied(&mut self, seat: Seat, number: u32) {
        if let Some(applied) = self.applied.get_mut(usize::from(seat)) {
            *applied = number.max(*applied);
        }
    }
}

fn why_left(event: &RoomEvent) -> LeftWhy {
    match event {
        RoomEvent::Left { why, .. } => *why,
        _ => LeftWhy::Gone,
    }
}

impl From<Damaged> for NotMade {
    fn from(damaged: Damaged) -> NotMade {
        NotMade::Swap(damaged.into())
    }
}
