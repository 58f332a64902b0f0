// What the page may do to a developer's server: kill it, publish patches; and what becomes of the room meanwhile.
import type { Play } from "../play";

export type ServerAct = "kill" | "patch" | "bad";

/** How the room stood before, and what has been seen of it since. */
export interface Watched {
  act: ServerAct;
  room: string;
  run: number;
  version: number;
  at: number;
  /** The last other version that it ran, since when, and until when. */
  other?: number;
  otherAt?: number;
  backAt?: number;
}

/** What only the server's troubles have on their bill. */
export interface RoomCost {
  sameRoom: boolean;
  runs: [number, number];
  /** The versions that ran one after the other; in rooms whose rules run on the server. */
  versions: number[];
  /** From the first sight of the new version until the old one was back. */
  backAfterMs?: number;
}

/** A change that has not shown itself after this is not coming. */
const PATIENCE_MS = 90_000;
/** The room plays on for so long before the account is closed. */
const STEADY_MS = 400;

export class ServerTrouble {
  /** Somebody starts the server again. */
  supervised = false;

  constructor(private readonly play: Play) {}

  /** What this server lets a page do; nothing, unless it is a developer's. */
  async look(): Promise<void> {
    try {
      const answer = await fetch("/dev/games");
      const { data } = (await answer.json()) as { data?: { supervised?: boolean } };
      this.supervised = answer.ok && data?.supervised === true;
    } catch {
      this.supervised = false;
    }
  }

  begin(act: ServerAct, now: number): Watched {
    const { play } = this;
    return { act, room: play.room?.id ?? "", run: play.game?.run ?? 0, version: play.rules?.version ?? 0, at: now };
  }

  /** Why the server would not; nothing if it did, or died over it. */
  async ask(act: ServerAct): Promise<string | undefined> {
    const post = (path: string, body?: unknown) =>
      fetch(path, { method: "POST", ...(body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {}) });
    try {
      const answer = await (act === "kill" ? post("/dev/kill") : post("/dev/patch", { which: act === "bad" ? "bad" : "v2" }));
      if (answer.ok) return undefined;
      const { msg } = (await answer.json().catch(() => ({}))) as { msg?: string };
      return msg || `HTTP ${answer.status}`;
    } catch (error) {
      return act === "kill" ? undefined : (error as Error).message;
    }
  }

  /** Looks at the room; true once all is over and it plays on. */
  settled(watched: Watched, now: number): boolean {
    const { game, rules } = this.play;
    if (!game) return true;
    if (watched.act === "kill") return game.run > watched.run && !game.catchingUp && game.stats.inputsPending === 0;
    const version = rules?.version ?? watched.version;
    if (version !== watched.version) {
      watched.otherAt ??= now;
      watched.other = version;
      watched.backAt = undefined;
    } else if (watched.otherAt !== undefined) watched.backAt ??= now;
    const since = watched.act === "bad" ? watched.backAt : watched.otherAt;
    return since !== undefined && now > since + STEADY_MS && !rules?.suspended && !game.catchingUp;
  }

  givenUp(watched: Watched, now: number): boolean {
    return now > watched.at + PATIENCE_MS;
  }

  cost({ room, run, version, other, otherAt, backAt }: Watched): RoomCost {
    const { play } = this;
    const now = play.rules?.version;
    const versions = now === undefined ? [] : [version, ...(other === undefined ? [] : [other]), now];
    return {
      sameRoom: play.room?.id === room,
      runs: [run, play.game?.run ?? 0],
      versions: versions.filter((one, i) => one !== versions[i - 1]),
      ...(backAt !== undefined && otherAt !== undefined ? { backAfterMs: backAt - otherAt } : {}),
    };
  }
}
