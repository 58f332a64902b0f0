//! One member's way through the old ticks of a room: the room is played again from its journal.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use clock::Moment;
use journal::Journal;
use link::RoomPort;
use model::{Position, RoomKey, Run, SessionId, Tick};
use protocol::{ErrorCode, Fault, messages};
use room_core::{Damaged, Output, Room, as_first_backfill, modules};

use crate::calls::Done;
use crate::journaled::RoomLog;
use crate::mailbox::Mailbox;
use crate::record;
use crate::replaying::play_on;
use crate::shard::{Request, RoomAt, send_backfill};

pub(crate) struct Backfill {
    pub at: RoomAt,
    pub session: SessionId,
    mailbox: Arc<Mailbox>,
    key: RoomKey,
    port: Arc<dyn RoomPort>,
    cancel: Arc<AtomicBool>,
    /// As of which all ticks are told, whatever run they are of.
    run: Run,
    /// Where that run began, told with the first page; 0 once it was.
    continues_at: Tick,
    /// The next tick to be sent, and the last one: what members were told when this began.
    ticks: RangeInclusive<Tick>,
    /// Given with the first page.
    answer: Option<(messages::Joined, Done<messages::Joined>)>,
    after: Position,
    replayed: Option<Box<Room>>,
    /// Frames read and not sent, with the last tick of each.
    read: VecDeque<(Bytes, Tick)>,
    last_progress: Moment,
    stop: Stop,
}

/// Why it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Finished,
    Cancelled,
    NoConnection,
    TooSlow,
    Failed,
}

pub(super) enum Progress {
    /// The member has enough to take.
    Waits,
    /// So many ticks.
    Sent(u64),
    Stopped,
}

pub(super) struct Bounds {
    pub chunk: usize,
    pub backlog: usize,
    pub patience: Duration,
}

/// Of records read at a time: what a member may be sent beyond the backlog's bound.
const PAGE_BYTES: usize = 16 << 10;

impl Backfill {
    #[expect(clippy::too_many_arguments, reason = "made in one place, by name of each")]
    pub fn new(
        at: RoomAt,
        mailbox: Arc<Mailbox>,
        key: RoomKey,
        session: SessionId,
        port: Arc<dyn RoomPort>,
        cancel: Arc<AtomicBool>,
        (run, continues_at): (Run, Tick),
        ticks: RangeInclusive<Tick>,
        answer: (messages::Joined, Done<messages::Joined>),
        now: Moment,
    ) -> Backfill {
        Backfill {
            at,
            session,
            mailbox,
            key,
            port,
            cancel,
            run,
            continues_at,
            ticks,
            answer: Some(answer),
            after: Position::default(),
            replayed: None,
            read: VecDeque::new(),
            last_progress: now,
            stop: Stop::Finished,
        }
    }

    pub fn next_tick(&self) -> Tick {
        *self.ticks.start()
    }

    pub fn stop(&self) -> Stop {
        self.stop
    }

    pub fn is_cancelled_by(&self, cancel: &Arc<AtomicBool>) -> bool {
        Arc::ptr_eq(&self.cancel, cancel)
    }

    /// Members have been told more meanwhile.
    pub fn go_on_to(&mut self, last: Tick, now: Moment) {
        self.ticks = self.next_tick()..=last;
        self.last_progress = now;
    }

    pub fn refuse(self, fault: Fault) {
        if let Some((_, done)) = self.answer {
            done(Err(fault));
        }
    }

    pub(super) fn give_back(mut self) {
        if let Some((_, done)) = self.answer.take() {
            done(Err(Fault::new(ErrorCode::Unavailable, "the old ticks could not be sent; ask again")));
        }
        let mailbox = self.mailbox.clone();
        if let Err(refused) = mailbox.request(Request::Stopped(Box::new(self))) {
            refused.refuse(ErrorCode::Internal.into());
        }
    }

    /// Sends another page, if the member can take it.
    pub(super) fn advance(&mut self, journal: &dyn Journal, bounds: &Bounds, now: Moment) -> Progress {
        if self.cancel.load(Ordering::Relaxed) {
            return self.end(Stop::Cancelled);
        }
        match self.port.backlog(&self.session) {
            None => return self.end(Stop::NoConnection),
            Some(backlog) if backlog > bounds.backlog => {
                let too_slow = now.since(self.last_progress) > bounds.patience;
                return if too_slow { self.end(Stop::TooSlow) } else { Progress::Waits };
            }
            Some(_) => self.last_progress = now,
        }
        match self.page(journal, bounds.chunk) {
            Ok(ticks) if ticks > 0 => Progress::Sent(ticks),
            Ok(_) => self.end(Stop::Finished),
            Err(error) => {
                let (room, session) = (&self.key.room, &self.session);
                tracing::error!(event = "backfill_failed", app = %self.key.app, %room, %session, %error);
                self.end(Stop::Failed)
            }
        }
    }

    fn end(&mut self, stop: Stop) -> Progress {
        self.stop = stop;
        Progress::Stopped
    }

    /// Reads on until there is something to send; how many ticks there were, 0 at the end.
    fn page(&mut self, journal: &dyn Journal, chunk: usize) -> Result<u64, Damaged> {
        if self.ticks.is_empty() {
            return Ok(0);
        }
        loop {
            let end = *self.ticks.end();
            let count = self.read.iter().take_while(|(_, last_tick)| *last_tick <= end).count();
            if count > 0 {
                return self.send(count, chunk);
            }
            if !self.read.is_empty() {
                return Err(Damaged { what: "the journal has other frames than were told".into() });
            }
            self.read_page(journal)?;
        }
    }

    fn send(&mut self, count: usize, chunk: usize) -> Result<u64, Damaged> {
        let first = self.next_tick();
        let bodies: Vec<(Bytes, Tick)> = self.read.drain(..count).collect();
        let last = bodies.last().map_or(first, |(_, last_tick)| *last_tick);
        let continues_at = std::mem::take(&mut self.continues_at);
        let bodies = bodies.iter().map(|(body, _)| &body[..]);
        let messages = as_first_backfill(bodies, self.run, continues_at, first, chunk)?;
        if let Some((joined, done)) = self.answer.take() {
            done(Ok(joined));
        }
        send_backfill(self.port.as_ref(), &self.session, &messages);
        self.ticks = last + 1..=*self.ticks.end();
        Ok(u64::from(last + 1 - first))
    }

    /// Plays one page of records; the frames that are wanted now or later are kept.
    fn read_page(&mut self, journal: &dyn Journal) -> Result<(), Damaged> {
        let records = RoomLog::by_pages_of(PAGE_BYTES, journal, &self.key, self.after).page();
        let records = records.map_err(|error| Damaged { what: error.to_string().into() })?;
        let Some(newest) = records.last() else {
            return Err(Damaged { what: "the journal ends before the ticks that were told".into() });
        };
        self.after = newest.position;
        let mut outputs = Vec::new();
        for event in records.iter().flat_map(|read| record::events(&read.bytes)) {
            play_on(&mut self.replayed, event?, &modules::none(), &mut outputs)?;
        }
        let next = self.next_tick();
        let wanted = |output: Output| match output {
            Output::Frame { body, last_tick, .. } if last_tick >= next => Some((body, last_tick)),
            _ => None,
        };
        self.read.extend(outputs.into_iter().filter_map(wanted));
        Ok(())
    }
}
