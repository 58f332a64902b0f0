import { TICKS_PER_SECOND, type State } from "../rules";

/**
 * Holds the last few states and says which moment to show: about one tick behind the newest, moving evenly although
 * ticks arrive unevenly. After a jump (backfill, rewind) it shows the newest at once.
 */
export class Timeline {
  private states: State[] = [];
  private at = 0;

  push(state: State): void {
    const last = this.states[this.states.length - 1];
    if (last && state.tick <= last.tick) this.states = [];
    this.states.push(state);
    if (this.states.length > 12) this.states.shift();
    if (this.states.length === 1) this.at = state.tick;
  }

  clear(): void {
    this.states = [];
  }

  /** Moves on and returns the two states around the moment, how far between them, and the states passed on the way. */
  move(seconds: number): { before: State; after: State; part: number; passed: State[] } | undefined {
    const newest = this.states[this.states.length - 1];
    if (!newest) return undefined;
    const from = this.at, behind = newest.tick - 1 - this.at;
    if (behind > 6) this.at = newest.tick - 1;
    else this.at += seconds * TICKS_PER_SECOND * Math.max(0, 1 + behind * 0.12);
    this.at = Math.min(this.at, newest.tick);
    const passed = behind > 6 ? [] : this.states.filter((s) => s.tick > from && s.tick <= this.at);
    let after = this.states.findIndex((s) => s.tick >= this.at);
    if (after < 0) after = this.states.length - 1;
    const b = this.states[after]!, a = this.states[Math.max(0, after - 1)]!;
    const part = b.tick === a.tick ? 1 : Math.max(0, Math.min(1, (this.at - a.tick) / (b.tick - a.tick)));
    return { before: a, after: b, part, passed };
  }
}
