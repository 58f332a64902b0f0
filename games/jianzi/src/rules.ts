// The rules of 毽子: two to four players keep one feathered shuttlecock in the air for a minute.
// Whole numbers only, no clock, no chance but the seed: the same inputs give the same state on every phone, in the
// replay and on a referee. Lengths are in 1/256 of a court unit (U), speeds in that per tick, y grows upwards.

export const TICKS_PER_SECOND = 20, COUNTDOWN_TICKS = 60, END_TICK = 1260;
export const U = 256, COURT = 800 * U;
export const FOOT = 44 * U; // the height at which a kick is perfect
export const REACH = 54 * U, REACH_UP = 124 * U; // how far a foot reaches
export const STARS = [90, 220, 450]; // team points for one, two and three stars
export const CHARGE = 3; // perfect kicks that make the next one golden
export const SCRAPE = 1, GOOD = 2, PERFECT = 3; // the quality of a kick, and its points

export interface Player {
  x: number; vx: number;
  go: number; face: number; // direction held: -1, 0, 1; direction looked in: -1, 1
  walkTo: number; // walks to this x; -1: does not
  swing: number; rest: number; // ticks left of the kick under way; ticks until the next one may start
  score: number; touches: number; perfects: number; drops: number;
  charge: number; // perfect kicks in a row, up to CHARGE
  idle: number; bot: boolean; // ticks without an input; from IDLE on the seat plays by itself
}

export interface Shuttle {
  x: number; y: number; vx: number; vy: number;
  from: number; to: number; // seats; from -1: served
  wait: number; lock: number; // ticks until it is served; ticks until it may be kicked again
  gold: number; // golden kicks left: double points
}

export interface Lantern { x: number; y: number; wait: number }
export interface Tick { tick: number; inputs: { seat: number; data: ArrayLike<number> }[] }

/** What happened in this tick, for pictures and sounds. Not part of the hash. */
export type Happening =
  | { what: "go" | "over" }
  | { what: "serve" | "drop" | "whiff" | "golden"; seat: number }
  | { what: "kick"; seat: number; quality: number; points: number }
  | { what: "lantern"; seat: number; lantern: number; points: number };

export interface State {
  tick: number; random: number;
  players: Player[]; shuttle: Shuttle; lanterns: Lantern[];
  wind: number; windTo: number;
  combo: number; best: number; team: number;
  happened: Happening[];
}

// Inputs: one byte, or two for a walk to x (in steps of 4 units).
export const STAND = [0], LEFT = [1], RIGHT = [2], KICK = [3];
export const walkTo = (x: number): number[] => [4, clamp((x + 2 * U) >> 10, 0, 200)];

const GRAVITY = 520, DRAG_UP = 29, DRAG_ASIDE = 12;
const WALK = 12 * U, EDGE = 30 * U;
const SWING = 6, SWING_LIVE = 2, REST = 9, LOCK = 6, IDLE = 80;

export function start(seats: number, seed: number, botSeats: number[]): State {
  const players = Array.from({ length: seats }, (_, seat): Player => ({
    x: home(seat, seats), vx: 0, go: 0, walkTo: -1, face: seat * 2 < seats ? 1 : -1, swing: 0, rest: 0,
    score: 0, touches: 0, perfects: 0, drops: 0, charge: 0, idle: IDLE, bot: botSeats.indexOf(seat) >= 0,
  }));
  const state: State = {
    tick: 0, random: (seed ^ 0x9e3779b9) >>> 0 || 1, players,
    shuttle: { x: 0, y: 0, vx: 0, vy: 0, from: -1, to: 0, wait: 0, lock: 0, gold: 0 },
    lanterns: [], wind: 0, windTo: 0, combo: 0, best: 0, team: 0, happened: [],
  };
  state.lanterns.push(hang(state, 0), hang(state, 0), hang(state, 0));
  serve(state, chance(state, seats));
  return state;
}

export function step(before: State, { inputs }: Tick): State {
  const state = copy(before);
  state.tick += 1;
  if (state.tick > END_TICK) return state;
  for (const player of state.players) player.idle = Math.min(player.idle + 1, IDLE);
  for (const { seat, data } of inputs) {
    const player = state.players[seat];
    if (!player || player.bot) continue;
    player.idle = 0;
    apply(player, data);
  }
  state.players.forEach((player, seat) => {
    if (player.idle >= IDLE) for (const data of botInputs(state, seat)) apply(player, data);
  });
  for (const player of state.players) walk(player);
  if (state.tick < COUNTDOWN_TICKS) return state;
  if (state.tick === COUNTDOWN_TICKS) state.happened.push({ what: "go" });
  blow(state);
  play(state);
  if (state.tick === END_TICK) state.happened.push({ what: "over" });
  return state;
}

/** The match's outcome once it is over: team points, best combo, then every seat's points, each as u16. */
export function result(state: State): Uint8Array | undefined {
  if (state.tick < END_TICK) return undefined;
  const numbers = [state.team, state.best, ...state.players.map((player) => player.score)];
  return Uint8Array.from(numbers.reduce<number[]>((bytes, n) => [...bytes, n >> 8, n & 255], []));
}

/** FNV-1a over every number that the future depends on. */
export function hash(state: State): number {
  let h = 0x811c9dc5;
  const byte = (n: number) => { h = Math.imul(h ^ (n & 255), 0x01000193); };
  const add = (n: number) => { byte(n); byte(n >>> 8); byte(n >>> 16); byte(n >>> 24); };
  const s = state.shuttle;
  [state.tick, state.random, state.wind, state.windTo, state.combo, state.best, state.team].forEach(add);
  [s.x, s.y, s.vx, s.vy, s.from, s.to, s.wait, s.lock, s.gold].forEach(add);
  for (const l of state.lanterns) [l.x, l.y, l.wait].forEach(add);
  for (const p of state.players) {
    [p.x, p.vx, p.go, p.walkTo, p.face, p.swing, p.rest].forEach(add);
    [p.score, p.touches, p.perfects, p.drops, p.charge, p.idle].forEach(add);
  }
  return h >>> 0;
}

/** What a bot on this seat does now. Also plays a seat whose player has been silent for four seconds. */
export function botInputs(state: State, seat: number): number[][] {
  const player = state.players[seat], s = state.shuttle;
  if (!player) return [];
  const mood = spread(state.team * 31 + seat * 7 + s.from + player.touches * 131 + player.drops * 977);
  const mine = s.to === seat;
  const aim = walkTo(mine ? landing(state).x + ((mood & 31) - 16) * U : home(seat, state.players.length));
  const inputs = aim[1]! * 1024 === player.walkTo ? [] : [aim];
  const sleepy = (mood >>> 8) % 23 === 0; // everybody misses one now and then
  const height = sleepy ? 4 * U : FOOT + (((mood >>> 16) % 84) - 18) * U;
  if (mine && s.vy < 0 && s.y + s.vy <= height && near(player, s) && player.rest === 0) inputs.push(KICK);
  return inputs;
}

/** Where the shuttlecock comes down to foot height if nobody touches it, and in how many ticks. */
export function landing(state: State): { x: number; ticks: number } {
  const s = { ...state.shuttle };
  for (; s.wait < 400 && (s.vy > 0 || s.y > FOOT); s.wait++) fly(s, state.wind);
  return { x: s.x, ticks: s.wait };
}

/** Points are multiplied by this. */
export const multiplier = (combo: number): number => 1 + clamp(div(combo, 5), 0, 4);
export const stars = (state: State): number => STARS.filter((points) => state.team >= points).length;

function apply(player: Player, data: ArrayLike<number>): void {
  const command = data.length > 0 ? data[0]! : 255;
  if (command <= 2) {
    player.go = [0, -1, 1][command]!;
    player.walkTo = -1;
  } else if (command === 3 && player.rest === 0) {
    player.swing = SWING;
    player.rest = REST;
  } else if (command === 4 && data.length > 1) {
    player.go = 0;
    player.walkTo = clamp(data[1]!, 0, 200) << 10;
  }
}

function walk(player: Player): void {
  if (player.rest > 0) player.rest -= 1;
  let wish = player.go * WALK;
  if (player.walkTo >= 0) wish = clamp(player.walkTo - player.x, -WALK, WALK);
  player.vx += clamp(wish - player.vx, -5 * U, 5 * U);
  if (player.walkTo >= 0 && Math.abs(player.vx) > Math.abs(wish)) player.vx = wish;
  player.x = clamp(player.x + player.vx, EDGE, COURT - EDGE);
  if (Math.abs(player.vx) > U) player.face = player.vx < 0 ? -1 : 1;
}

/** The wind turns every five seconds and grows through the match. */
function blow(state: State): void {
  const most = U + div((state.tick - COUNTDOWN_TICKS) * 5 * U, END_TICK);
  if (state.tick % 100 === 0) state.windTo = chance(state, 2 * most + 1) - most;
  state.wind += clamp(state.windTo - state.wind, -16, 16);
}

function play(state: State): void {
  const s = state.shuttle;
  for (const lantern of state.lanterns) lantern.wait = Math.max(lantern.wait - 1, 0);
  if (s.wait > 0) {
    if (--s.wait === 0) state.happened.push({ what: "serve", seat: s.to });
  } else {
    fly(s, state.wind);
    if (s.lock > 0) s.lock -= 1;
    state.lanterns.forEach((lantern, i) => touch(state, lantern, i));
    if (s.y <= 0) drop(state);
  }
  state.players.forEach((player, seat) => {
    if (player.swing === 0) return;
    player.swing -= 1;
    if (player.swing >= SWING_LIVE && s.wait === 0 && s.lock === 0 && near(player, s)) kick(state, player, seat);
    else if (player.swing === SWING_LIVE) state.happened.push({ what: "whiff", seat });
  });
}

/** Foot meets feather: the better the moment, the higher and truer the pass, and the more it counts. */
function kick(state: State, player: Player, seat: number): void {
  const s = state.shuttle;
  const miss = Math.abs(s.y - FOOT) + (Math.abs(s.x - player.x) >> 1);
  const quality = miss <= 30 * U ? PERFECT : miss <= 62 * U ? GOOD : SCRAPE;
  player.swing = 0;
  player.touches += 1;
  state.combo += 1;
  state.best = Math.max(state.best, state.combo);
  if (player.charge === CHARGE) {
    player.charge = 0;
    s.gold = 4;
    state.happened.push({ what: "golden", seat });
  }
  const points = award(state, seat, quality * (s.gold > 0 ? 2 : 1));
  if (s.gold > 0) s.gold -= 1;
  if (quality === PERFECT) player.perfects += 1;
  player.charge = quality === SCRAPE ? 0 : Math.min(player.charge + (quality === PERFECT ? 1 : 0), CHARGE);
  state.happened.push({ what: "kick", seat, quality, points });

  const to = receiver(state, player, seat);
  const error = [0, 110, 56, 16][quality]!;
  const x = clamp(state.players[to]!.x + (chance(state, 2 * error + 1) - error) * U, EDGE, COURT - EDGE);
  const haste = Math.min(state.combo, 24) * 40; // a long rally gets flatter and faster
  s.vy = [0, 46, 58, 67][quality]! * U + chance(state, 6 * U) - haste;
  s.vx = speedToReach(x - s.x, s.y, s.vy);
  Object.assign(s, { from: seat, to, lock: LOCK });
  if (s.vx !== 0) player.face = s.vx < 0 ? -1 : 1;
}

/** The nearest teammate on the side one walks to; standing still, anybody. */
function receiver(state: State, player: Player, seat: number): number {
  const far = (i: number) => state.players[i]!.x - player.x;
  const others = state.players.map((_, i) => i).filter((i) => i !== seat);
  if (others.length === 0) return seat;
  const side = Math.abs(player.vx) > 3 * U ? player.face : 0;
  const there = others.filter((i) => far(i) * side > 0);
  if (there.length === 0) return others[chance(state, others.length)]!;
  return there.reduce((a, b) => (Math.abs(far(b)) < Math.abs(far(a)) ? b : a));
}

function drop(state: State): void {
  const seat = state.shuttle.to, player = state.players[seat]!;
  player.drops += 1;
  player.charge = state.combo = 0;
  state.happened.push({ what: "drop", seat });
  serve(state, chance(state, state.players.length));
}

function serve(state: State, to: number): void {
  const x = clamp(state.players[to]!.x + (chance(state, 81) - 40) * U, EDGE, COURT - EDGE);
  state.shuttle = { x, y: 430 * U, vx: 0, vy: 0, from: -1, to, wait: 24, lock: 0, gold: 0 };
}

function touch(state: State, lantern: Lantern, i: number): void {
  const s = state.shuttle, seat = s.from;
  if (lantern.wait > 0 || seat < 0) return;
  if (Math.abs(s.x - lantern.x) > 34 * U || Math.abs(s.y - lantern.y) > 36 * U) return;
  const points = award(state, seat, 5);
  state.happened.push({ what: "lantern", seat, lantern: i, points });
  state.lanterns[i] = hang(state, 70);
}

function award(state: State, seat: number, worth: number): number {
  const points = worth * multiplier(state.combo);
  state.players[seat]!.score += points;
  state.team += points;
  return points;
}

function fly(s: Shuttle, wind: number): void {
  s.vx += ((wind - s.vx) * DRAG_ASIDE) >> 8;
  s.vy -= GRAVITY + ((s.vy * DRAG_UP) >> 8);
  s.x += s.vx;
  s.y += s.vy;
  if (s.x < EDGE || s.x > COURT - EDGE) s.vx = -s.vx >> 1;
  s.x = clamp(s.x, EDGE, COURT - EDGE);
}

/** The speed aside with which still air carries the shuttlecock this far before it is down at foot height. */
function speedToReach(far: number, y: number, vy: number): number {
  let carried = 0;
  for (let left = 65536; vy > 0 || y > FOOT; y += vy) {
    vy -= GRAVITY + ((vy * DRAG_UP) >> 8);
    carried += left -= (left * DRAG_ASIDE) >> 8;
  }
  return div(far * 65536, carried);
}

const hang = (state: State, wait: number): Lantern =>
  ({ x: (90 + chance(state, 620)) * U, y: (250 + chance(state, 170)) * U, wait });
const home = (seat: number, seats: number): number => div(COURT * (2 * seat + 1), 2 * seats);
const near = (player: Player, s: Shuttle): boolean => Math.abs(s.x - player.x) <= REACH && s.y <= REACH_UP && s.y >= 0;
const clamp = (n: number, low: number, high: number): number => Math.max(low, Math.min(high, n));
const div = (a: number, b: number): number => (a / b) | 0;
const spread = (n: number): number => Math.imul(Math.imul(n ^ (n >>> 15), 0x2c1b3c6d) ^ 0x5bd1e995, 0x297a2d39) >>> 0;

/** A whole number from 0 to below `below`, from the state's own generator (xorshift32). */
function chance(state: State, below: number): number {
  let r = state.random;
  r ^= r << 13; r ^= r >>> 17; r ^= r << 5;
  state.random = r >>> 0;
  return state.random % below;
}

function copy(s: State): State {
  const players = s.players.map((p) => ({ ...p })), lanterns = s.lanterns.map((l) => ({ ...l }));
  return { ...s, players, lanterns, shuttle: { ...s.shuttle }, happened: [] };
}
