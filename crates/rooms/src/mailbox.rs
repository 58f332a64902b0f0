//! The way into a shard, from any thread. Nobody waits; nobody is woken for an input.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use crossbeam_queue::SegQueue;
use journal::JournalEvent;
use link::{Inbox, ToRoom};
use model::RoomKey;
use telemetry::Metrics;

use crate::shard::{Request, RoomAt, Trip};

pub(crate) struct Mailbox {
    letters: SegQueue<Letter>,
    letter_count: AtomicUsize,
    letter_bound: usize,
    requests: SegQueue<Request>,
    request_count: AtomicUsize,
    request_bound: usize,
    answers: SegQueue<JournalEvent>,
    /// Rooms that were away. There are no more of them than rooms.
    home_comers: SegQueue<Box<Trip>>,
    /// The shard sleeps, or is about to.
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
    stopping: AtomicBool,
    metrics: Arc<Metrics>,
}

/// A gateway's message with its address.
pub(crate) struct Letter {
    pub to: Address,
    pub message: ToRoom,
}

pub(crate) enum Address {
    /// Of members, who were told where their room is.
    At(RoomAt),
    Key(RoomKey),
}

impl Mailbox {
    pub fn new(letter_bound: usize, request_bound: usize, metrics: Arc<Metrics>) -> Mailbox {
        Mailbox {
            letters: SegQueue::new(),
            letter_count: AtomicUsize::new(0),
            letter_bound,
            requests: SegQueue::new(),
            request_count: AtomicUsize::new(0),
            request_bound,
            answers: SegQueue::new(),
            home_comers: SegQueue::new(),
            asleep: AtomicBool::new(false),
            thread: OnceLock::new(),
            stopping: AtomicBool::new(false),
            metrics,
        }
    }

    pub fn post(&self, letter: Letter) {
        // What tells of a session must arrive: there are few of these, and each ends something.
        let droppable = matches!(letter.message, ToRoom::Input { .. } | ToRoom::StateHash { .. });
        let waiting = self.letter_count.fetch_add(1, Ordering::Relaxed);
        if droppable && waiting >= self.letter_bound {
            self.letter_count.fetch_sub(1, Ordering::Relaxed);
            self.metrics.rooms.inbox_dropped_total.increment();
            return;
        }
        self.letters.push(letter);
        if !droppable {
            self.wake();
        }
    }

    /// Gives the request back when too many wait, or nobody is going to read it.
    pub fn request(&self, request: Request) -> Result<(), Request> {
        if self.is_stopping() {
            return Err(request);
        }
        if self.request_count.fetch_add(1, Ordering::Relaxed) >= self.request_bound && !request.is_internal()
        {
            self.request_count.fetch_sub(1, Ordering::Relaxed);
            return Err(request);
        }
        self.requests.push(request);
        self.wake();
        Ok(())
    }

    pub fn answer(&self, event: JournalEvent) {
        self.answers.push(event);
        self.wake();
    }

    /// A room comes home, also to a shard that stops.
    pub fn welcome(&self, trip: Box<Trip>) {
        self.home_comers.push(trip);
        self.wake();
    }

    pub fn take_letter(&self) -> Option<Letter> {
        let letter = self.letters.pop()?;
        self.letter_count.fetch_sub(1, Ordering::Relaxed);
        Some(letter)
    }

    pub fn take_request(&self) -> Option<Request> {
        let request = self.requests.pop()?;
        self.request_count.fetch_sub(1, Ordering::Relaxed);
        Some(request)
    }

    pub fn take_answer(&self) -> Option<JournalEvent> {
        self.answers.pop()
    }

    pub fn take_home_comer(&self) -> Option<Box<Trip>> {
        self.home_comers.pop()
    }

    pub fn letters_waiting(&self) -> usize {
        self.letter_count.load(Ordering::Relaxed)
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Sleeps until the time is over or something urgent comes. Called by the shard's thread alone.
    pub fn sleep(&self, at_most: std::time::Duration) {
        self.thread.get_or_init(std::thread::current);
        self.asleep.store(true, Ordering::SeqCst);
        // Whoever pushes after this look sees `asleep` and wakes.
        let is_idle = self.requests.is_empty() && self.answers.is_empty() && self.home_comers.is_empty();
        if is_idle && !self.is_stopping() {
            std::thread::park_timeout(at_most);
        }
        self.asleep.store(false, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst)
            && self.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

/// The inbox of one room's members: the room is found without a search.
pub(crate) struct RoomInbox {
    pub mailbox: Arc<Mailbox>,
    pub at: RoomAt,
}

impl Inbox for RoomInbox {
    fn send(&self, _room: &RoomKey, message: ToRoom) {
        self.mailbox.post(Letter { to: Address::At(self.at), message });
    }
}

/// The inbox of all rooms.
pub(crate) struct AnyInbox {
    pub mailboxes: Arc<[Arc<Mailbox>]>,
}

impl Inbox for AnyInbox {
    fn send(&self, room: &RoomKey, message: ToRoom) {
        let mailbox = mailbox_of(&self.mailboxes, room);
        mailbox.post(Letter { to: Address::Key(room.clone()), message });
    }
}

/// A partition's rooms are all of one shard, which alone numbers the partition's records.
pub(crate) fn mailbox_of<'a>(mailboxes: &'a [Arc<Mailbox>], room: &RoomKey) -> &'a Arc<Mailbox> {
    &mailboxes[usize::from(room.room.partition()) % mailboxes.len()]
}
