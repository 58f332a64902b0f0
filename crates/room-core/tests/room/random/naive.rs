//! Lockstep as one would write it without a thought for speed: a list of all inputs, looked through every time.

use bytes::Bytes;
use model::{Seat, Tick};
use protocol::messages::LateInput;
use protocol::messages::LockstepSpec;
use protocol::messages::input_refused::Refusal;
use room_core::{Output, Room, RoomEvent, limits};

use crate::kit::Match;

pub struct Naive {
    spec: LockstepSpec,
    run: u32,
    inputs: Vec<Placed>,
    /// By tick from 1: the run it was told in, and what it held.
    ticks: Vec<(u32, Held)>,
    repeating: Vec<(Seat, Bytes)>,
    continues: Vec<(u32, Tick)>,
}

type Held = Vec<(Seat, Vec<u8>)>;

struct Placed {
    seat: Seat,
    tick: Tick,
    data: Bytes,
}

impl Naive {
    pub fn new(spec: LockstepSpec) -> Naive {
        let continues = vec![(1, 1)];
        Naive { spec, run: 1, inputs: vec![], ticks: vec![], repeating: vec![], continues }
    }

    /// Checks what the room made of an input whose number is the next one, if it is playing.
    pub fn expect_input(&self, now: Tick, playing: bool, wanted: Tick, data: &Bytes, event: &RoomEvent) {
        let (seat, found) = match event {
            RoomEvent::Input { seat, tick, .. } => (*seat, Ok(*tick)),
            RoomEvent::Refused { seat, reason, .. } => (*seat, Err(*reason)),
            other => panic!("{other:?} is no answer to an input"),
        };
        if playing && found != Err(Refusal::Muted) {
            assert_eq!(found, self.place(now, seat, wanted, data));
        }
    }

    fn place(&self, now: Tick, seat: Seat, wanted: Tick, data: &Bytes) -> Result<Tick, Refusal> {
        if data.len() > 1024 {
            return Err(Refusal::TooLong);
        }
        if self.spec.late_input == LateInput::Drop as i32 && (1..=now).contains(&wanted) {
            return Err(Refusal::Late);
        }
        let own = || self.inputs.iter().filter(|input| input.seat == seat);
        let held: usize = own().filter(|input| input.tick > now).map(|input| input.data.len()).sum();
        if held + data.len() > limits::HELD_BYTES as usize {
            return Err(Refusal::TooMany);
        }
        let mut tick = wanted.clamp(now + 1, now + limits::AHEAD_TICKS);
        tick = tick.max(own().map(|input| input.tick).max().unwrap_or(0));
        loop {
            if tick > now + limits::AHEAD_TICKS {
                return Err(Refusal::TooMany);
            }
            let count = own().filter(|input| input.tick == tick).count();
            let there = self.inputs.iter().filter(|input| input.tick == tick);
            let bytes: usize = there.map(|input| entry_bytes(&input.data)).sum();
            let limit = limits::FRAME_BYTES / self.spec.ticks_per_message as usize;
            if count < limits::INPUTS_PER_TICK.into() && bytes + entry_bytes(data) <= limit {
                break;
            }
            tick += 1;
        }
        if self.spec.last_tick > 0 && tick > self.spec.last_tick {
            return Err(Refusal::NotPlaying);
        }
        Ok(tick)
    }

    /// `room` is the room before the event.
    pub fn apply(&mut self, event: &RoomEvent, room: &Room) {
        match event {
            RoomEvent::Input { seat, tick, data, .. } => {
                self.inputs.push(Placed { seat: *seat, tick: *tick, data: data.clone() });
            }
            RoomEvent::Tick { number, .. } => self.tick(*number),
            RoomEvent::RunBegan { run, continues_at, .. } => {
                self.run = *run;
                self.continues.push((*run, *continues_at));
            }
            RoomEvent::Left { player, .. } | RoomEvent::Gone { player } => {
                if let Some(seat) = room.seat_of(player) {
                    self.repeating.retain(|(other, _)| *other != seat);
                }
            }
            RoomEvent::Muted { seat, .. } => self.repeating.retain(|(other, _)| other != seat),
            _ => {}
        }
    }

    fn tick(&mut self, number: Tick) {
        assert_eq!(number as usize, self.ticks.len() + 1);
        let played = self.inputs.iter().filter(|input| input.tick == number);
        let mut held: Vec<(Seat, Bytes)> = played.map(|input| (input.seat, input.data.clone())).collect();
        if self.spec.late_input == LateInput::RepeatLast as i32 {
            let acted = held.clone();
            for (seat, data) in &self.repeating {
                if !acted.iter().any(|(other, _)| other == seat) {
                    held.push((*seat, data.clone()));
                }
            }
            for (seat, data) in acted {
                self.repeating.retain(|(other, _)| *other != seat);
                self.repeating.push((seat, data));
            }
            self.repeating.sort_by_key(|(seat, _)| *seat);
        }
        self.ticks.push((self.run, held.into_iter().map(|(seat, data)| (seat, data.to_vec())).collect()));
    }

    /// What the room told is what was played, each tick once, and nothing is held back longer than it may be.
    pub fn check_frames(&self, game: &Match) {
        let played = game.played();
        let expected: Vec<_> = self.ticks.iter().map(|(_, held)| held.clone()).collect();
        assert_eq!(played, expected[..played.len()]);
        assert!(expected.len() - played.len() < self.spec.ticks_per_message as usize);
        if game.room.is_ended() {
            assert_eq!(played.len(), expected.len());
        }
        let mut tick = 1;
        for frame in game.frames() {
            assert_eq!(frame.tick, tick);
            assert!(frame.ticks.len() <= self.spec.ticks_per_message as usize);
            for _ in &frame.ticks {
                assert_eq!(frame.run, self.ticks[tick as usize - 1].0);
                tick += 1;
            }
            let began = self.continues.contains(&(frame.run, frame.tick));
            assert_eq!(frame.continues_at, if began { frame.tick } else { 0 });
        }
        let ranges = game.outputs.iter().filter_map(|output| match output {
            Output::Frame { first_tick, last_tick, .. } => Some((*first_tick, *last_tick)),
            _ => None,
        });
        let told: Vec<_> = game
            .frames()
            .iter()
            .map(|frame| (frame.tick, frame.tick + frame.ticks.len() as u32 - 1))
            .collect();
        assert_eq!(ranges.collect::<Vec<_>>(), told);
    }
}

/// Seats of these tests fit one byte.
fn entry_bytes(data: &Bytes) -> usize {
    1 + if data.len() < 128 { 1 } else { 2 } + data.len()
}
