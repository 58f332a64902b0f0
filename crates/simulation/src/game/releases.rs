//! Which versions of the game there are, and what the world outside was told. It outlives the process.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{AppId, PlayerId, RoomId, RoomKey};
use protocol::Fault;
use room_core::LogicLoad;
use room_core::modules::{CallEnd, LogicRef};
use rooms::{Fate, GameEffect, GameWatch, LogicCatalog, Outbox, VersionWatch};

use super::engine::logic;
use super::rules::Version;

#[derive(Clone, Default)]
pub struct Releases(Arc<Mutex<Book>>);

struct Book {
    /// Confirmed, oldest first; rooms run the last one.
    confirmed: Vec<u32>,
    /// Confirmed at some time: what these wanted happens.
    trusted: BTreeSet<u32>,
    trial: Option<Trial>,
    taken_back: BTreeSet<u32>,
    /// Versions whose rooms stood still because their ticks failed.
    suspended: BTreeSet<u32>,
    told: Vec<Told>,
    /// A promise that was broken while rooms worked.
    broken: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Trial {
    version: u32,
    /// Percent of the rooms.
    share: u32,
}

/// An effect that took place.
#[derive(Clone, Debug)]
pub struct Told {
    pub room: RoomKey,
    pub effect: GameEffect,
    pub again: bool,
}

impl Default for Book {
    fn default() -> Book {
        Book {
            confirmed: vec![1],
            trusted: BTreeSet::from([1]),
            trial: None,
            taken_back: BTreeSet::new(),
            suspended: BTreeSet::new(),
            told: Vec::new(),
            broken: None,
        }
    }
}

impl Releases {
    pub fn stable(&self) -> Version {
        Version(self.book().stable())
    }

    pub fn trial(&self) -> Option<Version> {
        self.book().trial.map(|trial| Version(trial.version))
    }

    /// Some rooms are to run this version; nothing that it wants happens yet.
    pub fn begin_trial(&self, version: Version, share: u32) {
        self.book().trial = Some(Trial { version: version.0, share });
    }

    pub fn is_of_trial(&self, room: &RoomId) -> bool {
        self.book().is_of_trial(room)
    }

    pub fn confirm(&self) {
        let mut book = self.book();
        if let Some(trial) = book.trial.take() {
            book.confirmed.push(trial.version);
            book.trusted.insert(trial.version);
        }
    }

    /// The version on trial, or else the last one confirmed if there is an earlier one.
    pub fn take_back(&self) -> Option<Version> {
        let mut book = self.book();
        let last = (book.confirmed.len() > 1).then(|| book.stable());
        let version = book.trial.take().map(|trial| trial.version).or(last)?;
        book.confirmed.retain(|confirmed| *confirmed != version);
        book.taken_back.insert(version);
        Some(Version(version))
    }

    pub fn is_taken_back(&self, version: u32) -> bool {
        self.book().taken_back.contains(&version)
    }

    pub fn was_suspended(&self, version: Version) -> bool {
        self.book().suspended.contains(&version.0)
    }

    pub fn fate_of(&self, version: u32) -> Fate {
        self.book().fate(version)
    }

    pub fn told(&self) -> Vec<Told> {
        self.book().told.clone()
    }

    pub fn check(&self) -> Result<(), String> {
        self.book().broken.clone().map_or(Ok(()), Err)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn stable(&self) -> u32 {
        self.confirmed.last().copied().unwrap_or(1)
    }

    fn fate(&self, version: u32) -> Fate {
        match () {
            () if self.trusted.contains(&version) => Fate::Happen,
            () if self.taken_back.contains(&version) => Fate::Never,
            () => Fate::Wait,
        }
    }

    fn is_of_trial(&self, room: &RoomId) -> bool {
        let place = room.as_str().bytes().fold(0, |sum, byte| (sum * 31 + u32::from(byte)) % 100);
        self.trial.is_some_and(|trial| place < trial.share)
    }
}

impl LogicCatalog for Releases {
    fn current(&self, _: &AppId, game: &str, room: &RoomId, _: &PlayerId) -> Result<LogicRef, Fault> {
        let book = self.book();
        let trial = book.trial.map(|trial| Version(trial.version));
        // A room that was founded on a version that does not save could not leave it.
        let trial = trial.filter(|version| version.saves() && book.is_of_trial(room));
        Ok(logic(game, trial.unwrap_or(Version(book.stable()))))
    }

    fn refuge(&self, _: &AppId, running: &LogicRef) -> Option<LogicRef> {
        let book = self.book();
        let left = book.taken_back.contains(&running.version);
        left.then(|| logic(&running.game, Version(book.stable())))
    }

    fn fate(&self, _: &AppId, _: &str, version: u32) -> Fate {
        self.book().fate(version)
    }
}

impl Outbox for Releases {
    fn tell(&self, room: &RoomKey, _: &str, effect: &GameEffect, again: bool) {
        let mut book = self.book();
        let fate = book.fate(effect.version);
        if fate != Fate::Happen {
            let what = format!("{effect:?} of {} was told, and its version's fate is {fate:?}", room.room);
            book.broken.get_or_insert(what);
        }
        book.told.push(Told { room: room.clone(), effect: effect.clone(), again });
    }
}

impl GameWatch for Releases {
    fn version(&self, _: &AppId, logic: &LogicRef) -> Arc<dyn VersionWatch> {
        Arc::new(Watch { releases: self.clone(), version: logic.version })
    }
}

struct Watch {
    releases: Releases,
    version: u32,
}

impl VersionWatch for Watch {
    fn room_came(&self, _: &RoomKey) {}

    fn room_went(&self, _: &RoomKey) {}

    fn called(&self, _: &RoomKey, _: LogicLoad, _: Duration) {}

    fn suspended(&self, _: &RoomKey, _: &CallEnd) {
        self.releases.book().suspended.insert(self.version);
    }
}
