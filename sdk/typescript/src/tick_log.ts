// The last ticks' bytes, for going back and for comparing.

/** At 20 ticks a second: more than three minutes. */
const KEPT = 4096;

export class TickLog {
  private ticks: { [tick: number]: Uint8Array } = {};
  private last = 0;

  get(tick: number): Uint8Array | undefined {
    return this.ticks[tick];
  }

  /** Ticks are added in order. */
  add(tick: number, bytes: Uint8Array): void {
    // A copy: a view would keep the whole message alive.
    this.ticks[tick] = bytes.slice();
    this.last = tick;
    delete this.ticks[tick - KEPT];
  }

  /** The oldest tick that is kept. */
  first(): number {
    return Math.max(1, this.last - KEPT + 1);
  }

  /** A log of what is older than `tick`. */
  before(tick: number): TickLog {
    const log = new TickLog();
    for (let i = Math.max(1, tick - KEPT); i < tick; i++) {
      const bytes = this.ticks[i];
      if (bytes) log.add(i, bytes);
    }
    return log;
  }
}
