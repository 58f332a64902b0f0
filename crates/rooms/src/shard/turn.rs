//! The turn: take what came in, step what is due, hand records over, let out what is durable. Then sleep.

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, Moment};

use super::request::Request;
use super::{Shard, Shared};

/// Requests taken in one turn; more stay for the next.
const REQUESTS_PER_TURN: usize = 1024;
/// An idle shard looks around this often.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);
/// How often a shard that ends looks for the journal's last answers. Counted, because a test's clock stands still.
const LAST_LOOKS: u32 = 2000;
const LAST_LOOKS_APART: Duration = Duration::from_micros(500);
/// How soon a clock that a test moves by hand is looked at again.
const MANUAL_CLOCK_SLEEP: Duration = Duration::from_millis(1);

impl Shard {
    pub(super) fn run(mut self) {
        let _alarm = Alarm { shared: self.shared.clone(), number: self.number };
        while !self.mailbox.is_stopping() {
            self.turn();
            self.rest();
        }
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
        let requests = self.take_requests();
        self.settle_answers();
        self.read_letters();
        requests.into_iter().for_each(|request| self.handle(request));
        self.fire_timers();
        self.move_some_rooms();
        self.step_due_rooms();
        self.flush();
        // An engine in process has answered already.
        self.settle_answers();
        self.look_after_partitions();
        self.make_space();
        self.free_ended_rooms();
        self.tell_metrics();
    }

    fn take_requests(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.mailbox.take_request()).take(REQUESTS_PER_TURN).collect()
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
        let moves = (!self.moves.is_empty()).then_some(self.now);
        [due, timer, moves, self.next_look_after_partitions()].into_iter().flatten().min()
    }

    fn tell_metrics(&mut self) {
        let metrics = &self.shared.metrics.rooms;
        if self.tally.ticks > 0 {
            metrics.ticks_total.add(std::mem::take(&mut self.tally.ticks));
            metrics.turn_seconds.observe(self.shared.clock.now().since(self.now));
        }
        if self.tally.inputs > 0 {
            metrics.inputs_total.add(std::mem::take(&mut self.tally.inputs));
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

/// A shard that panicked does not come back: the node must not look healthy.
struct Alarm {
    shared: Arc<Shared>,
    number: usize,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(event = "shard_panicked", shard = self.number);
            self.shared.health.tell(self.number, Some("a shard of rooms has panicked".into()));
        }
    }
}
