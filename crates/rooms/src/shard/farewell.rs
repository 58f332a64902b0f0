//! The end of a room: told, archived, and freed once nobody has ticks of it to read any more.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use model::{Position, RoomKey};
use protocol::{ErrorCode, Fault};
use room_core::{EndReason, RoomEvent};

use super::effect::Effect;
use super::hosted::{Hearing, Hosted};
use super::outside::Log;
use super::requests::kind_label;
use super::{RoomAt, Shard};

impl Shard {
    /// Nothing more fits the room's log: its end is the last record.
    pub(super) fn end_if_log_is_full(&mut self, at: RoomAt) {
        let most = self.shared.config.log_bytes;
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        if hosted.room.is_ended() || !hosted.is_log_full(most) {
            return;
        }
        let key = &hosted.key;
        tracing::warn!(event = "log_full", app = %key.app, room = %key.room, tick = hosted.room.tick());
        hosted.apply(&RoomEvent::Ended { reason: EndReason::LogFull }, &mut self.outputs);
        self.reschedule(at);
    }

    /// The room has just ended: the last effect says so.
    pub(super) fn announce_end(&mut self, at: RoomAt) {
        let kept_until = self.now + self.shared.config.linger;
        let hosted = &mut self.rooms[at.index as usize];
        hosted.kept_until = Some(kept_until);
        hosted.next_tick_at = None;
        if let Some(game) = &mut hosted.game {
            game.put_off.refuse_all(&ErrorCode::RoomEnded.into());
        }
        if let Some(ended) = hosted.room.ended() {
            self.shared.metrics.rooms.ended_total.of(&[&ended.reason]).increment();
            hosted.effects.push(Effect::Ended(Box::new(ended)));
        }
        if hosted.timer_at.is_none_or(|armed| kept_until < armed) {
            hosted.timer_at = Some(kept_until);
            self.timers.push(Reverse((kept_until, at)));
        }
        self.shared.directory.show(&self.rooms[at.index as usize].key, None);
        self.over.push(at);
    }

    pub(super) fn free_ended_rooms(&mut self) {
        for at in std::mem::take(&mut self.over) {
            let now = self.now;
            let Some(hosted) = self.room(at) else { continue };
            let is_settled = hosted.unanswered == 0 && hosted.draft.is_empty() && hosted.effects.is_empty();
            let Some(kept_until) = hosted.kept_until.filter(|_| is_settled) else { continue };
            if !hosted.archived {
                hosted.archived = true;
                let (key, last) = (hosted.key.clone(), hosted.room.final_state());
                if let Some(last) = last.filter(|last| last.last_tick > 0) {
                    self.clerk.archive(key, last);
                }
            }
            let Some(hosted) = self.room(at) else { continue };
            if hosted.everybody_has_heard() || kept_until <= now {
                self.free(at);
            }
        }
    }

    fn free(&mut self, at: RoomAt) {
        self.forget_ward(at);
        let Some(mut hosted) = self.rooms.try_remove(at.index as usize) else { return };
        let image = hosted.image_of_the_end();
        let partition = self.partition_index(hosted.key.room.partition());
        let last = Position { epoch: self.partitions[partition].epoch(), sequence: hosted.last_sequence };
        let metrics = &self.shared.metrics.rooms;
        metrics.members.add(-(hosted.members.len() as i64));
        metrics.open.of(&[kind_label(hosted.room.spec())]).decrement();
        let outside = hosted.game.map(|game| {
            game.watch.room_went(&hosted.key);
            game.outside
        });
        for mut member in hosted.members {
            member.hearing.stop();
            hosted.port.detach(&member.session);
        }
        self.by_key.remove(&hosted.key);
        self.shared.directory.remove(&hosted.key);
        if self.forget_log(hosted.key.clone(), outside) == Log::Kept
            && let Some(image) = image
        {
            // The log itself is in the replay.
            self.clerk.put_image(hosted.key.clone(), last, image, true);
        }
        self.recently_ended.add(hosted.key);
        self.shared.health.remove_rooms(1);
        self.shrink();
    }

    /// Gives memory back after a burst of rooms.
    fn shrink(&mut self) {
        if self.rooms.is_empty() && self.rooms.capacity() > 64 {
            self.rooms.shrink_to_fit();
        }
        if self.by_key.capacity() > 64 && self.by_key.len() * 4 < self.by_key.capacity() {
            self.by_key.shrink_to_fit();
        }
    }
}

impl Hosted {
    /// Nobody is attached that lacks ticks: one that is away, or is catching up, may still want them.
    fn everybody_has_heard(&self) -> bool {
        let heard = |hearing: &Hearing| matches!(hearing, Hearing::Everything);
        self.members.iter().all(|member| heard(&member.hearing)) || self.room.tick() == 0
    }
}

/// Rooms that are gone, so that a repeated create does not make one again. The latest few thousand.
#[derive(Default)]
pub(super) struct RecentlyEnded {
    order: VecDeque<RoomKey>,
    keys: HashMap<RoomKey, Option<&'static str>>,
}

const REMEMBERED: usize = 4096;

impl RecentlyEnded {
    pub fn add(&mut self, key: RoomKey) {
        self.add_for(key, None);
    }

    /// A room that cannot be rebuilt.
    pub fn add_damaged(&mut self, key: RoomKey) {
        self.add_for(
            key,
            Some("the room's journal is damaged, or its rules are missing; the match cannot go on"),
        );
    }

    /// What is answered to those who ask for such a room.
    pub fn fault(&self, key: &RoomKey) -> Option<Fault> {
        let why = self.keys.get(key)?;
        Some(why.map_or_else(|| ErrorCode::RoomEnded.into(), |why| Fault::new(ErrorCode::RoomEnded, why)))
    }

    fn add_for(&mut self, key: RoomKey, why: Option<&'static str>) {
        if self.keys.insert(key.clone(), why).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{AppId, RoomId};

    use super::*;

    #[test]
    fn only_the_latest_are_remembered() {
        let mut ended = RecentlyEnded::default();
        let key = |number: usize| RoomKey {
            app: AppId::new("a"),
            room: RoomId::from_name(&format!("number{number}")),
        };
        for number in 0..2 * REMEMBERED {
            ended.add(key(number));
            ended.add(key(number));
        }
        assert_eq!((ended.order.len(), ended.keys.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(ended.fault(&key(REMEMBERED - 1)), None);
        assert_eq!(ended.fault(&key(REMEMBERED)).map(|fault| fault.code), Some(ErrorCode::RoomEnded));
    }
}
