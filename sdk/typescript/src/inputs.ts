// The inputs of one seat: numbered, kept until acknowledged, sent again after a cut.

/** An input on its way. */
export interface SentInput {
  number: number;
  tick: number;
  data: Uint8Array;
}

/** More without an acknowledgement are refused. */
const MOST_PENDING = 256;
/** Acknowledged ones that are kept in case a new run of the room has lost them. */
const KEPT = 64;

export class Inputs {
  private kept: SentInput[] = [];
  private pending: SentInput[] = [];
  private next = 1;
  /** Acknowledged once, lost by the room, and not here any more either. */
  lost = 0;

  get pendingCount(): number {
    return this.pending.length;
  }

  /** Nothing if too many are unacknowledged. */
  add(data: Uint8Array, tick: number): SentInput | undefined {
    if (this.pending.length >= MOST_PENDING) return undefined;
    const input = { number: this.next++, tick, data };
    this.pending.push(input);
    return input;
  }

  /** The number of the oldest one without an acknowledgement; 0 if there is none. */
  get oldest(): number {
    const [first] = this.pending;
    return first ? first.number : 0;
  }

  /** The room has applied or refused all up to this number. */
  acknowledge(applied: number): void {
    const first = this.pending[0];
    if (!first || first.number > applied) return;
    const done = this.pending.filter((input) => input.number <= applied);
    this.pending = this.pending.slice(done.length);
    this.kept = this.kept.concat(done).slice(-KEPT);
  }

  /** What to send again when the room stands at `applied`: also acknowledged ones, if it has lost them. */
  after(applied: number): SentInput[] {
    const again = this.kept.concat(this.pending).filter((input) => input.number > applied);
    this.kept = this.kept.filter((input) => input.number <= applied);
    this.lost += Math.max(0, this.next - 1 - applied - again.length);
    // Without gaps, or the room would refuse them all.
    again.forEach((input, i) => (input.number = applied + 1 + i));
    this.next = applied + 1 + again.length;
    this.pending = again;
    return again;
  }
}

/** Takes one tick's bytes apart: varint seat, varint length, the input. Throws on bytes that are none. */
export function readInputs(bytes: Uint8Array): { seat: number; data: Uint8Array }[] {
  const inputs: { seat: number; data: Uint8Array }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new Error("a tick is cut short");
  };
  while (at < bytes.length) {
    const seat = varint();
    const length = varint();
    if (length > bytes.length - at) throw new Error("an input is cut short");
    inputs.push({ seat, data: bytes.subarray(at, at + length) });
    at += length;
  }
  return inputs;
}
