// The one object a game holds.
import { Auth, type LoginOptions, type Player } from "./auth";
import { type CallOptions, Calls } from "./calls";
import { type Clock, randomName, systemClock } from "./clock";
import { Emitter } from "./emitter";
import { CLOSED, JianziError, MISUSE } from "./errors";
import { type BuildVerdict, decodePush, type Welcome } from "./generated/messages";
import { Http } from "./http";
import { Launch } from "./launch";
import { type Match, Matches, type MatchOptions } from "./match";
import type { Platform, Transport } from "./platform/platform";
import type { RoomHost } from "./room";
import { Rooms } from "./rooms";
import { Session } from "./session";
import type { Status } from "./status";
import { ServerTime } from "./time";
import { VERSION } from "./version";
import { ANSWER, PUSH } from "./wire/frame";

export interface JianziOptions {
  /** The server, for example "https://game.example.com"; the socket's address follows from it. */
  url: string;
  /** The app's name on that server. */
  app: string;
  /** The game's version; in lockstep only equal ones meet. */
  build: string;
  /** The socket's address, where it is another one. */
  socketUrl?: string;
  /** Tries to reconnect before giving up; default 12, some three minutes. */
  maxTries?: number;
  /** Another way to open sockets, for example `badNetwork().transport`. */
  transport?: Transport;
  /** Other surroundings than the ones found. */
  platform?: Platform;
  /** Another time and chance, for tests. */
  clock?: Clock;
}

export interface JianziEvents {
  status: Status;
  /** A word from the operator. */
  notice: { kind: string; message: string };
  /** A newer version of the game would be welcome. */
  update: { message: string };
  /** The game was opened with an invite while it ran. */
  invite: string;
}

export class Jianzi extends Emitter<JianziEvents> {
  readonly rooms: Rooms;
  readonly http: Http;
  readonly launch: Launch;
  readonly time: ServerTime;
  private readonly core: Session;
  private readonly calls: Calls;
  private readonly matches: Matches;
  private readonly auth: Auth;
  private lastPush = 0;
  private expectGap = false;

  /** @internal */
  static detect: () => Platform;

  constructor(options: JianziOptions) {
    super();
    const { url, app, build } = options;
    if (!/^https?:\/\/./.test(url)) throw new JianziError(MISUSE, `url must begin with http:// or https://: "${url}"`);
    const base = url.replace(/\/+$/, "");
    const clock = options.clock || systemClock;
    const platform = options.platform || Jianzi.detect();
    const { storage, lifecycle } = platform;
    const device = deviceId(storage, clock);
    this.time = new ServerTime(clock);
    const tokens = {
      token: () => this.auth.token(),
      invalidate: (fault: JianziError) => this.auth.invalidate(fault),
    };
    this.http = new Http(base, `jianzi.cache.${app}.${build}.`, platform.http, storage, clock, tokens);
    const post = (path: string, body: unknown) => this.http.post(path, body, { auth: false });
    this.auth = new Auth(post, { app, build, device }, platform.loginCode, clock);
    this.calls = new Calls(clock, (operation, body) => this.core.send(operation, body));
    this.core = new Session(
      {
        url: options.socketUrl || base.replace(/^http/, "ws") + "/ws",
        build, device, sdk: "jianzi-ts " + VERSION, maxTries: options.maxTries || 12,
      },
      options.transport || platform.transport, this.auth, lifecycle, clock,
      {
        status: (status) => this.emit("status", status),
        welcome: (welcome) => this.welcomed(welcome),
        frame: (operation, body) => this.take(operation, body),
        heartbeat: (sentAt, serverMs) => this.time.sample(sentAt, serverMs),
        lost: () => this.rooms.lost(),
        stopped: (fault) => this.stopped(fault),
        lastPush: () => this.lastPush,
        isPlaying: () => this.rooms.isPlaying(),
      },
    );
    const host: Omit<RoomHost, "joined" | "left"> = {
      clock,
      call: (method, body, idempotent, read, deadlineMs) => this.request(method, body, { idempotent, deadlineMs }, read),
      send: (operation, body, withinMs) => this.core.send(operation, body, withinMs),
      isOnline: () => this.core.isOnline,
      rttMs: () => this.time.rttMs,
      playerId: () => (this.player ? this.player.id : ""),
      pageUrl: () => (lifecycle.pageUrl ? lifecycle.pageUrl() : undefined),
    };
    this.rooms = new Rooms(host);
    this.matches = new Matches(host, this.rooms);
    this.launch = new Launch(lifecycle);
    this.launch.on("invite", (invite) => this.emit("invite", invite));
  }

  get status(): Status {
    return this.core.status;
  }

  get player(): Player | undefined {
    return this.core.player;
  }

  /** `number` rises with each login of the player; the newer login wins. */
  get session(): { id: string; number: number } | undefined {
    const { welcome } = this.core;
    return welcome && { id: welcome.session, number: welcome.sessionNumber };
  }

  /** Logs in and connects: with WeChat's code in WeChat, else as this device's player. One flight for all callers. */
  login(options: LoginOptions = {}): Promise<Player> {
    return this.core.login(options);
  }

  /** Ends the session here and on the server; `login()` begins a new one. */
  async logout(): Promise<void> {
    this.core.leave();
    await this.auth.logout();
  }

  /** Finds players and takes the seat: resolves with the room. */
  match(options: MatchOptions): Match {
    return this.matches.start(options);
  }

  /** Calls a method of the server with bytes of your own. */
  call(method: string, body: Uint8Array = new Uint8Array(0), options: CallOptions = {}): Promise<Uint8Array> {
    return this.request(method, body, options, (answer) => answer.slice());
  }

  /** Leaves the server for good; everything is released. */
  close(): void {
    this.core.close();
    this.launch.close();
    this.rooms.closed();
  }

  /** A call before the login waits for it, and begins it if nobody has. */
  private request<T>(method: string, body: Uint8Array, options: CallOptions, read: (body: Uint8Array) => T): Promise<T> {
    const { state, reason } = this.status;
    if (state === "offline" && !reason) this.login().catch(() => {});
    else if (state === "kicked" || state === "outdated" || state === "closed" || state === "offline") {
      return Promise.reject(reason || new JianziError(CLOSED));
    }
    return this.calls.call(method, body, options, read);
  }

  private welcomed(welcome: Welcome): void {
    if (welcome.resumed) this.calls.resumed();
    else {
      this.lastPush = 0;
      this.calls.renewed();
    }
    this.expectGap = welcome.pushesLost > 0;
    this.rooms.welcome(welcome);
    if (!welcome.resumed || welcome.pushesLost) this.matches.reread();
    this.verdict(welcome.build);
  }

  private verdict(verdict: BuildVerdict | undefined): void {
    if (verdict && verdict.decision === 1) this.emit("update", { message: verdict.message });
  }

  private take(operation: number, body: Uint8Array): void {
    if (operation === ANSWER) this.calls.answered(body);
    else if (operation === PUSH) this.pushed(body);
    else this.rooms.take(operation, body);
  }

  private pushed(body: Uint8Array): void {
    const push = decodePush(body);
    if (push.sequence <= this.lastPush) return;
    const gap = push.sequence > this.lastPush + 1 && !this.expectGap;
    this.expectGap = false;
    this.lastPush = push.sequence;
    this.rooms.push(push);
    this.matches.push(push);
    if (push.notice) this.emit("notice", push.notice);
    if (gap) {
      this.rooms.reread();
      this.matches.reread();
    }
  }

  private stopped(fault: JianziError): void {
    this.calls.failAll(fault);
    this.matches.closed(fault);
  }
}

function deviceId(storage: Platform["storage"], clock: Clock): string {
  const known = storage.get("jianzi.device");
  if (known) return known;
  const device = randomName(clock, 24);
  storage.set("jianzi.device", device);
  return device;
}
