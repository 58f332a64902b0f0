//! Rooms of an earlier process come back: each begins a new run, and whoever asked for it meanwhile is answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{RoomKey, SessionId};
use protocol::{ErrorCode, Fault};
use room_core::{RoomRequest, RunReason};

use crate::recovery::{NotRebuilt, Rebuilt, Recovered, Recovery};

use super::Shard;
use super::comeback::Comeback;
use super::outside::Outside;
use super::request::Request;

/// This shard's rooms that are still to come.
pub(crate) struct Awaited {
    desk: Arc<Recovery>,
    /// With what was asked of each.
    rooms: HashMap<RoomKey, Vec<Request>>,
    waiting: usize,
}

/// When to ask again for a room that is being rebuilt, if too many wait for theirs already.
const RETRY: Duration = Duration::from_secs(1);

impl Awaited {
    pub fn new(desk: Arc<Recovery>, rooms: impl IntoIterator<Item = RoomKey>) -> Awaited {
        Awaited { desk, rooms: rooms.into_iter().map(|key| (key, Vec::new())).collect(), waiting: 0 }
    }

    /// Keeps what is asked of a room that is not there yet, which comes the sooner for it.
    pub fn keep(&mut self, request: Request, most: usize) -> Option<Request> {
        if self.rooms.is_empty() {
            return Some(request);
        }
        let Some(waiting) = request.key().and_then(|key| self.rooms.get_mut(key)) else {
            return Some(request);
        };
        if self.waiting >= most {
            let busy = Fault::new(ErrorCode::Unavailable, "the room is being rebuilt");
            request.refuse(busy.retry_after(RETRY));
            return None;
        }
        if waiting.is_empty()
            && let Some(key) = request.key()
        {
            self.desk.hurry(key);
        }
        self.waiting += 1;
        waiting.push(request);
        None
    }

    fn take(&mut self, key: &RoomKey) -> Vec<Request> {
        let waiting = self.rooms.remove(key).unwrap_or_default();
        self.waiting -= waiting.len();
        if self.rooms.is_empty() {
            self.rooms = HashMap::new();
        }
        waiting
    }

    pub fn refuse_all(&mut self, fault: &Fault) {
        let waiting = self.rooms.drain().flat_map(|(_, requests)| requests);
        waiting.for_each(|request| request.refuse(fault.clone()));
    }
}

impl Shard {
    pub(super) fn recovered(&mut self, recovered: Recovered) {
        let Recovered { key, outcome } = recovered;
        let waiting = self.awaited.take(&key);
        match outcome {
            Ok(Some(rebuilt)) if rebuilt.room.is_ended() => self.bury(key.clone(), rebuilt),
            Ok(Some(rebuilt)) => self.bring_back(&key, rebuilt),
            Ok(None) => self.shared.health.remove_rooms(1),
            Err(error) => self.give_up(&key, &error),
        }
        if self.shared.health.one_recovered() == 0 {
            self.shared.journal.rooms_are_back();
            let since_start_ms = self.shared.clock.now().as_micros() / 1000;
            tracing::info!(event = "rooms_recovered", rooms = self.shared.health.rooms(), since_start_ms);
        }
        waiting.into_iter().for_each(|request| self.handle(request));
    }

    fn bring_back(&mut self, key: &RoomKey, rebuilt: Rebuilt) {
        let Rebuilt { room, ring, logged, cost, way_back, effects } = rebuilt;
        let config = &self.shared.config;
        let (grace, window) = (config.recovery_grace, config.resume_window);
        let comeback = Comeback::of(&room, self.now, grace, window);
        for (_, member) in room.members() {
            self.shared.health.session_number_was(member.session_number);
        }
        let online: Vec<SessionId> =
            room.members().filter(|(_, member)| member.online).map(|(_, member)| member.session).collect();
        let began = room.new_run(RunReason::Recovery);
        let (run, tick, members) = (room.run() + 1, room.tick(), online.len());
        tracing::debug!(event = "room_recovered", app = %key.app, room = %key.room, run, tick, members);
        let counted = Some(&room.founding().founder).filter(|founder| counts_for(&room, founder));
        self.shared.directory.restore(key, room.invite(), counted);
        let at = self.place(*room, ring);
        let hosted = &mut self.rooms[at.index as usize];
        (hosted.logged, hosted.cost, hosted.comeback) = (logged, cost, comeback);
        hosted.released = tick;
        if let Some(game) = &mut hosted.game {
            game.way_back = way_back;
            game.outside.take_again(effects);
        }
        hosted.acknowledged = hosted.room.applied_all().into();
        // Before anything else of this run.
        hosted.apply(&began, &mut self.outputs);
        for session in online {
            match hosted.room.decide(&RoomRequest::Lost { session }) {
                Ok(events) => events.iter().for_each(|event| hosted.apply(event, &mut self.outputs)),
                Err(fault) => tracing::debug!(event = "session_fact_refused", %fault),
            }
        }
        self.seek_refuge(at);
        self.touch(at);
        self.reschedule(at);
        self.shared.metrics.rooms.recovered_total.increment();
        self.show_in_directory(at);
    }

    /// It had ended, and was not put away.
    fn bury(&mut self, key: RoomKey, rebuilt: Rebuilt) {
        if let Some(last) = rebuilt.room.final_state().filter(|last| last.last_tick > 0) {
            self.clerk.archive(key.clone(), last);
        }
        let mut outside = Outside::of(&rebuilt.room, &self.shared.config.games);
        if let Some(outside) = &mut outside {
            outside.take_again(rebuilt.effects);
        }
        self.forget_log(key.clone(), outside);
        self.recently_ended.add(key);
        self.shared.health.remove_rooms(1);
    }

    /// The room ends for its players. Its log stays for a while: what cannot be read may be for want of a module or of
    /// a newer binary, and then a later start brings the room back.
    fn give_up(&mut self, key: &RoomKey, error: &NotRebuilt) {
        let metrics = &self.shared.metrics.rooms;
        metrics.not_recovered_total.increment();
        metrics.ended_total.of(&["damaged"]).increment();
        self.clerk.salvage(key.clone());
        self.recently_ended.add_damaged(key.clone());
        self.shared.health.remove_rooms(1);
        let founded_ms = match error {
            NotRebuilt::Damaged { founded_ms, .. } => *founded_ms,
            NotRebuilt::Unavailable(_) => None,
        };
        let wall_ms = self.shared.clock.wall_ms();
        // One whose age nobody can tell is kept as long as there is space.
        if founded_ms.is_none_or(|founded_ms| wall_ms < founded_ms.saturating_add(SET_ASIDE_MS)) {
            self.set_aside.push(key.clone());
            tracing::error!(event = "room_damaged", app = %key.app, room = %key.room, %error,
                "the room has ended for its players; what can be read of a lockstep room becomes a replay, and its \
                 journal is kept for two days: after a repair (another module, another binary) a restart brings it back");
        } else {
            self.clerk.forget(key.clone());
            tracing::error!(event = "room_damaged", app = %key.app, room = %key.room, %error,
                "the room has ended; what can be read of a lockstep room becomes a replay, and its journal is given up");
        }
    }

    /// Their logs are needed less than any other.
    pub(super) fn forget_set_aside(&mut self) {
        for key in std::mem::take(&mut self.set_aside) {
            tracing::warn!(event = "room_given_up", app = %key.app, room = %key.room, "the journal is full");
            self.clerk.forget(key);
        }
    }
}

/// How long after its founding the log of a room is kept that cannot be rebuilt: no room lives for longer than a day.
const SET_ASIDE_MS: u64 = 2 * 86_400_000;

/// A match reserves its seats, that of its first player too; those rooms are in nobody's count.
fn counts_for(room: &room_core::Room, founder: &model::PlayerId) -> bool {
    !founder.as_str().is_empty() && !room.spec().reserved_for.contains(founder)
}
