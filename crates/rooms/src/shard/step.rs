//! Ticks and deadlines.

use std::cmp::Reverse;
use std::time::Duration;

use clock::Moment;
use room_core::{Deadline, Due, RoomRequest};

use super::hosted::Hosted;
use super::playing::Playing;
use super::{RoomAt, Shard};

/// A late room makes at most this many ticks in one turn.
const TICKS_PER_TURN: u32 = 3;
/// Beyond this many ticks of delay a room gives the lost time up instead of running after it.
const TICKS_OF_DEBT: u32 = 10;
/// Where on the period a partition's rooms tick: equal for all of its rooms, so that they share a batch.
const PHASES: u64 = 256;

impl Shard {
    pub(super) fn step_due_rooms(&mut self) {
        while let Some(&Reverse((due, at))) = self.due.peek().filter(|tick| tick.0.0 <= self.now) {
            self.due.pop();
            if self.room(at).is_some_and(|hosted| hosted.next_tick_at == Some(due)) {
                self.step(at, due);
            }
        }
        if self.due.len() > 2 * self.rooms.len() + 64 {
            let rooms = &self.rooms;
            self.due
                .retain(|Reverse((due, at))| rooms.agrees(*at, |hosted| hosted.next_tick_at == Some(*due)));
        }
    }

    /// Starts the room's ticks at its partition's phase of the period.
    pub(super) fn begin_ticking(&mut self, at: RoomAt) {
        let now = self.now.as_micros();
        let Some(hosted) = self.room(at) else { return };
        let Some(period) = hosted.room.spec().period_us() else { return };
        let phase = spread(hosted.key.room.partition()) * period / PHASES;
        let since_phase = (now % period + period - phase) % period;
        let next = Moment::from_micros(now + period - since_phase);
        hosted.next_tick_at = Some(next);
        self.due.push(Reverse((next, at)));
    }

    fn step(&mut self, at: RoomAt, due: Moment) {
        let now = self.now;
        if self.must_pause(at) || self.room(at).is_some_and(|hosted| hosted.stands_still()) {
            return self.pause(at);
        }
        if let Some(ward) = self.rooms.ward_mut(at) {
            // The room leaves at the end of this turn.
            ward.due = Some(due);
            return;
        }
        let Some(hosted) = self.rooms.get_mut(at.index as usize) else { return };
        hosted.make_due_ticks(
            due,
            &mut Playing {
                shared: &self.shared,
                now,
                outputs: &mut self.outputs,
                played: &mut self.tally.played,
            },
        );
        self.touch(at);
        self.await_next_tick(at);
    }

    pub(super) fn await_next_tick(&mut self, at: RoomAt) {
        match self.room(at).and_then(|hosted| hosted.next_tick_at) {
            Some(next) => self.due.push(Reverse((next, at))),
            // The last tick has deadlines of its own.
            None => self.reschedule(at),
        }
    }

    pub(super) fn fire_timers(&mut self) {
        // All first: a timer that is set again for now has its turn in the next one.
        let mut fired = Vec::new();
        while let Some(&Reverse((due, at))) = self.timers.peek().filter(|timer| timer.0.0 <= self.now) {
            self.timers.pop();
            if self.room(at).is_some_and(|hosted| hosted.timer_at == Some(due)) {
                fired.push(at);
            }
        }
        fired.into_iter().for_each(|at| self.fire(at));
        if self.timers.len() > 2 * self.rooms.len() + 64 {
            let rooms = &self.rooms;
            self.timers
                .retain(|Reverse((due, at))| rooms.agrees(*at, |hosted| hosted.timer_at == Some(*due)));
        }
    }

    /// The flush of this turn tells them.
    fn tell_waiting_changes(&mut self, at: RoomAt) {
        let now = self.now;
        let Some(hosted) = self.room(at) else { return };
        if hosted.changes_due().is_some_and(|changes_due| changes_due <= now) {
            hosted.urgent = true;
            self.touch(at);
        }
    }

    pub(super) fn fire(&mut self, at: RoomAt) {
        let now = self.now;
        let Some(hosted) = self.room(at) else { return };
        hosted.timer_at = None;
        if hosted.is_over() {
            self.over.push(at);
        }
        self.tell_waiting_changes(at);
        self.end_old_sessions(at);
        let passed: Vec<Deadline> = {
            let Some(hosted) = self.room(at) else { return };
            hosted
                .deadlines
                .iter()
                .filter(|(_, due)| *due <= now)
                .map(|(deadline, _)| deadline.clone())
                .collect()
        };
        for deadline in passed {
            let Some(hosted) = self.room(at) else { return };
            hosted.deadlines.retain(|(waiting, _)| *waiting != deadline);
            match hosted.room.decide(&RoomRequest::TimeUp(deadline)) {
                Ok(events) => self.apply_all(at, &events),
                Err(fault) => tracing::debug!(event = "deadline_refused", %fault),
            }
        }
        self.reschedule(at);
    }
}

impl Hosted {
    /// `due`: when the first of them is. Says when the next one is.
    pub(super) fn make_due_ticks(&mut self, due: Moment, playing: &mut Playing<'_>) {
        let Some(period) = self.room.spec().period_us().map(Duration::from_micros) else { return };
        let (clock, metrics, now) = (&playing.shared.clock, &playing.shared.metrics.rooms, playing.now);
        let mut next = due;
        let began = self.game.as_ref().map(|_| clock.now());
        for _ in 0..TICKS_PER_TURN {
            let Some(tick) = self.room.next_tick().filter(|_| next <= now) else { break };
            metrics.tick_lag_seconds.observe(now.since(next));
            self.apply(&tick, playing.outputs);
            self.urgent = true;
            playing.played.ticks += 1;
            next = next + period;
        }
        if next + period * TICKS_OF_DEBT <= now {
            next = now;
        }
        if let Some(began) = began {
            self.count_calls(clock.now().since(began));
        }
        self.next_tick_at = self.room.next_tick().map(|_| next);
    }

    /// Deadlines that are there already keep their moments.
    pub(super) fn set_deadlines(&mut self, now: Moment, wall_ms: u64) {
        let wall_ms = wall_ms.max(self.earliest_wall_ms());
        let before = std::mem::take(&mut self.deadlines);
        let moment = |(deadline, due): (Deadline, Due)| {
            let known = before.iter().find(|(known, _)| *known == deadline).map(|(_, moment)| *moment);
            let moment = known.unwrap_or_else(|| match due {
                Due::At(at_ms) => now + Duration::from_millis(at_ms.saturating_sub(wall_ms)),
                Due::In(ms) => now + Duration::from_millis(ms.into()),
            });
            (deadline, moment)
        };
        self.deadlines = self.room.deadlines().into_iter().map(moment).collect();
    }

    /// It cannot be earlier than this, whatever a clock that was set back says: nothing waits for ever.
    fn earliest_wall_ms(&self) -> u64 {
        let played_us = u64::from(self.room.tick()) * self.room.spec().period_us().unwrap_or(0);
        self.room.founding().wall_ms.saturating_add(played_us / 1000)
    }

    pub(super) fn next_timer(&self, now: Moment) -> Option<Moment> {
        // Once the time to keep the room is over, it is freed with the journal's next answer at the latest.
        let kept_until = self.kept_until.filter(|kept_until| *kept_until > now);
        let changes_due = self.changes_due().filter(|changes_due| *changes_due > now);
        let comeback = self.comeback_timer(now);
        let deadlines = self.deadlines.iter().map(|(_, moment)| *moment);
        deadlines.chain(kept_until).chain(changes_due).chain(comeback).min()
    }
}

/// Neighbouring partitions are far from each other: the number's bits in reverse.
fn spread(partition: model::Partition) -> u64 {
    u64::from((partition as u8).reverse_bits())
}
