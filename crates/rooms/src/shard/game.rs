//! The game of an authoritative room in its shard: events that survive calls that end badly, and what the game says.

use std::sync::Arc;
use std::time::Duration;

use model::{SessionId, Tick};
use room_core::modules::{CallEnd, LogicRef};
use room_core::{Checkpoint, EndReason, Output, Room, RoomEvent};

use crate::games::{GameEffect, Games, VersionWatch};
use crate::rebuild_cost::RebuildCost;

use super::effect::Effect;
use super::hosted::{Hearing, Hosted};

pub(super) struct Game {
    games: Games,
    pub watch: Arc<dyn VersionWatch>,
    /// From which the room is made anew; as old as its last image.
    checkpoint: Checkpoint,
    /// Of the version before, as long as the way back is kept. Goes into the room's images.
    pub way_back: Option<Checkpoint>,
    /// Traffic is stopped: no ticks, no inputs.
    pub stands_still: bool,
    /// Another version runs, or a call ended badly: the next record has an image.
    pub image_due: bool,
    /// Why the last swap failed.
    pub swap_failed: Option<String>,
    fuel: u64,
    lines: Lines,
}

/// Log lines of the game in one second of the room's time.
#[derive(Default)]
struct Lines {
    second: Tick,
    count: u32,
}

/// More log lines of one room in a second are dropped.
const LINES_PER_SECOND: u32 = 10;
/// A way back with more events than this, in bytes, is given up: the other way is a version that loads.
const WAY_BACK_BYTES: usize = 8 << 20;
/// What a unit of fuel takes, at a guess, in thousandths of a nanosecond.
const FUEL_PICOSECONDS: u64 = 120;

impl Game {
    /// `None` for rooms of other kinds.
    pub fn of(room: &mut Room, games: &Games) -> Option<Box<Game>> {
        let logic = room.logic()?.clone();
        let watch = games.watch.version(&room.key().app, &logic);
        watch.room_came(room.key());
        Some(Box::new(Game {
            games: games.clone(),
            watch,
            checkpoint: Checkpoint::take(room, games.modules.clone()),
            way_back: None,
            stands_still: false,
            image_due: false,
            swap_failed: None,
            fuel: room.fuel(),
            lines: Lines::default(),
        }))
    }

    /// What was recorded, if it is not the event itself.
    fn apply(&mut self, room: &mut Room, event: &RoomEvent, outputs: &mut Vec<Output>) -> Option<RoomEvent> {
        let instead = match self.checkpoint.apply(room, event, outputs) {
            Ok(instead) => instead,
            Err(error) => {
                let (key, logic) = (room.key(), room.logic());
                tracing::error!(event = "game_lost", app = %key.app, room = %key.room, ?logic, %error,
                    "the room ends: it could not be made anew after a call that ended badly");
                let ended = RoomEvent::Ended { reason: EndReason::LogicFailed };
                room.apply(&ended, outputs);
                Some(ended)
            }
        };
        if let Some(way_back) = &mut self.way_back {
            way_back.add(instead.as_ref().unwrap_or(event));
        }
        self.way_back.take_if(|way_back| way_back.tail_bytes() > WAY_BACK_BYTES);
        instead
    }

    /// What the calls since the last time would cost a rebuild.
    fn add_cost(&mut self, room: &Room, cost: &mut RebuildCost) {
        let fuel = room.fuel().wrapping_sub(std::mem::replace(&mut self.fuel, room.fuel()));
        cost.add(Duration::from_nanos(fuel.saturating_mul(FUEL_PICOSECONDS) / 1000));
    }

    /// The room as of its last record; its image.
    pub fn take_checkpoint(&mut self, room: &mut Room) -> bytes::Bytes {
        self.image_due = false;
        self.checkpoint = Checkpoint::take(room, self.games.modules.clone());
        self.checkpoint.image().clone()
    }

    /// As before a call that no event tells of.
    pub fn heal(&self, room: &mut Room) -> Result<(), String> {
        *room = self.checkpoint.heal().map_err(|error| error.to_string())?;
        Ok(())
    }

    /// From here there is a way back to the version that runs now.
    pub fn begin_way_back(&mut self, room: &mut Room) {
        self.way_back = Some(Checkpoint::take(room, self.games.modules.clone()));
    }

    pub fn forget_way_back(&mut self) {
        self.way_back = None;
    }

    /// The room under the version before, with the same inputs.
    pub fn as_it_was(&self, version: &LogicRef) -> Result<Room, String> {
        let way_back = self.way_back.as_ref().filter(|way_back| way_back.logic() == Some(version));
        let way_back = way_back.ok_or("the room has no way back to that version")?;
        way_back.replay_as_it_was().map_err(|error| error.to_string())
    }

    fn speaks(&mut self, second: Tick) -> bool {
        if self.lines.second != second {
            self.lines = Lines { second, count: 0 };
        }
        self.lines.count += 1;
        self.lines.count <= LINES_PER_SECOND
    }
}

impl Hosted {
    /// Does one event; what was recorded in its place, if the game's call ended badly.
    pub(super) fn make(&mut self, event: &RoomEvent, outputs: &mut Vec<Output>) -> Option<RoomEvent> {
        let Some(game) = &mut self.game else {
            self.room.apply(event, outputs);
            return None;
        };
        let instead = game.apply(&mut self.room, event, outputs);
        game.add_cost(&self.room, &mut self.cost);
        instead
    }

    pub(super) fn stands_still(&self) -> bool {
        self.game.as_ref().is_some_and(|game| game.stands_still)
    }

    /// Shows the state to whoever hears the room: the version that spoke to them so far is not the one that does now.
    pub(super) fn show_to_all(&mut self, outputs: &mut Vec<Output>) {
        let hearing = |member: &&super::hosted::Attached| matches!(member.hearing, Hearing::Everything);
        let sessions: Vec<SessionId> =
            self.members.iter().filter(hearing).map(|member| member.session).collect();
        for session in sessions {
            self.show(&session, outputs);
        }
    }

    /// Whether the session is to be told the state now.
    pub(super) fn show(&mut self, session: &SessionId, outputs: &mut Vec<Output>) -> bool {
        let player = self.room.member(session).map(|(_, member)| member.player.clone());
        let Some(event) = player.and_then(|player| self.room.offer_show(&player)) else { return false };
        self.apply(&event, outputs);
        true
    }

    /// Tells the watch what the calls came to.
    pub(super) fn tell_load(&mut self, busy: Duration) {
        if let Some(game) = &self.game {
            game.watch.called(&self.key, self.room.take_logic_load(), busy);
        }
    }

    /// What only authoritative rooms say.
    pub(super) fn note_of_game(&mut self, output: Output) {
        let tick_hz = self.room.spec().tick_hz().unwrap_or(1);
        let second = self.room.tick() / tick_hz;
        let Some(game) = &mut self.game else { return };
        let key = &self.key;
        match output {
            Output::State { session, run, tick, data } => {
                let applied = self.room.applied_all().into();
                self.effects.push(Effect::State { session, run, tick, data, applied });
            }
            Output::Message { seat, run, tick, data } => {
                self.effects.push(Effect::Message { seat, run, tick, data });
            }
            Output::Effect { tick, ordinal, kind, data } => {
                let effect = GameEffect { tick, ordinal, kind, data };
                self.effects.push(Effect::Outside(effect, game.watch.clone()));
            }
            Output::Log { level, text } if game.speaks(second) => {
                let (app, room, tick) = (&key.app, &key.room, self.room.tick());
                match level {
                    0 => tracing::debug!(event = "game", %app, %room, tick, text),
                    1 => tracing::info!(event = "game", %app, %room, tick, text),
                    2 => tracing::warn!(event = "game", %app, %room, tick, text),
                    _ => tracing::error!(event = "game", %app, %room, tick, text),
                }
            }
            Output::Metric { name, value } if game.speaks(second) => {
                tracing::debug!(event = "game_metric", app = %key.app, room = %key.room, name, value);
            }
            Output::CallEnded { call, seat, end } => {
                // The next one costs no more than this one did.
                game.image_due = true;
                if game.speaks(second) {
                    let (app, room, tick) = (&key.app, &key.room, self.room.tick());
                    tracing::warn!(event = "call_ended", %app, %room, tick, call, ?seat, %end);
                }
            }
            Output::Suspended { end } => suspended(game, key, &end),
            Output::Swapped { from, to } => {
                tracing::info!(event = "logic_swapped", app = %key.app, room = %key.room, game = to.game,
                    from = from.version, to = to.version);
                game.watch.room_went(key);
                game.watch = game.games.watch.version(&key.app, &to);
                game.watch.room_came(key);
                game.image_due = true;
            }
            Output::SwapFailed { to, why } => {
                tracing::warn!(event = "logic_not_swapped", app = %key.app, room = %key.room, game = to.game,
                    to = to.version, why);
                game.swap_failed = Some(why);
            }
            _ => {}
        }
    }
}

fn suspended(game: &Game, key: &model::RoomKey, end: &CallEnd) {
    tracing::error!(event = "room_suspended", app = %key.app, room = %key.room, %end,
        "the room stands still until another version takes over");
    game.watch.suspended(key, end);
}
