// The rules of an authoritative Jianzi room, in AssemblyScript.
//
// A game extends `Game`, is handed to `play`, and its entry file exports what the server calls:
//
//   import { Config, Game, play, room } from "./jianzi";
//   export { jz_abi, jz_alloc, jz_init, jz_join, jz_leave, jz_input, jz_tick } from "./jianzi";
//   export { jz_view } from "./jianzi";                                // if the game overrides `view`
//   export { jz_save, jz_save_version, jz_load } from "./jianzi";      // if it overrides `save` and `load`
//
//   class Counter extends Game { … }
//   play((config: Config): Game => new Counter(config));
//
// A room can be run again from its log only if its rules are a function of their calls: take chance from `room.random`,
// not from `Math.random`, and time from `room.nowUs` or the tick's number.

/** The rules of a room. One value is one room; `play` makes it. */
export abstract class Game {
  /** Somebody has taken a seat. Bots do not: the rules play the last `config.bots` seats themselves. */
  join(seat: i32, player: Player): void {}

  /** A seat is free again. */
  leave(seat: i32, why: Leave): void {}

  /** What a seat's client has sent, at once and in order. Trust none of it. */
  abstract input(seat: i32, data: Bytes): void;

  /** Ticks are numbered from 1, without a gap but for those whose call ended badly. */
  abstract tick(number: u32): void;

  /** The state as somebody may see it who joins late or comes back; seat -1 is a spectator. */
  view(seat: i32): Bytes { return new StaticArray<u8>(0); }

  /** The state in a form that another version of the rules can read. */
  save(): Bytes { return new StaticArray<u8>(0); }

  /** Takes up what a version of these rules has saved; false if it cannot be read. */
  load(version: u32, saved: Bytes): bool { return false; }
}

export type Bytes = StaticArray<u8>;

export enum Leave { Left, Kicked, Gone }

export class Player {
  constructor(readonly id: string, readonly name: string) {}
}

/** How the room was wished for. */
export class Config {
  readonly properties: Map<string, string> = new Map();
  constructor(
    readonly seed: u32,
    readonly tickHz: u32,
    /** Bots included. */
    readonly seats: i32,
    /** The last seats, which the rules play themselves. */
    readonly bots: i32,
  ) {}
}

/** What rules can do to the world. One message has 32 KiB at most, all of one call 64 KiB. */
export namespace room {
  /** To everybody, with the frame of the tick. */
  export function broadcast(data: Bytes): void { host.broadcast(changetype<usize>(data), data.length); }

  /** To one seat, if somebody sits there and listens; nothing is kept for later. */
  export function send(seat: i32, data: Bytes): void { host.send(seat, changetype<usize>(data), data.length); }

  /** Something that shall happen outside of the room, exactly once. */
  export function effect(kind: string, data: Bytes): void {
    const name = utf8(kind);
    host.effect(changetype<usize>(name), name.byteLength, changetype<usize>(data), data.length);
  }

  /** The match is over. The result is trusted. */
  export function end(result: Bytes): void { host.end(changetype<usize>(result), result.length); }

  /** The next number of the room's own generator; a replay draws the same. */
  export function random(): u64 { return <u64>host.random(); }

  /** From 0 to below `bound`; 0 if `bound` is 0. */
  export function randomBelow(bound: u32): u32 { return <u32>(((random() >> 32) * <u64>bound) >> 32); }

  /** Room time in microseconds: tick × period. */
  export function nowUs(): u64 { return <u64>host.now(); }

  /** A number for the operators' graphs. */
  export function metric(name: string, value: f64): void {
    const text = utf8(name);
    host.metric(changetype<usize>(text), text.byteLength, value);
  }

  export function debug(text: string): void { log(0, text); }
  export function info(text: string): void { log(1, text); }
  export function warn(text: string): void { log(2, text); }
  export function error(text: string): void { log(3, text); }
}

/** Says which game this module is. `saveVersion` rises when what `save` writes has another form. */
export function play(make: (config: Config) => Game, saveVersion: u32 = 1): void {
  maker = make;
  saves = saveVersion;
}

// What the server calls. Statuses: 0 well, 1 arguments are not what the ABI says, 2 not begun, 3 a save cannot be read.

export function jz_abi(): i32 { return 1; }

export function jz_alloc(len: i32): usize {
  args = new StaticArray<u8>(len);
  return changetype<usize>(args);
}

export function jz_init(_at: usize, len: i32): i32 {
  const reader = new Reader(taken(len));
  const seed = reader.u32(), tickHz = reader.u32(), seats = reader.u32(), bots = reader.u32();
  const config = new Config(seed, tickHz, seats, bots);
  for (let count = reader.u32(); count > 0 && !reader.failed; count--) {
    const key = reader.text();
    config.properties.set(key, reader.text());
  }
  const make = maker;
  if (!reader.isAtEnd || !make) return 1;
  game = make(config);
  return 0;
}

export function jz_join(seat: i32, _at: usize, len: i32): i32 {
  const reader = new Reader(taken(len)), id = reader.text(), name = reader.text(), rules = game;
  if (!reader.isAtEnd) return 1;
  if (!rules) return 2;
  rules.join(seat, new Player(id, name));
  return 0;
}

export function jz_leave(seat: i32, why: i32): i32 {
  const rules = game;
  if (!rules) return 2;
  rules.leave(seat, why == 0 ? Leave.Left : why == 1 ? Leave.Kicked : Leave.Gone);
  return 0;
}

export function jz_input(seat: i32, _at: usize, len: i32): i32 {
  const rules = game;
  if (!rules) return 2;
  rules.input(seat, taken(len));
  return 0;
}

export function jz_tick(number: i32): i32 {
  const rules = game;
  if (!rules) return 2;
  rules.tick(<u32>number);
  return 0;
}

export function jz_view(seat: i32): i32 {
  const rules = game;
  if (!rules) return 2;
  reply(rules.view(seat));
  return 0;
}

export function jz_save_version(): i32 { return <i32>saves; }

/** A save carries its form's version in front, so that it says by itself what it is. */
export function jz_save(): i32 {
  const rules = game;
  if (!rules) return 2;
  const saved = rules.save(), sealed = new StaticArray<u8>(4 + saved.length);
  store<u32>(changetype<usize>(sealed), saves);
  memory.copy(changetype<usize>(sealed) + 4, changetype<usize>(saved), saved.length);
  reply(sealed);
  return 0;
}

export function jz_load(_from: i32, _at: usize, len: i32): i32 {
  const rules = game, sealed = taken(len);
  if (!rules) return 2;
  if (sealed.length < 4) return 3;
  const saved = StaticArray.slice<u8>(sealed, 4);
  return rules.load(load<u32>(changetype<usize>(sealed)), saved) ? 0 : 3;
}

/** Takes the place of AssemblyScript's `abort` (asconfig.json): an error is logged, then traps. */
export function panicked(message: string | null, file: string | null, line: u32, column: u32): void {
  const place = (file ? file : "?") + ":" + line.toString();
  log(3, (message ? message : "error") + " at " + place);
  unreachable();
}

let maker: ((config: Config) => Game) | null = null;
let saves: u32 = 1;
let game: Game | null = null;
/** The bytes of the call to come. */
let args: StaticArray<u8> = new StaticArray<u8>(0);

function taken(len: i32): Bytes {
  const bytes = len == 0 ? new StaticArray<u8>(0) : args;
  return bytes.length == len ? bytes : StaticArray.slice<u8>(bytes, 0, len);
}

function reply(data: Bytes): void { host.reply(changetype<usize>(data), data.length); }

function log(level: i32, text: string): void {
  const bytes = utf8(text);
  host.log(level, changetype<usize>(bytes), bytes.byteLength);
}

function utf8(text: string): ArrayBuffer { return String.UTF8.encode(text); }

/** Numbers and texts, little-endian, each text behind its length. */
class Reader {
  failed: bool = false;
  private at: i32 = 0;
  constructor(private readonly bytes: Bytes) {}

  get isAtEnd(): bool { return !this.failed && this.at == this.bytes.length; }

  u32(): u32 {
    const at = this.take(4);
    return this.failed ? 0 : load<u32>(at);
  }

  text(): string {
    const length = this.u32(), at = this.take(length);
    return this.failed ? "" : String.UTF8.decodeUnsafe(at, length);
  }

  private take(length: u32): usize {
    const at = this.at;
    if (length > <u32>(this.bytes.length - at)) this.failed = true;
    if (!this.failed) this.at += length;
    return changetype<usize>(this.bytes) + at;
  }
}

namespace host {
  // @ts-ignore: decorator
  @external("jianzi", "send") export declare function send(seat: i32, at: usize, len: i32): void;
  // @ts-ignore: decorator
  @external("jianzi", "broadcast") export declare function broadcast(at: usize, len: i32): void;
  // @ts-ignore: decorator
  @external("jianzi", "reply") export declare function reply(at: usize, len: i32): void;
  // @ts-ignore: decorator
  @external("jianzi", "effect") export declare function effect(kindAt: usize, kindLen: i32, at: usize, len: i32): void;
  // @ts-ignore: decorator
  @external("jianzi", "end") export declare function end(at: usize, len: i32): void;
  // @ts-ignore: decorator
  @external("jianzi", "log") export declare function log(level: i32, at: usize, len: i32): void;
  // @ts-ignore: decorator
  @external("jianzi", "random") export declare function random(): i64;
  // @ts-ignore: decorator
  @external("jianzi", "now") export declare function now(): i64;
  // @ts-ignore: decorator
  @external("jianzi", "metric") export declare function metric(nameAt: usize, nameLen: i32, value: f64): void;
}
