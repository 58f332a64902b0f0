// Time that stands still until a test moves it, and chance that a test decides.
import type { Clock } from "../../src/clock";

export class ManualClock implements Clock {
  /** What random() gives. */
  chance = () => 0.5;
  private time = 1_700_000_000_000;
  private planned: { at: number; order: number; run: () => void }[] = [];
  private order = 0;

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.time + Math.max(0, ms), order: this.order++, run };
    this.planned.push(entry);
    return () => void (this.planned = this.planned.filter((other) => other !== entry));
  }

  random(): number {
    return this.chance();
  }

  /** Timers still waiting. */
  get waiting(): number {
    return this.planned.length;
  }

  /** Runs all that happens within `ms`, promises included, each at its time. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const next = this.planned.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.planned = this.planned.filter((entry) => entry !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }

  /** Moves the time without running anything, as a sleeping device does. */
  sleep(ms: number): void {
    this.time += ms;
  }
}

/** All promises that can settle have. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
