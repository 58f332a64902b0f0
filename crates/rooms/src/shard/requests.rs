//! Create, join, act, view.

use std::cmp::Reverse;
use std::sync::PoisonError;
use std::time::Duration;

use model::{RoomKey, SessionId};
use protocol::messages::{self, RoomKind, push};
use protocol::{ErrorCode, Fault};
use room_core::modules::LogicRef;
use room_core::{Founding, Room, RoomEvent, RoomRequest, RoomSpec};

use crate::calls::{Done, JoinedRoom};
use crate::mailbox::RoomInbox;
use crate::mark;
use crate::record;
use crate::ring::TickRing;

use super::effect::Effect;
use super::game::Game;
use super::hosted::{Attached, Hosted};
use super::request::{Create, Join, Request};
use super::ward::Errand;
use super::{RoomAt, Shard};

/// When a paused room is asked again.
const PAUSED_RETRY: Duration = Duration::from_secs(1);
/// When a founder with too many rooms may try again: rooms do not end by the second.
const FOUNDER_RETRY: Duration = Duration::from_secs(10);

impl Shard {
    pub(super) fn handle(&mut self, request: Request) {
        let most_waiting = self.shared.config.inbox_requests;
        let Some(request) = self.awaited.keep(request, most_waiting) else { return };
        let Some(request) = self.hold_up(request) else { return };
        self.answer(request);
    }

    /// The room that is asked is at home.
    pub(super) fn answer(&mut self, request: Request) {
        let Some(request) = self.put_off(request) else { return };
        match request {
            Request::Create(create, done) => self.create(*create, done),
            Request::Join(join, done) => self.join(*join, done),
            Request::Resume(resume, done) => self.resume(resume, done),
            Request::Act(key, request, done) => self.act(&key, &request, done),
            Request::View(key, done) => {
                let view = self.find(&key).map(|at| self.rooms[at.index as usize].room.view());
                done(view);
            }
            Request::Tell(notice) => {
                let event = push::Event::Notice(notice.clone());
                self.rooms.iter().for_each(|(_, hosted)| hosted.push_to_all(&event));
                self.keep_for_rooms_away(|_| Some(Errand::Tell(notice.clone())));
            }
            Request::Move(moves) => self.begin_moves(&moves),
            Request::SettleEffects => self.settle_effects(),
            Request::Stopped(backfill) => self.backfill_stopped(backfill),
            Request::Recovered(recovered) => self.recovered(*recovered),
        }
    }

    /// Faults: `room_unknown`, `room_ended`.
    pub(super) fn find(&self, key: &RoomKey) -> Result<RoomAt, Fault> {
        match self.by_key.get(key) {
            Some(at) => Ok(*at),
            None if self.ended.has(key) => Err(ErrorCode::RoomEnded.into()),
            None => Err(self.recently_ended.fault(key).unwrap_or_else(|| ErrorCode::RoomUnknown.into())),
        }
    }

    /// Does what was decided. It reaches the journal with this turn.
    pub(super) fn apply_all(&mut self, at: RoomAt, events: &[RoomEvent]) {
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        if events.is_empty() {
            return;
        }
        for event in events {
            hosted.apply(event, &mut self.outputs);
        }
        hosted.urgent = true;
        self.touch(at);
        self.reschedule(at);
    }

    fn create(&mut self, create: Create, done: Done<messages::RoomView>) {
        match self.find_or_found(create) {
            Ok(at) => self.answer_with_view(at, done),
            Err(fault) => done(Err(fault)),
        }
    }

    fn find_or_found(&mut self, create: Create) -> Result<RoomAt, Fault> {
        match self.find(&create.key) {
            Ok(at) => {
                let founded = self.rooms[at.index as usize].room.spec();
                if founded.answers(&create.spec) { Ok(at) } else { Err(ErrorCode::RoomExists.into()) }
            }
            Err(fault) if fault.code == ErrorCode::RoomEnded => Err(fault),
            Err(_) => self.found(create),
        }
    }

    fn found(&mut self, create: Create) -> Result<RoomAt, Fault> {
        if create.draining {
            return Err(ErrorCode::Draining.into());
        }
        // Whatever the partition: it is one journal.
        if self.shared.health.is_in_trouble() {
            return Err(Fault::new(ErrorCode::Unavailable, "the journal takes no new rooms right now")
                .retry_after(PAUSED_RETRY));
        }
        let logic = self.logic_for(&create)?;
        if !self.shared.health.add_room(self.shared.config.max_rooms) {
            return Err(Fault::new(ErrorCode::Overloaded, "the server has as many rooms as it takes"));
        }
        let Create { key, spec, founder, build, counts, draining: _ } = create;
        let most = self.shared.config.per_founder;
        let counted = Some(&founder).filter(|founder| counts && most > 0 && !founder.as_str().is_empty());
        let filed = {
            let mut chance = self.shared.chance.lock().unwrap_or_else(PoisonError::into_inner);
            let invite = self.shared.directory.add(&key, counted, most, &mut chance);
            invite.map(|invite| (invite, chance.u32()))
        };
        let Ok((invite, seed)) = filed else {
            self.shared.health.remove_rooms(1);
            let message = format!("a player can have {most} rooms at a time; some have to end first");
            return Err(Fault::new(ErrorCode::TooManyRequests, message).retry_after(FOUNDER_RETRY));
        };
        let spec = spec.with_seed(seed);
        let wall_ms = self.shared.clock.wall_ms();
        let founding = Founding { key, spec, founder, build, invite, run: 1, wall_ms, logic };
        self.host(founding)
    }

    /// What an authoritative room begins with.
    fn logic_for(&self, create: &Create) -> Result<Option<LogicRef>, Fault> {
        let Some(authoritative) = &create.spec.authoritative else { return Ok(None) };
        let catalog = &self.shared.config.games.catalog;
        let Create { key, founder, .. } = create;
        catalog.current(&key.app, &authoritative.game, &key.room, founder).map(Some)
    }

    fn host(&mut self, founding: Founding) -> Result<RoomAt, Fault> {
        let mut draft = Vec::new();
        record::append(&mut draft, &RoomEvent::Founded(Box::new(founding.clone())));
        let key = founding.key.clone();
        let modules = self.shared.config.games.modules.clone();
        let playing = mark::playing(&key, 0);
        let founded = Room::found(founding, &modules, &mut self.outputs);
        drop(playing);
        let told = std::mem::take(&mut self.outputs);
        let room = founded.map_err(|not_founded| {
            self.shared.health.remove_rooms(1);
            self.shared.directory.remove(&key);
            let key = &key;
            tracing::error!(event = "room_not_founded", app = %key.app, room = %key.room, %not_founded);
            Fault::new(ErrorCode::Unavailable, format!("the game cannot be run: {not_founded}"))
        })?;
        let kind = kind_label(room.spec());
        let at = self.place(room, TickRing::new(&self.shared.config, 0));
        let hosted = &mut self.rooms[at.index as usize];
        hosted.draft = draft;
        told.into_iter().for_each(|output| hosted.note(output));
        self.put_on_probation(at);
        self.shared.metrics.rooms.created_total.of(&[kind]).increment();
        self.show_in_directory(at);
        self.touch(at);
        self.reschedule(at);
        Ok(at)
    }

    /// Gives the room a place among the others; nothing happens to it yet.
    pub(super) fn place(&mut self, mut room: Room, ring: TickRing) -> RoomAt {
        let game = Game::of(&mut room, &self.shared.config.games);
        self.generations = self.generations.wrapping_add(1);
        let at = RoomAt { index: self.rooms.next_index() as u32, generation: self.generations };
        let key = room.key().clone();
        let port = self.shared.link.open(&key);
        let inbox = std::sync::Arc::new(RoomInbox { mailbox: self.mailbox.clone(), at });
        let kind = kind_label(room.spec());
        self.rooms.add(Hosted { game, ..Hosted::new(at, room, ring, port, inbox) });
        self.by_key.insert(key, at);
        self.shared.metrics.rooms.open.of(&[kind]).increment();
        at
    }

    fn join(&mut self, join: Join, done: Done<JoinedRoom>) {
        match self.take_in(join) {
            Ok((at, session, joined)) => {
                let hosted = &mut self.rooms[at.index as usize];
                hosted.effects.push(Effect::Joined(Box::new(joined), done));
                if hosted.is_relay() {
                    // Right behind the answer, and before the others learn of the newcomer: nothing said to it is lost.
                    hosted.effects.push(Effect::Hear(session));
                }
                hosted.urgent = true;
                self.touch(at);
            }
            Err(fault) => done(Err(fault)),
        }
    }

    fn take_in(&mut self, join: Join) -> Result<(RoomAt, SessionId, JoinedRoom), Fault> {
        let Join { key, who, spectate, channel, knows_kind } = join;
        let at = self.find(&key)?;
        self.check_known(at, knows_kind)?;
        let session = who.session;
        let session_number = self.rooms[at.index as usize].session_number_of(&who);
        let request = RoomRequest::Join {
            player: who.player,
            session: who.session,
            session_number,
            name: who.name,
            build: who.build,
            spectate,
        };
        self.decide_and_apply(at, &request)?;
        if self.answers_must_wait_long(at) {
            return Err(Fault::from(ErrorCode::RoomPaused).retry_after(PAUSED_RETRY));
        }
        let hosted = &mut self.rooms[at.index as usize];
        if hosted.leaving.contains(&session) {
            // It left in this very turn: that comes first.
            hosted.tell_changes(self.now);
        }
        let joined =
            JoinedRoom { joined: hosted.joined(&session, channel), route: hosted.route(&session, channel) };
        let member = Attached::new(session, joined.route.seat, channel);
        hosted.effects.push(Effect::Attach(Box::new(member)));
        Ok((at, session, joined))
    }

    /// Kinds that came later say nothing that an older client could play by.
    fn check_known(&self, at: RoomAt, knows_kind: u32) -> Result<(), Fault> {
        let spec = self.rooms[at.index as usize].room.spec();
        if spec.kind as u32 <= knows_kind.max(RoomKind::Lockstep as u32) {
            return Ok(());
        }
        let kind = kind_label(spec);
        let message = format!("this is an {kind} room, which this version of the game's client cannot play");
        Err(Fault::new(ErrorCode::Outdated, message))
    }

    fn act(&mut self, key: &RoomKey, request: &RoomRequest, done: Done<messages::RoomView>) {
        let acted = self.find(key).and_then(|at| {
            if matches!(request, RoomRequest::Join { .. }) {
                return Err(Fault::new(ErrorCode::BadRequest, "joining has a call of its own"));
            }
            self.decide_and_apply(at, request).map(|()| at)
        });
        match acted {
            Ok(at) => self.answer_with_view(at, done),
            Err(fault) => done(Err(fault)),
        }
    }

    fn decide_and_apply(&mut self, at: RoomAt, request: &RoomRequest) -> Result<(), Fault> {
        let events = self.rooms[at.index as usize].room.decide(request)?;
        if !events.is_empty() && self.must_pause(at) {
            return Err(Fault::from(ErrorCode::RoomPaused).retry_after(PAUSED_RETRY));
        }
        self.apply_all(at, &events);
        Ok(())
    }

    /// An answer would have to wait for a journal that is in trouble.
    fn answers_must_wait_long(&mut self, at: RoomAt) -> bool {
        let hosted = &self.rooms[at.index as usize];
        let waits = hosted.needs_journal() && (hosted.unanswered > 0 || !hosted.draft.is_empty());
        let partition = hosted.key.room.partition();
        let index = self.partition_index(partition);
        waits && self.partitions[index].trouble.is_some()
    }

    fn answer_with_view(&mut self, at: RoomAt, done: Done<messages::RoomView>) {
        if self.answers_must_wait_long(at) {
            return done(Err(Fault::from(ErrorCode::RoomPaused).retry_after(PAUSED_RETRY)));
        }
        let hosted = &mut self.rooms[at.index as usize];
        let view = Box::new(hosted.room.view());
        hosted.effects.push(Effect::Answer(view, done));
        hosted.urgent = true;
        self.touch(at);
    }

    /// Public rooms are listed while they are open.
    pub(super) fn show_in_directory(&self, at: RoomAt) {
        let hosted = &self.rooms[at.index as usize];
        let is_listed = !hosted.room.spec().private && hosted.room.phase() == room_core::Phase::Open;
        self.shared.directory.show(&hosted.key, is_listed.then(|| hosted.room.view()));
    }

    /// Keeps the timers of a room what its state wants them to be.
    pub(super) fn reschedule(&mut self, at: RoomAt) {
        let (now, wall_ms) = (self.now, self.shared.clock.wall_ms());
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        hosted.set_deadlines(now, wall_ms);
        let next = hosted.next_timer(now);
        if let Some(next) = next.filter(|next| hosted.timer_at.is_none_or(|armed| *next < armed)) {
            hosted.timer_at = Some(next);
            self.timers.push(Reverse((next, at)));
        }
        if hosted.next_tick_at.is_none() && hosted.room.next_tick().is_some() && !hosted.awaits_members(now) {
            self.begin_ticking(at);
        }
    }
}

pub(super) fn kind_label(spec: &RoomSpec) -> &'static str {
    match spec.kind {
        RoomKind::Relay => "relay",
        RoomKind::Lockstep => "lockstep",
        RoomKind::Authoritative => "authoritative",
    }
}
