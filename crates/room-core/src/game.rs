//! What an authoritative room offers beyond the others: showing its state, changing its game.

use bytes::Bytes;
use model::PlayerId;

use crate::authoritative::{Authoritative, LogicLoad, NoSwap, NotFounded};
use crate::codec::Damaged;
use crate::event::RoomEvent;
use crate::modules::LogicRef;
use crate::output::Output;
use crate::room::Room;

impl Room {
    /// What the room runs now; `None` in a room that is not authoritative.
    pub fn logic(&self) -> Option<&LogicRef> {
        self.logic.authoritative().map(Authoritative::logic)
    }

    pub fn is_suspended(&self) -> bool {
        self.logic.authoritative().is_some_and(Authoritative::is_suspended)
    }

    /// The game told its result: the next thing to happen is the end.
    pub fn is_game_over(&self) -> bool {
        self.logic.authoritative().is_some_and(|game| game.outcome().is_some())
    }

    /// Of all of the game's calls that did not end badly.
    pub fn fuel(&self) -> u64 {
        self.logic.authoritative().map_or(0, Authoritative::fuel)
    }

    /// What the game's calls cost since this was last asked.
    pub fn take_logic_load(&mut self) -> LogicLoad {
        self.logic.authoritative_mut().map(Authoritative::take_load).unwrap_or_default()
    }

    /// The game of a poisoned room is of no use, and another may need its place.
    pub(crate) fn release_game(&mut self) {
        if let Some(game) = self.logic.authoritative_mut() {
            game.release();
        }
    }

    pub(crate) fn take_last_words(&mut self) -> Vec<Output> {
        self.logic.authoritative_mut().map(|game| game.take_last_words().collect()).unwrap_or_default()
    }

    pub(crate) fn carry_logic_load(&mut self, load: LogicLoad) {
        if let Some(game) = self.logic.authoritative_mut() {
            game.carry_load(load);
        }
    }

    /// A member asks for the state; `None` where there is nothing to be told.
    pub fn offer_show(&self, player: &PlayerId) -> Option<RoomEvent> {
        let shows = self.logic.authoritative().is_some() && !self.is_ended() && !self.poisoned;
        (shows && self.member_of(player).is_some()).then(|| RoomEvent::Shown { player: player.clone() })
    }

    /// Lets the game save. The event, applied, lets `to` take over.
    pub fn prepare_swap(&mut self, to: &LogicRef) -> Result<RoomEvent, NoSwap> {
        if self.is_ended() || self.poisoned {
            return Err(NoSwap::NotNow);
        }
        let tick = self.tick;
        let game = self.game()?;
        if game.logic() == to {
            return Err(NoSwap::Same);
        }
        let from_version = game.logic().version;
        let save = game.save_game(tick);
        self.poisoned |= matches!(save, Err(NoSwap::Damaged(_)));
        Ok(RoomEvent::Swapped { to: to.clone(), from_version, save: save? })
    }

    /// The event with which a room takes over what `other` has come to, a room of the same founding that had the same
    /// inputs under an earlier version.
    pub fn prepare_roll_back(&mut self, other: &mut Room) -> Result<RoomEvent, NoSwap> {
        if self.is_ended() || self.founding != other.founding || self.tick != other.tick || other.poisoned {
            return Err(NoSwap::NotNow);
        }
        let to = other.logic().cloned().ok_or(NoSwap::NotNow)?;
        let mut state = Vec::new();
        other.logic.save(&mut state);
        Ok(RoomEvent::RolledBack { to, state: Bytes::from(state) })
    }

    pub(crate) fn game(&mut self) -> Result<&mut Authoritative, NoSwap> {
        self.logic.authoritative_mut().ok_or(NoSwap::NotNow)
    }
}

impl From<NotFounded> for Damaged {
    fn from(not_founded: NotFounded) -> Damaged {
        Damaged::new(not_founded.to_string())
    }
}
