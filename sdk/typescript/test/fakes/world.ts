// A clock, a server and a client, joined.
import { Jianzi, type JianziOptions, type Rules, type Status } from "../../src/index";
import type { Platform } from "../../src/platform/platform";
import { ManualClock } from "./clock";
import { FakeRoom } from "./room";
import { FakeServer } from "./server";

export interface World {
  clock: ManualClock;
  server: FakeServer;
  jz: Jianzi;
  statuses: Status[];
}

export function world(options: Partial<JianziOptions> = {}, platform: Partial<Platform> = {}): World {
  const clock = new ManualClock();
  const server = new FakeServer(clock);
  const jz = new Jianzi({ url: "http://server.test/", app: "demo", build: "1.0", platform: server.platform(platform), clock, ...options });
  const statuses: Status[] = [];
  jz.on("status", (status) => statuses.push(status));
  return { clock, server, jz, statuses };
}

/** What the promise gives once `ms` have passed. */
export async function within<T>(clock: ManualClock, ms: number, promise: Promise<T>): Promise<T> {
  let outcome: { value?: T; error?: unknown } | undefined;
  promise.then(
    (value) => (outcome = { value }),
    (error) => (outcome = { error }),
  );
  for (let passed = 0; passed <= ms && !outcome; passed += 10) await clock.advance(10);
  if (!outcome) throw new Error(`nothing within ${ms} ms`);
  if ("error" in outcome) throw outcome.error;
  return outcome.value as T;
}

export interface Sum {
  log: number[];
  ticks: number;
}

/** A game that remembers every input; over after the input 99. */
export const sumRules: Rules<Sum> = {
  start: () => ({ log: [], ticks: 0 }),
  step(state, { tick, inputs }) {
    if (tick !== state.ticks + 1) throw new Error(`tick ${tick} after ${state.ticks}`);
    return { log: state.log.concat(...inputs.map(({ data }) => [...data])), ticks: tick };
  },
  hash: (state) => state.log.reduce((hash, value) => (Math.imul(hash, 31) + value) >>> 0, state.ticks),
  result: (state) => (state.log.includes(99) ? [state.log.length] : undefined),
};

export async function playing(options: Partial<JianziOptions> = {}, platform: Partial<Platform> = {}, rules = sumRules) {
  const all = world(options, platform);
  const fake = new FakeRoom(all.server);
  await within(all.clock, 1000, all.jz.login());
  const room = await within(all.clock, 1000, all.jz.rooms.join({ room: fake.id }));
  const game = room.lockstep(rules);
  await all.clock.advance(10);
  return { ...all, fake, room, game };
}
