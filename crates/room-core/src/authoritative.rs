//! Authoritative rooms: the game's rules run in a module, clients send inputs and are told what happens.
//!
//! The guest is called for each event at the event's place in the log. A call that ends badly counts as not made:
//! [`Room::try_apply`](crate::Room::try_apply) says so, the room is made anew from a [`Checkpoint`](crate::Checkpoint),
//! and the log carries `RoomEvent::CallEnded` in place of the event, which calls nobody.

mod abi;
mod calls;
mod said;
mod state;
mod swap;

use std::sync::Arc;

use bytes::Bytes;
use model::{Run, Seat, SessionId, Tick};
use protocol::messages::input_refused::Refusal;

use crate::codec::{Damaged, Reader};
use crate::event::{Founding, LeftWhy};
use crate::limits;
use crate::logic::{Fnv, Logic, Newcomer};
use crate::modules::{Call, CallEnd, CallTime, Guest, LogicRef, Modules, NoModule, Optional, Said};
use crate::output::Output;
use crate::spec::AuthoritativeSpec;

pub use swap::NoSwap;

pub(crate) struct Authoritative {
    modules: Arc<dyn Modules>,
    rules: Rules,
    /// What runs now.
    logic: LogicRef,
    guest: Box<dyn Guest>,
    playing: bool,
    run: Run,
    /// To be told with the next frame; 0 once it was.
    continues_at: Tick,
    seats: Vec<SeatState>,
    /// What all are to hear with the next tick, and what else was said since the last one.
    entry: Vec<u8>,
    sent_bytes: u32,
    effects: u32,
    /// Ticks in a row that ended badly.
    ended_ticks: u32,
    suspended: bool,
    /// What the game said at its end.
    outcome: Option<Bytes>,
    digest: Fnv,
    /// Of all calls that did not end badly.
    fuel: u64,
    load: LogicLoad,
    /// Kept for its memory.
    said: Vec<Said>,
}

/// What every version of the game is told alike.
struct Rules {
    config: Vec<u8>,
    seed: u32,
    tick_hz: u32,
    period_us: u64,
}

/// What the game's calls cost since this was last asked. No part of the room's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogicLoad {
    pub calls: u64,
    pub ended: u64,
    pub fuel: u64,
}

#[derive(Clone, Default)]
struct SeatState {
    /// The game knows that somebody is here.
    told: bool,
    /// The seat's inputs made calls end badly, or its coming did.
    muted: bool,
    /// Inputs since the last tick.
    acted: u8,
    /// In which ticks inputs ended badly, the last few.
    ended: Vec<Tick>,
}

impl Authoritative {
    /// Not begun yet: see [`Authoritative::begin`] and `load`.
    pub fn new(
        founding: &Founding,
        spec: &AuthoritativeSpec,
        logic: LogicRef,
        modules: Arc<dyn Modules>,
    ) -> Authoritative {
        Authoritative {
            modules,
            rules: Rules {
                config: abi::init(&founding.spec, spec),
                seed: spec.seed,
                tick_hz: spec.tick_hz,
                period_us: 1_000_000 / u64::from(spec.tick_hz.max(1)),
            },
            logic,
            guest: Box::new(Absent),
            playing: false,
            run: founding.run,
            continues_at: 1,
            seats: vec![SeatState::default(); founding.spec.seats.into()],
            entry: Vec::new(),
            sent_bytes: 0,
            effects: 0,
            ended_ticks: 0,
            suspended: false,
            outcome: None,
            digest: Fnv::NEW,
            fuel: 0,
            load: LogicLoad::default(),
            said: Vec::new(),
        }
    }

    pub fn logic(&self) -> &LogicRef {
        &self.logic
    }

    pub fn is_suspended(&self) -> bool {
        self.suspended
    }

    pub fn outcome(&self) -> Option<&Bytes> {
        self.outcome.as_ref()
    }

    pub fn fuel(&self) -> u64 {
        self.fuel
    }

    pub fn take_load(&mut self) -> LogicLoad {
        std::mem::take(&mut self.load)
    }

    /// Gives the guest's place back. Nothing can be called from now on.
    pub fn release(&mut self) {
        self.guest = Box::new(Absent);
    }

    /// What the game logged in a call that ended badly.
    pub fn take_last_words(&mut self) -> impl Iterator<Item = Output> {
        std::mem::take(&mut self.said).into_iter().filter_map(|word| match word {
            Said::Log { level, text } => Some(Output::Log { level, text }),
            _ => None,
        })
    }

    /// What was counted before the room was made anew.
    pub fn carry_load(&mut self, load: LogicLoad) {
        self.load = load;
    }
}

impl Logic for Authoritative {
    /// Inputs reach the game at once; whichever tick was meant, the next one shows what came of it.
    fn place(&self, now: Tick, seat: Seat, _wanted: Tick, data: &[u8]) -> Result<Tick, Refusal> {
        let state = self.seats.get(usize::from(seat)).ok_or(Refusal::Unknown)?;
        if data.len() > limits::INPUT_BYTES {
            return Err(Refusal::TooLong);
        }
        if self.outcome.is_some() {
            return Err(Refusal::NotPlaying);
        }
        if state.muted {
            return Err(Refusal::Muted);
        }
        if state.acted >= limits::INPUTS_PER_TICK {
            return Err(Refusal::TooMany);
        }
        Ok(now.saturating_add(1))
    }

    fn input(
        &mut self,
        now: Tick,
        seat: Seat,
        _tick: Tick,
        data: &Bytes,
        out: &mut Vec<Output>,
    ) -> Result<(), CallEnd> {
        if let Some(state) = self.seats.get_mut(usize::from(seat)) {
            state.acted = state.acted.saturating_add(1);
        }
        self.call(now, Call::Input { seat, data }, out).map(drop)
    }

    fn ticks_after(&self, _now: Tick) -> bool {
        !self.suspended
    }

    fn tick(&mut self, number: Tick, out: &mut Vec<Output>) -> Result<(), CallEnd> {
        self.call(number, Call::Tick { number }, out)?;
        self.ended_ticks = 0;
        self.close_tick(number, out);
        Ok(())
    }

    fn begin_run(&mut self, run: Run, continues_at: Tick, _out: &mut Vec<Output>) {
        self.run = run;
        self.continues_at = continues_at;
    }

    /// Nothing is held back: what was said since the last tick belongs to one that does not come.
    fn flush(&mut self, _out: &mut Vec<Output>) {}

    fn silence(&mut self, _seat: Seat) {}

    /// Of what was said and of the fuel that was spent, which follows from every step that the game took: looking at its
    /// memory would cost more than the tick.
    fn digest(&self) -> u32 {
        let counters = self.ended_ticks << 1 | u32::from(self.suspended);
        let hash = self.digest.number(self.fuel as u32).number((self.fuel >> 32) as u32).number(counters);
        let seat = |hash: Fnv, seat: &SeatState| {
            let flags = u32::from(seat.told) | u32::from(seat.muted) << 1 | (seat.ended.len() as u32) << 2;
            hash.number(flags)
        };
        self.seats.iter().fold(hash, seat).0
    }

    fn save(&mut self, out: &mut Vec<u8>) {
        self.save_state(out);
    }

    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), Damaged> {
        self.load_state(reader)
    }

    fn started(&mut self) {
        self.playing = true;
    }

    fn seat_taken(&mut self, now: Tick, who: Newcomer<'_>, out: &mut Vec<Output>) -> Result<(), CallEnd> {
        let Some(state) = self.seats.get_mut(usize::from(who.seat)) else { return Ok(()) };
        // A newer session of the same player is nothing to the game.
        if std::mem::replace(&mut state.told, true) {
            return Ok(());
        }
        let arguments = abi::join(who.player.as_str(), who.name);
        self.call(now, Call::Join { seat: who.seat, who: &arguments }, out).map(drop)
    }

    fn seat_left(
        &mut self,
        now: Tick,
        seat: Seat,
        why: LeftWhy,
        out: &mut Vec<Output>,
    ) -> Result<(), CallEnd> {
        if !self.forget_seat(seat, why) {
            return Ok(());
        }
        self.call(now, Call::Leave { seat, why: abi::why_left(why) }, out).map(drop)
    }

    fn show(
        &mut self,
        now: Tick,
        seat: Option<Seat>,
        session: &SessionId,
        out: &mut Vec<Output>,
    ) -> Result<(), CallEnd> {
        let data = match self.guest.can(Optional::View) {
            true => self.call(now, Call::View { seat }, out)?.unwrap_or_default(),
            false => Bytes::new(),
        };
        out.push(self.state_output(now, session, data));
        Ok(())
    }

    fn authoritative(&self) -> Option<&Authoritative> {
        Some(self)
    }

    fn authoritative_mut(&mut self) -> Option<&mut Authoritative> {
        Some(self)
    }
}

/// The guest of a room that has none yet.
struct Absent;

impl Guest for Absent {
    fn call(&mut self, _call: Call<'_>, _at: CallTime, _said: &mut Vec<Said>) -> Result<(), CallEnd> {
        Err(CallEnd::Trap("the game is not there".to_owned()))
    }

    fn can(&self, _what: Optional) -> bool {
        false
    }

    fn image(&mut self, _out: &mut Vec<u8>) {}

    fn restore(&mut self, _image: &[u8]) -> Result<(), Damaged> {
        Err(Damaged::new("the game is not there"))
    }

    fn spent(&self) -> u64 {
        0
    }
}

/// Why an authoritative room cannot be founded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFounded {
    #[error("{0}")]
    Module(#[from] NoModule),
    #[error("the game's init ended badly: {0}")]
    Init(#[from] CallEnd),
    #[error("the founding names no module for an authoritative room")]
    NoLogic,
}
