//! One thread's rooms. Nothing here is shared with another shard but what [`Shared`] holds.
//!
//! Read in this order: `turn` (what a turn does), `hosted` (one room), `requests` and `letters` (what comes in),
//! `step` (ticks and deadlines), `flush` and `partition` (to the journal and back), `effect` (what members hear),
//! `quarantine`, `ward` and `trip` (rooms that take too much time), `resume` (catching up), `farewell` (the end of a room), `recover` and `comeback` (rooms of an earlier process),
//! `images` (what makes that quick), `game`, `outside`, `moves` and `put_off` (authoritative rooms), `trouble` (a journal
//! that fails).

mod budget;
mod comeback;
mod effect;
mod farewell;
mod flush;
mod game;
mod health;
mod hosted;
mod images;
mod letters;
mod moves;
mod outside;
mod partition;
mod places;
mod playing;
mod put_off;
mod quarantine;
mod recover;
mod request;
mod requests;
mod resume;
mod step;
mod trip;
mod trouble;
mod turn;
mod ward;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::BytesMut;
use clock::{Chance, Clock, Moment};
use journal::Journal;
use link::RoomLink;
use model::{Partition, Position, RoomKey};
use room_core::Output;
use room_core::modules::ModuleHash;
use telemetry::Metrics;

use crate::clerk::Clerk;
use crate::config::RoomsConfig;
use crate::directory::Directory;
use crate::mailbox::Mailbox;
use crate::quarantine::Quarantine;

use farewell::RecentlyEnded;
use hosted::Hosted;
use outside::EndedRooms;
use partition::PartitionLog;
use places::Places;
use playing::Played;

pub(crate) use health::Health;
pub(crate) use moves::{Move, MoveRooms};
pub use moves::{Moved, MovesDone, Which};
pub(crate) use recover::Awaited;
pub(crate) use request::{Create, Join, Request, Resume};
pub(crate) use resume::send_backfill;
pub(crate) use trip::Trip;
pub(crate) use turn::Alarm;

/// What all shards of a node use.
pub(crate) struct Shared {
    pub config: RoomsConfig,
    pub clock: Clock,
    pub chance: Mutex<Chance>,
    pub journal: Arc<dyn Journal>,
    pub link: Arc<dyn RoomLink>,
    pub metrics: Arc<Metrics>,
    pub directory: Directory,
    pub health: Health,
}

/// Where a room is in its shard. The generation tells a room from an earlier one in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoomAt {
    index: u32,
    generation: u32,
}

pub(crate) struct Shard {
    number: usize,
    shards: usize,
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    clerk: Arc<Clerk>,
    /// When the turn began.
    now: Moment,
    rooms: Places,
    by_key: HashMap<RoomKey, RoomAt>,
    generations: u32,
    recently_ended: RecentlyEnded,
    /// And still hold effects.
    ended: EndedRooms,
    /// Rooms of an earlier process that are not back yet.
    awaited: Awaited,
    /// Rooms that could not be rebuilt, and may be by a later start.
    set_aside: Vec<RoomKey>,
    /// By partition number divided by the number of shards.
    partitions: Vec<PartitionLog>,
    /// Partitions that the journal owes an answer, or that are in trouble.
    unsettled: Vec<usize>,
    /// When each playing room is due. An entry that its room no longer agrees with is void.
    due: BinaryHeap<Reverse<(Moment, RoomAt)>>,
    /// The same for the earliest deadline of each room.
    timers: BinaryHeap<Reverse<(Moment, RoomAt)>>,
    /// Rooms that something happened to in this turn.
    dirty: Vec<RoomAt>,
    quarantine: Quarantine,
    /// Rooms in quarantine, at home and away, in the order in which they leave.
    wards: Vec<RoomAt>,
    /// Games whose ticks were seen to take little.
    proven: HashSet<ModuleHash>,
    /// A room in quarantine could not leave: too many are away.
    is_crowded: bool,
    /// Taken out of the mailbox, and not handled yet.
    requests: VecDeque<Request>,
    /// Rooms that are to go to another version of their game.
    moves: VecDeque<(RoomAt, Arc<MoveRooms>)>,
    /// Ended rooms that may be ready to be freed.
    over: Vec<RoomAt>,
    /// Of records and frames that wait for the journal.
    unreleased_bytes: usize,
    unreleased_frames: i64,
    /// There are more of these bytes than there may be: every room stands still.
    is_overfull: bool,
    /// As it was when this shard last gave up what it keeps of ended rooms.
    space_asked_for: usize,
    paused_rooms: i64,
    /// This turn's records, end to end.
    records: BytesMut,
    /// Kept for its memory.
    outputs: Vec<Output>,
    tally: Tally,
}

/// What a turn counted, told to the metrics at its end.
#[derive(Default)]
struct Tally {
    played: Played,
    /// What the gauges were told last.
    unreleased_frames: i64,
    paused_rooms: i64,
    inbox_depth: i64,
}

/// What a shard finds when it starts.
pub(crate) struct Inheritance {
    /// The last position of each of its partitions, in their order.
    pub last: Vec<(Partition, Position)>,
    pub awaited: Awaited,
}

impl Shard {
    pub fn new(
        number: usize,
        shards: usize,
        shared: Arc<Shared>,
        mailbox: Arc<Mailbox>,
        clerk: Arc<Clerk>,
        quarantine: Quarantine,
        inheritance: Inheritance,
    ) -> Shard {
        let Inheritance { last, awaited } = inheritance;
        let epoch = shared.config.epoch;
        let partitions =
            last.into_iter().map(|(partition, last)| PartitionLog::new(partition, epoch, last)).collect();
        Shard {
            number,
            shards,
            now: shared.clock.now(),
            shared,
            mailbox,
            clerk,
            rooms: Places::default(),
            by_key: HashMap::new(),
            generations: 0,
            recently_ended: RecentlyEnded::default(),
            ended: EndedRooms::default(),
            awaited,
            set_aside: Vec::new(),
            partitions,
            unsettled: Vec::new(),
            due: BinaryHeap::new(),
            timers: BinaryHeap::new(),
            dirty: Vec::new(),
            quarantine,
            wards: Vec::new(),
            proven: HashSet::new(),
            is_crowded: false,
            requests: VecDeque::new(),
            moves: VecDeque::new(),
            over: Vec::new(),
            unreleased_bytes: 0,
            unreleased_frames: 0,
            is_overfull: false,
            space_asked_for: 0,
            paused_rooms: 0,
            records: BytesMut::new(),
            outputs: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Gives the shard its thread.
    pub fn start(self) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name(format!("rooms-{}", self.number)).spawn(move || self.run())
    }

    fn room(&mut self, at: RoomAt) -> Option<&mut Hosted> {
        self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at)
    }

    /// To be flushed at the end of the turn.
    fn touch(&mut self, at: RoomAt) {
        if let Some(hosted) = self.rooms.get_mut(at.index as usize).filter(|hosted| hosted.at == at)
            && !hosted.dirty
        {
            hosted.dirty = true;
            self.dirty.push(at);
        }
    }
}
