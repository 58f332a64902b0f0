//! Catching up: from the ring at once, from the journal by way of the clerk.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use link::{Audience, Class, Publication, RoomPort};
use model::{SessionId, Tick};
use protocol::messages::{self, push};
use protocol::{ErrorCode, Fault, operation};

use crate::calls::Done;
use crate::clerk::{Backfill, Stop};

use super::effect::Effect;
use super::hosted::{CatchUp, Hearing};
use super::request::Resume;
use super::{RoomAt, Shard};

impl Shard {
    pub(super) fn resume(&mut self, resume: Resume, done: Done<messages::Joined>) {
        let Resume { key, session, from_tick } = resume;
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(fault) => return done(Err(fault)),
        };
        let hosted = &mut self.rooms[at.index as usize];
        let released = hosted.released;
        let Some(member) = hosted.member(&session) else {
            return done(Err(ErrorCode::NotInRoom.into()));
        };
        let channel = member.channel;
        if hosted.is_relay() {
            // Others may speak as soon as they know that this one was answered: by then it listens.
            hosted.hear(&session);
            return done(Ok(hosted.resumed(&session, channel)));
        }
        if hosted.game.is_some() {
            return self.resume_game(at, &session, channel, done);
        }
        if from_tick == 0 || from_tick > released.saturating_add(1) {
            let message =
                format!("ticks 1 to {} can be asked for, not {from_tick}", released.saturating_add(1));
            return done(Err(Fault::new(ErrorCode::BadRequest, message)));
        }
        if let Some(Hearing::OldTicks(catch_up)) = hosted.member(&session).map(|member| &mut member.hearing) {
            // Two senders would mix their ticks: this one begins when the other has stopped.
            catch_up.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
            if let Some((_, earlier)) = catch_up.then.replace((from_tick, done)) {
                earlier(Err(Fault::new(ErrorCode::BadRequest, "another resume took this one's place")));
            }
            return;
        }
        self.begin_hearing(at, &session, from_tick, done);
    }

    /// The answer, the state as it is now, then what comes: whatever the member missed is in the state.
    fn resume_game(&mut self, at: RoomAt, session: &SessionId, channel: u32, done: Done<messages::Joined>) {
        if self.must_pause(at) {
            return done(Err(Fault::from(ErrorCode::RoomPaused).retry_after(Duration::from_secs(1))));
        }
        let hosted = &mut self.rooms[at.index as usize];
        hosted.silence(session);
        hosted.effects.push(Effect::Resumed(Box::new(hosted.joined(session, channel)), done));
        if !hosted.show(session, &mut self.outputs) {
            hosted.effects.push(Effect::Hear(*session));
        }
        hosted.urgent = true;
        self.touch(at);
    }

    fn begin_hearing(&mut self, at: RoomAt, session: &SessionId, from: Tick, done: Done<messages::Joined>) {
        let hosted = &mut self.rooms[at.index as usize];
        hosted.port.silence(session);
        let Some(member) = hosted.member(session) else {
            return done(Err(ErrorCode::NotInRoom.into()));
        };
        member.hearing = Hearing::Nothing;
        let channel = member.channel;
        let joined = hosted.resumed(session, channel);
        if hosted.ring.reaches_back_to(from) {
            done(Ok(joined));
            return self.hear_everything_from(at, session, from);
        }
        let cancel = Arc::new(AtomicBool::new(false));
        let backfill = Backfill::new(
            at,
            self.mailbox.clone(),
            hosted.key.clone(),
            *session,
            hosted.port.clone(),
            cancel.clone(),
            (hosted.room.run(), hosted.continues_at()),
            from..=hosted.released,
            (joined, done),
            self.now,
        );
        match self.clerk.backfill(Box::new(backfill)) {
            Ok(()) => {
                if let Some(member) = self.rooms[at.index as usize].member(session) {
                    member.hearing = Hearing::OldTicks(CatchUp { cancel, then: None });
                }
            }
            Err(refused) => {
                let busy = Fault::new(ErrorCode::TooManyRequests, "too many members catch up right now");
                refused.refuse(busy.retry_after(Duration::from_secs(1)));
            }
        }
    }

    /// Sends what the ring has from this tick on, and listens: within one turn nothing comes in between.
    fn hear_everything_from(&mut self, at: RoomAt, session: &SessionId, from: Tick) {
        let chunk = self.shared.config.backfill_chunk;
        let hosted = &mut self.rooms[at.index as usize];
        let (run, continues_at) = (hosted.room.run(), hosted.continues_at());
        match hosted.ring.backfill(run, continues_at, from, chunk) {
            Ok(bodies) => send_backfill(hosted.port.as_ref(), session, &bodies),
            Err(damaged) => {
                tracing::error!(event = "ring_damaged", room = %hosted.key.room, %damaged);
                return self.backfill_failed(at, session);
            }
        }
        let ticks = u64::from(hosted.released.saturating_add(1).saturating_sub(from));
        self.shared.metrics.rooms.backfilled_ticks_total.add(ticks);
        hosted.hear(session);
        if hosted.is_over() {
            self.over.push(at);
        }
    }

    /// The clerk has sent all it was asked for, or stopped before.
    pub(super) fn backfill_stopped(&mut self, mut backfill: Box<Backfill>) {
        let (at, session, next) = (backfill.at, backfill.session, backfill.next_tick());
        let Some(hosted) = self.room(at) else { return };
        let released = hosted.released;
        let in_ring = hosted.ring.reaches_back_to(next);
        let Some(member) = hosted.member(&session) else { return };
        let Hearing::OldTicks(catch_up) = &mut member.hearing else { return };
        // The member may have left and come again meanwhile, with a backfill of its own.
        if !backfill.is_cancelled_by(&catch_up.cancel) {
            return;
        }
        if let Some((from, done)) = catch_up.then.take() {
            return self.begin_hearing(at, &session, from, done);
        }
        match backfill.stop() {
            Stop::Finished if in_ring => self.hear_everything_from(at, &session, next),
            Stop::Finished => {
                backfill.go_on_to(released, self.now);
                if let Err(refused) = self.clerk.backfill(backfill) {
                    drop(refused);
                    self.backfill_failed(at, &session);
                }
            }
            Stop::Cancelled | Stop::NoConnection => member.hearing = Hearing::Nothing,
            Stop::TooSlow | Stop::Failed => self.backfill_failed(at, &session),
        }
    }

    /// The member has to ask again.
    fn backfill_failed(&mut self, at: RoomAt, session: &SessionId) {
        let hosted = &mut self.rooms[at.index as usize];
        if let Some(member) = hosted.member(session) {
            member.hearing = Hearing::Nothing;
        }
        let notice = messages::Notice {
            kind: "backfill_failed".into(),
            message: "Not all ticks could be sent; ask again with rooms.resume.".into(),
        };
        hosted.push(session, push::Event::Notice(notice));
    }
}

pub(crate) fn send_backfill(port: &dyn RoomPort, session: &SessionId, bodies: &[Bytes]) {
    for body in bodies {
        let publication = Publication {
            operation: operation::FRAME,
            body,
            // Only live frames acknowledge inputs.
            applied: &[],
            audience: Audience::All,
            class: Class::Reliable,
        };
        port.send_to(session, publication);
    }
}
