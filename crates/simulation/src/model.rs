//! What the log of an authoritative room means, naively: the game's state after every event, what each tick told, and
//! which effects are wanted. Knows the rules of the game and none of the code that runs rooms.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{PlayerId, Run, Seat, Tick};
use room_core::modules::{Call, CallEnd, Said};
use room_core::{ROOM_SEAT, RoomEvent};
use rooms::GameEffect;

use crate::Odd;
use crate::game::{Tally, Version};

#[derive(Default)]
pub struct Model {
    play: Play,
    run: Run,
    seats: Vec<Option<PlayerId>>,
    /// As the room stood when its version took over, what happened since, and how many effects were wanted before.
    way_back: Option<(Play, Vec<RoomEvent>, usize)>,
    bad_ticks: u32,
    /// An earlier version took the room back: before anything is told, a run begins.
    run_is_over: bool,
    pub has_ended: bool,
    /// What all were told in each tick.
    pub frames: BTreeMap<(Run, Tick), Vec<(Seat, Bytes)>>,
    /// The state as it was shown after each tick.
    pub shown: BTreeMap<(Run, Tick), Vec<Bytes>>,
    /// By seat and number.
    pub inputs: BTreeMap<(Seat, u32), Fate>,
    pub effects: Vec<GameEffect>,
    pub swaps: u32,
    pub ways_back: u32,
    pub bad_calls: u32,
}

/// What became of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Applied(Bytes),
    EndedBadly(Bytes),
    Refused,
}

/// What a version that takes over gets, or gets back.
#[derive(Clone, Default)]
struct Play {
    version: u32,
    tally: Tally,
    /// The game knows who sits there.
    told: Vec<bool>,
    begun: bool,
    /// Since the last tick.
    entry: Vec<(Seat, Bytes)>,
    ordinal: u32,
    tick: Tick,
}

impl Model {
    /// `happens`: whether what a version wanted takes place, once all is settled.
    pub fn of(log: impl IntoIterator<Item = RoomEvent>, happens: impl Fn(u32) -> bool) -> Result<Model, Odd> {
        let mut model = Model::default();
        for event in log {
            let at = (model.run, model.play.tick);
            model.take(&event, &happens).map_err(|odd| format!("{odd} (run {}, tick {})", at.0, at.1))?;
        }
        model.effects.retain(|effect| happens(effect.version));
        Ok(model)
    }

    pub fn version(&self) -> u32 {
        self.play.version
    }

    pub fn tick(&self) -> Tick {
        self.play.tick
    }

    fn take(&mut self, event: &RoomEvent, happens: &impl Fn(u32) -> bool) -> Result<(), Odd> {
        let is_way = matches!(event, RoomEvent::Swapped { .. } | RoomEvent::RolledBack { .. });
        if let Some((_, since, _)) = self.way_back.as_mut().filter(|_| !is_way) {
            since.push(event.clone());
        }
        if self.has_ended {
            return Err(format!("after the end: {event:?}"));
        }
        match event {
            RoomEvent::Founded(founding) => {
                self.run = founding.run;
                self.seats = vec![None; founding.spec.seats.into()];
                self.play.told = vec![false; founding.spec.seats.into()];
                self.play.version = founding.logic.as_ref().ok_or("it was founded without a game")?.version;
            }
            RoomEvent::RunBegan { run, continues_at, .. } => {
                if (*run, *continues_at) != (self.run + 1, self.play.tick + 1) {
                    return Err(format!("run {run} goes on at tick {continues_at}"));
                }
                (self.run, self.run_is_over) = (*run, false);
            }
            RoomEvent::Refused { seat, number, .. } => self.note(*seat, *number, Fate::Refused)?,
            RoomEvent::Input { seat, number, data, .. } => {
                self.note(*seat, *number, Fate::Applied(data.clone()))?;
                self.call(event)?;
            }
            RoomEvent::CallEnded { event: inner, .. } => self.take_bad_call(inner)?,
            RoomEvent::Tick { number, .. } => {
                if self.run_is_over {
                    return Err(format!("tick {number} came in the run that was taken back"));
                }
                if self.bad_ticks >= 3 {
                    return Err(format!("tick {number} came while the room was suspended"));
                }
                self.call(event)?;
                self.bad_ticks = 0;
                self.close_tick(*number)?;
            }
            RoomEvent::Shown { .. } => {
                let shown = self.call(event)?.unwrap_or_default();
                self.shown.entry((self.run, self.play.tick)).or_default().push(shown);
            }
            RoomEvent::Swapped { to, from_version, save } => {
                self.swap(to.version, *from_version, save)?;
            }
            RoomEvent::SwapFailed { to, why } if Version(to.version).loads() => {
                return Err(format!("version {} did not take over: {why}", to.version));
            }
            RoomEvent::RolledBack { to, .. } => self.go_back(to.version, happens)?,
            RoomEvent::Ended { .. } => self.has_ended = true,
            other => {
                if let RoomEvent::SeatTaken { seat, player, .. } = other {
                    self.seats[usize::from(*seat)] = Some(player.clone());
                }
                self.call(other)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, seat: Seat, number: u32, fate: Fate) -> Result<(), Odd> {
        match self.inputs.insert((seat, number), fate) {
            Some(_) => Err(format!("input {number} of seat {seat} came twice")),
            None => Ok(()),
        }
    }

    fn call(&mut self, event: &RoomEvent) -> Result<Option<Bytes>, Odd> {
        let reply = self.play.make(event, &self.seats, &mut self.effects);
        reply.map_err(|end| format!("went well, and cannot have: {event:?}: {end}"))
    }

    fn take_bad_call(&mut self, event: &RoomEvent) -> Result<(), Odd> {
        self.bad_calls += 1;
        let mut effects = Vec::new();
        if self.play.clone().make(event, &self.seats, &mut effects).is_ok() {
            return Err(format!("ended badly, and cannot have: {event:?}"));
        }
        match event {
            RoomEvent::Input { seat, number, data, .. } => {
                self.note(*seat, *number, Fate::EndedBadly(data.clone()))
            }
            RoomEvent::Tick { number, .. } => {
                self.bad_ticks += 1;
                self.close_tick(*number)
            }
            _ => Err(format!("this game never fails in {event:?}")),
        }
    }

    fn close_tick(&mut self, number: Tick) -> Result<(), Odd> {
        if number != self.play.tick + 1 {
            return Err(format!("tick {number} came after {}", self.play.tick));
        }
        let entry = self.play.close_tick(number);
        self.frames.insert((self.run, number), entry);
        Ok(())
    }

    fn swap(&mut self, to: u32, from: u32, save: &Bytes) -> Result<(), Odd> {
        self.swaps += 1;
        let saved = self.play.tally.to_bytes();
        if (from, save) != (self.play.version, &saved) {
            return Err(format!("version {from} saved another state than it had"));
        }
        self.way_back = Some((self.play.clone(), Vec::new(), self.effects.len()));
        let mut tally = Tally::default();
        let load = Call::Load { from, bytes: &saved };
        let loaded = tally.step(Version(to), load, &mut Vec::new());
        loaded.map_err(|end| format!("version {to} took over, and cannot have: {end}"))?;
        // Versions only rise, but on the way back.
        self.run_is_over |= to < from;
        (self.play.version, self.play.tally, self.bad_ticks) = (to, tally, 0);
        Ok(())
    }

    /// The same inputs under the version before; calls that ended badly are made.
    fn go_back(&mut self, to: u32, happens: &impl Fn(u32) -> bool) -> Result<(), Odd> {
        self.ways_back += 1;
        let left = self.play.version;
        let (mut play, since, wanted) = self.way_back.take().ok_or("there was no way back")?;
        if play.version != to {
            return Err(format!("the way back leads to version {}, not {to}", play.version));
        }
        let mut effects = Vec::new();
        for event in &since {
            let event = match event {
                RoomEvent::CallEnded { event, .. } => event,
                event => event,
            };
            let made = play.make(event, &self.seats, &mut effects);
            if let Err(end) = &made
                && !matches!(event, RoomEvent::Input { .. })
            {
                return Err(format!("version {to} cannot play {event:?}: {end}"));
            }
            if let RoomEvent::Tick { number, .. } = event {
                play.close_tick(*number);
            }
        }
        // What the version left has wanted took place, or never will.
        if !happens(left) {
            self.effects.truncate(wanted);
            self.effects.extend(effects);
        }
        (self.play, self.bad_ticks, self.run_is_over) = (play, 0, true);
        Ok(())
    }
}

impl Play {
    /// Makes the event's call, if it has one; the reply.
    fn make(
        &mut self,
        event: &RoomEvent,
        seats: &[Option<PlayerId>],
        effects: &mut Vec<GameEffect>,
    ) -> Result<Option<Bytes>, CallEnd> {
        let call = match event {
            RoomEvent::SeatTaken { seat, .. } => {
                if std::mem::replace(&mut self.told[usize::from(*seat)], true) {
                    return Ok(None);
                }
                Call::Join { seat: *seat, who: &[] }
            }
            RoomEvent::Left { player, .. } | RoomEvent::Gone { player } => {
                let is_of = |seat: &Option<PlayerId>| seat.as_ref() == Some(player);
                let Some(seat) = seats.iter().position(is_of) else { return Ok(None) };
                if !std::mem::take(&mut self.told[seat]) {
                    return Ok(None);
                }
                Call::Leave { seat: seat as Seat, why: 0 }
            }
            RoomEvent::Started => {
                self.begun = true;
                return Ok(None);
            }
            RoomEvent::Input { seat, data, .. } => Call::Input { seat: *seat, data },
            RoomEvent::Tick { number, .. } => Call::Tick { number: *number },
            RoomEvent::Shown { .. } => Call::View { seat: None },
            _ => return Ok(None),
        };
        let (mut tally, mut said) = (self.tally.clone(), Vec::new());
        tally.step(Version(self.version), call, &mut said)?;
        self.tally = tally;
        Ok(said.into_iter().fold(None, |reply, word| self.hear(word, effects).or(reply)))
    }

    fn hear(&mut self, word: Said, effects: &mut Vec<GameEffect>) -> Option<Bytes> {
        match word {
            Said::Broadcast(data) if self.begun => self.entry.push((ROOM_SEAT, data)),
            Said::Effect { kind, data } => {
                let (version, tick, ordinal) = (self.version, self.tick + 1, self.ordinal);
                self.ordinal += 1;
                effects.push(GameEffect { version, tick, ordinal, kind, data });
            }
            Said::Reply(data) => return Some(data),
            _ => {}
        }
        None
    }

    fn close_tick(&mut self, number: Tick) -> Vec<(Seat, Bytes)> {
        (self.tick, self.ordinal) = (number, 0);
        std::mem::take(&mut self.entry)
    }
}
