// From fingers, mouse and keys to the inputs of the rules. Sends a change once, and repeats it every two seconds while
// somebody is there: a silent seat plays by itself.
import { KICK, LEFT, RIGHT, STAND, U, walkTo } from "./rules";

export interface Pad { x: number; y: number; r: number; press: "left" | "right" | "kick" }

const REPEAT_MS = 2000, AWAY_MS = 20000, WALK_EVERY_MS = 50;

export class Controls {
  /** Shows the round buttons for fingers. */
  touch = false;
  /** Somebody has played since the match began. */
  used = false;
  pads: Pad[] = [];
  private held: number[] = STAND;
  private readonly fingers = new Map<number, "left" | "right" | "kick">();
  private readonly keys = new Set<string>();
  private sentAt = 0;
  private usedAt = -AWAY_MS;
  private walkAt = 0;
  private wish: number[] | undefined;

  constructor(private readonly send: (data: number[]) => void, private readonly onKick: () => void) {}

  reset(): void {
    this.used = false;
    this.held = STAND;
    this.wish = undefined;
    this.fingers.clear();
    this.keys.clear();
  }

  layout(width: number, height: number, bottom: number): void {
    const r = Math.min(46, width * 0.11), y = height - bottom - r - 18;
    this.pads = [
      { x: r + 16, y, r, press: "left" },
      { x: 3 * r + 34, y, r, press: "right" },
      { x: width - r * 1.25 - 18, y: y - r * 0.2, r: r * 1.25, press: "kick" },
    ];
  }

  isDown(press: string): boolean {
    return Array.from(this.fingers.values()).indexOf(press as Pad["press"]) >= 0;
  }

  /** A finger went down or moved. Left half walks, right half kicks; no need to hit the buttons. */
  finger(id: number, x: number, width: number, down: boolean, now: number): void {
    this.touch = true;
    const was = this.fingers.get(id);
    if (!down && was === undefined) return;
    const right = this.pads[1], left = this.pads[0];
    const split = right && left ? (left.x + right.x) / 2 : width / 4;
    const press = was === "kick" || (was === undefined && x > width * 0.55) ? "kick" : x < split ? "left" : "right";
    this.fingers.set(id, press);
    if (press === "kick" && was === undefined) this.kick(now);
    else if (press !== "kick") this.walk(now);
  }

  lift(id: number, now: number): void {
    if (!this.fingers.has(id)) return;
    const was = this.fingers.get(id);
    this.fingers.delete(id);
    if (was !== "kick") this.walk(now);
  }

  /** The mouse is over this place of the court (in court units): walk there. */
  point(courtX: number, now: number): void {
    this.touch = false;
    this.wish = walkTo(Math.round(courtX * U));
    if (now - this.walkAt >= WALK_EVERY_MS) this.flush(now);
  }

  key(code: string, down: boolean, now: number): boolean {
    if (code === "Space" || code === "ArrowUp" || code === "KeyW" || code === "Enter") {
      if (down && !this.keys.has(code)) this.kick(now);
    } else if (code !== "ArrowLeft" && code !== "ArrowRight" && code !== "KeyA" && code !== "KeyD") return false;
    const had = this.keys.has(code);
    if (down) this.keys.add(code);
    else this.keys.delete(code);
    if (had !== down && code !== "Space") this.walk(now);
    return true;
  }

  kick(now: number): void {
    this.note(now);
    this.flush(now);
    this.send(KICK);
    this.onKick();
  }

  /** Call it once per picture. */
  beat(now: number): void {
    if (this.wish && now - this.walkAt >= WALK_EVERY_MS) this.flush(now);
    if (now - this.sentAt >= REPEAT_MS && now - this.usedAt < AWAY_MS) {
      this.sentAt = now;
      this.send(this.held);
    }
  }

  private walk(now: number): void {
    this.wish = undefined;
    const left = this.isDown("left") || this.keys.has("ArrowLeft") || this.keys.has("KeyA");
    const right = this.isDown("right") || this.keys.has("ArrowRight") || this.keys.has("KeyD");
    this.say(left === right ? STAND : left ? LEFT : RIGHT, now);
  }

  private flush(now: number): void {
    if (!this.wish) return;
    this.walkAt = now;
    this.say(this.wish, now);
    this.wish = undefined;
  }

  private say(data: number[], now: number): void {
    this.note(now);
    if (data.length === this.held.length && data.every((n, i) => n === this.held[i])) return;
    this.held = data;
    this.sentAt = now;
    this.send(data);
  }

  private note(now: number): void {
    this.used = true;
    this.usedAt = now;
  }
}
