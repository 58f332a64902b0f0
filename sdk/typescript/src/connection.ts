// One socket from its opening to its end: login, frames in and out, heartbeats, and noticing when nobody is there.
import type { Cancel, Clock } from "./clock";
import { asJianziError, BAD_ANSWER, fromWire, JianziError, NETWORK } from "./errors";
import {
  decodeError, decodeGoodbye, decodeHeartbeat, decodeWelcome, encodeGoodbye, encodeHeartbeat, type Welcome,
} from "./generated/messages";
import type { Link, Transport } from "./platform/platform";
import { encodeFrame, ERROR, GOODBYE, HEARTBEAT, joinFrames, LOGIN, walkFrames, WELCOME } from "./wire/frame";

export interface ConnectionEvents {
  /** The body of the login, asked for when the link is open. */
  login(): Uint8Array;
  welcome(welcome: Welcome, sentAt: number): void;
  frame(operation: number, body: Uint8Array): void;
  heartbeat(sentAt: number, serverMs: number): void;
  lastPush(): number;
  /** While somebody plays, heartbeats come faster. */
  isPlaying(): boolean;
  /** Once; nothing follows. Not after close(). */
  ended(fault: JianziError): void;
}

const HANDSHAKE_MS = 10000;
/** While somebody plays, a dead link is noticed within twice this. */
const WATCHFUL_MS = 2000;
const PROBE_MS = 2000;

export class Connection {
  private link?: Link;
  private over = false;
  private heardAt: number;
  private heartbeatMs = 0;
  private beatenAt = 0;
  private sentAt: { [echo: number]: number } = {};
  private echo = 0;
  /** What the server said last, if it was an error: the reason when it closes next. */
  private fault?: JianziError;
  private timer: Cancel;
  private waiting: Uint8Array[] = [];
  private flushTimer?: Cancel;

  constructor(transport: Transport, url: string, private readonly clock: Clock, private readonly events: ConnectionEvents) {
    this.heardAt = clock.now();
    this.timer = clock.after(HANDSHAKE_MS, () => this.end(new JianziError(NETWORK, "no welcome in time")));
    try {
      this.link = transport.open(url, {
        open: () => this.opened(),
        message: (bytes) => this.message(bytes),
        closed: (reason) => this.lost(reason),
      });
    } catch (error) {
      // An address that is none, for example. Told when the maker of this connection knows it.
      clock.after(0, () => this.lost((error as Error).message));
    }
  }

  /** May wait up to `withinMs` for others, to share a message with them. */
  send(operation: number, body: Uint8Array, withinMs = 0): void {
    if (this.over) return;
    this.waiting.push(encodeFrame(operation, body));
    if (withinMs <= 0) this.flush();
    else if (!this.flushTimer) this.flushTimer = this.clock.after(withinMs, () => this.flush());
  }

  /** Is anybody there? If nothing is heard soon the connection ends. */
  probe(): void {
    if (!this.heartbeatMs) return;
    const asked = this.clock.now();
    this.beat();
    this.clock.after(PROBE_MS, () => {
      if (this.heardAt < asked) this.end(new JianziError(NETWORK, "no answer to a heartbeat"));
    });
  }

  /** Milliseconds since anything was heard. */
  silentMs(): number {
    return this.clock.now() - this.heardAt;
  }

  /** A good-bye ends the session; without one the server keeps it for a resume. */
  close(goodbye: boolean): void {
    if (this.over) return;
    if (goodbye && this.heartbeatMs) this.send(GOODBYE, encodeGoodbye({}));
    this.release();
  }

  private opened(): void {
    if (this.over) return;
    this.beatenAt = this.clock.now();
    this.send(LOGIN, this.events.login());
  }

  private flush(): void {
    if (this.flushTimer) this.flushTimer();
    this.flushTimer = undefined;
    const frames = this.waiting;
    this.waiting = [];
    if (this.over || !frames.length) return;
    try {
      (this.link as Link).send(frames.length === 1 ? (frames[0] as Uint8Array) : joinFrames(frames));
    } catch (error) {
      this.end(new JianziError(NETWORK, `cannot send: ${(error as Error).message}`));
    }
  }

  private message(bytes: Uint8Array): void {
    if (this.over) return;
    this.heardAt = this.clock.now();
    try {
      const whole = walkFrames(bytes, (operation, body) => {
        this.take(operation, body);
        return !this.over;
      });
      if (!whole) throw new Error("not a frame");
    } catch (error) {
      this.end(error instanceof JianziError ? error : new JianziError(BAD_ANSWER, asJianziError(error).message));
    }
  }

  private take(operation: number, body: Uint8Array): void {
    if (operation === ERROR) {
      this.fault = fromWire(decodeError(body));
      return;
    }
    if (operation === GOODBYE) {
      const goodbye = decodeGoodbye(body);
      return this.end(goodbye.code ? fromWire(goodbye) : new JianziError(NETWORK, goodbye.message || "the server said good-bye", goodbye.retryAfterMs));
    }
    this.fault = undefined;
    if (operation === HEARTBEAT) {
      const { echo, timeMs } = decodeHeartbeat(body);
      const sentAt = this.sentAt[echo];
      delete this.sentAt[echo];
      if (sentAt !== undefined) this.events.heartbeat(sentAt, timeMs);
    } else if (operation === WELCOME) {
      const welcome = decodeWelcome(body);
      this.heartbeatMs = welcome.heartbeatMs || 10000;
      this.timer();
      this.watch(this.clock.now());
      this.events.welcome(welcome, this.beatenAt);
    } else this.events.frame(operation, body);
  }

  /** Looks twice a period. A look that comes late was asleep with the device: it beats again before it judges. */
  private watch(planned: number): void {
    if (this.over) return;
    const now = this.clock.now();
    const period = this.events.isPlaying() ? Math.min(WATCHFUL_MS, this.heartbeatMs) : this.heartbeatMs;
    const slept = now - planned > period / 2;
    if (!slept && now - this.heardAt > 2 * period) return this.end(new JianziError(NETWORK, "the server is silent"));
    if (slept) this.probe();
    else if (now - this.beatenAt >= period) this.beat();
    // Not above the watchful pace, so that a match that begins is watched soon.
    const pause = Math.min(WATCHFUL_MS, period) / 2;
    this.timer = this.clock.after(pause, () => this.watch(now + pause));
  }

  private beat(): void {
    this.beatenAt = this.clock.now();
    this.echo++;
    // Answers that never came are forgotten.
    delete this.sentAt[this.echo - 16];
    this.sentAt[this.echo] = this.beatenAt;
    this.send(HEARTBEAT, encodeHeartbeat({ lastPush: this.events.lastPush(), echo: this.echo }));
  }

  private lost(reason: string): void {
    this.end(this.fault || new JianziError(NETWORK, `connection lost: ${reason}`));
  }

  private end(fault: JianziError): void {
    if (this.over) return;
    this.release();
    this.events.ended(fault);
  }

  private release(): void {
    this.over = true;
    this.timer();
    if (this.flushTimer) this.flushTimer();
    if (this.link) this.link.close();
  }
}
