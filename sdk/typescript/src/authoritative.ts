// Authoritative rooms: the rules run in the room. Inputs go there; what happens, and the state after a cut, come back.
import { Game, type GameEvents } from "./game";
import type { Frame, RoomMessage, RoomState } from "./generated/messages";
import { readInputs } from "./inputs";
import type { RoomEnd } from "./room";

export interface AuthoritativeEvents extends GameEvents {
  /** Where the game stands, as this client may see it: at first, after a cut, and when other rules go on. What `tick` told before is in it. */
  state: { tick: number; data: Uint8Array };
  /** The next tick: what the room told everybody, in order. */
  tick: { tick: number; messages: Uint8Array[] };
  /** A word of the room to this seat alone. */
  message: { tick: number; data: Uint8Array };
}

/** In results: the room itself. */
const ROOM_SEAT = 65535;

export class Authoritative extends Game<AuthoritativeEvents> {
  /** @internal */
  override told({ run, tick, data, applied }: RoomState): void {
    if (run < this.run) return;
    const from = this.tick;
    if (this.run) this.backfilled++;
    this.acknowledged(applied, this.run > 0 && run > this.run);
    this.run = run;
    this.tick = tick;
    this.caughtTicks += Math.max(0, tick - from);
    if (tick < from) this.room.rewound({ from, to: tick, reason: "recovery" });
    this.emit("state", { tick, data });
  }

  /** @internal */
  override spoken({ run, tick, data }: RoomMessage): void {
    if (run >= this.run) this.emit("message", { tick, data });
  }

  /** @internal A run begins with its state; until that came, frames are none of ours. */
  take({ run, tick, ticks, applied }: Frame): void {
    if (!this.run || run < this.run) return;
    // What was missed is in the state.
    if (run > this.run || tick > this.tick + 1) return this.room.resume(1);
    this.acknowledged(applied, false);
    ticks.slice(this.tick + 1 - tick).forEach((bytes) => {
      this.tick++;
      this.emit("tick", { tick: this.tick, messages: readInputs(bytes).map(({ data }) => data) });
    });
    this.settle();
  }

  /** @internal */
  resumePoint(): number {
    return 1;
  }

  /** @internal */
  override ended({ results }: RoomEnd): void {
    for (const { seat, result, hash } of results) if (seat === ROOM_SEAT) this.finish(result, hash);
  }
}
