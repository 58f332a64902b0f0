// Calls and their answers. An answer survives a cut: after a resume the call goes out again under the same id, and the
// server answers a repeated id from its cache.
import type { Cancel, Clock } from "./clock";
import { DEADLINE, fromWire, JianziError, SESSION_LOST } from "./errors";
import { decodeAnswer, encodeCall } from "./generated/messages";
import { CALL } from "./wire/frame";

export interface CallOptions {
  /** How long to wait for the answer, across reconnections; default 10 s. */
  deadlineMs?: number;
  /** Made twice it does no harm: it is repeated also in a new session. */
  idempotent?: boolean;
}

interface Pending<T> {
  id: number;
  /** Has it gone out in this session? */
  sent: boolean;
  method: string;
  body: Uint8Array;
  idempotent: boolean;
  expiresAt: number;
  read: (body: Uint8Array) => T;
  resolve: (value: T) => void;
  reject: (fault: JianziError) => void;
  timer: Cancel;
}

const DEADLINE_MS = 10000;
/** Calls without an answer; the server keeps 128 answers. */
const MOST_PENDING = 64;

export class Calls {
  private nextId = 1;
  private pending: Pending<any>[] = [];

  constructor(
    private readonly clock: Clock,
    /** False while there is no session on a connection. */
    private readonly send: (operation: number, body: Uint8Array) => boolean,
  ) {}

  /** `read` runs when the answer arrives, before any frame behind it. */
  call<T>(method: string, body: Uint8Array, options: CallOptions, read: (body: Uint8Array) => T): Promise<T> {
    if (this.pending.length >= MOST_PENDING) return Promise.reject(new JianziError(4004, `${MOST_PENDING} calls are waiting for answers`));
    return new Promise((resolve, reject) => {
      const wait = options.deadlineMs || DEADLINE_MS;
      const pending: Pending<T> = {
        id: this.nextId++, sent: false, method, body, idempotent: !!options.idempotent,
        expiresAt: this.clock.now() + wait, read, resolve, reject,
        timer: this.clock.after(wait, () => this.settle(pending.id, () => reject(new JianziError(DEADLINE, `${method}: no answer within ${wait} ms`)))),
      };
      this.pending.push(pending);
      this.transmit(pending);
    });
  }

  answered(bytes: Uint8Array): void {
    const { id, error, body } = decodeAnswer(bytes);
    this.settle(id, (pending) => {
      if (error) pending.reject(fromWire(error));
      else {
        try {
          pending.resolve(pending.read(body));
        } catch (fault) {
          pending.reject(fault as JianziError);
          throw fault;
        }
      }
    });
  }

  /** The session went on: what has no answer goes out again, under its own id. */
  resumed(): void {
    for (const pending of this.pending) this.transmit(pending);
  }

  /** A new session: whether calls of the old one took effect is not known. */
  renewed(): void {
    const old = this.pending;
    this.pending = [];
    this.nextId = 1;
    for (const pending of old) {
      if (pending.sent && !pending.idempotent) this.fail(pending, new JianziError(SESSION_LOST, `${pending.method}: the session ended before the answer`));
      else {
        pending.id = this.nextId++;
        pending.sent = false;
        this.pending.push(pending);
      }
    }
    this.resumed();
  }

  failAll(fault: JianziError): void {
    const old = this.pending;
    this.pending = [];
    for (const pending of old) this.fail(pending, fault);
  }

  private transmit(pending: Pending<any>): void {
    const { id, method, body, expiresAt } = pending;
    const deadlineMs = Math.max(1, Math.round(expiresAt - this.clock.now()));
    if (this.send(CALL, encodeCall({ id, method, deadlineMs, body }))) pending.sent = true;
  }

  private settle(id: number, finish: (pending: Pending<any>) => void): void {
    const pending = this.pending.find((candidate) => candidate.id === id);
    if (!pending) return;
    this.pending = this.pending.filter((candidate) => candidate !== pending);
    pending.timer();
    finish(pending);
  }

  private fail(pending: Pending<any>, fault: JianziError): void {
    pending.timer();
    pending.reject(fault);
  }
}
