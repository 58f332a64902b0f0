// A stand-in for the SDK without a server: one player, a room that ticks by itself, answers at once. For looking at the
// game and for tests of its own flow; what crosses the network is tested with the real thing in e2e/.
type Handler = (event: never) => void;

class Emitter {
  private handlers: Record<string, Handler[]> = {};
  on(name: string, handler: Handler): () => void {
    (this.handlers[name] ??= []).push(handler);
    return () => undefined;
  }
  emit(name: string, event: unknown): void {
    for (const handler of this.handlers[name] ?? []) handler(event as never);
  }
}

export type Game = { tick: number; run: number; stats: any; input(data: number[]): void };
export type Room = any;
export type Status = { state: string; attempt?: number; delayMs?: number };
export type JianziError = Error & { code: number; messageZh: string };
export type JianziOptions = Record<string, unknown>;

export class Jianzi extends Emitter {
  player?: { id: string; name: string };
  launch = { invite: undefined as string | undefined, on: () => undefined };
  /** Makes what an authoritative room runs; a module of the room's, in Node. */
  referee?: (spec: any) => { tick(): void; input(seat: number, data: number[]): void; view(): Uint8Array; takeSaid(): any[] };
  rooms = { create: async (spec: any) => new LocalRoom(this, spec), join: async () => new LocalRoom(this, { seats: 2, private: true }) };
  async login({ as = "you" }: { as?: string } = {}): Promise<void> {
    this.player = { id: "p1", name: as };
    this.emit("status", { state: "online" });
  }
  async match({ players, mode, room }: { players: number; mode: string; room: any }): Promise<LocalRoom> {
    return new LocalRoom(this, { ...room, mode, seats: players, bots: players - 1, start: "when_full" });
  }
  close(): void {}
}

class LocalRoom extends Emitter {
  id = "1-standin";
  seat = 0;
  view: any;
  private begin?: () => void;
  constructor(private readonly jz: Jianzi, spec: any) {
    super();
    const seats = [{ seat: 0, player: "p1", name: jz.player?.name ?? "you", bot: false, online: true }];
    for (let seat = 1; seat <= (spec.bots ?? 0); seat++) seats.push({ seat, player: "", name: "", bot: true, online: true });
    this.view = { room: this.id, spec, seats, owner: "p1", phase: "open", invite: "ABC234" };
  }
  invite() { return { query: `invite=${this.view.invite}` }; }
  async start() { this.begin?.(); }
  async leave() { clearInterval(this.timer); }
  private timer?: ReturnType<typeof setInterval>;
  /** Like the server's: a state, ticks, a change of the rules in the middle, the room's own result. */
  authoritative() {
    const events = new Emitter(), referee = this.jz.referee!(this.view.spec);
    const game: any = {
      tick: 0, run: 1, stats: { pauseMs: 0, framesBackfilled: 0, inputsLost: 0, inputsPending: 0, rttMs: 24, hashesEqual: true },
      input: (data: number[]) => referee.input(0, data), on: events.on.bind(events),
    };
    this.view.logic = { game: this.view.spec.authoritative.game, version: 1, suspended: false };
    const show = () => events.emit("state", { tick: game.tick, data: referee.view() });
    this.begin = () => {
      this.timer ??= setInterval(() => {
        if (game.over) return;
        game.tick += 1;
        referee.tick();
        const said = referee.takeSaid(), end = said.find(({ what }) => what === "end");
        events.emit("tick", { tick: game.tick, messages: said.filter(({ what }) => what === "broadcast").map(({ data }) => data) });
        if (game.tick % 300 === 0) show();
        if (!end) return;
        game.over = true;
        clearInterval(this.timer);
        events.emit("over", { result: end.data, tick: game.tick, hash: 0 });
        this.emit("ended", { reason: "finished", agreed: true });
      }, 50);
    };
    setTimeout(show, 10);
    if (this.view.spec.start !== "by_owner") setTimeout(() => this.begin!(), 300);
    return game;
  }
  lockstep(rules: any) {
    const events = new Emitter();
    let inputs: { seat: number; data: number[] }[] = [];
    const bots = this.view.seats.filter((s: any) => s.bot).map((s: any) => s.seat);
    const game: any = {
      state: rules.start({ seats: this.view.spec.seats, seed: 42, bots }), tick: 0,
      stats: { pauseMs: 0, framesBackfilled: 0, inputsLost: 0, inputsPending: 0, rttMs: 24, hashesEqual: true },
      input: (data: number[]) => inputs.push({ seat: 0, data }), on: events.on.bind(events),
    };
    this.begin = () => {
      this.timer ??= setInterval(() => {
        if (game.over) return;
        game.tick += 1;
        game.state = rules.step(game.state, { tick: game.tick, inputs });
        inputs = [];
        events.emit("tick", game.state);
        if (rules.result(game.state)) {
          clearInterval(this.timer);
          game.over = true;
          this.emit("ended", { reason: "finished", agreed: true });
        }
      }, 50);
    };
    if (this.view.spec.start !== "by_owner") setTimeout(() => this.begin!(), 300);
    return game;
  }
}
