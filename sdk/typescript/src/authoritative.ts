// Authoritative rooms: the rules run in the room. Inputs go there; what happens, and the state after a cut, come back.
import { Emitter } from "./emitter";
import type { Frame, RoomMessage, RoomState } from "./generated/messages";
import { type InputRoom, type InputVerdict, readInputs, sendNew } from "./inputs";
import type { InputRefusal } from "./room_types";

export interface AuthoritativeEvents {
  /** Where the game stands, as this client may see it: at first, after a cut, and when other rules go on. What `tick` told before is in it. */
  state: { tick: number; data: Uint8Array };
  /** The next tick: what the room told everybody, in order. */
  tick: { tick: number; messages: Uint8Array[] };
  /** A word of the room to this seat alone. */
  message: { tick: number; data: Uint8Array };
  /** The room did not take an input. */
  refused: { number: number; reason: InputRefusal };
}

/** What the game needs of its room. */
export interface AuthoritativeRoom extends InputRoom {
  /** Asks for the state. */
  resume(fromTick: number): void;
}

export class Authoritative extends Emitter<AuthoritativeEvents> {
  /** The last tick that was told. */
  tick = 0;
  private run = 0;

  /** @internal */
  constructor(private readonly room: AuthoritativeRoom) {
    super();
  }

  /** Sent and not acknowledged yet. */
  get inputsPending(): number {
    return this.room.inputs.pendingCount;
  }

  /** Does something: up to 1 KiB, given to the rules at once. It survives a cut connection; the verdict says what cannot be sent. */
  input(data: ArrayLike<number>): InputVerdict {
    return sendNew(this.room, this.tick > 0, data, 0);
  }

  /** @internal */
  told({ run, tick, data, applied }: RoomState): void {
    if (run < this.run) return;
    this.heard(run, applied);
    this.tick = tick;
    this.emit("state", { tick, data });
  }

  /** @internal */
  spoken({ run, tick, data }: RoomMessage): void {
    if (run >= this.run) this.emit("message", { tick, data });
  }

  /** @internal */
  take({ run, tick, ticks, applied }: Frame): void {
    // The state of a newer run comes first; frames before the first state are none of ours.
    if (run !== this.run) return;
    this.heard(run, applied);
    ticks.forEach((bytes, i) => {
      if (tick + i === this.tick + 1) {
        this.tick++;
        this.emit("tick", { tick: this.tick, messages: readInputs(bytes).map(({ data }) => data) });
      } else if (tick + i > this.tick) this.room.resume(1);
    });
  }

  /** @internal */
  refuse(number: number, reason: InputRefusal): void {
    this.emit("refused", { number, reason });
  }

  /** @internal Whatever was missed is in the state. */
  resumePoint(): number {
    return 1;
  }
  /** @internal */
  restart(): void {}
  /** @internal */
  resumed(): void {}
  /** @internal */
  interrupted(): void {}
  /** @internal */
  seated(): void {}
  /** @internal */
  differs(): void {}
  /** @internal */
  agreed(): void {}

  private heard(run: number, applied: number): void {
    const { inputs } = this.room;
    if (this.run && run > this.run) inputs.after(applied).forEach((input) => this.room.sendInput(input));
    else inputs.acknowledge(applied);
    this.run = run;
  }
}
