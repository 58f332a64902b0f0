// The server's time, estimated from the welcome and the heartbeats.
import type { Clock } from "./clock";

const SAMPLES = 8;

export class ServerTime {
  /** The last measured round trip, in milliseconds. */
  rttMs = 0;
  private samples: { rttMs: number; offsetMs: number }[] = [];

  /** @internal */
  constructor(private readonly clock: Clock) {}

  /** Milliseconds since 1970, UTC, by the server's clock; by the device's until the first login. */
  now(): number {
    return this.clock.now() + this.offsetMs();
  }

  /** The sample with the shortest way is the best one: delays are mostly in one direction. */
  private offsetMs(): number {
    return this.samples.reduce((best, sample) => (sample.rttMs < best.rttMs ? sample : best), { rttMs: Infinity, offsetMs: 0 }).offsetMs;
  }

  /** @internal */
  sample(sentAt: number, serverMs: number): void {
    const now = this.clock.now();
    const rttMs = now - sentAt;
    this.rttMs = rttMs;
    this.samples = this.samples.concat({ rttMs, offsetMs: serverMs + rttMs / 2 - now }).slice(-SAMPLES);
  }
}
