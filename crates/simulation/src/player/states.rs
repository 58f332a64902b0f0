//! What a player of an authoritative room holds: where the game stands, and all that it was told on the way.

use bytes::Bytes;
use model::{Run, Tick};
use protocol::messages::{Frame, RoomState};

use crate::Odd;
use crate::model::Model;

#[derive(Default)]
pub struct States {
    run: Run,
    pub tick: Tick,
    frames: Vec<(Run, Tick, Bytes)>,
    states: Vec<(Run, Tick, Bytes)>,
    /// Since then no run began that this player heard of.
    lost_process: bool,
    /// The room went back behind what this player was told.
    pub rewinds: u32,
}

impl States {
    /// The room has lost its process, and with it perhaps what this player was told.
    pub fn doubt(&mut self) {
        self.lost_process = true;
        self.frames.clear();
        self.states.clear();
    }

    /// The run in which the room is now, when this player comes back. False if it is none of its own.
    pub fn back_in(&mut self, run: Run) -> bool {
        let lost_process = std::mem::take(&mut self.lost_process);
        let is_old = lost_process && run <= self.run;
        if is_old {
            self.run = 0;
        }
        !is_old
    }

    /// True if a run begins with it.
    pub fn state(&mut self, state: RoomState, may_lose: bool) -> Result<bool, Odd> {
        if state.run < self.run {
            return Ok(false);
        }
        if state.tick < self.tick {
            if !may_lose {
                return Err(format!("run {} went back to tick {} from {}", state.run, state.tick, self.tick));
            }
            self.rewinds += 1;
        }
        let begins = state.run > self.run;
        (self.run, self.tick) = (state.run, state.tick);
        self.states.push((state.run, state.tick, state.data));
        Ok(begins)
    }

    /// True if the state is to be asked for.
    pub fn frame(&mut self, frame: Frame, may_lose: bool) -> Result<bool, Odd> {
        if self.run == 0 || frame.run < self.run {
            return Ok(false);
        }
        let returns = frame.continues_at > 0 && frame.continues_at <= self.tick && frame.run > self.run;
        if returns && !may_lose {
            return Err(format!("run {} went back to tick {}", frame.run, frame.continues_at));
        }
        // A run begins with its state.
        if frame.run > self.run {
            return Ok(true);
        }
        for (tick, entry) in (frame.tick..).zip(frame.ticks) {
            if tick != self.tick + 1 {
                return Err(format!("tick {tick} of run {} came after {}", frame.run, self.tick));
            }
            self.tick = tick;
            self.frames.push((frame.run, tick, entry));
        }
        Ok(false)
    }

    /// Everything that was told is what the log means.
    pub fn check(&self, model: &Model) -> Result<(), Odd> {
        for (run, tick, entry) in &self.frames {
            let told: Vec<_> = room_core::tick_entries(entry).collect();
            let meant = model
                .frames
                .get(&(*run, *tick))
                .ok_or_else(|| format!("tick {tick} of run {run} was told, and the log does not have it"))?;
            if !told.iter().copied().eq(meant.iter().map(|(seat, data)| (*seat, &data[..]))) {
                return Err(format!("tick {tick} of run {run} told {told:?} where the log means {meant:?}"));
            }
        }
        for (run, tick, state) in &self.states {
            let meant = model.shown.get(&(*run, *tick)).map_or(&[][..], Vec::as_slice);
            if !meant.contains(state) {
                return Err(format!(
                    "after tick {tick} of run {run} the state was shown as {state:?}; the log means {meant:?}"
                ));
            }
        }
        Ok(())
    }
}
