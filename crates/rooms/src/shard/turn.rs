//! The turn: take what came in, step what is due, hand records over, let out what is durable. Then sleep.

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, Moment};
use crashes::Stepper;

use crate::mark;

use super::playing::Played;
use super::{Shard, Shared};

/// Requests taken in one turn; more stay for the next. So do those that are not done in this time.
const REQUESTS_PER_TURN: usize = 1024;
const TIME_FOR_REQUESTS: Duration = Duration::from_millis(5);
/// An idle shard looks around this often.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);
/// How often a shard that ends looks for the journal's last answers. Counted, because a test's clock stands still.
const LAST_LOOKS: u32 = 2000;
const LAST_LOOKS_APART: Duration = Duration::from_micros(500);
/// How soon a clock that a test moves by hand is looked at again.
const MANUAL_CLOCK_SLEEP: Duration = Duration::from_millis(1);

impl Shard {
    pub(super) fn run(mut self) {
        let _alarm = Alarm::new(self.shared.clone(), self.number);
        mark::this_thread_is(Stepper::Shard(self.number));
        while !self.mailbox.is_stopping() {
            self.turn();
            self.rest();
        }
        self.await_rooms();
        self.turn();
        self.await_journal();
        self.abandon();
    }

    /// The last records are on their way: with their answers the last frames leave, and an orderly stop loses nothing.
    fn await_journal(&mut self) {
        for _ in 0..LAST_LOOKS {
            self.settle_answers();
            if !self.is_owed_an_answer() {
                return;
            }
            std::thread::park_timeout(LAST_LOOKS_APART);
        }
        tracing::warn!(
            event = "journal_lags",
            shard = self.number,
            "the last records are not known to be written"
        );
    }

    pub(crate) fn turn(&mut self) {
        self.now = self.shared.clock.now();
        // Requests first, out of the box only: a letter that its sender wrote before a request must not come after it.
        self.take_requests();
        self.take_rooms_back();
        self.settle_answers();
        self.read_letters();
        self.handle_requests();
        self.fire_timers();
        self.move_some_rooms();
        self.step_due_rooms();
        self.flush();
        while self.send_rooms_off() {
            self.take_rooms_back();
            self.step_due_rooms();
            self.flush();
        }
        // An engine in process has answered already.
        self.settle_answers();
        self.look_after_partitions();
        self.make_space();
        self.free_ended_rooms();
        self.tell_metrics();
    }

    fn take_requests(&mut self) {
        let most = REQUESTS_PER_TURN.saturating_sub(self.requests.len());
        self.requests.extend(std::iter::from_fn(|| self.mailbox.take_request()).take(most));
    }

    /// Some of them call games: what takes long waits for the next turn, and rooms that are due do not.
    fn handle_requests(&mut self) {
        let until = self.shared.clock.now() + TIME_FOR_REQUESTS;
        while let Some(request) = self.requests.pop_front() {
            self.handle(request);
            if self.shared.clock.now() >= until {
                return;
            }
        }
    }

    fn rest(&mut self) {
        let soonest = self.now + self.shared.config.turn;
        let wake_at = self.next_wake().map_or(self.now + LONGEST_SLEEP, |wake_at| wake_at.max(soonest));
        let sleep = wake_at.since(self.shared.clock.now()).min(LONGEST_SLEEP);
        let sleep = match self.shared.clock {
            Clock::System => sleep,
            Clock::Manual(_) => sleep.min(MANUAL_CLOCK_SLEEP),
        };
        if !sleep.is_zero() {
            self.mailbox.sleep(sleep);
        }
    }

    fn next_wake(&mut self) -> Option<Moment> {
        let due = self.due.peek().map(|entry| entry.0.0);
        let timer = self.timers.peek().map(|entry| entry.0.0);
        let is_behind = !self.moves.is_empty() || !self.requests.is_empty() || self.is_crowded;
        let behind = is_behind.then_some(self.now);
        [due, timer, behind, self.next_look_after_partitions()].into_iter().flatten().min()
    }

    fn tell_metrics(&mut self) {
        let metrics = &self.shared.metrics.rooms;
        let Played { ticks, inputs } = std::mem::take(&mut self.tally.played);
        if ticks > 0 {
            metrics.ticks_total.add(ticks);
            metrics.turn_seconds.observe(self.shared.clock.now().since(self.now));
        }
        if inputs > 0 {
            metrics.inputs_total.add(inputs);
        }
        // Gauges are shared by all shards: each adds what changed.
        let inbox_depth = self.mailbox.letters_waiting() as i64;
        for (gauge, told, value) in [
            (&metrics.unreleased_frames, &mut self.tally.unreleased_frames, self.unreleased_frames),
            (&metrics.paused, &mut self.tally.paused_rooms, self.paused_rooms),
            (&metrics.inbox_depth, &mut self.tally.inbox_depth, inbox_depth),
        ] {
            let difference = value - std::mem::replace(told, value);
            if difference != 0 {
                gauge.add(difference);
            }
        }
    }
}

/// A thread of rooms that panicked does not come back: the node must not look healthy.
pub(crate) struct Alarm {
    shared: Arc<Shared>,
    /// The shard's, or one that no shard has.
    number: usize,
}

impl Alarm {
    pub fn new(shared: Arc<Shared>, number: usize) -> Alarm {
        Alarm { shared, number }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(event = "shard_panicked", shard = self.number);
            self.shared.health.tell(self.number, Some("a shard of rooms has panicked".into()));
        }
    }
}
