import type { JianziError } from "./errors";

/** Where the connection stands. */
export interface Status {
  /**
   * - `offline`: not logged in yet
   * - `connecting`: the first login is under way
   * - `online`
   * - `reconnecting`: the connection was lost; it comes back by itself
   * - `kicked`: the player logged in elsewhere; `login()` takes the session back
   * - `outdated`: this version of the game must be updated
   * - `closed`: given up, refused, or closed by the game; `reason` says which. `login()` begins anew unless `close()` was called
   */
  state: "offline" | "connecting" | "online" | "reconnecting" | "kicked" | "outdated" | "closed";
  /** While connecting or reconnecting: the number of the try, from 1. */
  attempt?: number;
  /** Milliseconds until that try begins; 0 while it is under way. */
  delayMs?: number;
  reason?: JianziError;
}
