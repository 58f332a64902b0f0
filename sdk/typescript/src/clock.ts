// Time and chance: everything in the SDK that waits or draws lots takes a Clock, so that tests can own both.

/** Stops what was planned; harmless when it has already happened. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds; only differences count. */
  now(): number;
  after(ms: number, run: () => void): Cancel;
  /** From 0 up to, but not, 1. */
  random(): number;
}

declare function setTimeout(run: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** `length` letters and digits. Distinct, not secret. */
export function randomName(clock: Clock, length: number): string {
  let name = "";
  while (name.length < length) name += Math.floor(clock.random() * 36).toString(36);
  return name;
}
