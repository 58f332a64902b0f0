//! Coming in.

use model::{Build, PlayerId, Seat, SessionId};
use protocol::messages::RoomKind;
use protocol::{ErrorCode, Fault};

use super::Decision;
use crate::event::RoomEvent;
use crate::limits;
use crate::room::Room;
use crate::table::Member;

#[derive(Clone, Copy)]
pub(super) struct Newcomer<'a> {
    pub player: &'a PlayerId,
    pub session: &'a SessionId,
    pub session_number: u32,
    pub name: &'a str,
    pub build: &'a Build,
}

impl Room {
    pub(super) fn join_seat(&self, newcomer: Newcomer<'_>) -> Decision {
        let seat = match self.table.member(newcomer.player) {
            Some((Some(seat), member)) => {
                if takes_over(newcomer, member)? == TakeOver::Holds {
                    return Ok(Vec::new());
                }
                self.check_entry(newcomer)?;
                seat
            }
            spectator => {
                if let Some((_, member)) = spectator {
                    takes_over(newcomer, member)?;
                }
                self.check_entry(newcomer)?;
                self.free_seat(newcomer.player)?
            }
        };
        Ok(vec![RoomEvent::SeatTaken {
            seat,
            player: newcomer.player.clone(),
            session: *newcomer.session,
            session_number: newcomer.session_number,
            name: cut(newcomer.name),
        }])
    }

    pub(super) fn join_as_spectator(&self, newcomer: Newcomer<'_>) -> Decision {
        match self.table.member(newcomer.player) {
            Some((Some(_), _)) => {
                return Err(Fault::new(
                    ErrorCode::WrongPhase,
                    "the caller has a seat; to watch, leave it first",
                ));
            }
            Some((None, member)) => {
                if takes_over(newcomer, member)? == TakeOver::Holds {
                    return Ok(Vec::new());
                }
                self.check_entry(newcomer)?;
            }
            None => {
                self.check_entry(newcomer)?;
                if self.table.spectators.len() >= usize::from(self.spec().max_spectators) {
                    return Err(ErrorCode::SpectatorsFull.into());
                }
            }
        }
        Ok(vec![RoomEvent::SpectatorCame {
            player: newcomer.player.clone(),
            session: *newcomer.session,
            session_number: newcomer.session_number,
            name: cut(newcomer.name),
        }])
    }

    fn check_entry(&self, newcomer: Newcomer<'_>) -> Result<(), Fault> {
        let length = newcomer.player.as_str().len();
        if length == 0 || length > limits::PLAYER_BYTES {
            let message = format!("a player's id has 1 to {} bytes", limits::PLAYER_BYTES);
            return Err(Fault::new(ErrorCode::BadRequest, message));
        }
        if self.table.banned.contains(newcomer.player) {
            return Err(ErrorCode::RoomBanned.into());
        }
        if self.spec().kind == RoomKind::Lockstep && self.founding.build != *newcomer.build {
            return Err(ErrorCode::BuildDiffers.into());
        }
        Ok(())
    }

    /// The lowest seat that is free for this player.
    fn free_seat(&self, player: &PlayerId) -> Result<Seat, Fault> {
        if !self.is_open() && !self.spec().late_join {
            return Err(ErrorCode::RoomStarted.into());
        }
        let free = |(_, chair): &(usize, &crate::table::Chair)| !chair.bot && chair.member.is_none();
        let mut seats = self.table.seats.iter().enumerate().filter(free).map(|(seat, _)| seat as Seat);
        let kept = self.table.reservations.keys().filter(|reserved| *reserved != player).count();
        let seat = seats.next().filter(|_| seats.count() >= kept);
        seat.ok_or_else(|| ErrorCode::RoomFull.into())
    }
}

#[derive(PartialEq, Eq)]
enum TakeOver {
    /// The same session is already there.
    Holds,
    Newer,
}

/// The newer session wins; the older one is refused.
fn takes_over(newcomer: Newcomer<'_>, member: &Member) -> Result<TakeOver, Fault> {
    let same = newcomer.session == &member.session;
    match newcomer.session_number.cmp(&member.session_number) {
        std::cmp::Ordering::Greater => Ok(TakeOver::Newer),
        std::cmp::Ordering::Equal if same && member.online => Ok(TakeOver::Holds),
        std::cmp::Ordering::Equal if same => Ok(TakeOver::Newer),
        _ => Err(ErrorCode::Replaced.into()),
    }
}

/// Cuts a name to its limit, between two characters.
fn cut(name: &str) -> String {
    name[..name.floor_char_boundary(limits::NAME_BYTES)].to_owned()
}
