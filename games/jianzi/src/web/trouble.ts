// 捣乱: breaks the connection or the server in honest ways and shows what it cost, by the SDK's own account.
import { Jianzi, type JianziOptions } from "jianzi";
import type { BadNetwork } from "jianzi/testing";
import type { Play } from "../play";
import type { Say, Word } from "../text";
import { element } from "./elements";
import type { RoomCost, ServerAct, ServerTrouble, Watched } from "./server_trouble";

interface Cost { pauseMs: number; framesBackfilled: number; inputsLost: number; hashesEqual: boolean; server?: RoomCost }
interface Running { what: Word; until: number; before: Cost; ended: boolean; end: () => void; watched?: Watched }

export class Trouble {
  /** What the last trouble cost, once it is over. */
  cost?: Cost & { what: Word };
  /** Why the last one did not come about. */
  problem?: string;
  private running?: Running;
  private other?: Jianzi;

  constructor(
    private readonly play: Play, private readonly network: BadNetwork, private readonly options: JianziOptions,
    private readonly say: () => Say, private readonly changed: () => void, private readonly as: string,
    private readonly server: ServerTrouble,
  ) {}

  get active(): Word | undefined {
    return this.running?.what;
  }

  cut(seconds = 10): void {
    this.begin("cut", seconds, () => this.network.cut(seconds));
  }

  weak(seconds = 20): void {
    this.begin("weak", seconds, () => this.network.weak({ latencyMs: 120, jitterMs: 160, loss: 0.08 }, seconds));
  }

  /** What a phone does to a game that is not in front: the page is hidden, its sockets are gone. */
  background(seconds = 60): void {
    this.begin("background", seconds, () => {
      hide(true);
      this.network.cut(seconds);
      return () => {
        this.heal();
        hide(false);
      };
    });
  }

  /** The same player on another device: this one is shown the door until it comes back. */
  async elsewhere(): Promise<void> {
    this.begin("elsewhere", 0, () => undefined);
    this.other?.close();
    this.other = new Jianzi(this.options);
    try {
      await this.other.login({ as: this.as });
    } catch {
      this.running = undefined;
    }
    this.changed();
  }

  /** Kills the server, or publishes a patch in front of the players. */
  async onServer(act: ServerAct): Promise<void> {
    if (this.running) return;
    this.begin(act, 0, () => undefined);
    const running = this.running as Running | undefined;
    if (!running) return;
    running.ended = true;
    running.watched = this.server.begin(act, performance.now());
    const problem = await this.server.ask(act);
    if (problem !== undefined && this.running === running) this.fail(problem);
  }

  /** The player pressed "continue here". */
  returned(): void {
    this.other?.close();
    this.other = undefined;
    if (this.running?.what === "elsewhere") this.running.ended = true;
  }

  /** Ends what runs before its time. */
  stop(): void {
    const running = this.running;
    if (!running || running.ended) return;
    running.ended = true;
    running.until = Math.min(running.until, performance.now());
    running.end();
    this.changed();
  }

  /** Call it now and then: sees when the trouble is over and the game has caught up. */
  watch(now: number): void {
    const running = this.running;
    if (!running) return;
    if (!running.ended && running.until > 0 && now >= running.until) this.stop();
    const { watched } = running;
    if (watched && this.server.givenUp(watched, now)) return this.fail(this.say()("notDone"));
    if (!running.ended || this.play.status.state !== "online" || !this.settled(now, running)) return;
    const after = this.account(), { before } = running;
    this.cost = {
      what: running.what, pauseMs: after.pauseMs - before.pauseMs, framesBackfilled: after.framesBackfilled - before.framesBackfilled,
      inputsLost: after.inputsLost - before.inputsLost, hashesEqual: after.hashesEqual,
      ...(watched ? { server: this.server.cost(watched) } : {}),
    };
    this.running = undefined;
    this.changed();
  }

  draw(now: number): HTMLElement[] {
    const say = this.say(), idle = !this.running && this.play.screen.at === "playing";
    const act = (what: Word, run: () => void) => {
      const live = this.running?.what === what;
      const left = live && this.running!.until > now ? Math.ceil((this.running!.until - now) / 1000) : 0;
      const text = !live ? say(what) : left > 0 ? say("running", { n: left }) : say(this.running!.watched ? "underway" : "recovering");
      return element("button", { type: "button", id: `trouble-${what}`, class: live ? "live" : "", disabled: !idle, click: run }, text);
    };
    return [
      element("h2", {}, say("trouble"), element("small", {}, idle || this.running ? say("troubleHint") : say("needMatch"))),
      element("div", { class: "acts" },
        act("cut", () => this.cut()), act("weak", () => this.weak()), act("background", () => this.background()), act("elsewhere", () => void this.elsewhere()),
        ...(this.play.watchable ? [] : [act("patch", () => void this.onServer("patch")), act("bad", () => void this.onServer("bad"))]),
        ...(this.server.supervised ? [act("kill", () => void this.onServer("kill"))] : [])),
      ...(this.running?.what === "background" && !this.running.ended
        ? [element("button", { type: "button", class: "wide", id: "foreground", click: () => this.stop() }, say("foreground"))] : []),
      ...(this.problem ? [element("p", { class: "problem", id: "trouble-problem" }, this.problem)] : []),
      ...(this.cost ? [this.bill(this.cost)] : []),
    ];
  }

  private bill(cost: Cost & { what: Word }): HTMLElement {
    const say = this.say();
    const line = (word: Word, value: string, good?: boolean) =>
      element("tr", {}, element("td", {}, say(word)), element("td", { class: good === undefined ? "" : good ? "good" : "bad" }, value));
    const { server } = cost, computed = this.play.watchable;
    return element("table", { id: "cost" }, element("caption", {}, say(cost.what)), element("tbody", {},
      line("costPause", `${Math.round(cost.pauseMs)} ms`), line(computed ? "costFrames" : "costStates", String(cost.framesBackfilled)),
      line("costInputs", String(cost.inputsLost), cost.inputsLost === 0),
      computed && line("costHash", say(cost.hashesEqual ? "yes" : "no"), cost.hashesEqual),
      server && line("costRoom", say(server.sameRoom ? "yes" : "no"), server.sameRoom),
      server && line("costRun", server.runs.filter((run, i) => run !== server.runs[i - 1]).join(" → ")),
      server && server.versions.length > 0 && line("costVersion", server.versions.map((version) => `v${version}`).join(" → ")),
      server?.backAfterMs !== undefined && line("costBack", say("seconds", { n: (server.backAfterMs / 1000).toFixed(1) }))));
  }

  private fail(problem: string): void {
    this.running = undefined;
    this.problem = problem;
    this.changed();
  }

  private begin(what: Word, seconds: number, run: () => (() => void) | void): void {
    if (this.running) return;
    this.problem = undefined;
    const before = this.account();
    const end = run() ?? (() => this.heal());
    this.running = { what, until: seconds > 0 ? performance.now() + seconds * 1000 : 0, before, ended: false, end };
    this.changed();
  }

  private heal(): void {
    this.network.heal();
    // What a browser tells its pages when the network is back.
    window.dispatchEvent(new Event("online"));
  }

  /** Frames flow again, or the match has ended meanwhile. */
  private settled(now: number, running: Running): boolean {
    if (this.play.screen.at !== "playing") return true;
    if (running.watched) return this.server.settled(running.watched, now);
    return now > running.until + 400 && (this.play.game?.stats.inputsPending ?? 0) === 0;
  }

  private account(): Cost {
    const stats = this.play.game?.stats;
    return {
      pauseMs: stats?.pauseMs ?? 0, framesBackfilled: stats?.framesBackfilled ?? 0,
      inputsLost: stats?.inputsLost ?? 0, hashesEqual: stats?.hashesEqual ?? true,
    };
  }
}

/** Tells the page's listeners what a browser tells them when the page goes behind or comes back. */
function hide(hidden: boolean): void {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
  document.dispatchEvent(new Event("visibilitychange"));
}
