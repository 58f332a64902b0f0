//! Who is in the room: seats, spectators, owner, properties, reservations, bans, results.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use model::{PlayerId, Seat, SessionId, Tick};

use crate::event::{EndReason, Founding, LeftWhy, RoomEvent};
use crate::output::{Output, Why};
use crate::spec::Properties;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Open,
    Playing,
    Ended(EndReason),
}

/// Somebody who is in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub player: PlayerId,
    pub session: SessionId,
    pub session_number: u32,
    pub name: String,
    pub online: bool,
    /// The session is over; the seat is kept for the player's next one.
    pub gone: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chair {
    pub member: Option<Member>,
    pub bot: bool,
    pub ready: bool,
    pub muted: bool,
    pub properties: Properties,
    pub result: Option<ReportedResult>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportedResult {
    pub result: Bytes,
    pub hash: u32,
    pub tick: Tick,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub phase: Phase,
    pub owner: Option<PlayerId>,
    pub seats: Vec<Chair>,
    pub spectators: Vec<Member>,
    pub properties: Properties,
    pub banned: BTreeSet<PlayerId>,
    /// Until when, in milliseconds since 1970; `None` as long as the room lives.
    pub reservations: BTreeMap<PlayerId, Option<u64>>,
    /// How often the last seated player went offline, or the last seat was given up.
    pub emptied: u32,
    pub revision: u32,
}

impl Table {
    pub fn new(founding: &Founding) -> Table {
        let spec = &founding.spec;
        let players = spec.seats - spec.bots;
        let chair = |seat| Chair { bot: seat >= players, ..Chair::default() };
        Table {
            phase: Phase::Open,
            owner: Some(founding.founder.clone()).filter(|founder| !founder.as_str().is_empty()),
            seats: (0..spec.seats).map(chair).collect(),
            spectators: Vec::new(),
            properties: spec.properties.clone(),
            banned: BTreeSet::new(),
            reservations: spec.reserved_for.iter().map(|player| (player.clone(), None)).collect(),
            emptied: 0,
            revision: 0,
        }
    }

    /// The table's part of an event.
    pub fn apply(&mut self, event: &RoomEvent, out: &mut Vec<Output>) {
        let before = self.emptiness();
        match event {
            RoomEvent::SeatTaken { seat, player, session, session_number, name } => {
                self.seat_taken(*seat, newcomer(player, session, *session_number, name), out);
            }
            RoomEvent::SpectatorCame { player, session, session_number, name } => {
                self.spectator_came(newcomer(player, session, *session_number, name), out);
            }
            RoomEvent::Left { player, why } => self.left(player, *why, out),
            RoomEvent::Banned { player } => {
                self.banned.insert(player.clone());
                self.reservations.remove(player);
            }
            RoomEvent::Lost { player } => self.set_online(player, false, Why::Lost, out),
            RoomEvent::Back { player } => self.set_online(player, true, Why::Back, out),
            RoomEvent::Gone { player } => {
                self.set_online(player, false, Why::Lost, out);
                if let Some(member) = self.member_mut(player) {
                    member.gone = true;
                }
            }
            RoomEvent::Muted { seat, muted } => {
                if let Some(chair) = self.seats.get_mut(usize::from(*seat)) {
                    chair.muted = *muted;
                }
            }
            RoomEvent::Ready { seat, ready } => {
                if let Some(chair) = self.seats.get_mut(usize::from(*seat)) {
                    chair.ready = *ready;
                    let player = chair.player();
                    self.changed(Why::Ready, player, out);
                }
            }
            RoomEvent::Properties { seat, changes } => self.set_properties(*seat, changes, out),
            RoomEvent::Owner { player } => {
                self.owner = Some(player.clone());
                self.changed(Why::Owner, player.clone(), out);
            }
            RoomEvent::Reserved { player, until_ms } => {
                self.reservations.insert(player.clone(), Some(*until_ms));
            }
            RoomEvent::ReservationOver { player } => {
                self.reservations.remove(player);
            }
            RoomEvent::Started => {
                self.phase = Phase::Playing;
                let owner = self.owner.clone().unwrap_or_else(nobody);
                out.push(Output::Started);
                self.changed(Why::Started, owner, out);
            }
            RoomEvent::Result { seat, result, hash, tick } => {
                if let Some(chair) = self.seats.get_mut(usize::from(*seat)) {
                    chair.result = Some(ReportedResult { result: result.clone(), hash: *hash, tick: *tick });
                }
            }
            RoomEvent::Ended { reason } => self.phase = Phase::Ended(*reason),
            RoomEvent::Founded(_)
            | RoomEvent::Input { .. }
            | RoomEvent::Refused { .. }
            | RoomEvent::Tick { .. }
            | RoomEvent::StateHash { .. }
            | RoomEvent::RunBegan { .. }
            | RoomEvent::Shown { .. }
            | RoomEvent::CallEnded { .. }
            | RoomEvent::Swapped { .. }
            | RoomEvent::SwapFailed { .. }
            | RoomEvent::RolledBack { .. } => {}
        }
        let after = self.emptiness();
        if after.is_some() && after != before {
            self.emptied = self.emptied.wrapping_add(1);
        }
    }

    fn seat_taken(&mut self, seat: Seat, newcomer: Member, out: &mut Vec<Output>) {
        let player = newcomer.player.clone();
        self.reservations.remove(&player);
        if let Some(index) = self.spectators.iter().position(|member| member.player == player) {
            let spectator = self.spectators.remove(index);
            detach(&spectator.session, &newcomer.session, out);
        }
        let Some(chair) = self.seats.get_mut(usize::from(seat)) else { return };
        let mut why = Why::Joined;
        match chair.member.replace(newcomer.clone()) {
            Some(before) if before.player == player => {
                detach(&before.session, &newcomer.session, out);
                why = Why::Back;
            }
            _ => *chair = Chair { member: Some(newcomer), ..Chair::default() },
        }
        self.changed(why, player, out);
    }

    fn spectator_came(&mut self, newcomer: Member, out: &mut Vec<Output>) {
        let player = newcomer.player.clone();
        match self.spectators.iter_mut().find(|member| member.player == player) {
            Some(member) => {
                detach(&member.session, &newcomer.session, out);
                *member = newcomer;
            }
            None => self.spectators.push(newcomer),
        }
        self.changed(Why::Spectators, player, out);
    }

    fn left(&mut self, player: &PlayerId, why: LeftWhy, out: &mut Vec<Output>) {
        let mut told = if why == LeftWhy::Kicked { Why::Kicked } else { Why::Left };
        if let Some(index) = self.spectators.iter().position(|member| member.player == *player) {
            let member = self.spectators.remove(index);
            out.push(Output::Detached { session: member.session });
            told = Why::Spectators;
        }
        if let Some(seat) = self.seat_of(player) {
            let chair = &mut self.seats[usize::from(seat)];
            // What the player reported counts, also when leaving right after.
            let left = std::mem::take(chair);
            chair.result = left.result;
            out.extend(left.member.map(|member| Output::Detached { session: member.session }));
        }
        if self.owner.as_ref() == Some(player) {
            self.owner = None;
        }
        self.changed(told, player.clone(), out);
    }

    fn set_online(&mut self, player: &PlayerId, online: bool, why: Why, out: &mut Vec<Output>) {
        let spectates = self.seat_of(player).is_none();
        let Some(member) = self.member_mut(player).filter(|member| member.online != online) else { return };
        member.online = online;
        // The view counts spectators, present or not.
        if !spectates {
            self.changed(why, player.clone(), out);
        }
    }

    fn set_properties(&mut self, seat: Option<Seat>, changes: &[(String, String)], out: &mut Vec<Output>) {
        let (properties, player) = match seat.map(usize::from) {
            None => (&mut self.properties, self.owner.clone().unwrap_or_else(nobody)),
            Some(seat) => {
                let Some(chair) = self.seats.get_mut(seat) else { return };
                let player = chair.player();
                (&mut chair.properties, player)
            }
        };
        set(properties, changes);
        self.changed(Why::Properties, player, out);
    }

    pub fn changed(&mut self, why: Why, player: PlayerId, out: &mut Vec<Output>) {
        self.revision = self.revision.wrapping_add(1);
        out.push(Output::Changed { why, player });
    }
}

/// Questions.
impl Table {
    pub fn seat_of(&self, player: &PlayerId) -> Option<Seat> {
        let sits = |chair: &Chair| chair.member.as_ref().is_some_and(|member| member.player == *player);
        self.seats.iter().position(sits).map(|seat| seat as Seat)
    }

    /// Seated players first, then spectators; the seat with each.
    pub fn members(&self) -> impl Iterator<Item = (Option<Seat>, &Member)> {
        let seated = self.seats.iter().enumerate().filter_map(|(seat, chair)| {
            let member = chair.member.as_ref()?;
            Some((Some(seat as Seat), member))
        });
        seated.chain(self.spectators.iter().map(|member| (None, member)))
    }

    pub fn member(&self, player: &PlayerId) -> Option<(Option<Seat>, &Member)> {
        self.members().find(|(_, member)| member.player == *player)
    }

    pub fn member_by_session(&self, session: &SessionId) -> Option<(Option<Seat>, &Member)> {
        self.members().find(|(_, member)| member.session == *session)
    }

    /// Players who have a seat, online or not.
    pub fn players(&self) -> impl Iterator<Item = (Seat, &Chair, &Member)> {
        self.seats.iter().enumerate().filter_map(|(seat, chair)| {
            let member = chair.member.as_ref()?;
            Some((seat as Seat, chair, member))
        })
    }

    /// No player who has a seat is online.
    pub fn is_empty(&self) -> bool {
        !self.players().any(|(_, _, member)| member.online)
    }

    /// Nobody has a seat or a reservation.
    pub fn is_abandoned(&self) -> bool {
        self.players().next().is_none() && self.reservations.is_empty()
    }

    /// Seats with a player or a bot.
    pub fn taken(&self) -> usize {
        self.seats.iter().filter(|chair| chair.bot || chair.member.is_some()).count()
    }

    pub fn has_results(&self) -> bool {
        self.seats.iter().any(|chair| chair.result.is_some())
    }

    /// More than half of the players in play have reported: those who have a seat and whose session is not over.
    pub fn most_have_reported(&self) -> bool {
        let in_play = || self.players().filter(|(_, _, member)| !member.gone);
        let reported = in_play().filter(|(_, chair, _)| chair.result.is_some()).count();
        2 * reported > in_play().count()
    }

    /// Nobody's word alone is the outcome while others could contradict it: either everybody in play reported and no
    /// report of the match differs, or more than half of the match's seats for players, free ones included, told the
    /// same.
    pub fn agreed(&self) -> bool {
        let mut in_play = self.players().filter(|(_, _, member)| !member.gone).peekable();
        let all_reported = in_play.peek().is_some() && in_play.all(|(_, chair, _)| chair.result.is_some());
        let reports = || self.seats.iter().filter_map(|chair| chair.result.as_ref());
        let told_by = |told: &ReportedResult| reports().filter(|other| other.says_the_same(told)).count();
        let most = reports().map(told_by).max().unwrap_or(0);
        let seats = self.seats.iter().filter(|chair| !chair.bot).count();
        (all_reported && most == reports().count()) || 2 * most > seats
    }

    /// `None` as long as a seated player is online; else whether the room is abandoned.
    fn emptiness(&self) -> Option<bool> {
        self.is_empty().then(|| self.is_abandoned())
    }

    fn member_mut(&mut self, player: &PlayerId) -> Option<&mut Member> {
        let seated = self.seats.iter_mut().filter_map(|chair| chair.member.as_mut());
        seated.chain(self.spectators.iter_mut()).find(|member| member.player == *player)
    }
}

impl ReportedResult {
    /// Byte by byte; the tick at which a seat noticed the end may be another.
    fn says_the_same(&self, other: &ReportedResult) -> bool {
        self.result == other.result && self.hash == other.hash
    }
}

impl Chair {
    fn player(&self) -> PlayerId {
        self.member.as_ref().map_or_else(nobody, |member| member.player.clone())
    }
}

/// Applies changes of properties; an empty value removes.
pub(crate) fn set(properties: &mut Properties, changes: &[(String, String)]) {
    for (key, value) in changes {
        if value.is_empty() {
            properties.remove(key);
        } else {
            properties.insert(key.clone(), value.clone());
        }
    }
}

fn newcomer(player: &PlayerId, session: &SessionId, session_number: u32, name: &str) -> Member {
    Member {
        player: player.clone(),
        session: *session,
        session_number,
        name: name.to_owned(),
        online: true,
        gone: false,
    }
}

fn detach(before: &SessionId, now: &SessionId, out: &mut Vec<Output>) {
    if before != now {
        out.push(Output::Detached { session: *before });
    }
}

pub(crate) fn nobody() -> PlayerId {
    PlayerId::new("")
}
