//! The way in, from any thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use clock::{Chance, Clock};
use journal::Journal;
use link::{Inbox, RoomLink};
use model::{AppId, RoomId, RoomKey, SessionId, Tick};
use protocol::{ErrorCode, Fault, messages};
use room_core::modules::LogicRef;
use room_core::{RoomRequest, RoomSpec};
use telemetry::Metrics;

use crate::calls::{CreateRoom, Done, Door, JoinRoom, JoinedRoom};
use crate::clerk::{Clerk, ClerkWork};
use crate::config::RoomsConfig;
use crate::directory::Directory;
use crate::mailbox::{AnyInbox, Mailbox, mailbox_of};
use crate::quarantine::{Quarantine, StopQuarantine};
use crate::recovery::{Found, Recovery, fence_and_find};
use crate::shard::{
    Awaited, Create, Health, Inheritance, Join, Move, MoveRooms, MovesDone, Request, Resume, Shard, Shared,
    Which,
};

/// All rooms of this node.
pub struct Rooms {
    shared: Arc<Shared>,
    mailboxes: Arc<[Arc<Mailbox>]>,
    clerk: Arc<Clerk>,
    draining: AtomicBool,
    recoveries: Vec<Arc<Recovery>>,
    stop_quarantine: StopQuarantine,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A partition's rooms are one shard's, and there are no more partitions.
const MOST_SHARDS: usize = 256;

/// How much there is, right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Alive, or ended and kept for members that still catch up.
    pub rooms: usize,
    /// Filed in lists and under invite codes.
    pub filed: usize,
    /// Players and spectators attached to rooms.
    pub members: usize,
    /// Rooms that stand still because of the journal.
    pub paused: usize,
    /// Frames that wait for the journal.
    pub unreleased_frames: usize,
    /// Messages that wait in inboxes.
    pub inbox: usize,
    /// Rooms that play apart, because they took too much time.
    pub quarantined: usize,
    /// Members that catch up from the journal.
    pub backfills: usize,
    /// Rooms of an earlier process that are not rebuilt yet.
    pub recovering: usize,
}

/// Everything that works in the background, before it has threads.
pub(crate) struct Parts {
    pub shared: Arc<Shared>,
    pub mailboxes: Arc<[Arc<Mailbox>]>,
    pub clerk: Arc<Clerk>,
    pub clerk_work: ClerkWork,
    pub shards: Vec<Shard>,
    /// Each shard's.
    pub recoveries: Vec<Arc<Recovery>>,
}

impl Parts {
    /// Takes the journal over.
    pub fn new(
        config: RoomsConfig,
        clock: Clock,
        chance: Chance,
        journal: Arc<dyn Journal>,
        link: Arc<dyn RoomLink>,
        metrics: Arc<Metrics>,
        quarantine: &Quarantine,
    ) -> std::io::Result<Parts> {
        let count = config.shards.clamp(1, MOST_SHARDS);
        let found = fence_and_find(journal.as_ref(), config.epoch).map_err(std::io::Error::other)?;
        let new_mailbox =
            |_| Arc::new(Mailbox::new(config.inbox_messages, config.inbox_requests, metrics.clone()));
        let mailboxes: Arc<[Arc<Mailbox>]> = (0..count).map(new_mailbox).collect();
        let (clerk, clerk_work) = Clerk::new(&config, clock.clone(), journal.clone(), metrics.clone());
        let shared = Arc::new(Shared {
            config,
            clock,
            chance: Mutex::new(chance),
            journal,
            link,
            metrics,
            directory: Directory::default(),
            health: Health::default(),
        });
        let (mut recoveries, mut shards) = (Vec::new(), Vec::new());
        for (number, (mailbox, found)) in mailboxes.iter().zip(by_shard(found, count)).enumerate() {
            let last = found.iter().map(|found| (found.partition, found.last)).collect();
            let rooms: Vec<RoomKey> = found.into_iter().flat_map(|found| found.rooms).collect();
            shared.health.expect(rooms.len());
            let recovery = Recovery::new(rooms.clone());
            let inheritance = Inheritance { last, awaited: Awaited::new(recovery.clone(), rooms) };
            let (shared, mailbox, clerk) = (shared.clone(), mailbox.clone(), clerk.clone());
            shards.push(Shard::new(number, count, shared, mailbox, clerk, quarantine.clone(), inheritance));
            recoveries.push(recovery);
        }
        if shared.health.recovering() == 0 {
            shared.journal.rooms_are_back();
        }
        Ok(Parts { shared, mailboxes, clerk, clerk_work, shards, recoveries })
    }
}

impl Rooms {
    /// The same without threads: somebody else does the work that `parts` left behind.
    pub(crate) fn without_threads(parts: &Parts) -> Rooms {
        Rooms {
            shared: parts.shared.clone(),
            mailboxes: parts.mailboxes.clone(),
            clerk: parts.clerk.clone(),
            draining: AtomicBool::new(false),
            recoveries: parts.recoveries.clone(),
            stop_quarantine: StopQuarantine::default(),
            threads: Mutex::default(),
        }
    }

    /// Takes the journal over under the configured epoch, and starts the threads; [`Rooms::stop`] ends them.
    ///
    /// Rooms that the journal has are rebuilt in the background; until then [`Rooms::is_ready`] says so, and what is
    /// asked of them waits. Fails if the system gives no threads, or the journal cannot be taken over.
    pub fn start(
        config: RoomsConfig,
        clock: Clock,
        chance: Chance,
        journal: Arc<dyn Journal>,
        link: Arc<dyn RoomLink>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Arc<Rooms>> {
        let (quarantine, quarantine_work, stop_quarantine) = Quarantine::new();
        let parts = Parts::new(config, clock, chance, journal, link, metrics, &quarantine)?;
        // From now on the shards alone have it, and its threads end after them.
        drop(quarantine);
        let mut threads = Vec::new();
        for work in quarantine_work {
            threads.push(work.start(parts.shared.clone())?);
        }
        parts.clerk.start(parts.clerk_work)?;
        for (number, (shard, recovery)) in parts.shards.into_iter().zip(&parts.recoveries).enumerate() {
            let (config, journal) = (parts.shared.config.clone(), parts.shared.journal.clone());
            threads.push(shard.start()?);
            threads.extend(recovery.start(number, config, journal, parts.mailboxes[number].clone())?);
        }
        Ok(Arc::new(Rooms {
            shared: parts.shared,
            mailboxes: parts.mailboxes,
            clerk: parts.clerk,
            draining: AtomicBool::new(false),
            recoveries: parts.recoveries,
            stop_quarantine,
            threads: Mutex::new(threads),
        }))
    }

    /// Makes a room, once however often it is asked for.
    ///
    /// Faults: `bad_spec`, `room_exists`, `room_ended`, `overloaded`, `draining`, `unavailable`, and
    /// `too_many_requests` when the founder has as many rooms as one may have.
    pub fn create(&self, create: CreateRoom, done: Done<messages::RoomView>) {
        self.make(create, true, done);
    }

    /// The same for a match, which the server makes: it is not in the founder's count.
    pub fn create_for_match(&self, create: CreateRoom, done: Done<messages::RoomView>) {
        self.make(create, false, done);
    }

    /// Takes the member in and attaches it to the room's port. Frames begin with [`Rooms::resume`].
    ///
    /// Faults: `room_unknown`, `room_ended`, `room_full`, `spectators_full`, `room_started`, `room_banned`,
    /// `build_differs`, `replaced`, `room_paused`, `outdated` for a kind of room that the client does not know.
    pub fn join(&self, join: JoinRoom, done: Done<JoinedRoom>) {
        let key = match join.door {
            Door::Room(key) => key,
            Door::Invite { app, code } => match self.find_invite(&app, &code) {
                Some(room) => RoomKey { app, room },
                None => return done(Err(self.no_such_invite())),
            },
        };
        let JoinRoom { who, spectate, channel, knows_kind, .. } = join;
        let join = Join { key, who, spectate, channel, knows_kind };
        self.ask(&join.key.clone(), Request::Join(Box::new(join), done));
    }

    /// Sends the member every tick from `from_tick` (at least 1) on, and then what comes. The answer leaves first.
    ///
    /// In a relay room delivery begins; there are no ticks. Faults: `room_unknown`, `room_ended`, `not_in_room`,
    /// `bad_request` for a tick that the room has yet to reach, `too_many_requests` when too many catch up already.
    pub fn resume(&self, key: RoomKey, session: SessionId, from_tick: Tick, done: Done<messages::Joined>) {
        let resume = Resume { key, session, from_tick };
        self.ask(&resume.key.clone(), Request::Resume(resume, done));
    }

    /// Leave, kick, ready, start, properties, owner, reservation, result, close.
    ///
    /// Joining and the fate of sessions have ways of their own: [`Rooms::join`] and [`Rooms::inbox`].
    pub fn request(&self, key: RoomKey, request: RoomRequest, done: Done<messages::RoomView>) {
        self.ask(&key.clone(), Request::Act(key, Box::new(request), done));
    }

    /// The room as it is now. Faults: `room_unknown`, `room_ended`.
    pub fn view(&self, key: RoomKey, done: Done<messages::RoomView>) {
        self.ask(&key.clone(), Request::View(key, done));
    }

    /// Public rooms of the app that have not started, newest first.
    pub fn list(&self, app: &AppId, wish: &messages::ListRooms) -> messages::RoomList {
        self.shared.directory.list(app, wish)
    }

    /// The room of an invite code, in either case of letters.
    pub fn find_invite(&self, app: &AppId, code: &str) -> Option<RoomId> {
        self.shared.directory.find_invite(app, code)
    }

    /// Brings these rooms to another version of their game, each between two of its ticks. A room that runs it already
    /// is done; one that cannot be brought over goes on as it is.
    pub fn swap(&self, which: Which, to: LogicRef, done: MovesDone) {
        self.move_rooms(which, Move::Swap(to), done);
    }

    /// Takes these rooms back to an earlier version, in a new run: by what they save, or with the inputs that they had
    /// since it was left. A room that cannot go back either way ends with `logic_failed`.
    pub fn roll_back(&self, which: Which, to: LogicRef, done: MovesDone) {
        self.move_rooms(which, Move::RollBack(to), done);
    }

    /// These rooms make no ticks and take no inputs, until they are rolled back. Inputs come again.
    pub fn stand_still(&self, which: Which, done: MovesDone) {
        self.move_rooms(which, Move::StandStill, done);
    }

    /// What swaps kept of the version before can go: from now on the way back is by what is saved.
    pub fn forget_way_back(&self, which: Which, done: MovesDone) {
        self.move_rooms(which, Move::ForgetWayBack, done);
    }

    /// What games want outside of their rooms and rooms hold is told or forgotten, where the catalog has a verdict by now.
    pub fn settle_effects(&self) {
        for mailbox in self.mailboxes.iter() {
            // Internal: refused only by a shard that stops.
            let _ = mailbox.request(Request::SettleEffects);
        }
    }

    /// Takes messages for any room. A member's own [`link::RoomRoute::inbox`] is faster.
    pub fn inbox(&self) -> Arc<dyn Inbox> {
        Arc::new(AnyInbox { mailboxes: self.mailboxes.clone() })
    }

    /// Sessions of this process have this number or a higher one: members of rooms that outlived their process had
    /// lower ones.
    pub fn next_session_number(&self) -> u32 {
        self.shared.health.next_session_number()
    }

    /// Why this node should get no new players, if it should not.
    pub fn is_ready(&self) -> Result<(), String> {
        if self.draining.load(Ordering::Relaxed) {
            return Err("rooms are draining".into());
        }
        self.shared.health.check()
    }

    /// Refuses new rooms from now on, tells all members, and waits until no room is left or the time is over.
    ///
    /// Returns the number of rooms left. Blocks.
    pub fn drain(&self, at_most: Duration) -> usize {
        self.draining.store(true, Ordering::Relaxed);
        for mailbox in self.mailboxes.iter() {
            let notice = messages::Notice {
                kind: "draining".into(),
                message: "The server is about to restart; rooms end or move.".into(),
            };
            // Internal: never refused.
            let _ = mailbox.request(Request::Tell(notice));
        }
        self.shared.health.wait_for_no_rooms(at_most)
    }

    /// Hands the journal what is left and ends the threads. Rooms that are still alive stay in the journal: the next
    /// process goes on with them. Stop them before the gateway, or the last that they hear is that everybody left.
    pub fn stop(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.recoveries.iter().for_each(|recovery| recovery.stop());
        self.stop_quarantine.stop();
        self.mailboxes.iter().for_each(|mailbox| mailbox.stop());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // The quarantine's are the first, and the last to end.
        for thread in threads.into_iter().rev() {
            if thread.join().is_err() {
                tracing::error!(event = "shard_panicked", "a shard's thread had panicked");
            }
        }
        self.clerk.stop();
    }

    /// The replay file of a finished lockstep room, while it is kept. Reads from disk where replays are kept there.
    pub fn replay(&self, app: &AppId, room: &RoomId) -> Option<Vec<u8>> {
        self.clerk.replays().get(&RoomKey { app: app.clone(), room: room.clone() })
    }

    pub fn counts(&self) -> Counts {
        let count = |gauge: &telemetry::Gauge| gauge.get().max(0) as usize;
        let metrics = &self.shared.metrics.rooms;
        Counts {
            rooms: self.shared.health.rooms(),
            filed: self.shared.directory.len(),
            members: count(&metrics.members),
            paused: count(&metrics.paused),
            unreleased_frames: count(&metrics.unreleased_frames),
            inbox: self.mailboxes.iter().map(|mailbox| mailbox.letters_waiting()).sum(),
            quarantined: count(&metrics.quarantined),
            backfills: self.clerk.backfills(),
            recovering: self.shared.health.recovering(),
        }
    }

    fn move_rooms(&self, which: Which, to: Move, done: MovesDone) {
        let moves = MoveRooms::new(which, to, done);
        for mailbox in self.mailboxes.iter() {
            // Internal: refused only by a shard that stops.
            let _ = mailbox.request(Request::Move(moves.clone()));
        }
    }

    fn make(&self, create: CreateRoom, counts: bool, done: Done<messages::RoomView>) {
        let spec = match RoomSpec::try_from(create.spec) {
            Ok(spec) => spec,
            Err(fault) => return done(Err(fault)),
        };
        let draining = self.draining.load(Ordering::Relaxed);
        let room = create.room.unwrap_or_else(|| RoomId::from_name(&self.draw_name()));
        let key = RoomKey { app: create.app, room };
        let create = Create { key, spec, founder: create.founder, build: create.build, counts, draining };
        self.ask(&create.key.clone(), Request::Create(Box::new(create), done));
    }

    fn ask(&self, key: &RoomKey, request: Request) {
        if let Err(request) = mailbox_of(&self.mailboxes, key).request(request) {
            let fault = match self.draining.load(Ordering::Relaxed) {
                true => ErrorCode::Draining.into(),
                false => {
                    Fault::new(ErrorCode::TooManyRequests, "too many requests wait for this room's shard")
                }
            };
            request.refuse(fault.retry_after(Duration::from_secs(1)));
        }
    }

    /// As long as rooms are being rebuilt, nobody knows all codes.
    fn no_such_invite(&self) -> Fault {
        match self.shared.health.recovering() {
            0 => ErrorCode::RoomUnknown.into(),
            _ => Fault::new(ErrorCode::Unavailable, "rooms are being rebuilt")
                .retry_after(Duration::from_secs(1)),
        }
    }

    fn draw_name(&self) -> String {
        self.shared.chance.lock().unwrap_or_else(PoisonError::into_inner).name(12)
    }
}

/// As `mailbox_of` deals partitions out.
fn by_shard(found: Vec<Found>, shards: usize) -> Vec<Vec<Found>> {
    let mut dealt: Vec<Vec<Found>> = (0..shards).map(|_| Vec::new()).collect();
    for found in found {
        dealt[usize::from(found.partition) % shards].push(found);
    }
    dealt
}
