// A room that the player is in.
import { Authoritative } from "./authoritative";
import type { Clock } from "./clock";
import { Emitter, type Unsubscribe } from "./emitter";
import { asJianziError, BAD_ANSWER, JianziError, MISUSE } from "./errors";
import type { GameRoom } from "./game";
import {
  decodeJoined, decodeRelay, decodeRoomView, encodeInput, encodeJoinRoom, encodeRelay, encodeReportResult, encodeReserveSeat,
  encodeResumeRoom, encodeRoomAction, encodeSetProperties, encodeStateHash, type Desync, type Frame, type InputRefused,
  type Joined, type Relay, type RoomAction, type RoomEnded, type RoomMessage, type RoomState, type RoomView as WireView,
} from "./generated/messages";
import { Inputs, type SentInput } from "./inputs";
import { type Invite, makeInvite } from "./launch";
import { checkRules, Lockstep, type Rules } from "./lockstep";
import { fromWireView, KNOWS_KIND, type Properties, refusalName, type RoomView, toProperties } from "./room_types";
import { INPUT, RELAY, STATE_HASH } from "./wire/frame";

export interface RoomEvents {
  /** Somebody came, left, got ready …: `why` is "joined", "left", "kicked", "lost", "back", "ready", "properties", "owner", "started", "spectators", "logic" (other rules run, or they stand still) or "reread". */
  changed: { view: RoomView; why: string; player: string };
  /** The room is over for this client. */
  ended: RoomEnd;
  relay: { from: number; data: Uint8Array; latestOnly: boolean };
  /** The room went back to an earlier tick: its server lost the ticks after `to`. */
  rewound: { from: number; to: number; reason: string };
  /** Players' states differ. `mine`: this client's is an odd one, and is computed again. */
  desync: { tick: number; seats: number[]; lastAgreedTick: number; mine: boolean };
  /** Something the SDK did by itself in this room failed. */
  error: JianziError;
}

export interface RoomEnd {
  /** "finished", "empty", "life_limit", "last_tick", "log_full", "closed", "logic_failed", "damaged", "unrecorded"; "kicked"; "lost": the server does not know the room any more. */
  reason: string;
  lastTick: number;
  /** Seat 65535: the result of an authoritative room's own rules. */
  results: { seat: number; result: Uint8Array; hash: number }[];
  /** All seats that reported told the same. */
  agreed: boolean;
}

/** What a room needs of the session. */
export interface RoomHost {
  clock: Clock;
  call<T>(method: string, body: Uint8Array, idempotent: boolean, read: (body: Uint8Array) => T, deadlineMs?: number): Promise<T>;
  send(operation: number, body: Uint8Array, withinMs?: number): boolean;
  isOnline(): boolean;
  rttMs(): number;
  playerId(): string;
  pageUrl(): string | undefined;
  joined(room: Room): void;
  left(room: Room): void;
}

const RETRY_MS = 1000;
const GAP_RETRY_MS = 500;
const RESULT_DEADLINE_MS = 60000;
const UNSENT_RELAYS = 64;
const EARLY_RELAYS = 64;
const ROOM_UNKNOWN = 3001;
const ROOM_ENDED = 3003;
const NOT_IN_ROOM = 3006;
/** To a resume: the room has yet to reach that tick, so ours are of a history that is gone. */
const BAD_REQUEST = 4002;

export class Room extends Emitter<RoomEvents> {
  readonly id: string;
  view: RoomView;
  /** The own seat; spectators have none. */
  seat?: number;
  game?: Lockstep<any> | Authoritative;
  /** Left, or ended. */
  over = false;
  /** @internal */
  channel = 0;
  private seed = 0;
  private readonly inputs = new Inputs();
  private resuming = false;
  private gapRetryAt = 0;
  private gapWatched = false;
  private unsent: Uint8Array[] = [];
  private early: RoomEvents["relay"][] = [];
  /** The newest change that an event has told. */
  private toldRun = 0;
  private toldRevision = 0;

  /** @internal */
  constructor(
    private readonly host: RoomHost,
    joined: Joined,
  ) {
    super();
    this.view = fromWireView(joined.room as WireView);
    this.id = this.view.id;
    this.adopt(joined);
    this.inputs.after(joined.applied);
  }

  override on<K extends keyof RoomEvents>(event: K, listener: (value: RoomEvents[K]) => void): Unsubscribe {
    const unsubscribe = super.on(event, listener);
    if (event === "relay") {
      const early = this.early;
      this.early = [];
      early.forEach((message) => this.emit("relay", message));
    }
    return unsubscribe;
  }

  /** For `wx.shareAppMessage`, or, with `url`, for a web link. */
  invite(share: { title?: string; imageUrl?: string } = {}): Invite {
    return makeInvite(this.view.invite, share, this.host.pageUrl());
  }

  /** Plays in lockstep by these rules. Ticks that have passed are fetched. */
  lockstep<S>(rules: Rules<S>): Lockstep<S> {
    checkRules(rules);
    return this.begin("lockstep", () => new Lockstep<S>(this.gameRoom(), rules));
  }

  /** Plays by rules that run in the room: it tells the state, then every tick. */
  authoritative(): Authoritative {
    return this.begin("authoritative", () => new Authoritative(this.gameRoom()));
  }

  async ready(ready = true): Promise<void> {
    await this.act("rooms.ready", { ready });
  }
  async start(): Promise<void> {
    await this.act("rooms.start", {});
  }
  /** The owner sets the room's properties; an empty value removes one. */
  async set(properties: Properties): Promise<void> {
    await this.setProperties(properties, false);
  }
  /** Sets properties of the own seat. */
  async setOwn(properties: Properties): Promise<void> {
    await this.setProperties(properties, true);
  }
  async kick(player: string, options: { ban?: boolean } = {}): Promise<void> {
    await this.act("rooms.kick", { player, ban: !!options.ban });
  }
  async giveOwner(player: string): Promise<void> {
    await this.act("rooms.owner", { player });
  }
  /** Keeps a seat for a player for a while. */
  async reserve(player: string, forMs: number): Promise<void> {
    await this.ask("rooms.reserve", encodeReserveSeat({ room: this.id, player, forMs }));
  }

  async leave(): Promise<void> {
    if (this.over) return;
    this.over = true;
    this.host.left(this);
    await this.host.call("rooms.leave", encodeRoomAction({ room: this.id }), true, () => {});
  }

  /**
   * A message to all others, or to some seats. `latestOnly`: a newer one may take its place on a slow way. False if it
   * could not be kept until the connection is back.
   */
  relay(data: ArrayLike<number>, options: { to?: number[]; latestOnly?: boolean } = {}): boolean {
    if (this.over) return false;
    const body = encodeRelay({ channel: this.channel, data: Uint8Array.from(data), to: options.to || [], latestOnly: !!options.latestOnly });
    if (this.host.send(RELAY, body)) return true;
    if (options.latestOnly || this.unsent.length >= UNSENT_RELAYS) return false;
    // With the channel of before: the fields are put together again when it is known.
    this.unsent.push(body);
    return true;
  }

  /** Tells what this seat holds for the outcome; games in lockstep do it by `rules.result`. */
  async result(result: ArrayLike<number>, hash = 0, tick = 0): Promise<void> {
    const body = encodeReportResult({ room: this.id, result: Uint8Array.from(result), hash, tick });
    await this.host.call("rooms.result", body, true, () => {}, RESULT_DEADLINE_MS);
  }

  /** @internal After a login: where the session has this seat. */
  back({ room, channel, seat }: Joined): void {
    this.resuming = false;
    // A welcome tells no more of a room than this: the view stays as it was until the room itself answers.
    this.channel = channel;
    this.seat = seat;
    this.host.joined(this);
    this.listen(room && room.run, this.game && this.game.tick);
    const unsent = this.unsent;
    this.unsent = [];
    for (const body of unsent) this.host.send(RELAY, encodeRelay({ ...decodeRelay(body), channel: this.channel }));
    this.emit("changed", { view: this.view, why: "reread", player: "" });
  }

  /** @internal The session does not have this seat: into the room again, by its id. */
  rejoin(): void {
    if (this.over) return;
    const body = encodeJoinRoom({ room: this.id, spectate: this.seat === undefined, knowsKind: KNOWS_KIND });
    this.host.call("rooms.join", body, true, decodeJoinedStrict).then(
      (joined) => {
        if (!this.over) this.back(joined);
      },
      (error) => this.failed(asJianziError(error), () => this.rejoin()),
    );
  }

  /** @internal */
  lost(): void {
    this.resuming = false;
    if (this.game) this.game.interrupted();
  }

  /** @internal An answer's view has no `why`: the event comes with the push that tells it. */
  changed(view: WireView, why?: string, player = ""): void {
    const { run, revision, phase } = this.view;
    const newer = view.run > run || (view.run === run && view.revision >= revision);
    if (newer) this.view = fromWireView(view);
    if (this.game && this.view.phase !== phase) this.game.seated();
    if (why === undefined || !(newer || why === "kicked") || (why !== "reread" && view.run === this.toldRun && view.revision <= this.toldRevision)) return;
    this.toldRun = view.run;
    this.toldRevision = view.revision;
    this.emit("changed", { view: this.view, why, player });
    if (why === "kicked" && player === this.host.playerId()) this.end({ reason: "kicked", lastTick: this.view.tick, results: [], agreed: false });
  }

  /** @internal */
  ended({ reason, lastTick, results, agreed }: RoomEnded): void {
    this.end({ reason, lastTick, results, agreed });
  }

  /** @internal */
  frame(frame: Frame): void {
    if (this.game) this.game.take(frame);
  }

  /** @internal */
  told(state: RoomState): void {
    if (this.game) this.game.told(state);
  }

  /** @internal */
  spoken(message: RoomMessage): void {
    if (this.game) this.game.spoken(message);
  }

  /** @internal */
  relayed({ from, data, latestOnly }: Relay): void {
    const message = { from, data, latestOnly };
    if (this.hasListener("relay")) this.emit("relay", message);
    // Others may speak before the game, which has just been given the room, listens.
    else if (this.early.length < EARLY_RELAYS) this.early.push(message);
  }

  /** @internal */
  differs({ tick, seats, lastAgreedTick }: Desync): void {
    const mine = this.seat !== undefined && seats.indexOf(this.seat) >= 0;
    this.emit("desync", { tick, seats, lastAgreedTick, mine });
    if (this.game) this.game.differs(seats, lastAgreedTick);
  }

  /** @internal */
  refused({ number, reason }: InputRefused): void {
    const name = refusalName(reason);
    if (name === "gap") {
      // Something before it never arrived there; all go again, once in a while.
      const now = this.host.clock.now();
      if (now < this.gapRetryAt) return;
      this.gapRetryAt = now + GAP_RETRY_MS;
      if (this.game) this.resume(this.game.tick + 1);
      this.watchGap();
    } else if (this.game) this.game.refuse(number, name);
  }

  /** What met a gap that nobody told of waits for ever if no more follows: all go again if nothing moves. */
  private watchGap(): void {
    const { oldest } = this.inputs;
    if (this.gapWatched || !oldest) return;
    this.gapWatched = true;
    this.host.clock.after(GAP_RETRY_MS, () => {
      this.gapWatched = false;
      if (this.over || !this.host.isOnline()) return;
      if (this.game && this.inputs.oldest === oldest) this.resume(this.game.tick + 1);
      this.watchGap();
    });
  }

  /** @internal Pushes were lost: the view is read again. */
  reread(): void {
    const read = (body: Uint8Array) => this.changed(decodeRoomView(body), "reread");
    this.host.call("rooms.get", encodeRoomAction({ room: this.id }), true, read).catch((error) => this.failed(asJianziError(error)));
  }

  private adopt({ room, channel, seat, seed }: Joined): void {
    this.channel = channel;
    this.seat = seat;
    this.seed = seed;
    if (room) {
      this.view = fromWireView(room);
      this.toldRun = room.run;
      this.toldRevision = room.revision;
    }
    this.host.joined(this);
  }

  /** After a cut a room is silent until it is asked. A lockstep room is asked when there are rules to play by. */
  private listen(run = this.view.run, tick = this.view.tick): void {
    const { game } = this;
    if (game) this.resume(game.resumePoint(run, tick));
    else if (this.view.spec.kind === "relay") this.resume(1);
  }

  /** Frames from this tick on; one request at a time. */
  private resume(fromTick: number): void {
    if (this.resuming || this.over || !this.host.isOnline()) return;
    this.resuming = true;
    const game = this.game;
    const read = (body: Uint8Array) => {
      this.resuming = false;
      const joined = decodeJoinedStrict(body);
      this.adopt(joined);
      this.inputs.after(joined.applied).forEach((input) => this.sendInput(input));
      if (game && game === this.game && joined.room) game.resumed(joined.room.tick);
    };
    this.host.call("rooms.resume", encodeResumeRoom({ channel: this.channel, fromTick }), true, read).catch((error) => {
      this.resuming = false;
      const fault = asJianziError(error);
      if (fault.code === BAD_REQUEST && game && game.tick) return game.restart();
      this.failed(fault, () => this.listen());
    });
  }

  private failed(fault: JianziError, again?: () => void): void {
    if (this.over) return;
    if (fault.code === ROOM_UNKNOWN || fault.code === ROOM_ENDED) {
      return this.end({ reason: fault.code === ROOM_ENDED ? "finished" : "lost", lastTick: this.game ? this.game.tick : 0, results: [], agreed: false });
    }
    if (fault.code === NOT_IN_ROOM) return this.rejoin();
    this.emit("error", fault);
    if (!again || fault.retry === "never" || fault.retry === "login") return;
    this.host.clock.after(Math.max(RETRY_MS, fault.retryAfterMs), () => {
      // Offline: the next login sees to it.
      if (!this.over && this.host.isOnline()) again();
    });
  }

  private end(end: RoomEnd): void {
    if (this.over) return;
    this.over = true;
    this.view = { ...this.view, phase: "ended" };
    this.host.left(this);
    if (this.game) this.game.ended(end);
    this.emit("ended", end);
  }

  private async setProperties(properties: Properties, ownSeat: boolean): Promise<void> {
    await this.ask("rooms.set", encodeSetProperties({ room: this.id, properties: toProperties(properties), ownSeat }));
  }

  private async act(method: string, action: Partial<RoomAction>): Promise<void> {
    await this.ask(method, encodeRoomAction({ room: this.id, ...action }));
  }

  private ask(method: string, body: Uint8Array): Promise<void> {
    return this.host.call(method, body, true, (answer) => this.changed(decodeRoomView(answer)));
  }

  private sendInput({ number, tick, data }: SentInput): void {
    const { tickHz, ticksPerMessage } = this.view.spec.lockstep;
    // Where frames come several ticks at a time, inputs may share messages for as long.
    const within = ticksPerMessage > 1 ? ((ticksPerMessage - 1) * 1000) / tickHz : 0;
    this.host.send(INPUT, encodeInput({ channel: this.channel, number, tick, data }), within);
  }

  private begin<G extends Lockstep<any> | Authoritative>(kind: RoomView["spec"]["kind"], make: () => G): G {
    if (this.view.spec.kind !== kind) throw new JianziError(MISUSE, `room ${this.id} is of kind ${this.view.spec.kind}`);
    const game = make();
    this.game = game;
    // Also before the start: the room sends frames to those who have asked.
    this.resume(1);
    return game;
  }

  private gameRoom(): GameRoom {
    const { host } = this;
    return {
      clock: host.clock,
      inputs: this.inputs,
      seat: () => this.seat,
      spec: () => this.view.spec,
      frameMs: () => {
        const { kind, authoritative, lockstep } = this.view.spec;
        return 1000 * (kind === "authoritative" ? 1 / authoritative.tickHz : lockstep.ticksPerMessage / lockstep.tickHz);
      },
      isPlaying: () => this.view.phase === "playing",
      isOver: () => this.over,
      rttMs: () => host.rttMs(),
      startInfo: () => ({
        seats: this.view.spec.seats,
        seed: this.seed,
        bots: this.view.seats.filter((seat) => seat.bot).map((seat) => seat.seat),
        spec: this.view.spec,
        players: this.view.seats,
      }),
      resume: (fromTick) => this.resume(fromTick),
      sendInput: (input) => this.sendInput(input),
      sendHash: (tick, hash) => void host.send(STATE_HASH, encodeStateHash({ channel: this.channel, tick, hash })),
      report: (result, hash, tick) => {
        this.result(result, hash, tick).catch((error) => {
          if (!this.over) this.emit("error", asJianziError(error));
        });
      },
      rewound: (event) => this.emit("rewound", event),
      failed: (fault) => this.emit("error", fault),
    };
  }
}

export function decodeJoinedStrict(body: Uint8Array): Joined {
  const joined = decodeJoined(body);
  if (!joined.room) throw new JianziError(BAD_ANSWER, "a room without a view");
  return joined;
}
