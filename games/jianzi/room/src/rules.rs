//! The rules of `src/rules.ts`, in its order and with its names, so that the two can be read side by side.

use core::cmp::{max, min};

pub const COUNTDOWN_TICKS: i32 = 60;
pub const END_TICK: i32 = 1260;
pub const U: i32 = 256;
pub const COURT: i32 = 800 * U;
const FOOT: i32 = 44 * U;
const REACH: i32 = 54 * U;
const REACH_UP: i32 = 124 * U;
pub const CHARGE: i32 = 3;
const SCRAPE: i32 = 1;
const GOOD: i32 = 2;
const PERFECT: i32 = 3;

const GRAVITY: i32 = 520;
const DRAG_UP: i32 = 29;
const DRAG_ASIDE: i32 = 12;
const WALK: i32 = 12 * U;
const EDGE: i32 = 30 * U;
const SWING: i32 = 6;
const SWING_LIVE: i32 = 2;
const REST: i32 = 9;
const LOCK: i32 = 6;
const IDLE: i32 = 80;

const LANTERN: i32 = if cfg!(feature = "festival") { 25 } else { 5 };
const HANG: i32 = if cfg!(feature = "festival") { 10 } else { 70 };

pub const MAX_SEATS: usize = 8;
pub const LANTERNS: usize = 3;
const MAX_HAPPENINGS: usize = 24;

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Player {
    pub x: i32,
    pub vx: i32,
    pub go: i32,
    pub face: i32,
    pub walk_to: i32,
    pub swing: i32,
    pub rest: i32,
    pub score: i32,
    pub touches: i32,
    pub perfects: i32,
    pub drops: i32,
    pub charge: i32,
    pub idle: i32,
    pub bot: bool,
}

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Shuttle {
    pub x: i32,
    pub y: i32,
    pub vx: i32,
    pub vy: i32,
    pub from: i32,
    pub to: i32,
    pub wait: i32,
    pub lock: i32,
    pub gold: i32,
}

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Lantern {
    pub x: i32,
    pub y: i32,
    pub wait: i32,
}

/// The numbers are those of `src/told.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Go = 0,
    Over = 1,
    Serve = 2,
    Drop = 3,
    Whiff = 4,
    Golden = 5,
    Kick = 6,
    Lantern = 7,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happening {
    pub what: What,
    pub seat: i32,
    /// The quality of a kick, or which lantern.
    pub which: i32,
    pub points: i32,
}

/// What a seat does: the first two bytes count.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Input {
    pub seat: Option<u8>,
    pub data: [u8; 2],
    pub len: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub tick: i32,
    pub random: u32,
    pub seats: usize,
    pub all_players: [Player; MAX_SEATS],
    pub shuttle: Shuttle,
    pub lanterns: [Lantern; LANTERNS],
    pub wind: i32,
    pub wind_to: i32,
    pub combo: i32,
    pub best: i32,
    pub team: i32,
    happenings: [Option<Happening>; MAX_HAPPENINGS],
}

impl State {
    /// The last `bots` seats are bots'.
    pub fn start(seats: u32, seed: u32, bots: u32) -> State {
        let seats = (seats as usize).clamp(1, MAX_SEATS);
        let mut state = State::blank(seats);
        state.random = max(seed ^ 0x9e37_79b9, 1);
        for seat in 0..seats {
            let face = if seat * 2 < seats { 1 } else { -1 };
            let bot = seat + (bots as usize) >= seats;
            let x = home(seat, seats);
            state.all_players[seat] = Player { x, face, walk_to: -1, idle: IDLE, bot, ..Player::default() };
        }
        for lantern in 0..LANTERNS {
            state.lanterns[lantern] = state.hang(0);
        }
        let to = state.chance(seats as i32);
        state.serve(to as usize);
        state
    }

    pub fn blank(seats: usize) -> State {
        State {
            tick: 0,
            random: 1,
            seats: min(seats, MAX_SEATS),
            all_players: [Player::default(); MAX_SEATS],
            shuttle: Shuttle::default(),
            lanterns: [Lantern::default(); LANTERNS],
            wind: 0,
            wind_to: 0,
            combo: 0,
            best: 0,
            team: 0,
            happenings: [None; MAX_HAPPENINGS],
        }
    }

    pub fn players(&self) -> &[Player] {
        self.all_players.get(..self.seats).unwrap_or_default()
    }

    pub fn happenings(&self) -> impl Iterator<Item = &Happening> + Clone {
        self.happenings.iter().flatten()
    }

    pub fn is_over(&self) -> bool {
        self.tick >= END_TICK
    }

    pub fn step(&mut self, inputs: &[Input]) {
        self.happenings = [None; MAX_HAPPENINGS];
        self.tick = min(self.tick + 1, 0xffff);
        if self.tick > END_TICK {
            return;
        }
        for player in self.players_mut() {
            player.idle = min(player.idle + 1, IDLE);
        }
        for input in inputs {
            let Some(seat) = input.seat else { continue };
            let Some(player) = self.players_mut().get_mut(usize::from(seat)) else { continue };
            if !player.bot {
                player.idle = 0;
                player.apply(input);
            }
        }
        for seat in 0..self.seats {
            if self.all_players[seat].idle >= IDLE {
                let (walk, kick) = self.bot_inputs(seat);
                let player = &mut self.all_players[seat];
                player.go = if walk.is_some() { 0 } else { player.go };
                player.walk_to = walk.unwrap_or(player.walk_to);
                if kick {
                    player.kick();
                }
            }
        }
        self.players_mut().iter_mut().for_each(Player::walk);
        if self.tick < COUNTDOWN_TICKS {
            return;
        }
        if self.tick == COUNTDOWN_TICKS {
            self.happen(What::Go, 0, 0, 0);
        }
        self.blow();
        self.play();
        if self.tick == END_TICK {
            self.happen(What::Over, 0, 0, 0);
        }
    }

    /// Where a bot on this seat walks now, if elsewhere than before, and whether it kicks.
    fn bot_inputs(&self, seat: usize) -> (Option<i32>, bool) {
        let (player, s) = (&self.all_players[seat], &self.shuttle);
        let mood =
            spread(self.team * 31 + seat as i32 * 7 + s.from + player.touches * 131 + player.drops * 977);
        let mine = s.to == seat as i32;
        let aim = if mine { self.landing() + ((mood & 31) as i32 - 16) * U } else { home(seat, self.seats) };
        let walk_to = ((aim + 2 * U) >> 10).clamp(0, 200) * 1024;
        let sleepy = (mood >> 8).is_multiple_of(23);
        let height = if sleepy { 4 * U } else { FOOT + (((mood >> 16) % 84) as i32 - 18) * U };
        let kick = mine && s.vy < 0 && s.y + s.vy <= height && player.is_near(s) && player.rest == 0;
        ((walk_to != player.walk_to).then_some(walk_to), kick)
    }

    fn landing(&self) -> i32 {
        let mut s = self.shuttle;
        while s.wait < 400 && (s.vy > 0 || s.y > FOOT) {
            s.fly(self.wind);
            s.wait += 1;
        }
        s.x
    }

    fn blow(&mut self) {
        let most = U + (self.tick - COUNTDOWN_TICKS) * 5 * U / END_TICK;
        if self.tick % 100 == 0 {
            self.wind_to = self.chance(2 * most + 1) - most;
        }
        self.wind += (self.wind_to - self.wind).clamp(-16, 16);
    }

    fn play(&mut self) {
        for lantern in &mut self.lanterns {
            lantern.wait = max(lantern.wait - 1, 0);
        }
        // A feather on the ground is what feet meet in this tick, though the next is served already.
        let mut dropped = None;
        if self.shuttle.wait > 0 {
            self.shuttle.wait -= 1;
            if self.shuttle.wait == 0 {
                self.happen(What::Serve, self.shuttle.to, 0, 0);
            }
        } else {
            self.shuttle.fly(self.wind);
            self.shuttle.lock = max(self.shuttle.lock - 1, 0);
            for lantern in 0..LANTERNS {
                self.touch(lantern);
            }
            if self.shuttle.y <= 0 {
                dropped = Some(self.shuttle);
                self.drop();
            }
        }
        for seat in 0..self.seats {
            if self.all_players[seat].swing == 0 {
                continue;
            }
            self.all_players[seat].swing -= 1;
            let (player, s) = (&self.all_players[seat], dropped.as_ref().unwrap_or(&self.shuttle));
            if player.swing >= SWING_LIVE && s.wait == 0 && s.lock == 0 && player.is_near(s) {
                self.kick(seat);
            } else if player.swing == SWING_LIVE {
                self.happen(What::Whiff, seat as i32, 0, 0);
            }
        }
    }

    fn kick(&mut self, seat: usize) {
        let x = self.all_players[seat].x;
        let miss = (self.shuttle.y - FOOT).abs() + ((self.shuttle.x - x).abs() >> 1);
        let quality = match miss {
            miss if miss <= 30 * U => PERFECT,
            miss if miss <= 62 * U => GOOD,
            _ => SCRAPE,
        };
        self.combo += 1;
        self.best = max(self.best, self.combo);
        let player = &mut self.all_players[seat];
        player.swing = 0;
        player.touches += 1;
        if player.charge == CHARGE {
            player.charge = 0;
            self.shuttle.gold = 4;
            self.happen(What::Golden, seat as i32, 0, 0);
        }
        let points = self.award(seat, if self.shuttle.gold > 0 { 2 * quality } else { quality });
        self.shuttle.gold = max(self.shuttle.gold - 1, 0);
        let player = &mut self.all_players[seat];
        if quality == PERFECT {
            player.perfects += 1;
            player.charge = min(player.charge + 1, CHARGE);
        } else if quality == SCRAPE {
            player.charge = 0;
        }
        self.happen(What::Kick, seat as i32, quality, points);

        let to = self.receiver(seat);
        let error = [0, 110, 56, 16][quality as usize];
        let aside = (self.chance(2 * error + 1) - error) * U;
        let x = (self.all_players[to].x + aside).clamp(EDGE, COURT - EDGE);
        let haste = min(self.combo, 24) * 40;
        let vy = [0, 46, 58, 67][quality as usize] * U + self.chance(6 * U) - haste;
        let vx = speed_to_reach(x - self.shuttle.x, self.shuttle.y, vy);
        self.shuttle = Shuttle { vx, vy, from: seat as i32, to: to as i32, lock: LOCK, ..self.shuttle };
        if vx != 0 {
            self.all_players[seat].face = if vx < 0 { -1 } else { 1 };
        }
    }

    fn receiver(&mut self, seat: usize) -> usize {
        if self.seats < 2 {
            return seat;
        }
        let player = self.all_players[seat];
        let far = |state: &State, i: usize| state.all_players[i].x - player.x;
        let side = if player.vx.abs() > 3 * U { player.face } else { 0 };
        let there = (0..self.seats).filter(|i| *i != seat && far(self, *i) * side > 0);
        if let Some(nearest) = there.min_by_key(|i| far(self, *i).abs()) {
            return nearest;
        }
        let other = self.chance(self.seats as i32 - 1) as usize;
        if other < seat { other } else { other + 1 }
    }

    fn drop(&mut self) {
        let seat = self.shuttle.to as usize;
        let player = &mut self.all_players[seat];
        player.drops += 1;
        player.charge = 0;
        self.combo = 0;
        self.happen(What::Drop, seat as i32, 0, 0);
        let to = self.chance(self.seats as i32);
        self.serve(to as usize);
    }

    fn serve(&mut self, to: usize) {
        let x = (self.all_players[to].x + (self.chance(81) - 40) * U).clamp(EDGE, COURT - EDGE);
        self.shuttle = Shuttle { x, y: 430 * U, from: -1, to: to as i32, wait: 24, ..Shuttle::default() };
    }

    fn touch(&mut self, which: usize) {
        let (s, lantern) = (self.shuttle, self.lanterns[which]);
        let is_far = (s.x - lantern.x).abs() > 34 * U || (s.y - lantern.y).abs() > 36 * U;
        if lantern.wait > 0 || s.from < 0 || is_far {
            return;
        }
        let points = self.award(s.from as usize, LANTERN);
        self.happen(What::Lantern, s.from, which as i32, points);
        self.lanterns[which] = self.hang(HANG);
    }

    fn award(&mut self, seat: usize, worth: i32) -> i32 {
        let points = worth * (1 + (self.combo / 5).clamp(0, 4));
        self.all_players[seat].score += points;
        self.team += points;
        points
    }

    fn hang(&mut self, wait: i32) -> Lantern {
        let x = (90 + self.chance(620)) * U;
        Lantern { x, y: (250 + self.chance(170)) * U, wait }
    }

    /// xorshift32.
    fn chance(&mut self, below: i32) -> i32 {
        let mut r = self.random;
        r ^= r << 13;
        r ^= r >> 17;
        r ^= r << 5;
        self.random = r;
        (r % below as u32) as i32
    }

    fn happen(&mut self, what: What, seat: i32, which: i32, points: i32) {
        if let Some(place) = self.happenings.iter_mut().find(|place| place.is_none()) {
            *place = Some(Happening { what, seat, which, points });
        }
    }

    fn players_mut(&mut self) -> &mut [Player] {
        self.all_players.get_mut(..self.seats).unwrap_or_default()
    }
}

impl Player {
    fn apply(&mut self, input: &Input) {
        match (input.len, input.data) {
            (1.., [command @ 0..=2, _]) => {
                self.go = [0, -1, 1][usize::from(command)];
                self.walk_to = -1;
            }
            (1.., [3, _]) => self.kick(),
            (2.., [4, to]) => {
                self.go = 0;
                self.walk_to = min(i32::from(to), 200) << 10;
            }
            _ => {}
        }
    }

    fn kick(&mut self) {
        if self.rest == 0 {
            self.swing = SWING;
            self.rest = REST;
        }
    }

    fn walk(&mut self) {
        self.rest = max(self.rest - 1, 0);
        let walks = self.walk_to >= 0;
        let wish = if walks { (self.walk_to - self.x).clamp(-WALK, WALK) } else { self.go * WALK };
        self.vx += (wish - self.vx).clamp(-5 * U, 5 * U);
        if walks && self.vx.abs() > wish.abs() {
            self.vx = wish;
        }
        self.x = (self.x + self.vx).clamp(EDGE, COURT - EDGE);
        if self.vx.abs() > U {
            self.face = if self.vx < 0 { -1 } else { 1 };
        }
    }

    fn is_near(&self, s: &Shuttle) -> bool {
        (s.x - self.x).abs() <= REACH && s.y <= REACH_UP && s.y >= 0
    }
}

impl Shuttle {
    fn fly(&mut self, wind: i32) {
        self.vx += ((wind - self.vx) * DRAG_ASIDE) >> 8;
        self.vy -= GRAVITY + ((self.vy * DRAG_UP) >> 8);
        self.x += self.vx;
        self.y += self.vy;
        if self.x < EDGE || self.x > COURT - EDGE {
            self.vx = -self.vx >> 1;
        }
        self.x = self.x.clamp(EDGE, COURT - EDGE);
    }
}

impl Input {
    pub fn new(seat: u16, data: &[u8]) -> Input {
        let byte = |at| data.get(at).copied().unwrap_or(0);
        Input { seat: u8::try_from(seat).ok(), data: [byte(0), byte(1)], len: min(data.len(), 2) as u8 }
    }
}

fn speed_to_reach(far: i32, mut y: i32, mut vy: i32) -> i32 {
    let (mut carried, mut left) = (0, 65536);
    while vy > 0 || y > FOOT {
        vy -= GRAVITY + ((vy * DRAG_UP) >> 8);
        left -= (left * DRAG_ASIDE) >> 8;
        carried += left;
        y += vy;
    }
    i64::from(far).wrapping_mul(65536).checked_div(carried.into()).unwrap_or(0) as i32
}

fn home(seat: usize, seats: usize) -> i32 {
    COURT * (2 * seat as i32 + 1) / (2 * seats as i32)
}

fn spread(n: i32) -> u32 {
    let n = n as u32;
    ((n ^ (n >> 15)).wrapping_mul(0x2c1b_3c6d) ^ 0x5bd1_e995).wrapping_mul(0x297a_2d39)
}
