//! The game of an authoritative room in its shard: events that survive calls that end badly, and what the game says.

use std::sync::Arc;
use std::time::Duration;

use model::{SessionId, Tick};
use room_core::modules::LogicRef;
use room_core::{Checkpoint, EndReason, LogicLoad, Output, Room, RoomEvent};

use crate::crash_at::crash_if_wanted;
use crate::games::{GameEffect, Games, VersionWatch};
use crate::mark::{self, Playing};

use super::effect::Effect;
use super::hosted::{Hearing, Hosted};
use super::outside::Outside;
use super::put_off::PutOff;

pub(super) struct Game {
    games: Games,
    pub watch: Arc<dyn VersionWatch>,
    pub outside: Outside,
    /// From which the room is made anew; as old as its last image.
    checkpoint: Checkpoint,
    /// Of the version before, as long as the way back is kept. Goes into the room's images.
    pub way_back: Option<Checkpoint>,
    /// Traffic is stopped: no ticks, no inputs, and all else that would call the version waits.
    pub stands_still: bool,
    pub put_off: PutOff,
    /// Another version runs, or a call ended badly: the next record has an image.
    pub image_due: bool,
    /// Why the last swap failed.
    pub swap_failed: Option<String>,
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
        let outside = Outside::of(room, games)?;
        let logic = room.logic()?.clone();
        let watch = games.watch.version(&room.key().app, &logic);
        watch.room_came(room.key());
        Some(Box::new(Game {
            games: games.clone(),
            watch,
            outside,
            checkpoint: Checkpoint::take(room, games.modules.clone()),
            way_back: None,
            stands_still: false,
            put_off: PutOff::default(),
            image_due: false,
            swap_failed: None,
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

    /// What the calls since the last image would cost a rebuild.
    pub fn tail_cost(&self, room: &Room) -> Duration {
        worth(self.checkpoint.tail_fuel(room))
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

    /// The room under the version before, with the same inputs; that version, and the effects that these would have had.
    pub fn as_it_was(&self) -> Result<(Room, LogicRef, Vec<GameEffect>), String> {
        let way_back = self.way_back.as_ref().and_then(|way_back| Some((way_back, way_back.logic()?)));
        let (way_back, before) = way_back.ok_or("the room has no way back")?;
        let mut told = Vec::new();
        let room = way_back.replay_as_it_was(&mut told).map_err(|error| error.to_string())?;
        let effects = told.iter().filter_map(|output| GameEffect::of(before.version, output)).collect();
        Ok((room, before.clone(), effects))
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
        let _playing = self.mark(event);
        let Some(game) = &mut self.game else {
            self.room.apply(event, outputs);
            return None;
        };
        game.watch.begins();
        let instead = game.apply(&mut self.room, event, outputs);
        game.watch.ends();
        instead
    }

    /// For a report, should this event be the process's last: ticks, and whatever may call a game.
    fn mark(&self, event: &RoomEvent) -> Option<Playing> {
        let tick = match event {
            RoomEvent::Tick { number, .. } => *number,
            _ if self.game.is_some() => self.room.tick().saturating_add(1),
            _ => return None,
        };
        let playing = mark::playing(&self.key, tick);
        if matches!(event, RoomEvent::Tick { .. }) {
            crash_if_wanted(&self.key, tick);
        }
        Some(playing)
    }

    /// The journal has an effect of the game.
    pub(super) fn take_outside(&mut self, effect: GameEffect) {
        let Some(game) = &mut self.game else { return };
        if game.outside.take(effect, false).is_err() {
            // Somebody has to answer for what is lost.
            let charged = LogicLoad { calls: 1, ended: 1, fuel: 0 };
            game.watch.called(&self.key, charged, Duration::ZERO);
        }
    }

    /// What an earlier version wants with the same inputs, in place of what the version wanted that the room was taken back
    /// from; unless that took place.
    pub(super) fn want_instead_of(&mut self, left: u32, effects: Vec<GameEffect>) {
        if self.game.as_ref().is_some_and(|game| game.outside.is_untold(left)) {
            self.effects.extend(effects.into_iter().map(Effect::Outside));
        }
    }

    pub(super) fn held_effects(&self) -> &[GameEffect] {
        self.game.as_ref().map_or(&[], |game| game.outside.held())
    }

    pub(super) fn stands_still(&self) -> bool {
        self.game.as_ref().is_some_and(|game| game.stands_still) && !self.room.is_ended()
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

    /// Tells the watch what the calls since the last time came to, and counts them. `busy`: as far as it was measured.
    pub(super) fn count_calls(&mut self, busy: Duration) {
        let Some(game) = &self.game else { return };
        let load = self.room.take_logic_load();
        if load.calls > 0 || !busy.is_zero() {
            self.budget.spend(busy, worth(load.fuel));
            game.watch.called(&self.key, load, busy);
        }
    }

    /// What only authoritative rooms say.
    pub(super) fn note_of_game(&mut self, output: Output) {
        let tick_hz = self.room.spec().tick_hz().unwrap_or(1);
        let second = self.room.tick() / tick_hz;
        let version = self.room.logic().map_or(0, |logic| logic.version);
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
                let effect = GameEffect { version, tick, ordinal, kind, data };
                self.effects.push(Effect::Outside(effect));
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
            Output::Suspended { end } => {
                let game_name = self.room.logic().map_or("", |logic| logic.game.as_str());
                tracing::error!(event = "room_suspended", app = %key.app, room = %key.room, game = game_name, version,
                    %end, "the room stands still until another version takes over: its game's ticks fail");
                game.watch.suspended(key, &end);
            }
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

/// What so much fuel takes, at a guess.
fn worth(fuel: u64) -> Duration {
    Duration::from_nanos(fuel.saturating_mul(FUEL_PICOSECONDS) / 1000)
}
