//! A journal that is late or cannot be written: rooms that need it stand still, members are told, and what then.

use std::cmp::Reverse;

use clock::Moment;
use model::Partition;
use protocol::messages::{self, push};
use room_core::{EndReason, RoomRequest};

use crate::config::WithoutJournal;

use super::hosted::Hosted;
use super::partition::PartitionLog;
use super::ward::Errand;
use super::{RoomAt, Shard};

impl Shard {
    /// Notices a journal that lags, asks again, and tells members.
    pub(super) fn look_after_partitions(&mut self) {
        let (now, max_lag) = (self.now, self.shared.config.max_lag);
        let mut index = 0;
        while index < self.unsettled.len() {
            let partition = self.unsettled[index];
            let log = &mut self.partitions[partition];
            if log.oldest().is_none() && log.trouble.is_none() {
                log.unsettled = false;
                self.unsettled.swap_remove(index);
                continue;
            }
            index += 1;
            if log.trouble.is_none() && log.oldest().is_some_and(|oldest| oldest + max_lag <= now) {
                tracing::warn!(event = "journal_lags", partition = log.partition);
                log.get_into_trouble("the journal does not answer in time".into(), false, now);
                self.tell_health();
            }
            self.retry_partition(partition);
            self.decide_without_journal(partition);
        }
        let is_overfull = self.unreleased_bytes > self.shared.config.unreleased_bytes;
        if is_overfull != self.is_overfull {
            self.is_overfull = is_overfull;
            self.tell_health();
        }
        self.count_paused();
    }

    fn count_paused(&mut self) {
        let troubled = |log: &PartitionLog| log.trouble.is_some();
        if !self.is_overfull && !self.unsettled.iter().any(|index| troubled(&self.partitions[*index])) {
            self.paused_rooms = 0;
            return;
        }
        let is_paused = |hosted: &Hosted| {
            let index = usize::from(hosted.key.room.partition()) / self.shards;
            self.is_overfull || (hosted.needs_journal() && self.partitions.get(index).is_some_and(troubled))
        };
        self.paused_rooms = self.rooms.iter().filter(|(_, hosted)| is_paused(hosted)).count() as i64;
    }

    fn retry_partition(&mut self, index: usize) {
        let (now, max_lag) = (self.now, self.shared.config.max_lag);
        let log = &mut self.partitions[index];
        let Some(trouble) = &mut log.trouble else { return };
        let tell = !trouble.told && trouble.since + max_lag <= now;
        trouble.told |= tell;
        let retry = !trouble.is_final && trouble.retry_at <= now;
        let partition = log.partition;
        if let Some(batch) = retry.then(|| log.retry_batch(now)).flatten() {
            self.submit(batch);
        }
        if tell {
            self.tell_partition(
                partition,
                "room_paused",
                "The room stands still: its journal cannot be written.",
            );
        }
    }

    /// The journal answers again.
    pub(super) fn settle_trouble(&mut self, index: usize) {
        let (now, max_lag) = (self.now, self.shared.config.max_lag);
        let log = &mut self.partitions[index];
        let Some(trouble) = &mut log.trouble else { return };
        trouble.retry_at = now;
        if log.oldest().is_some_and(|oldest| oldest + max_lag <= now) {
            return;
        }
        let (partition, told) = (log.partition, log.trouble.take().is_some_and(|trouble| trouble.told));
        tracing::info!(event = "journal_recovered", partition);
        self.protect_again(partition);
        if told {
            self.tell_partition(partition, "room_resumed", "The room goes on.");
        }
        // The retry took along all that was held then; this is what came since.
        if let Some(batch) = self.partitions[index].next_batch() {
            self.submit(batch);
        }
        self.tell_health();
    }

    fn tell_partition(&mut self, partition: Partition, kind: &str, message: &str) {
        let event = push::Event::Notice(notice(kind, message));
        let concerned = |hosted: &Hosted| hosted.needs_journal() && hosted.key.room.partition() == partition;
        for (_, hosted) in self.rooms.iter().filter(|(_, hosted)| concerned(hosted)) {
            hosted.push_to_all(&event);
        }
        self.keep_for_rooms_away(|ward| {
            let is_concerned = ward.needs_journal && ward.key.room.partition() == partition;
            is_concerned.then(|| Errand::Tell(notice(kind, message)))
        });
    }

    pub(super) fn tell_health(&self) {
        let troubled = self.partitions.iter().filter_map(|log| log.trouble.as_ref());
        let why = troubled.map(|trouble| trouble.why.as_str()).next();
        let why = why.or(self.is_overfull.then_some("too much waits for the journal"));
        self.shared.health.tell(self.number, why.map(|why| format!("journal: {why}")));
    }

    /// By a journal that answers.
    pub(super) fn is_owed_an_answer(&self) -> bool {
        let owed = |log: &PartitionLog| log.trouble.is_none() && log.oldest().is_some();
        self.unsettled.iter().any(|index| owed(&self.partitions[*index]))
    }

    pub(super) fn next_look_after_partitions(&self) -> Option<Moment> {
        let (max_lag, grace) = (self.shared.config.max_lag, self.shared.config.journal_grace);
        let next = |index: &usize| {
            let log = &self.partitions[*index];
            match &log.trouble {
                Some(trouble) if trouble.is_final => None,
                Some(trouble) if trouble.decided => Some(trouble.retry_at),
                Some(trouble) if trouble.told => Some(trouble.retry_at.min(trouble.since + grace)),
                Some(trouble) => Some(trouble.retry_at.min(trouble.since + max_lag)),
                None => log.oldest().map(|oldest| oldest + max_lag),
            }
        };
        self.unsettled.iter().filter_map(next).min()
    }

    /// Does the journal keep this room from going on?
    pub(super) fn must_pause(&mut self, at: RoomAt) -> bool {
        let Some(hosted) = self.room(at) else { return false };
        let (needs_journal, partition) = (hosted.needs_journal(), hosted.key.room.partition());
        let index = self.partition_index(partition);
        // What waits is bounded, so in the end a room that waits for nothing has to stand still, too.
        self.is_overfull || (needs_journal && self.partitions[index].trouble.is_some())
    }

    /// Another node has the room's partition: here it does not go on.
    pub(super) fn is_lost(&mut self, at: RoomAt) -> bool {
        let Some(partition) = self.room(at).map(|hosted| hosted.key.room.partition()) else { return true };
        let index = self.partition_index(partition);
        self.partitions[index].trouble.as_ref().is_some_and(|trouble| trouble.is_final)
    }

    /// Looks again a little later; the room's time stands still meanwhile.
    pub(super) fn pause(&mut self, at: RoomAt) {
        let next = self.now + self.shared.config.turn;
        if let Some(hosted) = self.room(at) {
            hosted.next_tick_at = Some(next);
            self.due.push(Reverse((next, at)));
        }
    }

    /// The journal has failed for longer than members are to wait.
    fn decide_without_journal(&mut self, index: usize) {
        let (now, grace) = (self.now, self.shared.config.journal_grace);
        let policy = self.shared.config.without_journal;
        let partition = self.partitions[index].partition;
        let log = &mut self.partitions[index];
        // Another owner has the partition: nothing is to happen here any more.
        let is_time = |trouble: &super::partition::Trouble| {
            !trouble.decided && !trouble.is_final && trouble.since + grace <= now
        };
        let Some(trouble) = log.trouble.as_mut().filter(|trouble| is_time(trouble)) else { return };
        trouble.decided = true;
        if policy == WithoutJournal::Pause {
            return;
        }
        tracing::error!(event = "rooms_unprotected", partition, ?policy);
        // Those that are away follow when they are back.
        let rooms = self.rooms.iter().map(|(_, hosted)| hosted);
        let rooms = rooms.filter(|hosted| hosted.key.room.partition() == partition);
        let rooms: Vec<RoomAt> = rooms.map(|hosted| hosted.at).collect();
        self.leave_unprotected(index, rooms);
    }

    /// What was decided for the room's partition while it was away.
    pub(super) fn follow_decision(&mut self, at: RoomAt) {
        let Some(partition) = self.room(at).map(|hosted| hosted.key.room.partition()) else { return };
        let index = self.partition_index(partition);
        let trouble = self.partitions[index].trouble.as_ref();
        let is_decided = trouble.is_some_and(|trouble| trouble.decided && !trouble.is_final);
        if is_decided && self.shared.config.without_journal != WithoutJournal::Pause {
            self.leave_unprotected(index, vec![at]);
        }
    }

    /// Of the partition's rooms these that need its journal end, or go on without it.
    fn leave_unprotected(&mut self, index: usize, mut rooms: Vec<RoomAt>) {
        rooms.retain(|at| {
            let hosted = self.room(*at).filter(|hosted| hosted.needs_journal() && !hosted.room.is_ended());
            hosted.map(|hosted| hosted.unprotected = true).is_some()
        });
        if rooms.is_empty() {
            return;
        }
        self.let_out_unprotected(index);
        for at in rooms {
            match self.shared.config.without_journal {
                WithoutJournal::End => self.end_unrecorded(at),
                WithoutJournal::PlayOn | WithoutJournal::Pause => self.tell_unprotected(at),
            }
        }
    }

    /// What waited for the journal, in order. The records stay, and are written when that is possible again.
    fn let_out_unprotected(&mut self, index: usize) {
        let metrics = &self.shared.metrics.rooms;
        for held in self.partitions[index].all_held() {
            let at = held.at;
            let hosted = self.rooms.get_mut(at.index as usize);
            let Some(hosted) = hosted.filter(|hosted| hosted.at == at && hosted.unprotected) else {
                continue;
            };
            std::mem::take(&mut held.effects).into_iter().for_each(|effect| effect.happen(hosted, metrics));
        }
    }

    fn end_unrecorded(&mut self, at: RoomAt) {
        let Some(hosted) = self.room(at) else { return };
        match hosted.room.decide(&RoomRequest::Close { reason: EndReason::Unrecorded }) {
            Ok(events) => self.apply_all(at, &events),
            Err(fault) => tracing::debug!(event = "end_refused", %fault),
        }
    }

    fn tell_unprotected(&mut self, at: RoomAt) {
        let Some(hosted) = self.room(at) else { return };
        hosted.push_to_all(&push::Event::Notice(notice(
            "room_unprotected",
            "The room goes on, but its journal cannot be written: a crash now would lose what happens.",
        )));
    }

    fn protect_again(&mut self, partition: Partition) {
        let concerned = |hosted: &&mut Hosted| hosted.unprotected && hosted.key.room.partition() == partition;
        for hosted in self.rooms.iter_mut().map(|(_, hosted)| hosted).filter(concerned) {
            hosted.unprotected = false;
        }
    }

    /// The journal is full: ended rooms are not kept any longer for members that still catch up.
    pub(super) fn make_space(&mut self) {
        let asked = self.shared.health.space_asked_for();
        if std::mem::replace(&mut self.space_asked_for, asked) == asked {
            return;
        }
        self.forget_set_aside();
        let now = self.now;
        for hosted in self.rooms.iter_mut().map(|(_, hosted)| hosted).filter(|hosted| hosted.is_over()) {
            hosted.kept_until = Some(now);
            self.over.push(hosted.at);
        }
    }
}

fn notice(kind: &str, message: &str) -> messages::Notice {
    messages::Notice { kind: kind.to_owned(), message: message.to_owned() }
}
