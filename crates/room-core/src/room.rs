//! The room itself: how it begins, how events change it, what it holds.

use std::sync::Arc;

use model::{PlayerId, RoomKey, Run, Seat, SessionId, Tick};

use crate::authoritative::NotFounded;
use crate::codec::Damaged;
use crate::event::{EndReason, Founding, RoomEvent, RunReason};
use crate::limits;
use crate::logic::{self, Fnv, Logic};
use crate::modules::Modules;
use crate::output::Output;
use crate::spec::RoomSpec;
use crate::table::{Member, Phase, Table};
use crate::votes::Votes;

pub use crate::make::NotMade;

/// One room. Changes only through [`Room::try_apply`].
pub struct Room {
    pub(crate) founding: Founding,
    pub(crate) run: Run,
    /// The tick that the run began with.
    pub(crate) continues_at: Tick,
    pub(crate) tick: Tick,
    /// The highest input number applied or refused, by seat.
    pub(crate) applied: Vec<u32>,
    pub(crate) table: Table,
    pub(crate) logic: Box<dyn Logic>,
    pub(crate) votes: Votes,
    pub(crate) poisoned: bool,
}

impl Room {
    /// The new room. The caller journals `RoomEvent::Founded` with the same founding.
    pub fn found(
        founding: Founding,
        modules: &Arc<dyn Modules>,
        out: &mut Vec<Output>,
    ) -> Result<Room, NotFounded> {
        let mut room = Room::bare(founding, modules);
        if room.spec().authoritative.is_some() {
            room.logic.authoritative_mut().ok_or(NotFounded::NoLogic)?.begin(out)?;
        }
        Ok(room)
    }

    /// Without a beginning, to be filled in.
    pub(crate) fn bare(founding: Founding, modules: &Arc<dyn Modules>) -> Room {
        let hash_every = founding.spec.lockstep.map_or(0, |lockstep| lockstep.hash_every);
        Room {
            run: founding.run,
            continues_at: 1,
            tick: 0,
            applied: vec![0; founding.spec.seats.into()],
            table: Table::new(&founding),
            logic: logic::of(&founding, modules),
            votes: Votes::new(hash_every),
            poisoned: false,
            founding,
        }
    }

    /// The room that these records, from the first one on, lead to; with all that it told on the way.
    pub fn rebuild(
        records: impl IntoIterator<Item = Result<RoomEvent, Damaged>>,
        modules: &Arc<dyn Modules>,
        out: &mut Vec<Output>,
    ) -> Result<Room, Damaged> {
        let mut records = records.into_iter();
        let Some(RoomEvent::Founded(founding)) = records.next().transpose()? else {
            return Err(Damaged::new("it does not begin with the founding"));
        };
        let mut room = Room::found(*founding, modules, out)?;
        for event in records {
            room.admit(&event?, out)?;
        }
        Ok(room)
    }

    /// As `try_apply`, for events that come from outside: one that does not fit the room's state is refused and changes
    /// nothing.
    pub fn admit(&mut self, event: &RoomEvent, out: &mut Vec<Output>) -> Result<(), Damaged> {
        self.check(event)?;
        self.try_apply(event, out)
            .map_err(|not_made| Damaged::new(format!("the log says that it went well: {not_made}")))
    }

    /// As `try_apply`, where nothing can go wrong: in every room that is not authoritative.
    pub fn apply(&mut self, event: &RoomEvent, out: &mut Vec<Output>) {
        // A room that failed says so by itself.
        let _ = self.try_apply(event, out);
    }

    /// Changes the room. The event was made by `decide`, `offer_input`, `offer_state_hash`, `offer_show`, `next_tick`,
    /// `new_run` or `prepare_swap` of the room as it is. If the game's call ended badly, nothing is told, and the room
    /// is poisoned: it must be made anew. A swap that fails leaves the room as it was. See [`Checkpoint::apply`].
    ///
    /// [`Checkpoint::apply`]: crate::Checkpoint::apply
    pub fn try_apply(&mut self, event: &RoomEvent, out: &mut Vec<Output>) -> Result<(), NotMade> {
        let told = out.len();
        let made = self.make(event, out);
        if made.is_err() {
            out.truncate(told);
            self.poisoned |= !matches!(event, RoomEvent::Swapped { .. });
        }
        made
    }

    /// A call into the game ended badly since the room was made: what it holds is of no use any more.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// The next tick, if one is to come now; the end in its place, if the game said so. Every 20th tick carries the hash
    /// of the state before it.
    pub fn next_tick(&self) -> Option<RoomEvent> {
        if self.table.phase != Phase::Playing || self.poisoned {
            return None;
        }
        if self.is_game_over() {
            return Some(RoomEvent::Ended { reason: EndReason::Finished });
        }
        if !self.logic.ticks_after(self.tick) {
            return None;
        }
        let number = self.tick.checked_add(1)?;
        let hash = number.is_multiple_of(limits::TICK_HASH_EVERY).then(|| self.hash());
        Some(RoomEvent::Tick { number, hash })
    }

    /// The event with which the next run begins. It comes before anything else happens in that run.
    pub fn new_run(&self, reason: RunReason) -> RoomEvent {
        RoomEvent::RunBegan {
            run: self.run.saturating_add(1),
            continues_at: self.tick.saturating_add(1),
            reason,
        }
    }

    /// A hash of the state that play depends on; equal in every room that had the same events.
    pub fn hash(&self) -> u32 {
        let mut hash = Fnv(self.logic.digest()).number(self.tick);
        for (applied, chair) in self.applied.iter().zip(&self.table.seats) {
            hash = hash.number(*applied);
            if let Some(member) = &chair.member {
                hash = hash.bytes(member.player.as_str().as_bytes()).number(u32::from(member.online));
            }
        }
        hash.0
    }

    pub fn key(&self) -> &RoomKey {
        &self.founding.key
    }

    pub fn founding(&self) -> &Founding {
        &self.founding
    }

    pub fn spec(&self) -> &RoomSpec {
        &self.founding.spec
    }

    pub fn invite(&self) -> &str {
        &self.founding.invite
    }

    pub fn phase(&self) -> Phase {
        self.table.phase
    }

    pub fn is_ended(&self) -> bool {
        matches!(self.table.phase, Phase::Ended(_))
    }

    /// The last tick that is over; 0 before the first.
    pub fn tick(&self) -> Tick {
        self.tick
    }

    pub fn run(&self) -> Run {
        self.run
    }

    /// The tick that this run began with, or will: later ticks of older runs are void.
    pub fn continues_at(&self) -> Tick {
        self.continues_at
    }

    /// Rises with every `Output::Changed`.
    pub fn revision(&self) -> u32 {
        self.table.revision
    }

    pub fn owner(&self) -> Option<&PlayerId> {
        self.table.owner.as_ref()
    }

    /// The highest input number of this seat that was applied or refused.
    pub fn applied(&self, seat: Seat) -> u32 {
        self.applied.get(usize::from(seat)).copied().unwrap_or(0)
    }

    /// The same by seat.
    pub fn applied_all(&self) -> &[u32] {
        &self.applied
    }

    pub fn seat_of(&self, player: &PlayerId) -> Option<Seat> {
        self.table.seat_of(player)
    }

    /// Who is in this seat. `None` for a free seat and for a bot's.
    pub fn seated(&self, seat: Seat) -> Option<&Member> {
        self.table.seats.get(usize::from(seat))?.member.as_ref()
    }

    /// The member of this session; the seat is `None` for a spectator.
    pub fn member(&self, session: &SessionId) -> Option<(Option<Seat>, &Member)> {
        self.table.member_by_session(session)
    }

    pub fn member_of(&self, player: &PlayerId) -> Option<(Option<Seat>, &Member)> {
        self.table.member(player)
    }

    /// Seated players first, then spectators.
    pub fn members(&self) -> impl Iterator<Item = (Option<Seat>, &Member)> {
        self.table.members()
    }

    pub(crate) fn is_present(&self, seat: Seat) -> bool {
        self.seated(seat).is_some_and(|member| member.online)
    }

    pub(crate) fn settle_votes(&mut self, out: &mut Vec<Output>) {
        let present: Vec<Seat> =
            self.table.players().filter(|(_, _, member)| member.online).map(|(seat, ..)| seat).collect();
        self.votes.settle(&present, out);
    }
}
