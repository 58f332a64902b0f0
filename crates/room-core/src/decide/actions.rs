//! What members do, and what the owner may.

use bytes::Bytes;
use model::{PlayerId, Seat, Tick};
use protocol::messages::StartRule;
use protocol::{ErrorCode, Fault};

use super::Decision;
use crate::event::{LeftWhy, RoomEvent};
use crate::limits;
use crate::room::Room;
use crate::spec::{Properties, check_properties, check_property};
use crate::table::{Phase, ReportedResult, set};

impl Room {
    /// An owner without a seat gives up the room.
    pub(super) fn leave(&self, player: &PlayerId) -> Vec<RoomEvent> {
        if self.table.member(player).is_none() && self.table.owner.as_ref() != Some(player) {
            return Vec::new();
        }
        vec![RoomEvent::Left { player: player.clone(), why: LeftWhy::Left }]
    }

    pub(super) fn kick(&self, by: &PlayerId, player: &PlayerId, ban: bool) -> Decision {
        self.check_owner(by)?;
        if by == player {
            return Err(Fault::new(ErrorCode::BadRequest, "the owner leaves instead"));
        }
        check_player(player)?;
        let mut events = Vec::new();
        if self.table.member(player).is_some() {
            events.push(RoomEvent::Left { player: player.clone(), why: LeftWhy::Kicked });
        }
        if ban && !self.table.banned.contains(player) {
            if self.table.banned.len() >= limits::BANNED {
                let message = format!("no more than {} players can be shut out", limits::BANNED);
                return Err(Fault::new(ErrorCode::BadRequest, message));
            }
            events.push(RoomEvent::Banned { player: player.clone() });
        }
        Ok(events)
    }

    pub(super) fn ready(&self, player: &PlayerId, ready: bool) -> Decision {
        let seat = self.seat(player)?;
        if self.table.seats[usize::from(seat)].ready == ready {
            return Ok(Vec::new());
        }
        if !self.is_open() {
            return Err(ErrorCode::WrongPhase.into());
        }
        Ok(vec![RoomEvent::Ready { seat, ready }])
    }

    pub(super) fn start(&self, by: &PlayerId) -> Decision {
        self.check_owner(by)?;
        if !self.is_open() {
            return Ok(Vec::new());
        }
        if self.spec().start != StartRule::ByOwner {
            return Err(Fault::new(ErrorCode::WrongPhase, "this room starts by itself"));
        }
        let (taken, wanted) = (self.table.taken(), usize::from(self.spec().min_players));
        if taken < wanted || self.table.players().next().is_none() {
            let message = format!("{taken} seats are taken, the start needs {wanted} and a player");
            return Err(Fault::new(ErrorCode::WrongPhase, message));
        }
        Ok(vec![RoomEvent::Started])
    }

    pub(super) fn set_room(&self, by: &PlayerId, properties: &[(String, String)]) -> Decision {
        self.check_owner(by)?;
        change(None, &self.table.properties, properties)
    }

    pub(super) fn set_seat(&self, player: &PlayerId, properties: &[(String, String)]) -> Decision {
        let seat = self.seat(player)?;
        change(Some(seat), &self.table.seats[usize::from(seat)].properties, properties)
    }

    pub(super) fn give_owner(&self, by: &PlayerId, player: &PlayerId) -> Decision {
        if self.table.owner.as_ref() == Some(player) {
            return Ok(Vec::new());
        }
        self.check_owner(by)?;
        self.seat(player)?;
        Ok(vec![RoomEvent::Owner { player: player.clone() }])
    }

    pub(super) fn reserve(&self, by: &PlayerId, player: &PlayerId, until_ms: Option<u64>) -> Decision {
        self.check_owner(by)?;
        check_player(player)?;
        let reserved = self.table.reservations.get(player);
        let Some(until_ms) = until_ms else {
            let over = RoomEvent::ReservationOver { player: player.clone() };
            return Ok(reserved.map(|_| over).into_iter().collect());
        };
        if self.table.seat_of(player).is_some() || reserved == Some(&Some(until_ms)) {
            return Ok(Vec::new());
        }
        if !self.is_open() && !self.spec().late_join {
            return Err(ErrorCode::RoomStarted.into());
        }
        if self.table.banned.contains(player) {
            return Err(ErrorCode::RoomBanned.into());
        }
        let free = self.table.seats.len() - self.table.taken();
        if reserved.is_none() && self.table.reservations.len() >= free {
            return Err(ErrorCode::RoomFull.into());
        }
        Ok(vec![RoomEvent::Reserved { player: player.clone(), until_ms }])
    }

    pub(super) fn result(&self, player: &PlayerId, result: &Bytes, hash: u32, tick: Tick) -> Decision {
        let seat = self.seat(player)?;
        if self.table.phase != Phase::Playing {
            return Err(ErrorCode::WrongPhase.into());
        }
        if self.spec().authoritative.is_some() {
            return Err(Fault::new(ErrorCode::BadRequest, "an authoritative room tells its result itself"));
        }
        if result.len() > limits::RESULT_BYTES {
            let message = format!("a result has up to {} bytes", limits::RESULT_BYTES);
            return Err(Fault::new(ErrorCode::BadRequest, message));
        }
        if tick > self.tick {
            return Err(Fault::new(ErrorCode::BadRequest, "the result holds a tick that is still to come"));
        }
        if self.table.seats[usize::from(seat)].result.is_some() {
            return self.repeated_result(player, result, hash, tick);
        }
        Ok(vec![RoomEvent::Result { seat, result: result.clone(), hash, tick }])
    }

    /// The same again is welcome, another one is not.
    pub(super) fn repeated_result(
        &self,
        player: &PlayerId,
        result: &Bytes,
        hash: u32,
        tick: Tick,
    ) -> Decision {
        let told = ReportedResult { result: result.clone(), hash, tick };
        let seat = self.seat(player)?;
        match &self.table.seats[usize::from(seat)].result {
            Some(before) if *before == told => Ok(Vec::new()),
            Some(_) => Err(Fault::new(ErrorCode::WrongPhase, "this seat has reported another result")),
            None => Err(ErrorCode::RoomEnded.into()),
        }
    }

    pub(super) fn mute(&self, player: &PlayerId, muted: bool) -> Decision {
        let seat = self.seat(player)?;
        if self.table.seats[usize::from(seat)].muted == muted {
            return Ok(Vec::new());
        }
        Ok(vec![RoomEvent::Muted { seat, muted }])
    }

    fn seat(&self, player: &PlayerId) -> Result<Seat, Fault> {
        self.table.seat_of(player).ok_or_else(|| ErrorCode::NotInRoom.into())
    }

    fn check_owner(&self, by: &PlayerId) -> Result<(), Fault> {
        if self.table.owner.as_ref() == Some(by) { Ok(()) } else { Err(ErrorCode::NotOwner.into()) }
    }
}

fn check_player(player: &PlayerId) -> Result<(), Fault> {
    if (1..=limits::PLAYER_BYTES).contains(&player.as_str().len()) {
        return Ok(());
    }
    let message = format!("a player's id has 1 to {} bytes", limits::PLAYER_BYTES);
    Err(Fault::new(ErrorCode::BadRequest, message))
}

/// The changes that are any, if the properties stay within their limits.
fn change(seat: Option<Seat>, before: &Properties, wanted: &[(String, String)]) -> Decision {
    if wanted.len() > limits::PROPERTIES {
        let message = format!("there are more than {} properties", limits::PROPERTIES);
        return Err(Fault::new(ErrorCode::BadRequest, message));
    }
    wanted.iter().try_for_each(|(key, value)| check_property(key, value))?;
    let mut after = before.clone();
    set(&mut after, wanted);
    let most_bytes =
        if seat.is_some() { limits::SEAT_PROPERTIES_BYTES } else { limits::ROOM_PROPERTIES_BYTES };
    check_properties(&after, most_bytes)?;
    let removed =
        before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key.clone(), String::new()));
    let set = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let changes: Vec<_> = removed.chain(set.map(|(key, value)| (key.clone(), value.clone()))).collect();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![RoomEvent::Properties { seat, changes }])
}
