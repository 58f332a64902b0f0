// A finished match again: the server's replay through the same rules.
import * as rules from "./rules";
import type { State } from "./rules";

/** `GET /v1/replays/<room>.json`, out of its envelope. */
export interface ReplayFile {
  room: string;
  seats: { seat: number; player: string; name: string; bot: boolean }[];
  seed: number;
  /** For every tick, from 1: [seat, base64 of the input] in the order of application. */
  ticks: [number, string][][];
  /** What the seats held for the outcome, in base64. */
  results?: { seat: number; result: string; hash: number }[];
}

export class Replay {
  state: State;
  readonly names: string[] = [];
  speed = 1;
  private due = 0;

  constructor(readonly file: ReplayFile) {
    for (const { seat, name, bot } of file.seats) if (!bot) this.names[seat] = name;
    this.state = this.begin();
  }

  get length(): number {
    return Math.min(this.file.ticks.length, rules.END_TICK);
  }
  get over(): boolean {
    return this.state.tick >= this.length;
  }

  /** Plays on for so many seconds and hands over every state on the way. */
  move(seconds: number, show: (state: State) => void): void {
    this.due += seconds * rules.TICKS_PER_SECOND * this.speed;
    while (this.due >= 1 && !this.over) {
      this.due -= 1;
      this.state = this.next(this.state);
      show(this.state);
    }
    if (this.over) this.due = 0;
  }

  /** Goes to any tick, by playing there. */
  seek(tick: number): void {
    if (tick < this.state.tick) this.state = this.begin();
    while (this.state.tick < tick && !this.over) this.state = this.next(this.state);
  }

  private begin(): State {
    const bots = this.file.seats.filter((seat) => seat.bot).map((seat) => seat.seat);
    return rules.start(seatsOf(this.file), this.file.seed, bots);
  }

  private next(state: State): State {
    const inputs = (this.file.ticks[state.tick] ?? []).map(([seat, data]) => ({ seat, data: bytes(data) }));
    return rules.step(state, { tick: state.tick + 1, inputs });
  }
}

/** Seats that nobody ever took are not listed, but the outcome has a number for every seat, behind its first two. */
function seatsOf({ seats, results = [] }: ReplayFile): number {
  const told = Math.max(0, ...results.map(({ result }) => bytes(result).length / 2 - 2));
  return told > 0 ? told : 1 + Math.max(...seats.map(({ seat }) => seat));
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 by hand: WeChat has no `atob`. */
function bytes(text: string): number[] {
  const out: number[] = [];
  let bits = 0, held = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS.indexOf(text.charAt(i));
    if (digit < 0) continue;
    held = ((held << 6) | digit) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 255);
    }
  }
  return out;
}
