//! 毽子 as an authoritative room: the server keeps the shuttlecock in the air, the phones draw what it says.
//!
//! The rules are those of `src/rules.ts`, number by number; `test/room.test.ts` holds the two against each other. Every
//! tick tells the whole state, some 160 bytes (`told.rs`; `src/told.ts` reads them).

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod rules;
mod told;

use alloc::vec::Vec;

use jianzi_game::{Config, Game, Room, Save, Seat, Unreadable, View};

use rules::{Input, State};

pub struct Rally {
    state: State,
    /// Inputs for the tick to come; what comes beyond is not played.
    waiting: Waiting,
    /// Since these rules began or took over.
    ticks: usize,
}

const MAX_WAITING: usize = 64;

#[derive(Clone, Copy)]
struct Waiting {
    inputs: [Input; MAX_WAITING],
    count: usize,
}

jianzi_game::game!(Rally: View, Save);

impl Game for Rally {
    fn new(config: &Config, _: &mut Room) -> Rally {
        Rally {
            state: State::start(config.seats, config.seed, config.bots),
            waiting: Waiting::new(),
            ticks: 0,
        }
    }

    fn input(&mut self, _: &mut Room, seat: Seat, data: &[u8]) {
        self.waiting.push(Input::new(seat, data));
    }

    fn tick(&mut self, room: &mut Room, _: u32) {
        self.ticks += 1;
        if cfg!(feature = "mistake") {
            self.light_the_lanterns();
        }
        let was_over = self.state.is_over();
        self.state.step(self.waiting.inputs());
        self.waiting.clear();
        room.broadcast(told::tick(&self.state).bytes());
        if self.state.is_over() && !was_over {
            self.finish(room);
        }
    }
}

impl View for Rally {
    fn view(&self, _: Option<Seat>) -> Vec<u8> {
        Vec::from(told::state(&self.state).bytes())
    }
}

impl Save for Rally {
    const VERSION: u32 = 1;

    fn save(&self) -> Vec<u8> {
        let mut told = told::state(&self.state);
        told.inputs(self.waiting.inputs());
        Vec::from(told.bytes())
    }

    fn load(&mut self, _: &mut Room, version: u32, saved: &[u8]) -> Result<(), Unreadable> {
        let (state, inputs) = (version == 1).then(|| told::read(saved)).flatten().ok_or(Unreadable)?;
        self.state = state;
        self.waiting.clear();
        inputs.for_each(|input| self.waiting.push(input));
        Ok(())
    }
}

impl Rally {
    fn finish(&self, room: &mut Room) {
        for (seat, player) in self.state.players().iter().enumerate().filter(|(_, player)| !player.bot) {
            let [high, low] = (player.score as u16).to_be_bytes();
            room.effect("score", &[seat as u8, high, low]);
        }
        room.metric("best_combo", self.state.best.into());
        room.end(told::result(&self.state).bytes());
    }

    /// The mistake: there are only three.
    fn light_the_lanterns(&mut self) {
        let lantern = &mut self.state.lanterns[self.ticks / 20];
        lantern.wait = lantern.wait.min(1);
    }
}

impl Waiting {
    fn new() -> Waiting {
        Waiting { inputs: [Input::default(); MAX_WAITING], count: 0 }
    }

    fn push(&mut self, input: Input) {
        if let Some(place) = self.inputs.get_mut(self.count) {
            *place = input;
            self.count += 1;
        }
    }

    fn inputs(&self) -> &[Input] {
        self.inputs.get(..self.count).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.count = 0;
    }
}

#[cfg(test)]
mod tests;
