//! A room's recent past played again, on the version that it had and on another one: where they first part.

use std::sync::Arc;

use journal::{Journal, JournalError};
use model::{Position, RoomKey, Tick};
use room_core::modules::{LogicRef, Modules};
use room_core::{Damaged, NoSwap, Output, Room, RoomEvent};

use crate::image::RoomImage;
use crate::record;
use crate::replaying::play_on;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Ticks that both versions played.
    pub ticks: u64,
    /// The first tick that tells something else, or asks for other effects, than it did.
    pub first_difference: Option<Tick>,
    /// A call of the other version that ended badly, where that of the room's own did not.
    pub ended_badly: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum NotTried {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the room's journal cannot be played: {0}")]
    Damaged(#[from] Damaged),
    #[error("the room is not one that runs a game")]
    NoGame,
    #[error("the other version cannot take the room over: {0}")]
    NoSwap(#[from] NoSwap),
}

const PAGE_BYTES: usize = 256 << 10;

/// Plays what the journal has of a room since its image, or since its beginning, at most so many ticks. The other version
/// takes the room over where that begins. Blocks, and may take long.
pub fn try_on(
    journal: &dyn Journal,
    modules: &Arc<dyn Modules>,
    key: &RoomKey,
    to: &LogicRef,
    most_ticks: u64,
) -> Result<Tried, NotTried> {
    let (mut after, mut own) = match journal.image(key)? {
        Some((at, image)) => (at, Some(Box::new(RoomImage::decode(&image, modules)?.room))),
        None => (Position::default(), None),
    };
    let mut pair = own.as_mut().map(|own| Pair::new(own, modules, to)).transpose()?;
    let (mut tried, mut outputs) = (Tried::default(), Vec::new());
    loop {
        let records = journal.read_room(key, after, PAGE_BYTES)?;
        let Some(last) = records.last() else { return Ok(tried) };
        after = last.position;
        for event in records.iter().flat_map(|record| record::events(&record.bytes)) {
            let event = event?;
            // The room itself went to another version here: what follows is another story.
            if matches!(event, RoomEvent::Swapped { .. } | RoomEvent::RolledBack { .. }) {
                return Ok(tried);
            }
            outputs.clear();
            play_on(&mut own, event.clone(), modules, &mut outputs)?;
            match (&mut pair, &mut own) {
                (Some(pair), _) => pair.play(&event, &outputs, &mut tried),
                (none, Some(own)) => *none = Some(Pair::new(own, modules, to)?),
                (_, None) => return Err(NotTried::NoGame),
            }
            if tried.ended_badly.is_some() || tried.ticks >= most_ticks {
                return Ok(tried);
            }
        }
    }
}

/// The room under the other version.
struct Pair {
    other: Room,
    outputs: Vec<Output>,
}

impl Pair {
    fn new(own: &mut Room, modules: &Arc<dyn Modules>, to: &LogicRef) -> Result<Pair, NotTried> {
        if own.logic().is_none() {
            return Err(NotTried::NoGame);
        }
        let mut other = Room::restore(&own.image(), modules)?;
        let mut outputs = Vec::new();
        let swap = other.prepare_swap(to)?;
        if let Err(not_made) = other.try_apply(&swap, &mut outputs) {
            return Err(
                Damaged { what: format!("the other version does not begin: {not_made:?}").into() }.into()
            );
        }
        Ok(Pair { other, outputs })
    }

    fn play(&mut self, event: &RoomEvent, own: &[Output], tried: &mut Tried) {
        self.outputs.clear();
        if let Err(not_made) = self.other.try_apply(event, &mut self.outputs) {
            tried.ended_badly = Some(format!("at tick {}: {not_made:?}", self.other.tick()));
            return;
        }
        if let RoomEvent::Tick { number, .. } = event {
            tried.ticks += 1;
            let told = |outputs: &[Output]| {
                outputs.iter().filter(|output| is_told(output)).cloned().collect::<Vec<_>>()
            };
            if tried.first_difference.is_none() && told(own) != told(&self.outputs) {
                tried.first_difference = Some(*number);
            }
        }
    }
}

/// What players hear of, or what takes place outside.
fn is_told(output: &Output) -> bool {
    matches!(
        output,
        Output::Frame { .. } | Output::Message { .. } | Output::Effect { .. } | Output::Ended { .. }
    )
}
