// What the game asks of Jianzi: log in, find a room, play the rules in it. No line here knows of sockets or reconnects.
import type { Game, Jianzi, JianziError, Room, RoomWish, Status } from "jianzi";
import { Replay, type ReplayFile } from "./replay";
import * as rules from "./rules";
import type { State } from "./rules";
import { readTold } from "./told";

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
/** The game's name on the server, where the rules run in the room. */
const ON_SERVER = "jianzi";

export class Play {
  screen: Screen = { at: "title" };
  room?: Room;
  game?: Game;
  /** Rooms asked for from now on run the rules themselves; phones send inputs and draw what they are told. */
  referee = false;
  status: Status = { state: "offline" };
  agreed?: boolean;
  /** The last finished room, for watching again. */
  lastRoom = "";
  names: string[] = [];
  /** The outcome as the room told it, where it runs the rules. */
  verdict?: Uint8Array;
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
  /** What the room runs, if it runs the rules itself. */
  get rules(): { game: string; version: number; suspended: boolean } | undefined {
    return this.room?.view.logic;
  }
  /** Only a match of inputs can be computed again here. */
  get watchable(): boolean {
    return this.room?.view.spec.kind !== "authoritative";
  }

  /** A match with anybody; bots fill up after three seconds. */
  async quick(players: number): Promise<void> {
    await this.enter("matching", () => {
      const { bots } = this.options, finder = (this.finder = abortable());
      const mode = MODES[players] ?? "party";
      return this.options.jz.match({
        mode: this.referee ? `referee-${mode}` : mode, players, bots, patienceMs: bots ? 3000 : 60000, signal: finder.signal,
        room: this.kind(),
      });
    });
  }

  /** A private room that waits for friends; places nobody takes are played by the rules themselves. */
  async invite(players: number): Promise<void> {
    await this.enter("lobby", () => this.options.jz.rooms.create({
      ...this.kind(), mode: "friends", seats: players, minPlayers: 1, private: true, start: "by_owner", lateJoin: true,
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

  /** The last room's match, as the server has kept it: a moment after the room has taken the results. */
  async replay(): Promise<Replay> {
    const path = `/v1/replays/${encodeURIComponent(this.lastRoom)}.json`;
    for (let left = 10; ; left--) {
      try {
        return new Replay(await this.options.jz.http.get<ReplayFile>(path));
      } catch (error) {
        if (left === 0 || (error as JianziError).name !== "room_unknown") throw error;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  }

  private kind(): RoomWish {
    const tickHz = rules.TICKS_PER_SECOND;
    return this.referee ? { kind: "authoritative", authoritative: { game: ON_SERVER, tickHz } } : { kind: "lockstep", lockstep: { tickHz } };
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
    this.game = room.view.spec.kind === "authoritative" ? this.listen(room) : this.compute(room);
    if (this.screen.at === "matching") this.show({ at: "lobby" });
    this.startWhenFull();
    this.options.changed();
  }

  /** In lockstep: everybody computes the same states from the same inputs. */
  private compute(room: Room): Game {
    const game = room.lockstep<State>({
      start: ({ seats, seed, bots }) => rules.start(seats, seed, bots),
      step: rules.step, hash: rules.hash, result: rules.result,
    });
    game.on("tick", (state) => this.step(room, state));
    return game;
  }

  /** The room is the referee: it computes and tells a state with every tick. */
  private listen(room: Room): Game {
    const game = room.authoritative();
    let shown = 0;
    const show = (data: Uint8Array | undefined, anew: boolean) => {
      const state = data && readTold(data);
      // What a change of the rules tells anew is on the screen already.
      if (!state || state.tick === 0 || (anew && state.tick === shown)) return;
      shown = state.tick;
      this.step(room, state);
    };
    game.on("state", ({ data }) => show(data, true));
    game.on("tick", ({ messages }) => show(messages[messages.length - 1], false));
    game.on("over", ({ result }) => {
      if (this.room !== room) return;
      this.verdict = result;
      this.finish(room);
    });
    return game;
  }

  private step(room: Room, state: State): void {
    if (this.room !== room) return;
    this.options.state(state);
    if (state.tick >= rules.END_TICK) this.finish(room);
    else if (this.screen.at !== "playing") this.show({ at: "playing" });
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
    this.verdict = undefined;
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
