//! A player as the SDK plays it: numbered inputs, all that it was told, back after each loss.

mod ears;
mod inputs;
mod states;
mod ticks;

use std::sync::{Arc, Mutex, PoisonError};

use link::RoomRoute;
use model::{Run, Seat, SessionId, Tick};
use protocol::Fault;
use protocol::messages::{self, Frame};
use rooms::{Done, JoinedRoom};

use crate::Odd;

pub use ears::{Ear, Ears, Heard};
pub use inputs::{Input, Inputs};
pub use states::States;
pub use ticks::Ticks;

/// Between two attempts to close a gap in the inputs.
const GAP_STEPS: u32 = 70;

/// Outlives its sessions, as a page outlives its connections.
pub struct Player {
    pub room: usize,
    pub name: String,
    pub inputs: Inputs,
    pub sight: Sight,
    pub standing: Standing,
    /// It was told of the match's end.
    pub hears_no_more: bool,
    /// Once it had one.
    pub seat: Option<Seat>,
    /// The room missed inputs: at this step it is asked again, if this one still waits to be acknowledged.
    pub gap: Option<(u32, Option<u32>)>,
    /// Ticks that it was told since this was last set to 0.
    pub fresh: u32,
}

/// What it knows of its room.
pub enum Sight {
    Ticks(Ticks),
    States(States),
}

/// What it is about.
pub enum Standing {
    /// Does something at this step.
    Away {
        until: u32,
    },
    Creating(Answer<messages::RoomView>),
    Joining(Arc<Ear>, SessionId, Answer<JoinedRoom>),
    Resuming(Seated, Answer<messages::Joined>),
    Playing(Seated),
    /// The match is over.
    Done,
}

pub struct Seated {
    pub ear: Arc<Ear>,
    pub session: SessionId,
    pub route: RoomRoute,
}

pub type Answer<T> = Arc<Mutex<Option<Result<T, Fault>>>>;

/// Where an answer will be, and who puts it there.
pub fn slot<T: Send + 'static>() -> (Answer<T>, Done<T>) {
    let answer: Answer<T> = Arc::default();
    let told = answer.clone();
    let done = move |result| *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    (answer, Box::new(done))
}

pub fn taken<T>(answer: &Answer<T>) -> Option<Result<T, Fault>> {
    answer.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Player {
    pub fn new(room: usize, index: u32, sight: Sight) -> Player {
        Player {
            room,
            name: format!("p{index}"),
            inputs: Inputs::new(index * 1_000_000 + 1),
            sight,
            standing: Standing::Away { until: 0 },
            hears_no_more: false,
            seat: None,
            gap: None,
            fresh: 0,
        }
    }

    pub fn is_at_rest(&self) -> bool {
        matches!(self.standing, Standing::Playing(_)) && self.inputs.are_settled()
    }

    /// Notes that an input never arrived there; true if the room is to be asked now.
    pub fn misses(&mut self, step: u32) -> bool {
        let asks = self.gap.is_none();
        self.gap.get_or_insert((step + GAP_STEPS, self.inputs.oldest()));
        asks
    }

    /// Nothing was acknowledged for a while: what comes after a gap may meet another one that nobody tells of.
    pub fn has_waited_for_gap(&mut self, step: u32) -> bool {
        let Some((_, seen)) = self.gap.filter(|(ask_at, _)| *ask_at <= step) else { return false };
        let oldest = self.inputs.oldest();
        self.gap = oldest.map(|_| (step + GAP_STEPS, oldest));
        oldest.is_some() && oldest == seen
    }

    /// Takes a frame in; true if something is missing.
    pub fn frame(&mut self, frame: Frame, applied: u32, may_lose: bool) -> Result<bool, Odd> {
        let before = self.sight.tick();
        let missing = match &mut self.sight {
            Sight::Ticks(ticks) => ticks.frame(frame, may_lose)?,
            Sight::States(states) => states.frame(frame, may_lose)?,
        };
        self.fresh += self.sight.tick().saturating_sub(before);
        if !missing {
            self.inputs.acknowledge(applied);
        }
        Ok(missing)
    }
}

impl Sight {
    /// The last tick it was told.
    pub fn tick(&self) -> Tick {
        match self {
            Sight::Ticks(ticks) => ticks.next_tick() - 1,
            Sight::States(states) => states.tick,
        }
    }

    /// The room has lost its process, and may have lost some of its past.
    pub fn doubt(&mut self) {
        match self {
            Sight::Ticks(ticks) => ticks.doubt(),
            Sight::States(states) => states.doubt(),
        }
    }

    /// The run in which the room is now, when this player comes back. False if the room has lost its process since, and
    /// the run has a number that was told before.
    pub fn back_in(&mut self, run: Run) -> bool {
        match self {
            Sight::Ticks(ticks) => ticks.back_in(run),
            Sight::States(states) => states.back_in(run),
        }
    }

    /// Where to have the room go on telling.
    pub fn resume_at(&self) -> Tick {
        match self {
            Sight::Ticks(ticks) => ticks.resume_at(),
            Sight::States(_) => 1,
        }
    }

    pub fn rewinds(&self) -> u32 {
        match self {
            Sight::Ticks(ticks) => ticks.rewinds,
            Sight::States(states) => states.rewinds,
        }
    }
}

impl Standing {
    pub fn name(&self) -> &'static str {
        match self {
            Standing::Away { .. } => "away",
            Standing::Creating(_) => "creating",
            Standing::Joining(..) => "joining",
            Standing::Resuming(..) => "resuming",
            Standing::Playing(_) => "playing",
            Standing::Done => "done",
        }
    }
}
