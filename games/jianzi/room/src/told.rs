//! A state as bytes, little-endian: what a tick broadcasts, what `view` answers and what `save` writes.
//!
//! `src/told.ts` is the reader on the phone.

use crate::rules::{COURT, Happening, Input, LANTERNS, Lantern, MAX_SEATS, Player, Shuttle, State};

/// The form of the bytes, their first one.
const FORM: u8 = 1;
/// 57 for all, 8 players of 23, 24 happenings of 5, 64 inputs of 4.
const CAPACITY: usize = 640;
/// For `walk_to`: does not walk.
const NOWHERE: u8 = 255;

pub struct Told {
    bytes: [u8; CAPACITY],
    len: usize,
}

/// A state with what happened in its tick.
pub fn tick(state: &State) -> Told {
    let mut told = Told::state(state);
    told.u8(state.happenings().count() as i32);
    for Happening { what, seat, which, points } in state.happenings() {
        told.u8(*what as i32);
        told.u8(*seat);
        told.u8(*which);
        told.u16(*points);
    }
    told
}

/// A state alone.
pub fn state(state: &State) -> Told {
    let mut told = Told::state(state);
    told.u8(0);
    told
}

/// The match's outcome: team points, best combo, then every seat's points, each as u16, big-endian.
pub fn result(state: &State) -> Told {
    let mut told = Told { bytes: [0; CAPACITY], len: 0 };
    let scores = state.players().iter().map(|player| player.score);
    for number in [state.team, state.best].into_iter().chain(scores) {
        told.put((number as u16).to_be_bytes());
    }
    told
}

/// What [`state`] and [`Told::inputs`] have written; `None` if it is anything else.
pub fn read(bytes: &[u8]) -> Option<(State, impl Iterator<Item = Input>)> {
    let mut reader = Reader(bytes);
    let [form, seats] = reader.take()?;
    if form != FORM || !(1..=MAX_SEATS).contains(&usize::from(seats)) {
        return None;
    }
    let mut state = State::blank(seats.into());
    state.tick = reader.u16()?;
    state.random = u32::from_le_bytes(reader.take()?).max(1);
    state.wind = reader.i32()?;
    state.wind_to = reader.i32()?;
    state.combo = reader.u16()?;
    state.best = reader.u16()?;
    state.team = reader.i32()?;
    state.shuttle = reader.shuttle(seats)?;
    for lantern in 0..LANTERNS {
        state.lanterns[lantern] = Lantern { x: reader.i32()?, y: reader.i32()?, wait: reader.u8()? };
    }
    for seat in 0..usize::from(seats) {
        state.all_players[seat] = reader.player()?;
    }
    let [happenings, inputs] = reader.take()?;
    let (records, rest) = reader.0.as_chunks::<4>();
    if happenings != 0 || records.len() != usize::from(inputs) || !rest.is_empty() {
        return None;
    }
    let inputs =
        records.iter().map(|[seat, len, a, b]| Input { seat: Some(*seat), data: [*a, *b], len: *len });
    is_on_court(&state).then_some((state, inputs))
}

/// Numbers with which the rules cannot leave the range of an i32.
fn is_on_court(state: &State) -> bool {
    const FAR: core::ops::RangeInclusive<i32> = -4 * COURT..=4 * COURT;
    let s = &state.shuttle;
    let lanterns = state.lanterns.iter().flat_map(|lantern| [lantern.x, lantern.y]);
    let players = state.players().iter().map(|player| player.x);
    let all = [s.x, s.y, s.vx, s.vy, state.wind, state.wind_to];
    all.into_iter().chain(lanterns).chain(players).all(|number| FAR.contains(&number))
        && (0..1 << 24).contains(&state.team)
}

impl Told {
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Adds inputs that wait for their tick.
    pub fn inputs(&mut self, inputs: &[Input]) {
        self.u8(inputs.iter().filter(|input| input.seat.is_some()).count() as i32);
        for Input { seat, data, len } in inputs {
            if let Some(seat) = seat {
                self.put([*seat, *len, data[0], data[1]]);
            }
        }
    }

    fn state(state: &State) -> Told {
        let mut told = Told { bytes: [0; CAPACITY], len: 0 };
        told.put([FORM, state.seats as u8]);
        told.u16(state.tick);
        told.put(state.random.to_le_bytes());
        told.i32(state.wind);
        told.i32(state.wind_to);
        told.u16(state.combo);
        told.u16(state.best);
        told.i32(state.team);
        let s = &state.shuttle;
        [s.x, s.y, s.vx, s.vy].into_iter().for_each(|number| told.i32(number));
        [s.from, s.to, s.wait, s.lock, s.gold].into_iter().for_each(|number| told.u8(number));
        for Lantern { x, y, wait } in &state.lanterns {
            told.i32(*x);
            told.i32(*y);
            told.u8(*wait);
        }
        state.players().iter().for_each(|player| told.player(player));
        told
    }

    fn player(&mut self, p: &Player) {
        self.i32(p.x);
        self.put((p.vx as i16).to_le_bytes());
        self.u8(p.go);
        self.u8(p.face);
        self.u8(if p.walk_to < 0 { NOWHERE.into() } else { p.walk_to >> 10 });
        [p.swing, p.rest, p.charge, p.idle, p.bot.into()].into_iter().for_each(|number| self.u8(number));
        [p.score, p.touches, p.perfects, p.drops].into_iter().for_each(|number| self.u16(number));
    }

    fn i32(&mut self, number: i32) {
        self.put(number.to_le_bytes());
    }

    fn u16(&mut self, number: i32) {
        self.put((number as u16).to_le_bytes());
    }

    /// Also -1, as 255.
    fn u8(&mut self, number: i32) {
        self.put([number as u8]);
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + N) {
            place.copy_from_slice(&bytes);
            self.len += N;
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_le_bytes)
    }

    fn u16(&mut self) -> Option<i32> {
        self.take().map(|bytes| u16::from_le_bytes(bytes).into())
    }

    fn u8(&mut self) -> Option<i32> {
        self.take().map(|[byte]| byte.into())
    }

    fn i8(&mut self) -> Option<i32> {
        self.take().map(|[byte]| (byte as i8).into())
    }

    fn shuttle(&mut self, seats: u8) -> Option<Shuttle> {
        let [x, y, vx, vy] = [self.i32()?, self.i32()?, self.i32()?, self.i32()?];
        let [from, to] = [self.i8()?, self.i8()?];
        let [wait, lock, gold] = [self.u8()?, self.u8()?, self.u8()?];
        let seats = i32::from(seats);
        let is_possible = (-1..seats).contains(&from) && (0..seats).contains(&to);
        is_possible.then_some(Shuttle { x, y, vx, vy, from, to, wait, lock, gold })
    }

    fn player(&mut self) -> Option<Player> {
        let x = self.i32()?;
        let vx = i16::from_le_bytes(self.take()?).into();
        let [go, face] = [self.i8()?, self.i8()?];
        let [walk_to] = self.take()?;
        let walk_to = if walk_to == NOWHERE { -1 } else { i32::from(walk_to) << 10 };
        let [swing, rest, charge, idle] = [self.u8()?, self.u8()?, self.u8()?, self.u8()?];
        let bot = self.u8()? == 1;
        let [score, touches, perfects, drops] = [self.u16()?, self.u16()?, self.u16()?, self.u16()?];
        Some(Player {
            x,
            vx,
            go,
            face,
            walk_to,
            swing,
            rest,
            score,
            touches,
            perfects,
            drops,
            charge,
            idle,
            bot,
        })
    }
}
