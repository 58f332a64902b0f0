// Score, time, rally, and how the connection is.
import { COUNTDOWN_TICKS, END_TICK, STARS, TICKS_PER_SECOND, multiplier, type State } from "../rules";
import type { Say } from "../text";
import { type Brush, FONT, between, disc, pill, write } from "./canvas";
import { CREAM, GOLD, INK } from "./palette";

export interface Link {
  /** "online", "reconnecting", "connecting", "offline", … as the SDK says; "replay" while watching. */
  state: string;
  rttMs: number;
  attempt: number;
  /** The rules that the room runs, for example "jianzi v1". */
  rules?: string | undefined;
}

export interface Insets { top: number; right: number; left: number }

export class Hud {
  private pop = 0;
  private shownScore = 0;
  private lastCombo = 0;

  draw(brush: Brush, state: State, link: Link, say: Say, width: number, insets: Insets, seconds: number): void {
    this.shownScore += (state.team - this.shownScore) * Math.min(1, seconds * 10);
    if (state.combo > this.lastCombo) this.pop = 1;
    this.lastCombo = state.combo;
    this.pop = Math.max(0, this.pop - seconds * 4);
    const narrow = width < 640;
    const w = narrow ? 176 : 226, h = narrow ? 56 : 64;
    const x = narrow ? insets.left + 12 : width / 2 - w / 2, y = insets.top + 10;
    this.score(brush, state, x, y, w, h);
    if (state.combo > 1) this.rally(brush, state, say, width / 2, narrow ? y + h + 64 : y + h + 34, narrow);
    const away = link.state === "reconnecting" || link.state === "kicked" || link.state === "closed";
    status(brush, link, say, insets.left + 12, narrow ? y + h + 10 : y + 4, 1);
    if (link.rules) plate(brush, link.rules, insets.left + 12, narrow ? y + h + 40 : y + 34);
    if (away) status(brush, link, say, width / 2, narrow ? y + h + 96 : y + h + 64, 1.6, true);
    if (state.tick < COUNTDOWN_TICKS) countdown(brush, state, width);
  }

  private score(brush: Brush, state: State, x: number, y: number, w: number, h: number): void {
    brush.fillStyle = "rgba(90,70,40,0.18)";
    pill(brush, x, y + 3, w, h, h / 2);
    brush.fill();
    brush.fillStyle = "rgba(255,250,238,0.94)";
    pill(brush, x, y, w, h, h / 2);
    brush.fill();
    clock(brush, state, x + h / 2, y + h / 2, h / 2 - 6);
    const middle = x + h + (w - h) / 2 - 8;
    write(brush, String(Math.round(this.shownScore)), middle, y + h * 0.36, h * 0.46, { fill: INK, weight: 800 });
    STARS.forEach((points, i) => {
      const before = i === 0 ? 0 : STARS[i - 1]!;
      star(brush, middle + (i - 1) * h * 0.44, y + h * 0.75, h * 0.17, between((state.team - before) / (points - before), 0, 1));
    });
  }

  private rally(brush: Brush, state: State, say: Say, x: number, y: number, narrow: boolean): void {
    const hot = multiplier(state.combo), size = (narrow ? 26 : 30) * (1 + this.pop * 0.35) + hot * 2;
    const color = ["#4f9d8f", "#4f9d8f", "#e08a2e", "#e8693d", "#dd4a5e", "#b548c6"][hot]!;
    write(brush, `${say("combo")} ${state.combo}${hot > 1 ? `  ×${hot}` : ""}`, x, y, size, { fill: color, edge: "rgba(255,255,255,0.92)", edgeWidth: 6, weight: 800 });
  }
}

function clock(brush: Brush, state: State, x: number, y: number, r: number): void {
  const left = between((END_TICK - Math.max(state.tick, COUNTDOWN_TICKS)) / (END_TICK - COUNTDOWN_TICKS), 0, 1);
  const late = left < 1 / 6;
  disc(brush, x, y, r, late ? "#ffd9d2" : "#e5f1ea");
  brush.strokeStyle = late ? "#e8583f" : "#57b894";
  brush.lineWidth = 5;
  brush.lineCap = "round";
  brush.beginPath();
  brush.arc(x, y, r - 2.5, -Math.PI / 2, -Math.PI / 2 + Math.PI * 2 * left);
  brush.stroke();
  const seconds = Math.ceil((END_TICK - Math.max(state.tick, COUNTDOWN_TICKS)) / TICKS_PER_SECOND);
  write(brush, String(Math.max(0, seconds)), x, y + 1, r * 0.85, { fill: INK, weight: 800 });
}

function star(brush: Brush, x: number, y: number, r: number, filled: number): void {
  const path = () => {
    brush.beginPath();
    for (let i = 0; i < 10; i++) {
      const angle = -Math.PI / 2 + (i * Math.PI) / 5, reach = i % 2 ? r * 0.5 : r;
      brush.lineTo(x + Math.cos(angle) * reach, y + Math.sin(angle) * reach);
    }
    brush.closePath();
  };
  brush.fillStyle = "#e6dcc8";
  path();
  brush.fill();
  if (filled <= 0) return;
  brush.save();
  brush.beginPath();
  brush.rect(x - r, y - r, 2 * r * filled, 2 * r);
  brush.clip();
  brush.fillStyle = GOLD;
  path();
  brush.fill();
  brush.restore();
}

function status(brush: Brush, link: Link, say: Say, edge: number, y: number, size: number, centred = false): void {
  const good = link.state === "online", replay = link.state === "replay";
  const words: Record<string, string> = {
    online: `${say("online")}${link.rttMs > 0 ? ` ${Math.round(link.rttMs)} ms` : ""}`, connecting: say("connecting"),
    reconnecting: `${say("reconnecting")}${link.attempt > 0 ? ` · ${say("attempt", { n: link.attempt })}` : ""}`,
    kicked: say("kicked"), outdated: say("outdated"), closed: say("closed"), replay: say("watching"),
  };
  const text = words[link.state] ?? say("offline");
  brush.font = `600 ${13 * size}px ${FONT}`;
  const w = brush.measureText(text).width + 34 * size, x = centred ? edge - w / 2 : edge;
  brush.fillStyle = good || replay ? "rgba(255,250,238,0.75)" : "rgba(255,226,214,0.95)";
  pill(brush, x, y, w, 24 * size, 12 * size);
  brush.fill();
  disc(brush, x + 14 * size, y + 12 * size, 4.5 * size, replay ? "#7a6fd0" : good ? (link.rttMs > 250 ? "#f2a93b" : "#3fae7f") : "#e8583f");
  write(brush, text, x + 24 * size, y + 12.5 * size, 13 * size, { fill: INK, align: "left", weight: 600 });
}

/** What the room runs. */
function plate(brush: Brush, text: string, x: number, y: number): void {
  brush.font = `600 13px ${FONT}`;
  brush.fillStyle = "rgba(59,58,74,0.72)";
  pill(brush, x, y, brush.measureText(text).width + 24, 24, 12);
  brush.fill();
  write(brush, text, x + 12, y + 12.5, 13, { fill: CREAM, align: "left", weight: 600 });
}

function countdown(brush: Brush, state: State, width: number): void {
  const left = Math.ceil((COUNTDOWN_TICKS - state.tick) / TICKS_PER_SECOND);
  const part = ((COUNTDOWN_TICKS - state.tick) % TICKS_PER_SECOND) / TICKS_PER_SECOND;
  write(brush, String(left), width / 2, 260, 90 + 50 * part, { fill: "#e8693d", edge: CREAM, edgeWidth: 14, weight: 800 });
}
