//! Somebody who tries new versions of the game on live rooms, confirms the good ones and takes the others back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use clock::Chance;
use room_core::modules::LogicRef;
use rooms::{Moved, Rooms, Which};

use super::engine::{GAMES, logic};
use super::releases::Releases;
use super::rules::Version;

pub struct Operator {
    releases: Releases,
    /// Of a version that nobody has seen yet.
    next: Version,
    errands: VecDeque<Errand>,
    /// What the first errand came to, by game.
    answers: Vec<Answer>,
    /// Steps until the trial is judged.
    patience: u32,
    /// All errands were done, and at last there was nothing left to do.
    pub is_done: bool,
    pub trials: u32,
    pub ways_back: u32,
}

/// One command to all rooms that it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    /// The rooms of the trial's share.
    Try,
    /// All rooms to the stable version.
    Bring,
    ForgetWayBack,
    /// Rooms on versions that were taken back.
    StandStill,
    RollBack,
    SettleEffects,
}

type Answer = Arc<Mutex<Option<Vec<Moved>>>>;

impl Operator {
    pub fn new(releases: Releases) -> Operator {
        Operator {
            releases,
            next: Version(2),
            errands: VecDeque::new(),
            answers: Vec::new(),
            patience: 0,
            is_done: true,
            trials: 0,
            ways_back: 0,
        }
    }

    /// `begins`: something new, if nothing is under way.
    pub fn step(&mut self, rooms: &Rooms, chance: &mut Chance, begins: bool) {
        if !self.answers.is_empty() || !self.errands.is_empty() {
            return self.run_errands(rooms);
        }
        self.patience = self.patience.saturating_sub(1);
        match self.releases.trial() {
            Some(version) if self.patience == 0 || self.releases.was_suspended(version) => {
                match version.is_sound() && chance.below(4) > 0 {
                    true => self.confirm(),
                    false => self.take_back(),
                }
            }
            Some(_) => {}
            None if begins && chance.below(5) == 0 => self.take_back(),
            None if begins => self.begin_trial(chance),
            None => {}
        }
    }

    /// The process is gone, and with it whatever was under way: all of it again. The trial goes on.
    pub fn begin_again(&mut self) {
        self.answers.clear();
        self.errands.clear();
        if self.releases.trial().is_some() {
            self.errands.push_back(Errand::Try);
        }
        self.errands.extend(Errand::TO_THE_STABLE_VERSION);
        self.is_done = false;
    }

    /// What is on trial is judged now, and every room goes where it belongs.
    pub fn come_to_an_end(&mut self) {
        self.patience = 0;
        self.begin_again();
    }

    pub fn begin_trial(&mut self, chance: &mut Chance) {
        self.trials += 1;
        self.releases.begin_trial(self.next, [30, 70, 100][chance.below(3) as usize]);
        self.next.0 += 1;
        self.patience = 10 + chance.below(150) as u32;
        self.errands.push_back(Errand::Try);
        self.is_done = false;
    }

    fn confirm(&mut self) {
        self.releases.confirm();
        self.errands.push_back(Errand::SettleEffects);
        self.errands.extend(Errand::TO_THE_STABLE_VERSION);
    }

    fn take_back(&mut self) {
        if self.releases.take_back().is_some() {
            self.ways_back += 1;
            self.errands.push_back(Errand::StandStill);
            self.errands.extend(Errand::TO_THE_STABLE_VERSION);
            self.is_done = false;
        }
    }

    fn run_errands(&mut self, rooms: &Rooms) {
        if self.answers.is_empty() {
            let Some(errand) = self.errands.front() else { return };
            self.answers = errand.run(rooms, &self.releases);
        }
        let answered = |answer: &Answer| answer.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if !self.answers.iter().all(answered) {
            return;
        }
        let moved: usize = self.answers.drain(..).map(|answer| taken(&answer).len()).sum();
        let done = self.errands.pop_front();
        // Whoever could not go now may be able to later.
        if moved > 0
            && let Some(errand @ (Errand::Bring | Errand::RollBack)) = done
        {
            self.errands.push_front(errand);
        }
        self.is_done = self.errands.is_empty() && self.releases.trial().is_none();
    }
}

impl Errand {
    const TO_THE_STABLE_VERSION: [Errand; 4] =
        [Errand::RollBack, Errand::Bring, Errand::ForgetWayBack, Errand::SettleEffects];

    fn run(self, rooms: &Rooms, releases: &Releases) -> Vec<Answer> {
        if self == Errand::SettleEffects {
            rooms.settle_effects();
            return vec![Arc::new(Mutex::new(Some(Vec::new())))];
        }
        GAMES.iter().map(|game| self.run_for(game, rooms, releases)).collect()
    }

    fn run_for(self, game: &'static str, rooms: &Rooms, releases: &Releases) -> Answer {
        let answer = Answer::default();
        let told = answer.clone();
        let done = Box::new(move |moved| {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(moved);
        });
        let (stable, trial) = (releases.stable(), releases.trial());
        let book = releases.clone();
        let which: Which = Arc::new(move |key, running: &LogicRef| {
            let left = book.is_taken_back(running.version);
            let is_chosen = match self {
                Errand::Try => running.version == stable.0 && book.is_of_trial(&key.room),
                Errand::Bring => {
                    let on_trial = trial.is_some_and(|trial| trial.0 == running.version);
                    !left && !on_trial && running.version != stable.0
                }
                Errand::ForgetWayBack => running.version == stable.0,
                Errand::StandStill | Errand::RollBack => left,
                Errand::SettleEffects => false,
            };
            running.game == game && is_chosen
        });
        match self {
            Errand::Try => rooms.swap(which, logic(game, trial.unwrap_or(stable)), done),
            Errand::Bring => rooms.swap(which, logic(game, stable), done),
            Errand::ForgetWayBack => rooms.forget_way_back(which, done),
            Errand::StandStill => rooms.stand_still(which, done),
            Errand::RollBack => rooms.roll_back(which, logic(game, stable), done),
            Errand::SettleEffects => {}
        }
        answer
    }
}

fn taken(answer: &Answer) -> Vec<Moved> {
    answer.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
}
