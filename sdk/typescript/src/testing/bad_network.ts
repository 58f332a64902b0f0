// Wraps any transport and makes it as bad as asked: late, unsteady, lossy, or gone.
import { type Cancel, type Clock, systemClock } from "../clock";
import type { Link, LinkEvents, Transport } from "../platform/platform";

export interface Weakness {
  /** Added to every message in each direction, in milliseconds. */
  latencyMs?: number;
  /** Besides, a random time from 0 to this. */
  jitterMs?: number;
  /**
   * The share of messages that get lost, 0–1. A socket loses nothing: TCP sends again after `resendMs`, and all behind
   * waits for it. So does this.
   */
  loss?: number;
  /** Default 200. */
  resendMs?: number;
}

export interface BadNetwork {
  /** For `new Jianzi({ transport })`. */
  transport: Transport;
  /** Bad for so many seconds; without them, until `heal`. */
  weak(weakness: Weakness, seconds?: number): void;
  /** No connection, and none to be had. `silent`: open links are dead without anybody saying so. */
  cut(seconds?: number, options?: { silent?: boolean }): void;
  heal(): void;
  /** What went through, by both directions, in messages and bytes. */
  counts: { messages: number; bytes: number; resent: number };
}

interface OpenLink {
  cut(silent: boolean): void;
}

export function wrapNetwork(inner: Transport, clock: Clock = systemClock): BadNetwork {
  let weakness: Weakness = {};
  let gone = false;
  let timer: Cancel = () => {};
  const links = new Set<OpenLink>();
  const counts = { messages: 0, bytes: 0, resent: 0 };

  const healAfter = (seconds: number | undefined) => {
    timer();
    timer = seconds === undefined ? () => {} : clock.after(seconds * 1000, heal);
  };
  const heal = () => {
    timer();
    weakness = {};
    gone = false;
  };
  const delayMs = () => {
    const { latencyMs = 0, jitterMs = 0, loss = 0, resendMs = 200 } = weakness;
    let delay = latencyMs + clock.random() * jitterMs;
    // Each further loss of the same message doubles the wait, as TCP does.
    for (let wait = resendMs; clock.random() < loss && wait < 10000; wait *= 2) {
      delay += wait;
      counts.resent++;
    }
    return delay;
  };

  /** Delays, and keeps the order. */
  const lane = () => {
    let freeAt = 0;
    return (bytes: number, deliver: () => void) => {
      counts.messages++;
      counts.bytes += bytes;
      const now = clock.now();
      freeAt = Math.max(freeAt, now + delayMs());
      if (freeAt <= now) deliver();
      else clock.after(freeAt - now, deliver);
    };
  };

  const open = (url: string, events: LinkEvents): Link => {
    if (gone) {
      const cancel = clock.after(50, () => events.closed("the network is cut"));
      return { send() {}, close: cancel };
    }
    // Alive: both ways. Deaf: nobody has said that it is dead.
    let state: "alive" | "deaf" | "closed" = "alive";
    const down = lane();
    const up = lane();
    const closed = (reason: string) => {
      if (state !== "alive") return;
      state = "closed";
      links.delete(self);
      events.closed(reason);
    };
    const link = inner.open(url, {
      open: () => down(0, () => state === "alive" && events.open()),
      message: (bytes) => down(bytes.length, () => state === "alive" && events.message(bytes)),
      closed: (reason) => down(0, () => closed(reason)),
    });
    const self: OpenLink = {
      cut(silent) {
        link.close();
        if (silent) state = "deaf";
        else clock.after(0, () => closed("the network is cut"));
      },
    };
    links.add(self);
    return {
      send: (bytes) => up(bytes.length, () => state === "alive" && link.send(bytes)),
      close() {
        if (state === "alive") link.close();
        state = "closed";
        links.delete(self);
      },
    };
  };

  return {
    transport: { open },
    weak(wanted, seconds) {
      weakness = wanted;
      healAfter(seconds);
    },
    cut(seconds, { silent = false } = {}) {
      gone = true;
      healAfter(seconds);
      links.forEach((link) => link.cut(silent));
      links.clear();
    },
    heal,
    counts,
  };
}
