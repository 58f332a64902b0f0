//! Whether an event that was read somewhere fits the room as it is.

use bytes::Bytes;
use model::{PlayerId, Seat, Tick};

use crate::codec::Damaged;
use crate::event::RoomEvent;
use crate::limits;
use crate::room::Room;
use crate::table::Phase;

impl Room {
    pub(crate) fn check(&self, event: &RoomEvent) -> Result<(), Damaged> {
        if self.is_ended() {
            return Err(Damaged::new("something happens after the end"));
        }
        match event {
            RoomEvent::Founded(_) => Err(Damaged::new("the room is founded twice")),
            RoomEvent::SeatTaken { seat, player, .. } => self.check_taken(*seat, player),
            RoomEvent::SpectatorCame { player, .. } => {
                require(self.seat_of(player).is_none(), "a seated player comes to watch")
            }
            RoomEvent::Left { player, .. } if self.owner() == Some(player) => Ok(()),
            RoomEvent::Left { player, .. }
            | RoomEvent::Lost { player }
            | RoomEvent::Back { player }
            | RoomEvent::Gone { player } => {
                require(self.member_of(player).is_some(), "the player is not in the room")
            }
            RoomEvent::Owner { player } => require(self.seat_of(player).is_some(), "the owner has no seat"),
            RoomEvent::Muted { seat, .. }
            | RoomEvent::Ready { seat, .. }
            | RoomEvent::Properties { seat: Some(seat), .. } => self.check_seated(*seat),
            RoomEvent::Result { seat, tick, .. } => {
                self.check_seated(*seat)?;
                require(*tick <= self.tick, "a result holds a tick to come")?;
                require(self.table.phase == Phase::Playing, "a result outside of play")
            }
            RoomEvent::Started => require(self.table.phase == Phase::Open, "the room starts twice"),
            RoomEvent::Input { seat, number, tick, data } => {
                self.check_number(*seat, *number)?;
                self.check_input(*tick, data)
            }
            RoomEvent::Refused { seat, number, .. } => self.check_number(*seat, *number),
            RoomEvent::Tick { number, hash } => self.check_tick(*number, *hash),
            RoomEvent::StateHash { seat, tick, .. } => {
                self.check_seated(*seat)?;
                require(*tick <= self.tick && self.votes.wants(*seat, *tick), "a state hash out of place")
            }
            RoomEvent::RunBegan { run, continues_at, .. } => {
                require(*run > self.run, "a run does not follow the one before")?;
                require(
                    *continues_at == self.tick.saturating_add(1),
                    "a run goes on at another tick than the next",
                )
            }
            RoomEvent::Shown { player } => {
                self.check_authoritative()?;
                require(self.member_of(player).is_some(), "the player is not in the room")
            }
            RoomEvent::CallEnded { event, .. } => {
                self.check_authoritative()?;
                require(calls_the_game(event), "a call ended that is none")?;
                self.check(event)
            }
            RoomEvent::Swapped { .. } | RoomEvent::SwapFailed { .. } | RoomEvent::RolledBack { .. } => {
                self.check_authoritative()
            }
            RoomEvent::Banned { .. }
            | RoomEvent::Properties { seat: None, .. }
            | RoomEvent::Reserved { .. }
            | RoomEvent::ReservationOver { .. }
            | RoomEvent::Ended { .. } => Ok(()),
        }
    }

    fn check_taken(&self, seat: Seat, player: &PlayerId) -> Result<(), Damaged> {
        let chair = self.table.seats.get(usize::from(seat)).ok_or_else(|| Damaged::new("no such seat"))?;
        let own = self.seat_of(player);
        require(!chair.bot, "a player sits down on a bot's seat")?;
        require(own.is_none_or(|own| own == seat), "a player has two seats")?;
        require(chair.member.is_none() || own == Some(seat), "a seat is taken twice")
    }

    fn check_authoritative(&self) -> Result<(), Damaged> {
        require(self.logic.authoritative().is_some(), "a game's event in a room without a game")
    }

    fn check_seated(&self, seat: Seat) -> Result<(), Damaged> {
        require(self.seated(seat).is_some(), "nobody has this seat")
    }

    fn check_number(&self, seat: Seat, number: u32) -> Result<(), Damaged> {
        self.check_seated(seat)?;
        require(self.applied(seat).checked_add(1) == Some(number), "an input's number is not the next one")
    }

    fn check_input(&self, tick: Tick, data: &Bytes) -> Result<(), Damaged> {
        require(self.table.phase == Phase::Playing, "an input outside of play")?;
        require(data.len() <= limits::INPUT_BYTES, "an input is too long")?;
        let ahead =
            tick.checked_sub(self.tick).is_some_and(|ahead| (1..=limits::AHEAD_TICKS).contains(&ahead));
        require(ahead, "an input is meant for a tick out of reach")
    }

    fn check_tick(&self, number: Tick, hash: Option<u32>) -> Result<(), Damaged> {
        let Some(RoomEvent::Tick { number: next, hash: expected }) = self.next_tick() else {
            return Err(Damaged::new("a tick where none is due"));
        };
        require(number == next, "a tick does not follow the one before")?;
        if hash != expected {
            return Err(Damaged::new(format!("the state before tick {number} is another one")));
        }
        Ok(())
    }
}

/// Events that are told to the game of an authoritative room.
pub(crate) fn calls_the_game(event: &RoomEvent) -> bool {
    matches!(
        event,
        RoomEvent::SeatTaken { .. }
            | RoomEvent::Left { .. }
            | RoomEvent::Gone { .. }
            | RoomEvent::Input { .. }
            | RoomEvent::Tick { .. }
            | RoomEvent::Shown { .. }
    )
}

fn require(holds: bool, otherwise: &'static str) -> Result<(), Damaged> {
    if holds { Ok(()) } else { Err(Damaged::new(otherwise)) }
}
