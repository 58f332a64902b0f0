//! Rooms that take too much of their shard's time: a room stays its shard's, only its time is spent elsewhere.
//!
//! A room in quarantine has a [`Ward`]. Whenever its ticks are due it makes a [`Trip`] with the inputs that wait, and comes
//! home with what it has to say; all else is done at home. While it is away, what concerns it waits in the ward.

use std::time::Duration;

use model::{Position, Tick};
use protocol::messages::push;
use protocol::{ErrorCode, Fault};

use crate::quarantine::Apart;

use super::budget::Allowance;
use super::hosted::Hosted;
use super::partition::Held;
use super::request::Request;
use super::trip::Trip;
use super::ward::{Errand, Ward};
use super::{RoomAt, Shard};

/// How often a shard that ends looks whether its rooms are home. Counted, because a test's clock stands still: ten
/// seconds, and a call is interrupted after one.
const LAST_LOOKS: u32 = 20_000;
const LAST_LOOKS_APART: Duration = Duration::from_micros(500);

/// Of the first room of a game.
const TICKS_OF_PROBATION: Tick = 20;
/// Rooms of further games begin apart, each.
const MOST_PROVEN: usize = 4096;

/// What became of a room that may be due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Left,
    /// Too many are away.
    Refused,
    Stays,
}

impl Shard {
    /// A new room of a game that nobody has seen play begins apart: what its ticks take is not known yet.
    pub(super) fn put_on_probation(&mut self, at: RoomAt) {
        let is_watched = !self.allowance().in_a_second.is_zero();
        let Some(hosted) = self.room(at).filter(|_| is_watched) else { return };
        let (key, module) = (hosted.key.clone(), hosted.room.logic().map(|logic| logic.hash));
        if module.is_some_and(|module| !self.proven.contains(&module)) {
            self.rooms.open_ward(Ward::new(at, key, true));
            self.wards.push(at);
        }
    }

    /// A room that takes too much of this shard's time goes to quarantine: it leaves when its next tick is due.
    pub(super) fn watch_budget(&mut self, at: RoomAt) {
        let (now, allowed) = (self.now, self.allowance());
        let Some(hosted) = self.room(at).filter(|hosted| hosted.game.is_some()) else { return };
        hosted.count_calls(Duration::ZERO);
        if hosted.room.is_ended() || !hosted.budget.is_over(now, allowed) {
            return;
        }
        let (key, tick) = (hosted.key.clone(), hosted.room.tick());
        let module = hosted.room.logic().map(|logic| logic.hash);
        match self.rooms.ward_mut(at) {
            Some(ward) if !ward.is_on_probation => return,
            Some(ward) => ward.is_on_probation = false,
            None => {
                self.rooms.open_ward(Ward::new(at, key.clone(), false));
                self.wards.push(at);
            }
        }
        tracing::warn!(event = "room_quarantined", app = %key.app, room = %key.room, tick,
            "its game takes too much time: it plays on apart, and may be late");
        // The next room of this game begins apart.
        if let Some(module) = module {
            self.proven.remove(&module);
        }
        self.shared.metrics.rooms.quarantined.increment();
        self.shared.metrics.rooms.quarantined_total.increment();
    }

    /// Where things wait that concern the room; `None` if they need not: it is at home, and no input comes first.
    pub(super) fn held_up(&mut self, at: RoomAt) -> Option<&mut Ward> {
        let is_away = self.rooms.is_away(at);
        self.rooms.ward_mut(at).filter(|ward| is_away || ward.is_waiting())
    }

    /// Keeps what is asked of a room that is held up.
    pub(super) fn hold_up(&mut self, request: Request) -> Option<Request> {
        let at = request.key().and_then(|key| self.by_key.get(key)).copied();
        match at.and_then(|at| self.held_up(at)) {
            Some(ward) => ward.keep(Errand::Request(request)),
            None => return Some(request),
        }
        None
    }

    /// Of what concerns many rooms those that are away have their part when they are back.
    pub(super) fn keep_for_rooms_away(&mut self, errand: impl Fn(&Ward) -> Option<Errand>) {
        for at in self.rooms_away() {
            if let Some(ward) = self.rooms.ward_mut(at)
                && let Some(errand) = errand(ward)
            {
                ward.keep(errand);
            }
        }
    }

    /// The same for the journal's answers, which come first of all.
    pub(super) fn keep_released(&mut self, position: Position, held: Held) {
        if let Some(ward) = self.rooms.ward_mut(held.at) {
            ward.released.push((position, held));
        }
    }

    /// Sends rooms off that are due. True if some are back already, for want of a thread.
    pub(super) fn send_rooms_off(&mut self) -> bool {
        let (mut refused, mut others, mut some_left) = (Vec::new(), Vec::new(), false);
        for at in std::mem::take(&mut self.wards) {
            if self.release_if_calm(at) {
                continue;
            }
            let sent = self.send_off(at);
            some_left |= sent == Sent::Left;
            if sent == Sent::Refused { refused.push(at) } else { others.push(at) }
        }
        self.is_crowded = !refused.is_empty();
        // Who found no place is the first to try again.
        refused.append(&mut others);
        self.wards = refused;
        some_left && self.quarantine.is_back_at_once()
    }

    /// What rooms have to say that come home, and what waited for them.
    pub(super) fn take_rooms_back(&mut self) {
        while let Some(trip) = self.mailbox.take_home_comer() {
            self.take_back(*trip);
        }
    }

    /// The shard ends.
    pub(super) fn await_rooms(&mut self) {
        for _ in 0..LAST_LOOKS {
            self.take_rooms_back();
            if self.rooms_away().is_empty() {
                return;
            }
            std::thread::park_timeout(LAST_LOOKS_APART);
        }
        tracing::error!(event = "room_not_back", shard = self.number, "a room's call does not end");
    }

    /// The room is about to be gone, and so is what waits for it.
    pub(super) fn forget_ward(&mut self, at: RoomAt) {
        let Some(ward) = self.rooms.close_ward(at) else { return };
        self.wards.retain(|other| *other != at);
        if !ward.is_on_probation {
            self.shared.metrics.rooms.quarantined.decrement();
        }
        ward.abandon(&ErrorCode::RoomEnded.into());
    }

    pub(super) fn abandon_wards(&mut self, fault: &Fault) {
        for at in std::mem::take(&mut self.wards) {
            if let Some(ward) = self.rooms.close_ward(at) {
                ward.abandon(fault);
            }
        }
    }

    /// True if from now on the room plays on its shard's thread, as all others do.
    fn release_if_calm(&mut self, at: RoomAt) -> bool {
        let (now, allowed) = (self.now, self.allowance());
        let Some(ward) = self.rooms.ward(at).filter(|ward| !ward.is_waiting() && ward.due.is_none()) else {
            return false;
        };
        let is_on_probation = ward.is_on_probation;
        let Some(hosted) = self.rooms.get_mut(at.index as usize) else { return false };
        let (ended, module) = (hosted.room.is_ended(), hosted.room.logic().map(|logic| logic.hash));
        let has_played = hosted.room.tick() >= TICKS_OF_PROBATION;
        let is_known =
            !is_on_probation || has_played || module.is_some_and(|module| self.proven.contains(&module));
        if !ended && (!is_known || hosted.budget.is_over(now, allowed)) {
            return false;
        }
        let Some(ward) = self.rooms.close_ward(at) else { return false };
        if is_on_probation {
            if has_played && self.proven.len() < MOST_PROVEN {
                self.proven.extend(module);
            }
            return true;
        }
        let key = &ward.key;
        tracing::info!(event = "room_released", app = %key.app, room = %key.room, "it plays among the others again");
        self.shared.metrics.rooms.quarantined.decrement();
        true
    }

    fn send_off(&mut self, at: RoomAt) -> Sent {
        if self.mailbox.is_stopping() {
            return Sent::Stays;
        }
        let must_pause = self.must_pause(at);
        let Some(hosted) = self.room(at) else { return Sent::Stays };
        let (ticks, stands_still) = (hosted.next_tick_at.is_some(), must_pause || hosted.stands_still());
        let needs_journal = hosted.needs_journal();
        let Some(ward) = self.rooms.ward_mut(at) else { return Sent::Stays };
        if stands_still && ward.due.take().is_some() {
            self.pause(at);
        }
        let Some(ward) = self.rooms.ward_mut(at).filter(|ward| ward.wants_to_leave(ticks)) else {
            return Sent::Stays;
        };
        ward.needs_journal = needs_journal;
        let to = if ward.is_on_probation { Apart::Probation } else { Apart::Quarantine };
        let (inputs, due) = ward.leave(self.now);
        let Some(hosted) = self.rooms.lend(at) else { return Sent::Stays };
        let trip = Trip::new(hosted, inputs, due, self.mailbox.clone(), self.shared.clone());
        if let Err(trip) = self.quarantine.send(Box::new(trip), to) {
            self.put_home(*trip);
            return Sent::Refused;
        }
        Sent::Left
    }

    fn take_back(&mut self, trip: Trip) {
        let (at, has_ticked) = (trip.hosted.at, trip.has_ticked);
        self.tally.played.add(trip.played);
        self.put_home(trip);
        let released = self.rooms.ward_mut(at).map(|ward| std::mem::take(&mut ward.released));
        for (position, held) in released.unwrap_or_default() {
            self.let_room_have(position, held);
        }
        self.catch_up(at);
        self.touch(at);
        if has_ticked || self.has_missed_its_tick(at) {
            self.await_next_tick(at);
        }
        self.reschedule(at);
        while let Some(errand) = self.rooms.ward_mut(at).and_then(Ward::next_errand) {
            self.run_errand(at, errand);
        }
    }

    /// It was due while the room was away for its inputs alone.
    fn has_missed_its_tick(&self, at: RoomAt) -> bool {
        let is_past = |hosted: &Hosted| hosted.next_tick_at.is_some_and(|due| due <= self.now);
        self.rooms.ward(at).is_some_and(|ward| ward.due.is_none()) && self.rooms.agrees(at, is_past)
    }

    fn put_home(&mut self, trip: Trip) {
        let Trip { hosted, inputs, due, .. } = trip;
        let at = hosted.at;
        self.rooms.put_back(hosted);
        if let Some(ward) = self.rooms.ward_mut(at) {
            ward.come_back(inputs, due);
        }
    }

    /// With what happened to all rooms meanwhile.
    fn catch_up(&mut self, at: RoomAt) {
        let now = self.now;
        let Some(hosted) = self.room(at) else { return };
        if let Some(game) = &mut hosted.game {
            game.outside.settle(false);
        }
        let (is_over, partition) = (hosted.is_over(), hosted.key.room.partition());
        let is_timer_due = hosted.timer_at.is_some_and(|timer_at| timer_at <= now);
        let index = self.partition_index(partition);
        if self.partitions[index].trouble.is_none()
            && let Some(hosted) = self.room(at)
        {
            hosted.unprotected = false;
        }
        self.follow_decision(at);
        if is_over {
            self.over.push(at);
        }
        if is_timer_due {
            self.fire(at);
        }
    }

    fn run_errand(&mut self, at: RoomAt, errand: Errand) {
        match errand {
            Errand::Fact(fact) => self.take_fact(at, fact),
            Errand::Request(request) => self.answer(request),
            Errand::Tell(notice) => {
                if let Some(hosted) = self.room(at) {
                    hosted.push_to_all(&push::Event::Notice(notice));
                }
            }
            Errand::Move(moves) => self.begin_move(at, &moves),
        }
    }

    fn rooms_away(&self) -> Vec<RoomAt> {
        self.wards.iter().copied().filter(|at| self.rooms.is_away(*at)).collect()
    }

    fn allowance(&self) -> Allowance {
        let config = &self.shared.config;
        let in_a_second = Duration::from_millis(10 * u64::from(config.quarantine_share));
        Allowance { in_a_second, at_once: config.quarantine_at_once }
    }
}
