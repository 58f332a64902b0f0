// What a game has of its room, whatever the room's kind: inputs on their way, the run, and the account of its pauses.
import type { Clock } from "./clock";
import { Emitter } from "./emitter";
import type { JianziError } from "./errors";
import type { Frame, RoomMessage, RoomState } from "./generated/messages";
import type { Inputs, SentInput } from "./inputs";
import type { RoomEnd } from "./room";
import type { InputRefusal, RoomSpec, Seat } from "./room_types";

export interface GameEvents {
  /** All that was missed has been applied. */
  caughtUp: { ticks: number; pauseMs: number };
  /** The outcome is known. */
  over: { result: Uint8Array; tick: number; hash: number };
  /** The room did not apply an input. */
  refused: { number: number; reason: InputRefusal };
}

export interface GameStats {
  /** Milliseconds for which the game stood still, in all. */
  pauseMs: number;
  /** Ticks that were caught up on; in an authoritative room: how often the state was told anew. */
  framesBackfilled: number;
  /** Acknowledged inputs that a new run of the room did not have and that could not be given to it again. */
  inputsLost: number;
  inputsRefused: number;
  /** Sent and not acknowledged yet. */
  inputsPending: number;
  rttMs: number;
  /** No difference to other players has been told. */
  hashesEqual: boolean;
}

export type InputVerdict = { ok: true; number: number } | { ok: false; reason: "not_started" | "over" | "spectator" | "full" | "too_long" };

export interface StartInfo {
  /** How many. */
  seats: number;
  seed: number;
  /** The seats that the rules play by themselves. */
  bots: number[];
  spec: RoomSpec;
  /** Who sits there now; for names and colours only. */
  players: Seat[];
}

/** What the game needs of its room. */
export interface GameRoom {
  clock: Clock;
  inputs: Inputs;
  seat(): number | undefined;
  startInfo(): StartInfo;
  spec(): RoomSpec;
  /** Milliseconds from one frame to the next. */
  frameMs(): number;
  isPlaying(): boolean;
  isOver(): boolean;
  rttMs(): number;
  /** Asks for the ticks from this one on, or for the state. */
  resume(fromTick: number): void;
  sendInput(input: SentInput): void;
  sendHash(tick: number, hash: number): void;
  report(result: Uint8Array, hash: number, tick: number): void;
  rewound(event: { from: number; to: number; reason: string }): void;
  failed(fault: JianziError): void;
}

const INPUT_BYTES = 1024;
/** Frames further apart than this are a pause. */
const PAUSE_MS = 250;

export abstract class Game<Events extends GameEvents = GameEvents> extends Emitter<Events> {
  /** The last tick that was applied. */
  tick = 0;
  /** Rises by one with every recovery, move or rollback of the room. */
  run = 0;
  /** The outcome is known. */
  over = false;
  result?: Uint8Array;
  protected backfilled = 0;
  protected equal = true;
  protected interruptedAt?: number;
  protected caughtTicks = 0;
  protected lastTickAt: number;
  /** The game's own code failed: nothing more is applied. */
  protected broken = false;
  private refused = 0;
  private paused = 0;

  /** @internal */
  constructor(protected readonly room: GameRoom) {
    super();
    this.lastTickAt = room.clock.now();
  }

  /** More than what happens now is being applied. */
  get catchingUp(): boolean {
    return this.interruptedAt !== undefined;
  }

  get stats(): GameStats {
    const { inputs } = this.room;
    return {
      pauseMs: this.paused, framesBackfilled: this.backfilled, inputsLost: inputs.lost, inputsRefused: this.refused,
      inputsPending: inputs.pendingCount, rttMs: this.room.rttMs(), hashesEqual: this.equal,
    };
  }

  /**
   * Does something: up to 1 KiB, applied by the room at its next tick. It survives a cut connection. What cannot be sent
   * is not an exception, so that a touch after the last tick does no harm: the verdict says why.
   */
  input(data: ArrayLike<number>, options: { tick?: number } = {}): InputVerdict {
    const { room } = this;
    const refused =
      this.over || this.broken || room.isOver() ? "over"
      : room.seat() === undefined ? "spectator"
      : !room.isPlaying() && !this.tick ? "not_started"
      : data.length > INPUT_BYTES ? "too_long"
      : undefined;
    if (refused) return { ok: false, reason: refused };
    const input = room.inputs.add(Uint8Array.from(data), options.tick || 0);
    if (!input) return { ok: false, reason: "full" };
    room.sendInput(input);
    return { ok: true, number: input.number };
  }

  /** @internal */
  abstract take(frame: Frame): void;

  /** @internal What to ask a room for whose run and tick are these. */
  abstract resumePoint(run: number, tick: number): number;

  /** @internal The connection is gone. */
  interrupted(): void {
    if (this.interruptedAt !== undefined || !this.tick || this.over) return;
    this.interruptedAt = this.lastTickAt;
    this.caughtTicks = 0;
  }

  /** @internal */
  refuse(number: number, reason: InputRefusal): void {
    this.refused++;
    (this as Emitter<any>).emit("refused", { number, reason });
  }

  /** @internal The room's state. */
  told(_state: RoomState): void {}
  /** @internal A word to this seat alone. */
  spoken(_message: RoomMessage): void {}
  /** @internal Ours is of a history that is gone. */
  restart(): void {}
  /** @internal A resume was answered: live ticks begin behind this one. */
  resumed(_tick: number): void {}
  /** @internal The room's view has changed before the first tick. */
  seated(): void {}
  /** @internal States differ; those of `seats` are the odd ones. */
  differs(_seats: number[], _lastAgreedTick: number): void {}
  /** @internal The room has ended. */
  ended(_end: RoomEnd): void {}

  protected finish(result: Uint8Array, hash: number): void {
    this.over = true;
    this.result = result;
    (this as Emitter<any>).emit("over", { result, tick: this.tick, hash });
  }

  /** The room holds our inputs up to `applied`; a new run may have lost some that it had. */
  protected acknowledged(applied: number, newRun: boolean): void {
    const { inputs } = this.room;
    if (newRun) inputs.after(applied).forEach((input) => this.room.sendInput(input));
    else inputs.acknowledge(applied);
  }

  /** Live again, or never away: counts the time in which nothing moved. */
  protected settle(): void {
    const now = this.room.clock.now();
    const usual = this.room.frameMs();
    const still = now - this.lastTickAt;
    if (this.interruptedAt !== undefined) {
      const pauseMs = now - this.interruptedAt;
      this.interruptedAt = undefined;
      this.paused += pauseMs;
      (this as Emitter<any>).emit("caughtUp", { ticks: this.caughtTicks, pauseMs });
      this.caughtTicks = 0;
    } else if (this.tick > 1 && still > Math.max(PAUSE_MS, 4 * usual)) this.paused += still - usual;
    this.lastTickAt = now;
  }
}
