// The session: outlives its connections. Logs in, reconnects, resumes, and tells its status.
import type { Auth, LoginOptions, Player } from "./auth";
import { backoffMs } from "./backoff";
import type { Cancel, Clock } from "./clock";
import { Connection } from "./connection";
import { asJianziError, CLOSED, DEADLINE, GAVE_UP, JianziError, NETWORK } from "./errors";
import { BuildVerdictDecision, encodeLogin, type Welcome } from "./generated/messages";
import type { Lifecycle, Transport } from "./platform/platform";
import type { Status } from "./status";

export interface SessionOptions {
  url: string;
  build: string;
  device: string;
  sdk: string;
  maxTries: number;
}

export interface SessionEvents {
  status(status: Status): void;
  /** Online. `resumed`: the session went on where it was. */
  welcome(welcome: Welcome): void;
  frame(operation: number, body: Uint8Array): void;
  heartbeat(sentAt: number, serverMs: number): void;
  /** No connection from here on. */
  lost(): void;
  /** Over, for this reason; only a new login helps. */
  stopped(fault: JianziError): void;
  lastPush(): number;
  isPlaying(): boolean;
}

const REPLACED = 2005;
const OUTDATED = 2008;
const RESUME_SPENT = 2004;
const LOGIN_DEADLINE_MS = 30000;
const RETRY_WITHIN_MS = 1000;
/** Fresh tokens asked for on the way to one welcome; then something is wrong. */
const RELOGINS = 2;
/** A connection that lived for so long after its welcome was a good one: a server may crash every few seconds. */
const STEADY_MS = 1000;
/** So many may be bad luck. */
const SHORT_LIVES = 3;
/** A sleeping platform keeps a socket for about so long. */
const ASLEEP_MS = 5000;

export class Session {
  status: Status = { state: "offline" };
  welcome?: Welcome;
  player?: Player;
  private resume = new Uint8Array(0);
  private connection?: Connection;
  private online = false;
  private attempt = 0;
  private relogins = 0;
  private onlineSince = 0;
  /** Connections in a row that ended soon after their welcome. */
  private shortLives = 0;
  private redirects = 0;
  private hidden = false;
  private disposed = false;
  private retryTimer?: Cancel;
  /** Rises when what is under way does not count any more. */
  private generation = 0;
  private flight?: { promise: Promise<Player>; resolve: (player: Player) => void; reject: (fault: JianziError) => void; timer: Cancel };
  private url: string;
  private readonly sleeps: boolean;
  private readonly unwatch: () => void;

  constructor(
    private readonly options: SessionOptions,
    private readonly transport: Transport,
    private readonly auth: Auth,
    lifecycle: Lifecycle,
    private readonly clock: Clock,
    private readonly events: SessionEvents,
  ) {
    this.url = options.url;
    this.sleeps = lifecycle.sleeps;
    this.unwatch = lifecycle.watch(() => this.shown(), () => void (this.hidden = true));
  }

  /** One flight for all callers. */
  login(options: LoginOptions): Promise<Player> {
    if (this.disposed) return Promise.reject(new JianziError(CLOSED));
    if (this.flight) return this.flight.promise;
    if (this.online && this.player) return Promise.resolve(this.player);
    const deadline = options.deadlineMs || LOGIN_DEADLINE_MS;
    const flight: any = {
      timer: this.clock.after(deadline, () => this.stop("offline", new JianziError(DEADLINE, `no login within ${deadline} ms`))),
    };
    flight.promise = new Promise<Player>((resolve, reject) => {
      flight.resolve = resolve;
      flight.reject = reject;
    });
    this.flight = flight;
    this.auth.as(options);
    this.attempt = this.relogins = this.redirects = this.shortLives = 0;
    if (this.status.state !== "reconnecting") this.tell({ state: "connecting", attempt: 1, delayMs: 0 });
    this.connect();
    return flight.promise;
  }

  get isOnline(): boolean {
    return this.online;
  }

  /** False when there is no session on a connection right now. */
  send(operation: number, body: Uint8Array, withinMs = 0): boolean {
    if (!this.online || !this.connection) return false;
    this.connection.send(operation, body, withinMs);
    return true;
  }

  /** Orderly; a new login may follow. */
  leave(): void {
    this.drop(true);
    this.stop("offline", new JianziError(CLOSED, "logged out"));
  }

  close(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.unwatch();
    this.drop(true);
    this.stop("closed", new JianziError(CLOSED));
  }

  private connect(): void {
    this.drop();
    const generation = ++this.generation;
    this.attempt++;
    if (this.attempt > 1 || this.status.state === "reconnecting") this.tell({ state: this.trying(), attempt: this.attempt, delayMs: 0, reason: this.status.reason });
    this.auth.token().then(
      (token) => {
        if (generation === this.generation) this.open(token, generation);
      },
      (error) => {
        if (generation === this.generation) this.failed(asJianziError(error));
      },
    );
  }

  private open(token: string, generation: number): void {
    const { build, sdk, device } = this.options;
    const connection: Connection = new Connection(this.transport, this.url, this.clock, {
      login: () => encodeLogin({ token, resume: this.resume, lastPush: this.resume.length ? this.events.lastPush() : 0, build, sdk, device }),
      welcome: (welcome, sentAt) => this.welcomed(welcome, sentAt, connection),
      frame: (operation, body) => this.events.frame(operation, body),
      heartbeat: (sentAt, serverMs) => this.events.heartbeat(sentAt, serverMs),
      lastPush: () => this.events.lastPush(),
      isPlaying: () => this.events.isPlaying(),
      ended: (fault) => {
        if (generation === this.generation) this.ended(fault);
      },
    });
    this.connection = connection;
  }

  private welcomed(welcome: Welcome, sentAt: number, connection: Connection): void {
    const verdict = welcome.build;
    if (verdict && verdict.decision === BuildVerdictDecision.OTHER_SERVER && verdict.server && this.redirects++ < 3) {
      this.resume = new Uint8Array(0);
      this.url = verdict.server.replace(/^http/, "ws");
      return this.connect();
    }
    // A copy: the view would keep the whole message alive.
    this.resume = welcome.resume.slice();
    this.welcome = welcome;
    this.connection = connection;
    this.online = true;
    this.relogins = 0;
    this.player = { id: welcome.player, name: (this.auth.player && this.auth.player.id === welcome.player && this.auth.player.name) || "" };
    this.onlineSince = this.clock.now();
    this.events.heartbeat(sentAt, welcome.timeMs);
    this.events.welcome(welcome);
    this.tell({ state: "online" });
    const flight = this.flight;
    if (flight) {
      this.flight = undefined;
      flight.timer();
      flight.resolve(this.player);
    }
  }

  private ended(fault: JianziError): void {
    this.drop();
    if (this.online) {
      this.online = false;
      const short = this.clock.now() - this.onlineSince < STEADY_MS;
      this.shortLives = short ? this.shortLives + 1 : 0;
      // Connections that die as soon as they live count as failures: no racing round.
      this.attempt = Math.max(0, this.shortLives - SHORT_LIVES);
      this.events.lost();
    }
    this.failed(fault);
  }

  private failed(fault: JianziError): void {
    if (fault.code === REPLACED) return this.stop("kicked", fault);
    if (fault.code === OUTDATED) return this.stop("outdated", fault);
    if (fault.retry === "never") return this.stop("closed", fault);
    if (fault.retry === "login") {
      if (fault.code === RESUME_SPENT) this.resume = new Uint8Array(0);
      else this.auth.invalidate(fault);
      if (this.relogins++ >= RELOGINS) return this.stop("closed", fault);
      return this.retry(fault, 0);
    }
    const within = this.welcome ? this.welcome.retryWithinMs : RETRY_WITHIN_MS;
    if (this.attempt >= this.options.maxTries) {
      // In the background no try counts.
      if (!this.hidden) return this.stop("closed", this.flight ? fault : new JianziError(GAVE_UP));
      this.attempt--;
    }
    this.retry(fault, backoffMs(this.attempt + 1, within, fault.retryAfterMs, this.clock));
  }

  private retry(fault: JianziError, delayMs: number): void {
    this.generation++;
    this.tell({ state: this.trying(), attempt: this.attempt + 1, delayMs, reason: fault });
    if (this.hidden && this.sleeps) return;
    this.plan(delayMs);
  }

  private plan(delayMs: number): void {
    if (this.retryTimer) this.retryTimer();
    this.retryTimer = this.clock.after(delayMs, () => {
      this.retryTimer = undefined;
      this.connect();
    });
  }

  /** In front again: no waiting. */
  private shown(): void {
    this.hidden = false;
    if (this.connection && this.online) {
      // Where nothing runs in the background the platform has cut the socket, though it may tell so late or never.
      if (this.sleeps && this.connection.silentMs() > ASLEEP_MS) this.ended(new JianziError(NETWORK, "back from the background"));
      else return this.connection.probe();
    }
    const { state, reason } = this.status;
    if (state !== "reconnecting" && state !== "connecting") return;
    this.attempt = 0;
    // What the server asked for holds also now.
    if (this.retryTimer && reason && reason.retryAfterMs) return;
    if (this.retryTimer || this.sleeps) this.connect();
  }

  private trying(): "connecting" | "reconnecting" {
    return this.welcome && this.status.state !== "connecting" ? "reconnecting" : "connecting";
  }

  /** Everything is released: socket, timers, whoever waits. */
  private stop(state: Status["state"], reason: JianziError): void {
    this.generation++;
    this.drop();
    if (this.online) {
      this.online = false;
      this.events.lost();
    }
    this.resume = new Uint8Array(0);
    const flight = this.flight;
    this.flight = undefined;
    this.tell({ state, reason });
    this.events.stopped(reason);
    if (flight) {
      flight.timer();
      flight.reject(reason);
    }
  }

  private drop(goodbye = false): void {
    if (this.retryTimer) this.retryTimer();
    this.retryTimer = undefined;
    const connection = this.connection;
    this.connection = undefined;
    if (connection) connection.close(goodbye);
  }

  private tell(status: Status): void {
    this.status = status;
    this.events.status(status);
  }
}
