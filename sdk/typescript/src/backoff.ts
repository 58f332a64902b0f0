// When to try again: 1, 2, 4 … up to 30 s, each drawn at random from zero to that (full jitter), so that clients that
// were cut off together do not come back together.
import type { Clock } from "./clock";

const FIRST_MS = 1000;
const LONGEST_MS = 30000;

/**
 * Milliseconds to wait before the try of this number, from 1. The first comes within `firstWithinMs`. `atLeastMs` is
 * what the server asked for.
 */
export function backoffMs(attempt: number, firstWithinMs: number, atLeastMs: number, clock: Clock): number {
  const within = attempt <= 1 ? firstWithinMs : Math.min(LONGEST_MS, FIRST_MS * Math.pow(2, attempt - 2));
  return Math.round(atLeastMs + clock.random() * within);
}
