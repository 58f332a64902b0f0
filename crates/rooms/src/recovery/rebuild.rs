//! One room, out of the journal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use journal::{Journal, JournalError, Record};
use model::{Position, RoomKey};
use room_core::modules::Modules;
use room_core::{Checkpoint, Damaged, Output, Room, RoomEvent, RunReason};

use crate::config::{RECORD_BYTES, RoomsConfig};
use crate::games::GameEffect;
use crate::image::RoomImage;
use crate::journaled::RoomLog;
use crate::mark;
use crate::rebuild_cost::RebuildCost;
use crate::record;
use crate::replaying::play_on;
use crate::ring::TickRing;

use super::wanted::Wanted;

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
    /// What its game wanted outside of it, held or perhaps not told yet, in order.
    pub effects: Vec<GameEffect>,
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

/// Image and what follows it, or the whole log. `None`: the journal has nothing of the room.
pub(crate) fn rebuild(
    journal: &dyn Journal,
    key: &RoomKey,
    config: &RoomsConfig,
) -> Result<Option<Rebuilt>, NotRebuilt> {
    let _playing = mark::playing(key, 0);
    let mut reached = Reached::default();
    // A room that no rules expected costs itself, not the others.
    let rebuilt = catch_unwind(AssertUnwindSafe(|| {
        Replaying::begin(journal, key, config, &mut reached)?.run(&mut reached)
    }));
    rebuilt.unwrap_or_else(|_| Err(reached.damaged("the room panicked; see the log line before")))
}

/// How far the log was understood.
#[derive(Default)]
struct Reached {
    position: Position,
    founded_ms: Option<u64>,
    /// Why there is no beginning at the image.
    image: Option<String>,
}

impl Reached {
    fn damaged(&self, what: &str) -> NotRebuilt {
        let what = match &self.image {
            Some(image) => format!("{what}; and its image cannot be used: {image}"),
            None => what.to_owned(),
        };
        NotRebuilt::Damaged { after: self.position, what, founded_ms: self.founded_ms }
    }

    /// Without its image the room is rebuilt from its whole log, if that is there.
    fn without_image(&mut self, key: &RoomKey, what: String, bytes: &[u8]) {
        tracing::warn!(event = "image_damaged", app = %key.app, room = %key.room, what,
            "the room is rebuilt from its whole log instead");
        self.founded_ms = RoomImage::founding(bytes).ok().map(|founding| founding.wall_ms);
        self.image = Some(what);
    }
}

struct Replaying<'a> {
    log: RoomLog<'a>,
    modules: &'a Arc<dyn Modules>,
    room: Option<Box<Room>>,
    ring: TickRing,
    logged: usize,
    cost: RebuildCost,
    way_back: Option<Checkpoint>,
    wanted: Wanted<'a>,
    /// Kept for its memory.
    outputs: Vec<Output>,
}

impl<'a> Replaying<'a> {
    /// At the image, if there is one that can be used.
    fn begin(
        journal: &'a dyn Journal,
        key: &'a RoomKey,
        config: &'a RoomsConfig,
        reached: &mut Reached,
    ) -> Result<Replaying<'a>, NotRebuilt> {
        let image = match journal.image(key) {
            Ok(None) => None,
            Ok(Some((at, bytes))) => match usable(key, &bytes, &config.games.modules) {
                Ok(image) => Some((at, image)),
                Err(damaged) => {
                    reached.without_image(key, damaged.what.into_owned(), &bytes);
                    None
                }
            },
            Err(JournalError::Damaged(what)) => {
                reached.without_image(key, what, &[]);
                None
            }
            Err(error) => return Err(NotRebuilt::Unavailable(error)),
        };
        let (after, room, logged, way_back, held) = match image {
            Some((at, RoomImage { room, logged, way_back, held })) => {
                (at, Some(Box::new(room)), logged, way_back, held)
            }
            None => (Position::default(), None, 0, None, Vec::new()),
        };
        let told = room.as_ref().map_or(0, |room| room.tick());
        reached.position = after;
        if let Some(room) = &room {
            reached.founded_ms = Some(room.founding().wall_ms);
        }
        Ok(Replaying {
            log: RoomLog::new(journal, key, after),
            modules: &config.games.modules,
            room,
            ring: TickRing::new(config, told),
            logged,
            cost: RebuildCost::default(),
            way_back,
            wanted: Wanted::new(&config.games, key, held),
            outputs: Vec::new(),
        })
    }

    fn run(mut self, reached: &mut Reached) -> Result<Option<Rebuilt>, NotRebuilt> {
        loop {
            let records = match self.log.page() {
                Ok(records) => records,
                Err(JournalError::Damaged(what)) => return Err(reached.damaged(&what)),
                Err(error) => return Err(NotRebuilt::Unavailable(error)),
            };
            if records.is_empty() {
                break;
            }
            for record in &records {
                self.play(record, reached).map_err(|damaged| reached.damaged(&damaged.what))?;
                reached.position = record.position;
            }
        }
        if self.room.is_none() && reached.image.is_some() {
            return Err(reached.damaged("there is nothing but an image"));
        }
        let Replaying { room, ring, logged, cost, way_back, wanted, .. } = self;
        let effects = wanted.into_effects();
        Ok(room.map(|room| Rebuilt { room, ring, logged, cost, way_back, effects }))
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
            if let Some(room) = &self.room {
                self.wanted.follow(room, &event, self.way_back.as_ref());
            }
            self.follow_way_back(&event);
            play_on(&mut self.room, event, self.modules, &mut self.outputs)?;
            for output in self.outputs.drain(..) {
                match (output, &self.room) {
                    (Output::Frame { body, first_tick, last_tick }, _) => {
                        self.ring.push(&body, first_tick, last_tick);
                    }
                    (told @ Output::Effect { .. }, Some(room)) => self.wanted.add(room, &told),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn usable(key: &RoomKey, bytes: &[u8], modules: &Arc<dyn Modules>) -> Result<RoomImage, Damaged> {
    let image = RoomImage::decode(bytes, modules)?;
    match image.room.key() == key {
        true => Ok(image),
        false => Err(Damaged { what: "it is another room's".into() }),
    }
}
