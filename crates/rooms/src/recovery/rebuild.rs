//! One room, out of the journal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use journal::{Journal, JournalError, Record};
use model::{Position, RoomKey};
use room_core::modules::Modules;
use room_core::{Checkpoint, Damaged, Output, Room, RoomEvent, RunReason};

use crate::config::{RECORD_BYTES, RoomsConfig};
use crate::image::RoomImage;
use crate::rebuild_cost::RebuildCost;
use crate::record;
use crate::replaying::play_on;
use crate::ring::TickRing;

/// A room as its journal leads to it: everything in it is durable, and may be told.
pub(crate) struct Rebuilt {
    pub room: Box<Room>,
    /// The ticks told since the image, if there was one.
    pub ring: TickRing,
    /// Bytes of its log, as `Hosted::logged` counts them.
    pub logged: usize,
    /// Of what was read beyond the image.
    pub cost: RebuildCost,
    /// To the version before the last swap.
    pub way_back: Option<Checkpoint>,
}

/// Why a room does not come back, or not yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRebuilt {
    /// May be tried again.
    #[error(transparent)]
    Unavailable(JournalError),
    #[error("its journal leads nowhere after position {after}: {what}")]
    Damaged {
        after: Position,
        what: String,
        /// Milliseconds since 1970; `None` if not even the founding can be read.
        founded_ms: Option<u64>,
    },
}

const PAGE_BYTES: usize = 256 << 10;

/// Image and what follows it, or the whole log. `None`: the journal has nothing of the room.
pub(crate) fn rebuild(
    journal: &dyn Journal,
    key: &RoomKey,
    config: &RoomsConfig,
) -> Result<Option<Rebuilt>, NotRebuilt> {
    let mut reached = Reached::default();
    // A room that no rules expected costs itself, not the others.
    let rebuilt =
        catch_unwind(AssertUnwindSafe(|| Replaying::begin(journal, key, config)?.run(&mut reached)));
    rebuilt.unwrap_or_else(|_| Err(reached.damaged("the room panicked; see the log line before".into())))
}

/// How far the log was understood.
#[derive(Clone, Copy, Default)]
struct Reached {
    position: Position,
    founded_ms: Option<u64>,
}

impl Reached {
    fn damaged(self, what: String) -> NotRebuilt {
        NotRebuilt::Damaged { after: self.position, what, founded_ms: self.founded_ms }
    }
}

struct Replaying<'a> {
    journal: &'a dyn Journal,
    modules: &'a Arc<dyn Modules>,
    key: &'a RoomKey,
    after: Position,
    room: Option<Box<Room>>,
    ring: TickRing,
    logged: usize,
    cost: RebuildCost,
    way_back: Option<Checkpoint>,
    /// Kept for its memory.
    outputs: Vec<Output>,
}

impl<'a> Replaying<'a> {
    /// At the image, if there is one that can be used.
    fn begin(
        journal: &'a dyn Journal,
        key: &'a RoomKey,
        config: &'a RoomsConfig,
    ) -> Result<Replaying<'a>, NotRebuilt> {
        let image = match journal.image(key) {
            Ok(image) => {
                image.and_then(|(at, bytes)| Some((at, usable(key, &bytes, &config.games.modules)?)))
            }
            Err(JournalError::Damaged(what)) => {
                warn_of_image(key, &what);
                None
            }
            Err(error) => return Err(NotRebuilt::Unavailable(error)),
        };
        let (after, room, logged, way_back) = match image {
            Some((at, RoomImage { room, logged, way_back })) => (at, Some(Box::new(room)), logged, way_back),
            None => (Position::default(), None, 0, None),
        };
        let told = room.as_ref().map_or(0, |room| room.tick());
        Ok(Replaying {
            journal,
            modules: &config.games.modules,
            key,
            after,
            room,
            ring: TickRing::new(config, told),
            logged,
            cost: RebuildCost::default(),
            way_back,
            outputs: Vec::new(),
        })
    }

    fn run(mut self, reached: &mut Reached) -> Result<Option<Rebuilt>, NotRebuilt> {
        let founded_ms = self.room.as_ref().map(|room| room.founding().wall_ms);
        *reached = Reached { position: self.after, founded_ms };
        loop {
            let records = match self.journal.read_room(self.key, self.after, PAGE_BYTES) {
                Ok(records) => records,
                Err(JournalError::Damaged(what)) => return Err(reached.damaged(what)),
                Err(error) => return Err(NotRebuilt::Unavailable(error)),
            };
            if records.is_empty() {
                break;
            }
            for record in &records {
                let played = self.play(record, reached);
                played.map_err(|damaged| reached.damaged(damaged.what.into_owned()))?;
                self.after = record.position;
                reached.position = self.after;
            }
        }
        let Replaying { room, ring, logged, cost, way_back, .. } = self;
        Ok(room.map(|room| Rebuilt { room, ring, logged, cost, way_back }))
    }

    /// As the room's shard does: from each swap on, until it was taken back.
    fn follow_way_back(&mut self, event: &RoomEvent) {
        match (event, &mut self.room) {
            (RoomEvent::Swapped { .. }, Some(room)) => {
                self.way_back = Some(Checkpoint::take(room, self.modules.clone()));
            }
            (RoomEvent::RunBegan { reason: RunReason::Rollback, .. }, _) => self.way_back = None,
            _ => {}
        }
        if let Some(way_back) = &mut self.way_back {
            way_back.add(event);
        }
    }

    fn play(&mut self, record: &Record, reached: &mut Reached) -> Result<(), Damaged> {
        self.logged += record.bytes.len() + RECORD_BYTES;
        self.cost.add_record(record.bytes.len());
        for event in record::events(&record.bytes) {
            self.cost.add_event();
            let event = event?;
            if let RoomEvent::Founded(founding) = &event {
                reached.founded_ms.get_or_insert(founding.wall_ms);
            }
            self.follow_way_back(&event);
            play_on(&mut self.room, event, self.modules, &mut self.outputs)?;
            for output in self.outputs.drain(..) {
                if let Output::Frame { body, first_tick, last_tick } = output {
                    self.ring.push(&body, first_tick, last_tick);
                }
            }
        }
        Ok(())
    }
}

/// Without its image the room is rebuilt from its whole log, if that is there.
fn usable(key: &RoomKey, bytes: &[u8], modules: &Arc<dyn Modules>) -> Option<RoomImage> {
    match RoomImage::decode(bytes, modules) {
        Ok(image) if image.room.key() == key => Some(image),
        Ok(_) => {
            warn_of_image(key, "it is another room's");
            None
        }
        Err(damaged) => {
            warn_of_image(key, &damaged.what);
            None
        }
    }
}

fn warn_of_image(key: &RoomKey, what: &str) {
    tracing::warn!(event = "image_damaged", app = %key.app, room = %key.room, what,
        "the room is rebuilt from its whole log instead");
}
