//! From the rooms to the journal, and back to the rooms.

use std::cmp::Reverse;

use clock::Moment;
use journal::{Batch, JournalError, JournalEvent};
use model::{Partition, Position};
use protocol::messages::{self, push};
use protocol::{ErrorCode, Fault};

use crate::config::RECORD_BYTES;

use super::effect::Effect;
use super::hosted::Hosted;
use super::partition::{Held, PartitionLog};
use super::{RoomAt, Shard};

impl Shard {
    /// Hands over what this turn did, one batch for each partition.
    pub(super) fn flush(&mut self) {
        let now = self.now;
        let dirty = std::mem::take(&mut self.dirty);
        let mut drafts = Vec::with_capacity(dirty.len());
        for at in &dirty {
            self.end_if_log_is_full(*at);
            if let Some(hosted) = self.room(*at) {
                hosted.dirty = false;
                if hosted.tell_changes(now) {
                    self.show_in_directory(*at);
                } else if hosted.changes_due().is_some() {
                    self.reschedule(*at);
                }
                self.flush_room(*at, &mut drafts);
            }
        }
        self.hold(drafts);
        self.dirty = dirty;
        self.dirty.clear();
    }

    /// Puts the room's draft behind this turn's other records; effects without a draft follow the last record.
    fn flush_room(&mut self, at: RoomAt, drafts: &mut Vec<(RoomAt, usize)>) {
        let hosted = &mut self.rooms[at.index as usize];
        // A room that ticks soon keeps inputs and hashes until then.
        if hosted.next_tick_at.is_some() && !hosted.urgent {
            return;
        }
        hosted.urgent = false;
        if hosted.room.is_ended() && hosted.kept_until.is_none() {
            self.announce_end(at);
        }
        let hosted = &mut self.rooms[at.index as usize];
        if !hosted.draft.is_empty() {
            self.records.extend_from_slice(&hosted.draft);
            hosted.logged += hosted.draft.len() + RECORD_BYTES;
            hosted.draft.clear();
            drafts.push((at, self.records.len()));
        } else if !hosted.effects.is_empty() {
            self.follow_last_record(at);
        }
    }

    fn follow_last_record(&mut self, at: RoomAt) {
        let hosted = &mut self.rooms[at.index as usize];
        let effects = std::mem::take(&mut hosted.effects);
        let (sequence, waits) = (hosted.last_sequence, hosted.needs_journal() && hosted.unanswered > 0);
        let partition = hosted.key.room.partition();
        let index = self.partition_index(partition);
        match self.partitions[index].held(sequence).filter(|_| waits) {
            Some(held) => held.effects.extend(effects),
            None => {
                let hosted = &mut self.rooms[at.index as usize];
                effects.into_iter().for_each(|effect| effect.happen(hosted, &self.shared.metrics.rooms));
            }
        }
    }

    fn hold(&mut self, drafts: Vec<(RoomAt, usize)>) {
        let bytes = self.records.split().freeze();
        let mut start = 0;
        let mut touched = Vec::new();
        for (at, end) in drafts {
            let hosted = &mut self.rooms[at.index as usize];
            let mut effects = std::mem::take(&mut hosted.effects);
            if !hosted.needs_journal() {
                effects.into_iter().for_each(|effect| effect.happen(hosted, &self.shared.metrics.rooms));
                effects = Vec::new();
            }
            let weight = end - start + effects.iter().map(Effect::weight).sum::<usize>();
            let frames =
                effects.iter().filter(|effect| matches!(effect, Effect::Frame { .. })).count() as i64;
            self.unreleased_bytes += weight;
            self.unreleased_frames += frames;
            let held = Held {
                at,
                key: hosted.key.clone(),
                bytes: bytes.slice(start..end),
                effects,
                weight,
                frames,
                since: self.now,
            };
            start = end;
            hosted.unanswered += 1;
            let index = self.partition_index(held.key.room.partition());
            let sequence = self.partitions[index].hold(held);
            self.rooms[at.index as usize].last_sequence = sequence;
            if !self.partitions[index].unsettled {
                self.partitions[index].unsettled = true;
                self.unsettled.push(index);
            }
            if touched.last() != Some(&index) {
                touched.push(index);
            }
        }
        // The same partition may be touched twice; its second batch is empty.
        for index in touched {
            if let Some(batch) = self.partitions[index].next_batch() {
                self.submit(batch);
            }
        }
    }

    fn submit(&self, batch: Batch) {
        let mailbox = self.mailbox.clone();
        self.shared.journal.submit(batch, Box::new(move |event| mailbox.answer(event)));
    }

    pub(super) fn settle_answers(&mut self) {
        while let Some(answer) = self.mailbox.take_answer() {
            match answer {
                JournalEvent::DurableUpTo { partition, position } => self.release(partition, position),
                JournalEvent::Failed { partition, position, error } => {
                    self.failed(partition, position, &error)
                }
            }
        }
    }

    fn release(&mut self, partition: Partition, position: Position) {
        let index = self.partition_index(partition);
        let up_to = self.partitions[index].durable_up_to(position);
        let mut progress = false;
        while let Some(held) = self.partitions[index].pop_durable(up_to) {
            progress = true;
            self.let_out(held);
        }
        if progress {
            self.settle_trouble(index);
        }
    }

    fn let_out(&mut self, held: Held) {
        self.unreleased_bytes -= held.weight;
        self.unreleased_frames -= held.frames;
        let metrics = &self.shared.metrics.rooms;
        metrics.journal_seconds.observe(self.now.since(held.since));
        let at = held.at;
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        hosted.unanswered -= 1;
        held.effects.into_iter().for_each(|effect| effect.happen(hosted, metrics));
        if hosted.is_over() {
            self.over.push(at);
        }
    }

    fn failed(&mut self, partition: Partition, position: Position, error: &JournalError) {
        let index = self.partition_index(partition);
        let log = &mut self.partitions[index];
        if position.epoch != log.epoch() || log.held(position.sequence).is_none() {
            // Of an earlier attempt; the records are durable by now.
            return;
        }
        self.shared.metrics.rooms.journal_failures_total.increment();
        let is_final = matches!(error, JournalError::Fenced { .. });
        if log.trouble.is_none() {
            tracing::error!(event = "journal_failed", partition, %position, %error);
        }
        log.get_into_trouble(error.to_string(), is_final, self.now);
        self.tell_health();
    }

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
    fn settle_trouble(&mut self, index: usize) {
        let (now, max_lag) = (self.now, self.shared.config.max_lag);
        let log = &mut self.partitions[index];
        let Some(trouble) = &mut log.trouble else { return };
        trouble.retry_at = now;
        if log.oldest().is_some_and(|oldest| oldest + max_lag <= now) {
            return;
        }
        let (partition, told) = (log.partition, log.trouble.take().is_some_and(|trouble| trouble.told));
        tracing::info!(event = "journal_recovered", partition);
        if told {
            self.tell_partition(partition, "room_resumed", "The room goes on.");
        }
        // The retry took along all that was held then; this is what came since.
        if let Some(batch) = self.partitions[index].next_batch() {
            self.submit(batch);
        }
        self.tell_health();
    }

    fn tell_partition(&self, partition: Partition, kind: &str, message: &str) {
        let notice = messages::Notice { kind: kind.to_owned(), message: message.to_owned() };
        let event = push::Event::Notice(notice);
        let concerned = |hosted: &Hosted| hosted.needs_journal() && hosted.key.room.partition() == partition;
        for (_, hosted) in self.rooms.iter().filter(|(_, hosted)| concerned(hosted)) {
            hosted.push_to_all(&event);
        }
    }

    fn tell_health(&self) {
        let troubled = self.partitions.iter().filter_map(|log| log.trouble.as_ref());
        let why = troubled.map(|trouble| trouble.why.as_str()).next();
        let why = why.or(self.is_overfull.then_some("too much waits for the journal"));
        self.shared.health.tell(self.number, why.map(|why| format!("journal: {why}")));
    }

    pub(super) fn next_look_after_partitions(&self) -> Option<Moment> {
        let max_lag = self.shared.config.max_lag;
        let next = |index: &usize| {
            let log = &self.partitions[*index];
            match &log.trouble {
                Some(trouble) if trouble.is_final => None,
                Some(trouble) if trouble.told => Some(trouble.retry_at),
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

    /// Looks again a little later; the room's time stands still meanwhile.
    pub(super) fn pause(&mut self, at: RoomAt) {
        let next = self.now + self.shared.config.turn;
        if let Some(hosted) = self.room(at) {
            hosted.next_tick_at = Some(next);
            self.due.push(Reverse((next, at)));
        }
    }

    pub(super) fn partition_index(&mut self, partition: Partition) -> usize {
        let (index, shards) = (usize::from(partition) / self.shards, self.shards);
        let epoch = self.shared.config.epoch;
        while self.partitions.len() <= index {
            let number = self.partitions.len() * shards + self.number;
            self.partitions.push(PartitionLog::new(number as Partition, epoch));
        }
        index
    }

    /// The shard ends: whoever still waits for the journal is told.
    pub(super) fn abandon(&mut self) {
        let fault = Fault::from(ErrorCode::Draining);
        for log in &mut self.partitions {
            while let Some(held) = log.pop_any() {
                held.effects.into_iter().for_each(|effect| effect.abandon(&fault));
            }
        }
        let waiting = std::iter::from_fn(|| self.mailbox.take_request());
        waiting.for_each(|request| request.refuse(fault.clone()));
        self.shared.health.remove_rooms(self.rooms.len());
    }
}
