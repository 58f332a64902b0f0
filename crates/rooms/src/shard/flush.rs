//! From the rooms to the journal, and back to the rooms.

use journal::{Batch, JournalError, JournalEvent};
use model::{Partition, Position};
use protocol::{ErrorCode, Fault};

use crate::config::RECORD_BYTES;
use crate::image::RoomImage;

use super::effect::Effect;
use super::partition::{Held, PartitionLog};
use super::{RoomAt, Shard};

impl Shard {
    /// Hands over what this turn did, one batch for each partition.
    pub(super) fn flush(&mut self) {
        let now = self.now;
        let dirty = std::mem::take(&mut self.dirty);
        let mut drafts = Vec::with_capacity(dirty.len());
        for at in &dirty {
            self.watch_budget(*at);
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
        let (budget, most_log) = (self.shared.config.rebuild_budget, self.shared.config.log_bytes);
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
            hosted.cost.add_record(end - start);
            let image = hosted.take_image_if_due(budget, most_log);
            let image_bytes = image.as_ref().map_or(0, |image| image.bytes.len());
            let weight = end - start + image_bytes + effects.iter().map(Effect::weight).sum::<usize>();
            let frames =
                effects.iter().filter(|effect| matches!(effect, Effect::Frame { .. })).count() as i64;
            self.unreleased_bytes += weight;
            self.unreleased_frames += frames;
            let held = Held {
                at,
                key: hosted.key.clone(),
                bytes: bytes.slice(start..end),
                level: hosted.take_level(),
                image,
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

    pub(super) fn submit(&self, batch: Batch) {
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
        while let Some((position, held)) = self.partitions[index].pop_durable(up_to) {
            progress = true;
            self.let_out(position, held);
        }
        if progress {
            self.settle_trouble(index);
        }
    }

    fn let_out(&mut self, position: Position, held: Held) {
        self.unreleased_bytes -= held.weight;
        self.unreleased_frames -= held.frames;
        let metrics = &self.shared.metrics.rooms;
        metrics.journal_seconds.observe(self.now.since(held.since));
        match self.rooms.is_away(held.at) {
            true => self.keep_released(position, held),
            false => self.let_room_have(position, held),
        }
    }

    /// What the journal's answer means to a room that is at home.
    pub(super) fn let_room_have(&mut self, position: Position, held: Held) {
        let metrics = &self.shared.metrics.rooms;
        let at = held.at;
        let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at) else {
            return;
        };
        hosted.unanswered -= 1;
        hosted.run_waits &= hosted.unanswered > 0;
        held.effects.into_iter().for_each(|effect| effect.happen(hosted, metrics));
        // Only now: what the log before an image wanted to take place has taken place, or is in the image.
        if let Some(image) = held.image {
            let bytes = RoomImage::holding(image.bytes, hosted.held_effects());
            self.clerk.put_image(held.key, position, bytes, image.trims);
        }
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
        if matches!(error, JournalError::Full(_)) {
            self.shared.health.ask_for_space();
        }
        self.tell_health();
    }

    pub(super) fn partition_index(&mut self, partition: Partition) -> usize {
        let (index, shards) = (usize::from(partition) / self.shards, self.shards);
        let epoch = self.shared.config.epoch;
        while self.partitions.len() <= index {
            let number = self.partitions.len() * shards + self.number;
            self.partitions.push(PartitionLog::new(number as Partition, epoch, Position::default()));
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
        self.requests.drain(..).chain(waiting).for_each(|request| request.refuse(fault.clone()));
        self.abandon_wards(&fault);
        self.awaited.refuse_all(&fault);
        let games = self.rooms.iter_mut().filter_map(|(_, hosted)| hosted.game.as_mut());
        games.for_each(|game| game.put_off.refuse_all(&fault));
        self.shared.health.remove_rooms(self.rooms.len());
    }
}
