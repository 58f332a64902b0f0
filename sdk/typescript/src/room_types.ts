// Rooms in the game's words: names in place of numbers, records in place of lists of properties.
import { JianziError, MISUSE } from "./errors";
import type * as wire from "./generated/messages";
import type { Draft } from "./wire/protobuf";

const KINDS = ["relay", "lockstep", "authoritative"] as const;
/** @internal The number of the last one: rooms of later kinds refuse this client, with a sentence that says so. */
export const KNOWS_KIND = KINDS.length - 1;
const STARTS = ["when_ready", "when_full", "on_time", "by_owner"] as const;
const LATE_INPUTS = ["next_frame", "drop", "repeat_last"] as const;
const DURABILITIES = ["semi_sync", "async", "sync"] as const;
const PHASES = ["open", "playing", "ended"] as const;
const REFUSALS = ["unknown", "late", "too_many", "too_long", "not_playing", "spectator", "muted", "gap", "ended_badly"] as const;

export type Properties = { [key: string]: string };

/** What a room is like. */
export interface RoomSpec {
  kind: (typeof KINDS)[number];
  /** Free word of the game, for lists and matching, for example "duel". */
  mode: string;
  seats: number;
  /** Players needed to start; 0 means all seats. */
  minPlayers: number;
  /** Not listed; entered by id or invite only. */
  private: boolean;
  /** May somebody take a seat after the start? */
  lateJoin: boolean;
  maxSpectators: number;
  /** The room ends after so many seconds; 0 means the server's default. */
  lifeLimitS: number;
  properties: Properties;
  /** Seats kept for these players. */
  reservedFor: string[];
  /** Seats played by the game's own rules on every client. */
  bots: number;
  start: (typeof STARTS)[number];
  startAfterMs: number;
  durability: (typeof DURABILITIES)[number];
  lockstep: LockstepSpec;
  authoritative: AuthoritativeSpec;
}

export interface AuthoritativeSpec {
  /** The name under which the server has the rules. */
  game: string;
  /** Ticks per second, 1–60; default 20. */
  tickHz: number;
  /** 0: the server draws one. */
  seed: number;
}

export interface LockstepSpec {
  /** Ticks per second, 1–60; default 20. */
  tickHz: number;
  /** Ticks told in one message, 1–8; default 1. Two halve the packets and add one tick of delay. */
  ticksPerMessage: number;
  lateInput: (typeof LATE_INPUTS)[number];
  /** 0: the server draws one. */
  seed: number;
  /** A seat reports its state's hash every so many ticks; default 20. */
  hashEvery: number;
  /** The room ends by itself after this tick; 0 means never. */
  lastTick: number;
}

/** What to ask for; everything has a default but the seats. Kind: authoritative if it names a game, else lockstep. */
export type RoomWish = Partial<Pick<RoomSpec, Exclude<keyof RoomSpec, "lockstep" | "authoritative">>> & {
  lockstep?: Partial<LockstepSpec>;
  authoritative?: Partial<AuthoritativeSpec>;
};

export interface Seat {
  seat: number;
  player: string;
  name: string;
  ready: boolean;
  online: boolean;
  bot: boolean;
  properties: Properties;
}

export interface RoomView {
  id: string;
  spec: RoomSpec;
  phase: (typeof PHASES)[number];
  /** The owner's player id. */
  owner: string;
  /** Those that are taken. */
  seats: Seat[];
  spectators: number;
  /** The code that lets others in. */
  invite: string;
  /** The last tick when this view was made. */
  tick: number;
  run: number;
  build: string;
  properties: Properties;
  revision: number;
  /** What an authoritative room runs; `suspended`: its rules failed, and it stands still until they are mended. */
  logic?: { game: string; version: number; hash: string; suspended: boolean };
}

export type InputRefusal = (typeof REFUSALS)[number];

export function refusalName(reason: number): InputRefusal {
  return REFUSALS[reason] || "unknown";
}

export function toProperties(properties: Properties | undefined): wire.Property[] {
  return Object.keys(properties || {}).map((key) => ({ key, value: (properties as Properties)[key] as string }));
}

export function toWireSpec(wish: RoomWish): Draft<wire.RoomSpec> {
  const kind = number(KINDS, wish.kind || (wish.authoritative ? "authoritative" : "lockstep"));
  const lockstep = wish.lockstep || {};
  return {
    ...wish,
    kind: kind as wire.RoomKind,
    start: number(STARTS, wish.start) as wire.StartRule,
    durability: number(DURABILITIES, wish.durability) as wire.Durability,
    properties: toProperties(wish.properties),
    lockstep: kind === 1 ? { ...lockstep, lateInput: number(LATE_INPUTS, lockstep.lateInput) as wire.LateInput } : undefined,
  };
}

export function fromWireView(view: wire.RoomView): RoomView {
  const { room, seats, phase, properties, spec } = view;
  return {
    ...view,
    id: room,
    phase: PHASES[phase] || "ended",
    properties: fromProperties(properties),
    seats: seats.map((seat) => ({ ...seat, properties: fromProperties(seat.properties) })),
    spec: fromWireSpec(spec),
  };
}

function fromWireSpec(spec: wire.RoomSpec | undefined): RoomSpec {
  const { kind = 0, start = 0, durability = 0, properties = [], lockstep = undefined, authoritative = undefined } = spec || {};
  const { tickHz = 0, ticksPerMessage = 0, hashEvery = 0, lateInput = 0, seed = 0, lastTick = 0 } = lockstep || {};
  return {
    mode: "", seats: 0, minPlayers: 0, private: false, lateJoin: false, maxSpectators: 0, lifeLimitS: 0, reservedFor: [],
    bots: 0, startAfterMs: 0,
    ...spec,
    kind: KINDS[kind] || "relay",
    start: STARTS[start] || "by_owner",
    durability: DURABILITIES[durability] || "semi_sync",
    properties: fromProperties(properties),
    lockstep: {
      tickHz: tickHz || 20, ticksPerMessage: ticksPerMessage || 1, hashEvery: hashEvery || 20,
      lateInput: LATE_INPUTS[lateInput] || "next_frame", seed, lastTick,
    },
    authoritative: { game: "", seed: 0, ...authoritative, tickHz: (authoritative && authoritative.tickHz) || 20 },
  };
}

function fromProperties(properties: wire.Property[]): Properties {
  const record: Properties = {};
  for (const { key, value } of properties) record[key] = value;
  return record;
}

function number(names: readonly string[], name: string | undefined): number {
  // "semi-sync" as well: so it is written elsewhere.
  const index = name === undefined ? 0 : names.indexOf(String(name).replace("-", "_"));
  if (index < 0) throw new JianziError(MISUSE, `"${name}" is none of ${names.join(", ")}`);
  return index;
}
