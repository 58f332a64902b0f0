//! A room's past played again, on the version that it had and on another one: where they first part, and how.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use journal::{Journal, JournalError};
use model::{Position, RoomKey, Tick};
use room_core::modules::{LogicRef, Modules};
use room_core::{Damaged, NoSwap, NotMade, Output, Room, RoomEvent};

use crate::image::RoomImage;
use crate::journaled::{Logged, Playback, RoomLog, Unplayable};

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Ticks that both versions played.
    pub ticks: u64,
    /// The tick after which both versions went on from the same state; 0: from the founding.
    pub from: Tick,
    /// The first tick that tells something else, asks for other effects or, where that was looked at, would be saved
    /// otherwise.
    pub first_difference: Option<Tick>,
    /// What was other there, in words.
    pub how: Option<String>,
    /// A call of the other version that ended badly, where that of the room's own did not.
    pub ended_badly: Option<String>,
    /// In how many of the ticks the versions' saves were compared.
    pub saves_compared: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum NotTried {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the room's journal cannot be played: {0}")]
    Damaged(#[from] Damaged),
    #[error("the room is not one that runs a game")]
    NoGame,
    /// By what the versions can and cannot do, or what the room's own cannot just now: no fault of the other one.
    #[error("the other version cannot take the room over: {0}")]
    NoSwap(#[from] NoSwap),
    #[error("the other version fails when it takes the room over: {0}")]
    TakesOverBadly(NoSwap),
}

impl From<Unplayable> for NotTried {
    fn from(unplayable: Unplayable) -> NotTried {
        Damaged { what: unplayable.to_string().into() }.into()
    }
}

/// Plays what the journal has of a room since its image, or since its beginning, at most so many ticks. The other version
/// takes the room over where that begins. Blocks, and may take long.
pub fn try_on(
    journal: &dyn Journal,
    modules: &Arc<dyn Modules>,
    key: &RoomKey,
    to: &LogicRef,
    most_ticks: u64,
) -> Result<Tried, NotTried> {
    let image = journal.image(key)?;
    let after = image.as_ref().map_or(Position::default(), |(at, _)| *at);
    let mut log = RoomLog::new(journal, key, after);
    let own = match image {
        Some((_, image)) => RoomImage::decode(&image, modules)?.room,
        None => found(&mut log, modules)?,
    };
    let pair = Pair::taking_over(own, modules, to)?;
    pair.play_all(log, most_ticks, false)
}

/// As [`try_on`], and compares what the versions save after each tick. Begins as early as the log allows, but not before
/// the room's own version had the room: at the founding the other version has it from there, later it takes it over.
pub fn compare_on(
    journal: &dyn Journal,
    modules: &Arc<dyn Modules>,
    key: &RoomKey,
    to: &LogicRef,
) -> Result<Tried, NotTried> {
    let changes = events_to_last_change(RoomLog::new(journal, key, Position::default()))?;
    let whole = Playback::from_beginning(journal, key, modules)?;
    if changes == 0
        && let Some(whole) = whole
    {
        return from_founding(whole, modules, to);
    }
    let begun = match whole.map(|whole| after(whole, changes)).transpose() {
        Ok(Some(begun)) => begun,
        // Without one of its earlier modules a room is still what its image says.
        Ok(None) | Err(_) => {
            let image = Playback::from_image(journal, key, modules)?.ok_or(NotTried::NoGame)?;
            let changes = events_to_last_change(RoomLog::new(journal, key, image.at()))?;
            after(image, changes)?
        }
    };
    let (own, log) = begun.into_parts();
    let own = *own.ok_or(NotTried::NoGame)?;
    Pair::taking_over(own, modules, to)?.play_all(log, u64::MAX, true)
}

fn from_founding(whole: Playback<'_>, modules: &Arc<dyn Modules>, to: &LogicRef) -> Result<Tried, NotTried> {
    let (_, mut log) = whole.into_parts();
    let Some(RoomEvent::Founded(mut founding)) = log.next().transpose()?.map(|logged| logged.event) else {
        return Err(NotTried::NoGame);
    };
    let own = Room::found((*founding).clone(), modules, &mut Vec::new()).map_err(Damaged::from)?;
    if own.logic().ok_or(NotTried::NoGame)? == to {
        return Err(NoSwap::Same.into());
    }
    founding.logic = Some(to.clone());
    match Room::found(*founding, modules, &mut Vec::new()) {
        Ok(other) => Pair::new(own, other, modules, to).play_all(log, u64::MAX, true),
        Err(why) => Ok(Tried { ended_badly: Some(why.to_string()), ..Tried::default() }),
    }
}

/// How many events there are until the room's version is the one that it has at the end.
fn events_to_last_change(log: RoomLog<'_>) -> Result<usize, Unplayable> {
    let mut last = 0;
    for (number, logged) in (1..).zip(log) {
        if is_change(&logged?.event) {
            last = number;
        }
    }
    Ok(last)
}

fn after(mut playback: Playback<'_>, events: usize) -> Result<Playback<'_>, Unplayable> {
    for _ in 0..events {
        playback.play()?;
    }
    Ok(playback)
}

fn is_change(event: &RoomEvent) -> bool {
    matches!(event, RoomEvent::Swapped { .. } | RoomEvent::RolledBack { .. })
}

fn found(log: &mut RoomLog<'_>, modules: &Arc<dyn Modules>) -> Result<Room, NotTried> {
    match log.next().transpose()?.map(|logged| logged.event) {
        Some(RoomEvent::Founded(founding)) => {
            Ok(Room::found(*founding, modules, &mut Vec::new()).map_err(Damaged::from)?)
        }
        Some(_) => Err(Damaged { what: "the journal does not begin with the founding".into() }.into()),
        None => Err(NotTried::NoGame),
    }
}

/// The room under both versions, from the same state on.
struct Pair {
    modules: Arc<dyn Modules>,
    own: Room,
    other: Room,
    own_logic: Option<LogicRef>,
    to: LogicRef,
    /// What was told since the last tick.
    told: [Vec<Output>; 2],
    outputs: Vec<Output>,
    tried: Tried,
}

/// Whether the two can be played on.
enum Next {
    GoesOn,
    IsOver,
}

impl Pair {
    fn new(own: Room, other: Room, modules: &Arc<dyn Modules>, to: &LogicRef) -> Pair {
        Pair {
            modules: modules.clone(),
            own_logic: own.logic().cloned(),
            to: to.clone(),
            told: Default::default(),
            outputs: Vec::new(),
            tried: Tried { from: own.tick(), ..Tried::default() },
            own,
            other,
        }
    }

    /// The other version takes over what the room's own saves. So does the room's own, if it can: a game that has loaded
    /// draws other numbers than one that went on, and that is no difference of versions.
    fn taking_over(mut own: Room, modules: &Arc<dyn Modules>, to: &LogicRef) -> Result<Pair, NotTried> {
        let running = own.logic().filter(|running| running.game == to.game).cloned();
        let Some(running) = running else { return Err(NotTried::NoGame) };
        let mut other = Room::restore(&own.image(), modules)?;
        let mut outputs = Vec::new();
        let swap = own.prepare_swap(to)?;
        other.try_apply(&swap, &mut outputs).map_err(not_taken_over)?;
        if let RoomEvent::Swapped { from_version, save, .. } = swap {
            // A version that cannot load stays as it is.
            let _ = own.try_apply(&RoomEvent::Swapped { to: running, from_version, save }, &mut outputs);
        }
        Ok(Pair::new(own, other, modules, to))
    }

    fn play_all(
        mut self,
        log: impl Iterator<Item = Result<Logged, Unplayable>>,
        most_ticks: u64,
        look_closely: bool,
    ) -> Result<Tried, NotTried> {
        for logged in log {
            let event = logged?.event;
            // The room itself went to another version here: what follows is another story.
            if is_change(&event) {
                break;
            }
            if let Next::IsOver = self.play(&event, look_closely)? {
                break;
            }
            if self.tried.ticks >= most_ticks {
                break;
            }
        }
        Ok(self.tried)
    }

    fn play(&mut self, event: &RoomEvent, look_closely: bool) -> Result<Next, NotTried> {
        if self.own.try_apply(event, &mut self.outputs).is_err() {
            // Not the other version's fault.
            return Ok(Next::IsOver);
        }
        keep_told(&mut self.outputs, &mut self.told[0]);
        if look_closely && self.goes_well_at_last(event)? {
            return Ok(Next::IsOver);
        }
        if let Err(not_made) = self.other.try_apply(event, &mut self.outputs) {
            self.tried.ended_badly = Some(format!("at tick {}: {not_made}", self.other.tick()));
            return Ok(Next::IsOver);
        }
        keep_told(&mut self.outputs, &mut self.told[1]);
        if let RoomEvent::Tick { number, .. } = event {
            self.tried.ticks += 1;
            self.compare(*number, look_closely);
            self.told.iter_mut().for_each(Vec::clear);
        }
        Ok(Next::GoesOn)
    }

    fn compare(&mut self, tick: Tick, look_closely: bool) {
        if self.tried.first_difference.is_some() {
            return;
        }
        let mut how = difference(&self.told[0], &self.told[1]);
        if how.is_none() && self.own.is_game_over() != self.other.is_game_over() {
            let over = if self.own.is_game_over() { "the room's version" } else { "the other version" };
            how = Some(format!("{over} says that the match is over, and the other one goes on"));
        }
        if how.is_none() && look_closely {
            how = self.compare_saves();
        }
        if how.is_some() {
            (self.tried.first_difference, self.tried.how) = (Some(tick), how);
        }
    }

    fn compare_saves(&mut self) -> Option<String> {
        let own = save(&mut self.own, &self.to)?;
        let other = save(&mut self.other, self.own_logic.as_ref()?)?;
        self.tried.saves_compared += 1;
        (own != other).then(|| format!("what it saves: {}", bytes_differ(&own, &other)))
    }

    /// A call of the room's version ended badly in this event, and the same call goes well in the other one.
    fn goes_well_at_last(&mut self, event: &RoomEvent) -> Result<bool, NotTried> {
        let RoomEvent::CallEnded { event: made, end } = event else { return Ok(false) };
        let mut tried_out = Room::restore(&self.other.image(), &self.modules)?;
        if tried_out.try_apply(made, &mut Vec::new()).is_err() {
            return Ok(false);
        }
        let tick = tried_out.tick();
        self.tried.first_difference.get_or_insert(tick);
        self.tried.how.get_or_insert_with(|| format!("a call that ended badly ({end}) goes well"));
        Ok(true)
    }
}

fn not_taken_over(not_made: NotMade) -> NotTried {
    match not_made {
        NotMade::Swap(why @ (NoSwap::Init(_) | NoSwap::Load(_))) => NotTried::TakesOverBadly(why),
        NotMade::Swap(why @ NoSwap::CannotLoad(_)) => why.into(),
        other => Damaged { what: format!("the other version does not begin: {other}").into() }.into(),
    }
}

fn save(room: &mut Room, reader: &LogicRef) -> Option<Bytes> {
    match room.prepare_swap(reader) {
        Ok(RoomEvent::Swapped { save, .. }) => Some(save),
        _ => None,
    }
}

/// What players hear of, or what takes place outside.
fn keep_told(outputs: &mut Vec<Output>, told: &mut Vec<Output>) {
    told.extend(outputs.drain(..).filter(|output| {
        matches!(
            output,
            Output::Frame { .. } | Output::Message { .. } | Output::Effect { .. } | Output::Ended { .. }
        )
    }));
}

/// The first thing that was told otherwise.
fn difference(own: &[Output], other: &[Output]) -> Option<String> {
    let at = (0..own.len().max(other.len())).find(|at| own.get(*at) != other.get(*at))?;
    Some(match (own.get(at), other.get(at)) {
        (Some(Output::Frame { body: own, .. }), Some(Output::Frame { body: other, .. })) => {
            format!("the frame: {}", bytes_differ(own, other))
        }
        (
            Some(Output::Message { seat: own_seat, data: own, .. }),
            Some(Output::Message { seat, data: other, .. }),
        ) if own_seat == seat => format!("a message to seat {seat}: {}", bytes_differ(own, other)),
        (
            Some(Output::Effect { kind: own_kind, data: own, .. }),
            Some(Output::Effect { kind, data: other, .. }),
        ) if own_kind == kind => format!("the effect {kind:?}: {}", bytes_differ(own, other)),
        (own, other) => format!("{} became {}", name(own), name(other)),
    })
}

fn name(told: Option<&Output>) -> String {
    match told {
        None => "nothing".to_owned(),
        Some(Output::Frame { body, .. }) => format!("a frame of {} bytes", body.len()),
        Some(Output::Message { seat, data, .. }) => {
            format!("a message of {} bytes to seat {seat}", data.len())
        }
        Some(Output::Effect { kind, data, .. }) => format!("an effect {kind:?} of {} bytes", data.len()),
        Some(other) => format!("{other:?}"),
    }
}

/// Where they part, with some bytes of each.
fn bytes_differ(own: &[u8], other: &[u8]) -> String {
    const SHOWN: usize = 16;
    let at = own.iter().zip(other).take_while(|(own, other)| own == other).count();
    let shown = |bytes: &[u8]| {
        let rest = &bytes[at..];
        let mut text = String::new();
        for byte in rest.iter().take(SHOWN) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        match rest.len() {
            0 => "nothing".to_owned(),
            length if length > SHOWN => text + "…",
            _ => text,
        }
    };
    let lengths = match own.len() == other.len() {
        true => format!("{} bytes", own.len()),
        false => format!("{} bytes became {}", own.len(), other.len()),
    };
    format!("{lengths}, from byte {at} on {} became {}", shown(own), shown(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_its_place() {
        assert_eq!(bytes_differ(b"abcd", b"abxd"), "4 bytes, from byte 2 on 6364 became 7864");
        assert_eq!(bytes_differ(b"ab", b"abc"), "2 bytes became 3, from byte 2 on nothing became 63");
        let frame = |body: &'static [u8]| Output::Frame {
            body: Bytes::from_static(body),
            first_tick: 1,
            last_tick: 1,
        };
        assert_eq!(difference(&[frame(b"a")], &[frame(b"a")]), None);
        assert_eq!(difference(&[], &[frame(b"a")]).unwrap(), "nothing became a frame of 1 bytes");
        assert!(difference(&[frame(b"a")], &[frame(b"b")]).unwrap().starts_with("the frame: 1 bytes"));
    }
}
