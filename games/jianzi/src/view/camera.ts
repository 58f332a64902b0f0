import { COURT, U } from "../rules";
import { between, ease } from "./canvas";

/** Court units to screen pixels. On a narrow screen it shows part of the court and follows the play. */
export class Camera {
  scale = 1;
  groundY = 0;
  private middle = 400;
  private shake = 0;
  private lean = { x: 0, y: 0 };
  private width = 1;
  private halfSeen = 400;

  /** Sizes in CSS pixels; `below` is kept free under the ground for fingers. */
  fit(width: number, height: number, below: number): void {
    this.width = width;
    const tall = (height - below) / 600;
    const wide = width / (height > width && width < 600 ? 700 : 880);
    this.scale = Math.min(tall, wide);
    this.groundY = Math.round(height - Math.max(below, height * 0.14));
    this.halfSeen = width / this.scale / 2;
  }

  /** Moves towards what matters, keeping everybody in the picture if that is possible; x positions in court units. */
  follow(mine: number, shuttle: number, everybody: number[], seconds: number): void {
    const slack = Math.max(0, COURT / U / 2 + 30 - this.halfSeen);
    const first = Math.min(...everybody) - 55 + this.halfSeen, last = Math.max(...everybody) + 55 - this.halfSeen;
    const free = between(mine * 0.5 + shuttle * 0.5, 400 - slack, 400 + slack);
    const wish = last <= first ? between(free, last, first) : free;
    this.middle = ease(this.middle, slack === 0 ? 400 : wish, 1 - Math.exp(-seconds * 4));
    this.shake *= Math.exp(-seconds * 9);
    const angle = this.shake * 7919;
    this.lean = { x: Math.sin(angle) * this.shake, y: Math.cos(angle * 1.3) * this.shake };
  }

  kick(strength: number): void {
    this.shake = Math.min(14, this.shake + strength);
  }

  x(units: number): number {
    return this.width / 2 + (units - this.middle) * this.scale + this.lean.x;
  }
  y(units: number): number {
    return this.groundY - units * this.scale + this.lean.y;
  }
  /** The other way: from screen to court units. */
  courtX(pixels: number): number {
    return (pixels - this.width / 2) / this.scale + this.middle;
  }
  /** How far the picture's middle is from the court's, for things that lie further back. */
  get drift(): number {
    return (this.middle - 400) * this.scale;
  }
  get shaken(): { x: number; y: number } {
    return this.lean;
  }
}
