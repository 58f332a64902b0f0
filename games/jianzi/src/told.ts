// What an authoritative room tells, as a state of the rules: the phone draws it and computes nothing.
// `room/src/told.rs` is the writer.
import type { Happening, State } from "./rules";

const FORM = 1, NOWHERE = 255;

/** A tick's broadcast, or the room's answer to who comes later; undefined if it is neither. */
export function readTold(bytes: Uint8Array): State | undefined {
  const read = new Reader(bytes);
  try {
    return read.u8() === FORM ? readState(read) : undefined;
  } catch {
    return undefined; // too short
  }
}

function readState(read: Reader): State {
  const seats = read.u8();
  const state: State = {
    tick: read.u16(), random: read.i32() >>> 0, wind: read.i32(), windTo: read.i32(),
    combo: read.u16(), best: read.u16(), team: read.i32(),
    shuttle: {
      x: read.i32(), y: read.i32(), vx: read.i32(), vy: read.i32(), from: read.i8(), to: read.i8(),
      wait: read.u8(), lock: read.u8(), gold: read.u8(),
    },
    lanterns: times(3, () => ({ x: read.i32(), y: read.i32(), wait: read.u8() })),
    players: times(seats, () => ({
      x: read.i32(), vx: read.i16(), go: read.i8(), face: read.i8(), walkTo: place(read.u8()),
      swing: read.u8(), rest: read.u8(), charge: read.u8(), idle: read.u8(), bot: read.u8() === 1,
      score: read.u16(), touches: read.u16(), perfects: read.u16(), drops: read.u16(),
    })),
    happened: [],
  };
  state.happened = times(read.u8(), () => happening(read.u8(), read.u8(), read.u8(), read.u16()));
  return state;
}

function happening(what: number, seat: number, which: number, points: number): Happening {
  switch (what) {
    case 0: return { what: "go" };
    case 1: return { what: "over" };
    case 6: return { what: "kick", seat, quality: which, points };
    case 7: return { what: "lantern", seat, lantern: which, points };
    default: return { what: (["serve", "drop", "whiff", "golden"] as const)[what - 2] ?? "whiff", seat };
  }
}

const place = (steps: number): number => (steps === NOWHERE ? -1 : steps << 10);

function times<T>(count: number, make: () => T): T[] {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(make());
  return all;
}

/** Little-endian; throws behind the end. */
class Reader {
  private at = 0;
  private readonly view: DataView;
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u8(): number {
    return this.view.getUint8(this.at++);
  }
  i8(): number {
    return (this.u8() << 24) >> 24;
  }
  u16(): number {
    return this.u8() | (this.u8() << 8);
  }
  i16(): number {
    return (this.u16() << 16) >> 16;
  }
  i32(): number {
    return this.u16() | (this.u16() << 16);
  }
}
