// After several failures in a row, requests fail at once for a while: a server in trouble is left alone.
import type { Clock } from "./clock";

const FAILURES = 5;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 30000;

export class Breaker {
  private failures = 0;
  private openUntil = 0;

  constructor(private readonly clock: Clock) {}

  /** Milliseconds until the next request may go out; 0: now. */
  waitMs(): number {
    return Math.max(0, this.openUntil - this.clock.now());
  }

  succeeded(): void {
    this.failures = 0;
    this.openUntil = 0;
  }

  failed(): void {
    this.failures++;
    if (this.failures < FAILURES) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * Math.pow(2, this.failures - FAILURES));
    this.openUntil = this.clock.now() + pause * (1 + this.clock.random() / 2);
  }
}
