// Lockstep (帧同步): every client computes the same state from the same inputs. This file applies what the room says in
// order, exactly once, whatever the network does: frames that come twice, late, in a hurry, or not at all.
import { guard } from "./emitter";
import { JianziError, MISUSE } from "./errors";
import { Game, type GameEvents, type GameRoom, type StartInfo } from "./game";
import type { Frame } from "./generated/messages";
import { readInputs } from "./inputs";
import type { RoomEnd } from "./room";
import { TickLog } from "./tick_log";

/** The game. Whole numbers, no clock, no chance but the seed: the same on every device. */
export interface Rules<S> {
  /** The state before tick 1. Only `seats`, `seed`, `bots` and `spec` are the same for everybody at any time. */
  start(info: StartInfo): S;
  /** One tick on. May change `state` itself and return it. */
  step(state: S, tick: Tick): S;
  /** A number from 0 to 2³²−1 that differs when states do. With it, players who drift apart are found. */
  hash?(state: S): number;
  /** Once the match is over: its outcome, equal for everybody, up to 4 KiB. */
  result?(state: S): ArrayLike<number> | undefined;
  /** A copy of the state, for going back quickly; without it going back means computing from tick 1. */
  save?(state: S): unknown;
  load?(saved: any): S;
}

export interface Tick {
  tick: number;
  /** In the order in which the room applied them. */
  inputs: { seat: number; data: Uint8Array }[];
}

export interface LockstepEvents<S> extends GameEvents {
  /** After every tick; after a cut many come in a hurry (`game.catchingUp`). */
  tick: S;
}

const SNAPSHOT_EVERY = 64;
const SNAPSHOTS = 8;
/** Ticks asked for again, to compare them, when the room's history may differ from ours. */
const OVERLAP = 256;
/** Frames beyond a gap that are kept meanwhile. */
const AHEAD = 1024;

export class Lockstep<S> extends Game<LockstepEvents<S>> {
  state: S;
  private target = 0;
  /** The room's history before `tick` may differ from ours since this tick. */
  private unverifiedFrom?: number;
  private healedAt = 0;
  private log = new TickLog();
  private ahead: { [tick: number]: Uint8Array } = {};
  private aheadCount = 0;
  private snapshots: { tick: number; saved: unknown }[] = [];

  /** @internal */
  constructor(
    room: GameRoom,
    private readonly rules: Rules<S>,
  ) {
    super(room);
    this.state = rules.start(room.startInfo());
  }

  /** The state's hash, by the rules. */
  get hash(): number {
    return this.rules.hash ? this.rules.hash(this.state) >>> 0 : 0;
  }

  /** Ends the match for this player and reports the outcome, for rules without `result`. */
  end(result: ArrayLike<number> = []): void {
    if (this.over) return;
    const { hash } = this;
    this.finish(Uint8Array.from(result), hash);
    if (this.room.seat() !== undefined) this.room.report(this.result as Uint8Array, hash, this.tick);
  }

  /** @internal The room's own word on where it stands; `run` and `tick` of a fresh view. */
  resumePoint(run: number, tick: number): number {
    if (this.run && run > this.run) this.doubt();
    if (tick < this.tick && run >= this.run && this.run) this.rewind(tick, run);
    return this.unverifiedFrom || this.tick + 1;
  }

  /** @internal Everything anew from tick 1. */
  override restart(): void {
    this.rewind(0, this.run);
    this.room.resume(1);
  }

  /** @internal */
  override resumed(tick: number): void {
    this.target = Math.max(this.target, tick);
    if (this.catchingUp) this.settle();
  }

  /** @internal */
  override seated(): void {
    if (!this.tick) this.state = this.rules.start(this.room.startInfo());
  }

  /** @internal */
  take(frame: Frame): void {
    if (frame.run < this.run || this.broken) return;
    const newRun = this.run > 0 && frame.run > this.run;
    if (newRun && frame.continuesAt) {
      if (frame.continuesAt <= this.tick) this.rewind(frame.continuesAt - 1, frame.run);
    } else if (newRun) this.doubt();
    this.run = frame.run;
    try {
      for (let i = 0; i < frame.ticks.length; i++) this.takeTick(frame.tick + i, frame.ticks[i] as Uint8Array, frame.backfill);
    } catch (error) {
      // Rules that cannot go on: the connection is not to blame.
      this.broken = true;
      this.room.failed(new JianziError(MISUSE, `the rules failed at tick ${this.tick + 1}: ${(error as Error).message}`));
      guard(() => {
        throw error;
      });
    }
    // Old ticks say nothing of inputs: the answer that came before them did.
    if (!frame.backfill) this.acknowledged(frame.applied, newRun);
    if (this.over) this.unverifiedFrom = this.interruptedAt = undefined;
    else if (!frame.backfill || this.tick >= this.target) this.settle();
  }

  /** @internal */
  override differs(seats: number[], lastAgreedTick: number): void {
    this.equal = false;
    const seat = this.room.seat();
    // Once in a while, computing again helps: a state that something else has touched. Rules that differ do not heal.
    if (seat === undefined || seats.indexOf(seat) < 0 || this.over || this.tick - this.healedAt < 200) return;
    this.healedAt = this.tick;
    this.rewind(Math.min(lastAgreedTick, this.tick), this.run, "desync");
  }

  /** @internal */
  override ended({ agreed, results }: RoomEnd): void {
    if (agreed && results.length) this.equal = true;
  }

  private takeTick(tick: number, bytes: Uint8Array, backfill: boolean): void {
    if (tick <= this.tick) {
      const ours = this.unverifiedFrom !== undefined && this.log.get(tick);
      if (!ours) return;
      if (same(ours, bytes)) {
        if (tick === this.tick) this.unverifiedFrom = undefined;
        return this.applyAhead(backfill);
      }
      // Ours is of an older run. If even the first one compared differs, so may those before it.
      this.rewind(tick === this.unverifiedFrom ? 0 : tick - 1, this.run);
    }
    // Once decided, the match stays as it was then.
    if (this.over) return;
    if (tick > this.tick + 1 || this.unverifiedFrom !== undefined) return this.keepAhead(tick, bytes);
    this.apply(tick, bytes, backfill);
    this.applyAhead(backfill);
  }

  private applyAhead(backfill: boolean): void {
    for (let next; !this.over && this.unverifiedFrom === undefined && (next = this.ahead[this.tick + 1]); ) {
      delete this.ahead[this.tick + 1];
      this.aheadCount--;
      this.apply(this.tick + 1, next, backfill);
    }
  }

  private keepAhead(tick: number, bytes: Uint8Array): void {
    if (!this.ahead[tick] && this.aheadCount < AHEAD) {
      this.ahead[tick] = bytes;
      this.aheadCount++;
    }
    this.interrupted();
    this.room.resume(this.unverifiedFrom || this.tick + 1);
  }

  private apply(tick: number, bytes: Uint8Array, backfill: boolean): void {
    if (tick === 1) this.seated();
    this.step(tick, bytes);
    if (backfill) this.backfilled++;
    if (this.catchingUp) this.caughtTicks++;
    if (this.rules.hash && !this.catchingUp && tick % this.room.spec().lockstep.hashEvery === 0) this.room.sendHash(tick, this.hash);
    this.emit("tick", this.state);
    this.checkResult();
  }

  private step(tick: number, bytes: Uint8Array): void {
    this.state = this.rules.step(this.state, { tick, inputs: readInputs(bytes) });
    this.tick = tick;
    this.log.add(tick, bytes);
    if (this.rules.save && tick % SNAPSHOT_EVERY === 0) {
      this.snapshots = this.snapshots.concat({ tick, saved: this.rules.save(this.state) }).slice(-SNAPSHOTS);
    }
  }

  private checkResult(): void {
    const result = this.rules.result && !this.over && this.rules.result(this.state);
    if (result) this.end(result);
  }

  protected override settle(): void {
    if (!this.catchingUp || (this.tick >= this.target && this.unverifiedFrom === undefined)) super.settle();
  }

  /** The room went on without us from a tick that we do not know: what we hold is compared before more is applied. */
  private doubt(): void {
    if (this.unverifiedFrom !== undefined || !this.tick) return;
    this.unverifiedFrom = Math.max(1, this.tick + 1 - OVERLAP, this.log.first());
    this.interrupted();
    this.room.resume(this.unverifiedFrom);
  }

  /** Back to the state after tick `to`: from the nearest earlier one that is kept, by the log or by asking the room. */
  private rewind(to: number, run: number, reason = "recovery"): void {
    const from = this.tick;
    this.interrupted();
    this.run = run;
    this.unverifiedFrom = undefined;
    this.ahead = {};
    this.aheadCount = 0;
    this.snapshots = this.snapshots.filter((snapshot) => snapshot.tick <= to);
    const snapshot = this.rules.load && this.snapshots[this.snapshots.length - 1];
    this.over = false;
    this.result = undefined;
    this.tick = snapshot ? snapshot.tick : 0;
    this.state = snapshot && this.rules.load ? this.rules.load(snapshot.saved) : this.rules.start(this.room.startInfo());
    const known = this.log;
    this.log = known.before(this.tick + 1);
    for (let bytes; this.tick < to && (bytes = known.get(this.tick + 1)); ) this.step(this.tick + 1, bytes);
    // The room has more than what the log gave.
    if (this.tick < to || reason === "desync") {
      this.target = Math.max(to, reason === "desync" ? from : 0);
      this.room.resume(this.tick + 1);
    } else this.target = 0;
    if (reason !== "desync") this.room.rewound({ from, to, reason });
    this.emit("tick", this.state);
  }
}

export function checkRules(rules: Rules<any>): void {
  if (!rules || typeof rules.start !== "function" || typeof rules.step !== "function") {
    throw new JianziError(MISUSE, "lockstep() wants an object with start(info) and step(state, tick)");
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
