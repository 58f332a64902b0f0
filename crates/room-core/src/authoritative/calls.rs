//! Calling the game, and what follows when a call ended badly.

use bytes::Bytes;
use model::{Seat, SessionId, Tick};

use super::{Authoritative, NotFounded};
use crate::event::LeftWhy;
use crate::frames::FrameBuilder;
use crate::limits;
use crate::modules::{Call, CallEnd, CallTime};
use crate::output::Output;

impl Authoritative {
    /// Makes the guest and lets it begin, in a new room.
    pub fn begin(&mut self, out: &mut Vec<Output>) -> Result<(), NotFounded> {
        self.guest = self.modules.instantiate(&self.logic.hash)?;
        let config = std::mem::take(&mut self.rules.config);
        let begun = self.call(0, Call::Init { config: &config, seed: self.rules.seed.into() }, out);
        self.rules.config = config;
        Ok(begun.map(drop)?)
    }

    /// Calls the guest and takes up what it said; the reply, if it gave one. `now`: the tick that is made, or else the
    /// last one that is over. After `Err` nothing here is to be trusted.
    pub(super) fn call(
        &mut self,
        now: Tick,
        call: Call<'_>,
        out: &mut Vec<Output>,
    ) -> Result<Option<Bytes>, CallEnd> {
        let mut said = std::mem::take(&mut self.said);
        said.clear();
        let ticks = matches!(call, Call::Tick { .. });
        let done = self.guest.call(call, self.time(now), &mut said);
        let spent = self.guest.spent();
        self.load.calls += 1;
        self.load.fuel = self.load.fuel.saturating_add(spent);
        self.fuel = self.fuel.wrapping_add(spent);
        // The words between two ticks belong to the one that follows.
        let tick = if ticks { now } else { now.saturating_add(1) };
        let most = if ticks { limits::FRAME_BYTES } else { limits::SAID_BEFORE_TICK_BYTES };
        let reply = done.and_then(|()| self.take_up(tick, most, &mut said, out));
        self.said = said;
        reply
    }

    pub(super) fn time(&self, tick: Tick) -> CallTime {
        CallTime { tick, now_us: u64::from(tick) * self.rules.period_us }
    }

    /// Tells a tick, with all that was said since the one before.
    pub(super) fn close_tick(&mut self, number: Tick, out: &mut Vec<Output>) {
        self.digest = self.digest.number(number).bytes(&self.entry);
        let mut frame = FrameBuilder::default();
        frame.add(self.run, number, &self.entry, 0);
        let body = frame.finish(std::mem::take(&mut self.continues_at), false);
        out.push(Output::Frame { body, first_tick: number, last_tick: number });
        self.entry.clear();
        (self.sent_bytes, self.effects) = (0, 0);
        self.seats.iter_mut().for_each(|seat| seat.acted = 0);
    }

    pub(super) fn state_output(&self, now: Tick, session: &SessionId, data: Bytes) -> Output {
        Output::State { session: *session, run: self.run, tick: now, data }
    }

    /// Whether the game knew of somebody here, which it now does not. A player who is away for long and may come back
    /// stays muted.
    pub(super) fn forget_seat(&mut self, seat: Seat, why: LeftWhy) -> bool {
        let Some(state) = self.seats.get_mut(usize::from(seat)) else { return false };
        let told = std::mem::take(&mut state.told);
        if why != LeftWhy::Gone {
            (state.muted, state.ended) = (false, Vec::new());
        }
        told
    }
}

/// What the log says of calls that ended badly; the guest is not called.
impl Authoritative {
    pub fn input_ended(&mut self, now: Tick, seat: Seat) {
        self.load.ended += 1;
        let within = limits::ENDED_INPUTS_WITHIN_S * self.rules.tick_hz;
        let Some(state) = self.seats.get_mut(usize::from(seat)) else { return };
        state.acted = state.acted.saturating_add(1);
        state.ended.retain(|tick| now.saturating_sub(*tick) < within);
        state.ended.push(now);
        state.muted |= state.ended.len() >= limits::ENDED_INPUTS;
        if state.muted {
            state.ended.clear();
        }
    }

    /// The tick passes all the same, with what was said before it. True if the room is suspended now.
    pub fn tick_ended(&mut self, number: Tick, end: &CallEnd, out: &mut Vec<Output>) -> bool {
        self.load.ended += 1;
        self.close_tick(number, out);
        self.ended_ticks = self.ended_ticks.saturating_add(1);
        let suspends = self.ended_ticks >= limits::ENDED_TICKS && !self.suspended;
        if suspends {
            self.suspended = true;
            out.push(Output::Suspended { end: end.clone() });
        }
        suspends
    }

    /// The game knows nothing of who sits there, so it is not to hear from that seat either.
    pub fn join_ended(&mut self, seat: Seat) {
        self.load.ended += 1;
        if let Some(state) = self.seats.get_mut(usize::from(seat)) {
            (state.told, state.muted) = (false, true);
        }
    }

    pub fn leave_ended(&mut self, seat: Seat, why: LeftWhy) {
        self.load.ended += 1;
        self.forget_seat(seat, why);
    }

    /// The member is told that there is no state to be told.
    pub fn show_ended(&mut self, now: Tick, session: &SessionId, out: &mut Vec<Output>) {
        self.load.ended += 1;
        out.push(self.state_output(now, session, Bytes::new()));
    }
}
