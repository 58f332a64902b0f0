// What the game asks of Jianzi: log in, find a room, play the rules in it. No line here knows of sockets or reconnects.
import type { Jianzi, JianziError, Lockstep, Room, Status } from "jianzi";
import { Replay, type ReplayFile } from "./replay";
import * as rules from "./rules";
import type { State } from "./rules";

export type Screen =
  | { at: "title" | "login" | "matching" | "lobby" | "playing" | "over" }
  | { at: "problem"; error: JianziError | Error }
  | { at: "gone"; reason: string };

export interface PlayOptions {
  jz: Jianzi;
  /** Name of a test player; without it WeChat's code or the device's id. */
  as?: string;
  bots: boolean;
  /** Called whenever anything but the court has changed. */
  changed: () => void;
  /** Called with each state; `old` ones come in a hurry after a cut. */
  state: (state: State) => void;
}

/** The game's own name of its rules: only equal ones meet in a room. */
export const MODES: Record<number, string> = { 2: "duel", 3: "party", 4: "party" };

export class Play {
  screen: Screen = { at: "title" };
  room?: Room;
  game?: Lockstep<State>;
  status: Status = { state: "offline" };
  agreed?: boolean;
  /** The last finished room, for watching again. */
  lastRoom = "";
  names: string[] = [];
  private finder?: AbortLike;
  /** Rises with every new beginning; what an older one brings is left alone. */
  private turn = 0;

  constructor(private readonly options: PlayOptions) {
    options.jz.on("status", (status) => {
      this.status = status;
      options.changed();
    });
  }

  get seat(): number {
    return this.room?.seat ?? -1;
  }
  get player(): Jianzi["player"] {
    return this.options.jz.player;
  }
  get over(): boolean {
    return this.screen.at === "over";
  }

  /** A match with anybody; bots fill up after three seconds. */
  async quick(players: number): Promise<void> {
    await this.enter("matching", () => {
      const { bots } = this.options, finder = (this.finder = abortable());
      return this.options.jz.match({
        mode: MODES[players] ?? "party", players, bots, patienceMs: bots ? 3000 : 60000, signal: finder.signal,
        room: { lockstep: { tickHz: rules.TICKS_PER_SECOND } },
      });
    });
  }

  /** A private room that waits for friends; places nobody takes are played by the rules themselves. */
  async invite(players: number): Promise<void> {
    await this.enter("lobby", () => this.options.jz.rooms.create({
      kind: "lockstep", mode: "friends", seats: players, minPlayers: 1, private: true, start: "by_owner", lateJoin: true,
      lockstep: { tickHz: rules.TICKS_PER_SECOND },
    }));
  }

  async join(invite: string): Promise<void> {
    await this.enter("lobby", () => this.options.jz.rooms.join({ invite }));
  }

  async begin(): Promise<void> {
    await this.attempt(async () => { await this.room?.start(); });
  }

  /** Leaves whatever there is: a search, a lobby, a match, a result. */
  leave(): void {
    this.forget();
    this.show({ at: "title" });
  }

  input(data: number[]): void {
    if (this.screen.at === "playing" && this.game) this.game.input(data);
  }

  /** After a login elsewhere: the newer login wins, so this one wins again. */
  async takeBack(): Promise<void> {
    await this.attempt(async () => { await this.options.jz.login(this.credentials()); });
  }

  /** The last room's match, as the server has kept it. */
  async replay(): Promise<Replay> {
    return new Replay(await this.options.jz.http.get<ReplayFile>(`/v1/replays/${encodeURIComponent(this.lastRoom)}.json`));
  }

  private credentials(): { as?: string } {
    return this.options.as ? { as: this.options.as } : {};
  }

  private async enter(waiting: "matching" | "lobby", find: () => Promise<Room>): Promise<void> {
    this.forget();
    const turn = this.turn;
    this.show({ at: "login" });
    await this.attempt(async () => {
      await this.options.jz.login(this.credentials());
      if (turn !== this.turn) return;
      this.show({ at: waiting });
      const room = await find();
      if (turn === this.turn) this.take(room);
      else leaveQuietly(room);
    });
  }

  private take(room: Room): void {
    this.room = room;
    this.readNames();
    room.on("changed", () => {
      this.readNames();
      this.startWhenFull();
      this.options.changed();
    });
    room.on("ended", ({ reason, agreed }) => {
      if (this.room !== room) return;
      this.agreed = agreed;
      if (reason !== "lost") this.lastRoom = room.id;
      if (this.screen.at !== "over") this.show({ at: "gone", reason });
      else this.options.changed();
    });
    const game = room.lockstep<State>({
      start: ({ seats, seed, bots }) => rules.start(seats, seed, bots),
      step: rules.step, hash: rules.hash, result: rules.result,
    });
    this.game = game;
    game.on("tick", (state) => {
      if (this.room !== room) return;
      this.options.state(state);
      if (state.tick >= rules.END_TICK) this.finish(room);
      else if (this.screen.at !== "playing") this.show({ at: "playing" });
    });
    if (this.screen.at === "matching") this.show({ at: "lobby" });
    this.startWhenFull();
    this.options.changed();
  }

  private finish(room: Room): void {
    if (this.screen.at === "over") return;
    this.lastRoom = room.id;
    this.show({ at: "over" });
  }

  private startWhenFull(): void {
    const view = this.room?.view;
    if (!view || view.phase !== "open" || view.spec.start !== "by_owner") return;
    if (view.owner === this.options.jz.player?.id && view.seats.length >= view.spec.seats) void this.begin();
  }

  private readNames(): void {
    for (const seat of this.room?.view.seats ?? []) if (!seat.bot) this.names[seat.seat] = seat.name;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    const turn = this.turn;
    try {
      await work();
    } catch (error) {
      if (turn !== this.turn) return;
      this.show({ at: "problem", error: error as Error });
    }
  }

  private show(screen: Screen): void {
    this.screen = screen;
    this.options.changed();
  }

  private forget(): void {
    this.turn += 1;
    this.finder?.abort();
    if (this.room) leaveQuietly(this.room);
    this.finder = undefined;
    this.room = undefined;
    this.game = undefined;
    this.agreed = undefined;
    this.names = [];
  }
}

/** A room that has ended or is gone need not be left. */
function leaveQuietly(room: Room): void {
  room.leave().catch(() => undefined);
}

interface AbortLike { signal: { aborted: boolean; onabort?: (() => void) | null }; abort(): void }

/** WeChat has no AbortController; the SDK needs only this much of one. */
function abortable(): AbortLike {
  const signal: AbortLike["signal"] = { aborted: false };
  return { signal, abort: () => { signal.aborted = true; signal.onabort?.(); } };
}
