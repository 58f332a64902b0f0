// Cards and buttons on a bare canvas: WeChat has no page around the game.
import { type Brush, disc, pill, write } from "../view/canvas";
import { INK } from "../view/palette";

export interface Button { text: string; main?: boolean; press: () => void }
export interface Line { text: string; size: number; color?: string; dot?: string; right?: string }

interface Area { x: number; y: number; w: number; h: number; press: () => void }

export class Card {
  private areas: Area[] = [];

  hide(): void {
    this.areas = [];
  }

  draw(brush: Brush, width: number, height: number, lines: Line[], buttons: Button[], choice?: { of: number[]; chosen: number; choose(n: number): void }): void {
    this.areas = [];
    const w = Math.min(360, width - 36), rows = lines.reduce((sum, line) => sum + line.size * 1.55, 0);
    const h = rows + 44 + buttons.length * 60 + (choice ? 58 : 0), x = (width - w) / 2, y = Math.max(12, (height - h) * 0.45);
    brush.fillStyle = "rgba(70,60,40,0.16)";
    pill(brush, x, y + 8, w, h, 28);
    brush.fill();
    brush.fillStyle = "rgba(255,250,240,0.96)";
    pill(brush, x, y, w, h, 28);
    brush.fill();
    let at = y + 22;
    for (const { text, size, color = INK, dot, right } of lines) {
      const middle = at + size * 0.75;
      if (right === undefined) write(brush, text, width / 2, middle, size, { fill: color, weight: size > 20 ? 800 : 500 });
      else {
        if (dot) disc(brush, x + 38, middle, 9, dot);
        write(brush, text, x + 58, middle, size, { fill: color, align: "left" });
        write(brush, right, x + w - 30, middle, size, { fill: color, align: "right", weight: 800 });
      }
      at += size * 1.55;
    }
    if (choice) at = this.choose(brush, width, at + 6, choice) + 8;
    for (const { text, main, press } of buttons) {
      const bx = x + 22, bw = w - 44, bh = 48;
      brush.fillStyle = main ? "#c84a3c" : "#dccfb6";
      pill(brush, bx, at + 11, bw, bh, 17);
      brush.fill();
      brush.fillStyle = main ? "#ee6352" : "#f0e7d6";
      pill(brush, bx, at + 8, bw, bh, 17);
      brush.fill();
      write(brush, text, width / 2, at + 8 + bh / 2, 18, { fill: main ? "#fff" : INK });
      this.areas.push({ x: bx, y: at + 8, w: bw, h: bh, press });
      at += 60;
    }
  }

  /** Answers whether the touch was on a button. */
  touch(x: number, y: number): boolean {
    const hit = this.areas.find((a) => x >= a.x && x <= a.x + a.w && y >= a.y && y <= a.y + a.h);
    hit?.press();
    return hit !== undefined;
  }

  private choose(brush: Brush, width: number, y: number, { of, chosen, choose }: { of: number[]; chosen: number; choose(n: number): void }): number {
    const cell = 64, left = width / 2 - (cell * of.length) / 2;
    of.forEach((n, i) => {
      brush.fillStyle = n === chosen ? "#ffffff" : "#f0e7d6";
      pill(brush, left + i * cell + 3, y, cell - 6, 40, 14);
      brush.fill();
      write(brush, `${n} P`, left + i * cell + cell / 2, y + 20, 16, { fill: n === chosen ? INK : "#8b8797" });
      this.areas.push({ x: left + i * cell, y, w: cell, h: 40, press: () => choose(n) });
    });
    return y + 40;
  }
}
