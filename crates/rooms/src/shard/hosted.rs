//! One room in its shard: the pure room, and what connects it with the world.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clock::Moment;
use journal::Level;
use link::{Inbox, RoomPort, RoomRoute};
use model::{PlayerId, RoomKey, Seat, SessionId, Tick};
use protocol::messages::{self, Durability, RoomKind};
use room_core::{Deadline, Output, Room, RoomEvent, Why};
use telemetry::Gauge;

use crate::calls::Done;
use crate::rebuild_cost::RebuildCost;
use crate::record;
use crate::ring::TickRing;

use super::RoomAt;
use super::budget::Budget;
use super::comeback::Comeback;
use super::effect::Effect;
use super::game::Game;

/// Between two words to a member about rejected inputs.
const REJECTIONS_APART: Duration = Duration::from_millis(100);
/// Between two words to all members about properties and readiness, which anyone can change at any rate.
const SLIGHT_CHANGES_APART: Duration = Duration::from_millis(100);

pub(super) struct Hosted {
    pub at: RoomAt,
    pub key: RoomKey,
    pub room: Room,
    pub port: Arc<dyn RoomPort>,
    pub inbox: Arc<dyn Inbox>,
    pub members: Vec<Attached>,

    /// Events since the last record.
    pub draft: Vec<u8>,
    /// A run begins among them.
    pub begins_run: bool,
    /// A run began, and not all records since are answered: nothing is told before them, at whatever level.
    pub run_waits: bool,
    /// What members are to hear of these events, in order.
    pub effects: Vec<Effect>,
    /// Changes since `RoomChanged` was last told.
    pub changes: Vec<(Why, PlayerId)>,
    /// Until then slight changes wait.
    pub quiet_until: Option<Moment>,
    /// Sessions that are to be detached once they were told of their leaving.
    pub leaving: Vec<SessionId>,
    pub dirty: bool,
    /// The draft must not wait for the next tick.
    pub urgent: bool,

    /// Bytes of the log that were handed over.
    pub logged: usize,
    /// To rebuild the room from its last image on.
    pub cost: RebuildCost,
    /// What the room takes of its shard's time.
    pub budget: Budget,
    /// The sequence of the last record.
    pub last_sequence: u64,
    /// Records that the journal has not answered yet.
    pub unanswered: u32,
    /// The last tick that members were told, and the inputs acknowledged by it, by seat.
    pub released: Tick,
    pub acknowledged: Box<[u32]>,
    pub ring: TickRing,

    pub next_tick_at: Option<Moment>,
    pub deadlines: Vec<(Deadline, Moment)>,
    pub timer_at: Option<Moment>,
    /// Since a recovery, until everybody had the time to come back.
    pub comeback: Option<Comeback>,
    /// The journal has failed for long, and the room plays on without it.
    pub unprotected: bool,

    /// Set once members were told of the end: until when the room is kept for those that catch up.
    pub kept_until: Option<Moment>,
    pub archived: bool,
    /// Of an authoritative room.
    pub game: Option<Box<Game>>,
}

/// A session that hears the room.
pub(super) struct Attached {
    pub session: SessionId,
    pub seat: Option<Seat>,
    pub channel: u32,
    pub hearing: Hearing,
    /// When it was last told of an input that did not even count as refused.
    pub rejection_told_at: Option<Moment>,
}

pub(super) enum Hearing {
    Nothing,
    /// The clerk sends it old ticks.
    OldTicks(CatchUp),
    Everything,
}

pub(super) struct CatchUp {
    /// Tells the clerk to stop; it answers in any case.
    pub cancel: Arc<AtomicBool>,
    /// What the member asked for meanwhile.
    pub then: Option<(Tick, Done<messages::Joined>)>,
}

impl Hosted {
    pub fn new(
        at: RoomAt,
        room: Room,
        ring: TickRing,
        port: Arc<dyn RoomPort>,
        inbox: Arc<dyn Inbox>,
    ) -> Hosted {
        Hosted {
            at,
            key: room.key().clone(),
            room,
            port,
            inbox,
            members: Vec::new(),
            draft: Vec::new(),
            begins_run: false,
            run_waits: false,
            effects: Vec::new(),
            changes: Vec::new(),
            quiet_until: None,
            leaving: Vec::new(),
            dirty: false,
            urgent: true,
            logged: 0,
            cost: RebuildCost::default(),
            budget: Budget::default(),
            last_sequence: 0,
            unanswered: 0,
            released: 0,
            acknowledged: Box::default(),
            ring,
            next_tick_at: None,
            deadlines: Vec::new(),
            timer_at: None,
            comeback: None,
            unprotected: false,
            kept_until: None,
            archived: false,
            game: None,
        }
    }

    /// Does one event, and notes what follows.
    pub fn apply(&mut self, event: &RoomEvent, outputs: &mut Vec<Output>) {
        if self.game.is_some() && self.room.is_ended() {
            // One of several, and one before it ended the room.
            return;
        }
        let instead = self.make(event, outputs);
        record::append(&mut self.draft, instead.as_ref().unwrap_or(event));
        if matches!(event, RoomEvent::RunBegan { .. }) {
            (self.begins_run, self.run_waits) = (true, true);
        }
        self.cost.add_event();
        for output in outputs.drain(..) {
            self.note(output);
        }
    }

    /// Frames wait for the journal.
    pub fn needs_journal(&self) -> bool {
        (self.room.spec().durability != Durability::Async || self.run_waits) && !self.unprotected
    }

    /// What the record that is made of the draft has to reach. That a run began is synced at every level: its number must
    /// not be told a second time, for another run, after a power cut.
    pub fn take_level(&mut self) -> Level {
        let begins_run = std::mem::take(&mut self.begins_run);
        let is_sync = self.room.spec().durability == Durability::Sync;
        if is_sync || begins_run { Level::Synced } else { Level::Written }
    }

    /// Where this run began, for members that may hold ticks of an older one; 0 in the first run.
    pub fn continues_at(&self) -> Tick {
        if self.room.run() > 1 { self.room.continues_at() } else { 0 }
    }

    pub fn is_log_full(&self, most: usize) -> bool {
        self.logged + self.draft.len() >= most
    }

    pub fn is_relay(&self) -> bool {
        self.room.spec().kind == RoomKind::Relay
    }

    pub fn is_over(&self) -> bool {
        self.kept_until.is_some()
    }

    /// Whether the member is to hear of a rejected input now. One missing number rejects all that follow it, and an
    /// answer to each would double the traffic just when there is too much of it.
    pub fn may_tell_of_rejection(&mut self, session: &SessionId, now: Moment) -> bool {
        let Some(member) = self.member(session) else { return false };
        let may = member.rejection_told_at.is_none_or(|told_at| now.since(told_at) >= REJECTIONS_APART);
        if may {
            member.rejection_told_at = Some(now);
        }
        may
    }

    pub fn member(&mut self, session: &SessionId) -> Option<&mut Attached> {
        self.members.iter_mut().find(|member| member.session == *session)
    }

    /// For a join, which is answered once all before it is durable.
    pub fn joined(&self, session: &SessionId, channel: u32) -> messages::Joined {
        self.joined_with(session, channel, self.room.applied_all())
    }

    /// For a resume, which is answered at once.
    pub fn resumed(&self, session: &SessionId, channel: u32) -> messages::Joined {
        self.joined_with(session, channel, &self.acknowledged)
    }

    fn joined_with(&self, session: &SessionId, channel: u32, applied: &[u32]) -> messages::Joined {
        let seat = self.room.member(session).and_then(|(seat, _)| seat);
        messages::Joined {
            room: Some(self.room.view()),
            channel,
            seat: seat.map(u32::from),
            applied: seat.and_then(|seat| applied.get(usize::from(seat)).copied()).unwrap_or(0),
            seed: self.room.spec().seed().unwrap_or(0),
        }
    }

    pub fn route(&self, session: &SessionId, channel: u32) -> RoomRoute {
        RoomRoute {
            key: self.key.clone(),
            seat: self.room.member(session).and_then(|(seat, _)| seat),
            channel,
            run: self.room.run(),
            relay: self.is_relay().then(|| self.port.clone()),
            inbox: self.inbox.clone(),
        }
    }

    /// Adds the member or replaces the one of the same session; it hears nothing yet.
    pub fn attach(&mut self, member: Attached, count: &Gauge) {
        let Attached { session, seat, channel, .. } = &member;
        self.port.attach(link::Member { session: *session, seat: *seat, channel: *channel });
        match self.member(&member.session) {
            Some(before) => {
                before.hearing.stop();
                *before = member;
            }
            None => {
                self.members.push(member);
                count.increment();
            }
        }
    }

    /// The member receives what is published from now on.
    pub fn hear(&mut self, session: &SessionId) {
        self.port.listen(session);
        if let Some(member) = self.member(session) {
            member.hearing = Hearing::Everything;
        }
    }

    pub fn detach(&mut self, session: &SessionId, count: &Gauge) {
        self.port.detach(session);
        if let Some(index) = self.members.iter().position(|member| member.session == *session) {
            self.members.swap_remove(index).hearing.stop();
            count.decrement();
        }
    }

    /// The member's connection is gone, or it is going to ask again.
    pub fn silence(&mut self, session: &SessionId) {
        self.port.silence(session);
        if let Some(member) = self.member(session) {
            match &member.hearing {
                // Nobody else may send to the member until the clerk has stopped.
                Hearing::OldTicks(catch_up) => catch_up.cancel.store(true, Ordering::Relaxed),
                Hearing::Nothing | Hearing::Everything => member.hearing = Hearing::Nothing,
            }
        }
    }

    pub fn push(&self, session: &SessionId, event: messages::push::Event) {
        self.port.push(session, event);
    }

    pub fn push_to_all(&self, event: &messages::push::Event) {
        for member in &self.members {
            self.port.push(&member.session, event.clone());
        }
    }

    pub fn note(&mut self, output: Output) {
        match output {
            Output::Frame { body, first_tick, last_tick } => {
                let applied = self.room.applied_all().into();
                self.effects.push(Effect::Frame { body, first_tick, last_tick, applied });
            }
            Output::Refused { seat, number, reason } => {
                self.effects.push(Effect::Refused { seat, number, reason });
            }
            Output::Desync { tick, seats, last_agreed } => {
                self.effects.push(Effect::Desync { tick, seats, last_agreed });
            }
            Output::Changed { why, player } => self.changes.push((why, player)),
            Output::Detached { session } => self.leaving.push(session),
            // A change besides says so to the members.
            Output::Started => {}
            // Told by `tell_changes`, after everything else.
            Output::Ended { .. } => self.urgent = true,
            of_game => self.note_of_game(of_game),
        }
    }

    /// Turns the changes so far into effects, unless they are slight and the last ones were just told. Changes told
    /// together share one view.
    pub fn tell_changes(&mut self, now: Moment) -> bool {
        let changes = self.changes_to_tell(now);
        let tells = !changes.is_empty();
        if tells {
            let view = self.room.view();
            // The view says it all; more than a few reasons at once are not worth a message each.
            let first = changes.len().saturating_sub(MOST_CHANGES_TOLD);
            for (why, player) in changes.into_iter().skip(first) {
                let (why, player) = (why.as_str().to_owned(), player.as_str().to_owned());
                let change = messages::RoomChanged { room: Some(view.clone()), why, player };
                self.effects.push(Effect::Changed(Box::new(change)));
            }
        }
        let leaving = std::mem::take(&mut self.leaving);
        self.effects.extend(leaving.into_iter().map(Effect::Detach));
        tells
    }

    /// When the changes that wait are to be told, if any do.
    pub fn changes_due(&self) -> Option<Moment> {
        self.quiet_until.filter(|_| !self.changes.is_empty())
    }

    /// Of slight changes the latest; none beside a weighty one, whose view says them, too.
    fn changes_to_tell(&mut self, now: Moment) -> Vec<(Why, PlayerId)> {
        if !self.changes.iter().all(is_slight) {
            let mut changes = std::mem::take(&mut self.changes);
            changes.retain(|change| !is_slight(change));
            return changes;
        }
        let must_wait = self.quiet_until.is_some_and(|quiet_until| now < quiet_until);
        if self.changes.is_empty() || (must_wait && !self.room.is_ended()) {
            return Vec::new();
        }
        self.quiet_until = Some(now + SLIGHT_CHANGES_APART);
        self.changes.drain(..).next_back().into_iter().collect()
    }
}

/// Of one turn.
const MOST_CHANGES_TOLD: usize = 4;

fn is_slight((why, _): &(Why, PlayerId)) -> bool {
    matches!(why, Why::Properties | Why::Ready)
}

impl Attached {
    pub fn new(session: SessionId, seat: Option<Seat>, channel: u32) -> Attached {
        Attached { session, seat, channel, hearing: Hearing::Nothing, rejection_told_at: None }
    }
}

impl Hearing {
    pub fn stop(&mut self) {
        if let Hearing::OldTicks(catch_up) = self {
            catch_up.cancel.store(true, Ordering::Relaxed);
            if let Some((_, done)) = catch_up.then.take() {
                done(Err(protocol::ErrorCode::NotInRoom.into()));
            }
        }
        *self = Hearing::Nothing;
    }
}
