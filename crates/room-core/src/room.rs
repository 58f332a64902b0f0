//! The room itself: how it begins, how events change it, what it holds.

use model::{PlayerId, RoomKey, Run, Seat, SessionId, Tick};

use crate::codec::Damaged;
use crate::event::{Founding, RoomEvent, RunReason};
use crate::limits;
use crate::logic::{self, Fnv, Logic};
use crate::output::Output;
use crate::spec::RoomSpec;
use crate::table::{Member, Phase, Table};
use crate::votes::Votes;

/// One room. Changes only through [`Room::apply`].
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
}

impl Room {
    /// The new room. The caller journals `RoomEvent::Founded` with the same founding.
    pub fn found(founding: Founding, _out: &mut Vec<Output>) -> Room {
        let hash_every = founding.spec.lockstep.map_or(0, |lockstep| lockstep.hash_every);
        Room {
            run: founding.run,
            continues_at: 1,
            tick: 0,
            applied: vec![0; founding.spec.seats.into()],
            table: Table::new(&founding),
            logic: logic::of(&founding.spec, founding.run),
            votes: Votes::new(hash_every),
            founding,
        }
    }

    /// The room that these records, from the first one on, lead to; with all that it told on the way.
    pub fn rebuild(
        records: impl IntoIterator<Item = Result<RoomEvent, Damaged>>,
        out: &mut Vec<Output>,
    ) -> Result<Room, Damaged> {
        let mut records = records.into_iter();
        let Some(RoomEvent::Founded(founding)) = records.next().transpose()? else {
            return Err(Damaged::new("it does not begin with the founding"));
        };
        let mut room = Room::found(*founding, out);
        for event in records {
            room.admit(&event?, out)?;
        }
        Ok(room)
    }

    /// As `apply`, for events that come from outside: one that does not fit the room's state is refused and changes
    /// nothing.
    pub fn admit(&mut self, event: &RoomEvent, out: &mut Vec<Output>) -> Result<(), Damaged> {
        self.check(event)?;
        self.apply(event, out);
        Ok(())
    }

    /// Changes the room. The event was made by `decide`, `offer_input`, `offer_state_hash`, `next_tick` or `new_run` of
    /// the room as it is.
    pub fn apply(&mut self, event: &RoomEvent, out: &mut Vec<Output>) {
        match event {
            RoomEvent::Input { seat, number, tick, data } => {
                self.set_applied(*seat, *number);
                self.logic.input(self.tick, *seat, *tick, data);
            }
            RoomEvent::Refused { seat, number, reason } => {
                self.set_applied(*seat, *number);
                out.push(Output::Refused { seat: *seat, number: *number, reason: *reason });
            }
            RoomEvent::Tick { number, .. } => {
                self.tick = *number;
                self.logic.tick(*number, out);
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
            other => self.apply_to_table(other, out),
        }
    }

    /// The next tick, if one is to come now. Every 20th carries the hash of the state before it.
    pub fn next_tick(&self) -> Option<RoomEvent> {
        if self.table.phase != Phase::Playing || !self.logic.ticks_after(self.tick) {
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

    fn apply_to_table(&mut self, event: &RoomEvent, out: &mut Vec<Output>) {
        let silenced = match event {
            RoomEvent::Left { player, .. } | RoomEvent::Gone { player } => self.table.seat_of(player),
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

    fn set_applied(&mut self, seat: Seat, number: u32) {
        if let Some(applied) = self.applied.get_mut(usize::from(seat)) {
            *applied = number.max(*applied);
        }
    }

    fn settle_votes(&mut self, out: &mut Vec<Output>) {
        let present: Vec<Seat> =
            self.table.players().filter(|(_, _, member)| member.online).map(|(seat, ..)| seat).collect();
        self.votes.settle(&present, out);
    }
}
