// The shuttlecock: two coins in cloth, goose feathers above. It turns its coins to where it flies.
import { type Brush, disc, oval } from "./canvas";
import { GOLD } from "./palette";

const FEATHERS = ["#f25f5c", "#ffe066", "#50b99b", "#f78fb3", "#5fa8d3"];

/** Draws at the origin in court units, y down; `turn` is the direction of flight in radians. */
export function drawShuttle(brush: Brush, turn: number, speed: number, squash: number, golden: boolean, seconds: number): void {
  if (golden) {
    const light = brush.createRadialGradient(0, 0, 2, 0, 0, 44);
    light.addColorStop(0, "rgba(255,214,90,0.9)");
    light.addColorStop(1, "rgba(255,214,90,0)");
    disc(brush, 0, 0, 44, light);
  }
  brush.save();
  brush.rotate(turn - Math.PI / 2);
  brush.scale(1 + squash * 0.5, 1 - squash * 0.4);
  const spread = 0.62 - Math.min(0.36, speed * 0.012);
  FEATHERS.forEach((color, i) => {
    const at = (i - 2) / 2;
    const flutter = Math.sin(seconds * 22 + i * 1.7) * 0.05 * Math.min(1, 0.3 + speed * 0.06);
    brush.save();
    brush.translate(at * 3, -5);
    brush.rotate(at * spread + flutter);
    feather(brush, golden ? (i % 2 ? "#ffd55e" : "#ffb52e") : color);
    brush.restore();
  });
  brush.fillStyle = golden ? "#fff3c4" : "#e0483e";
  brush.beginPath();
  brush.moveTo(-6, -9);
  brush.lineTo(6, -9);
  brush.lineTo(8, 1);
  brush.lineTo(-8, 1);
  brush.fill();
  oval(brush, 0, 5, 12.5, 5, "#a8791d");
  oval(brush, 0, 2.5, 12.5, 5, GOLD);
  oval(brush, 0, 1.8, 7, 2.4, "#ffe9a3");
  brush.restore();
}

function feather(brush: Brush, color: string): void {
  brush.fillStyle = color;
  brush.beginPath();
  brush.moveTo(0, 0);
  brush.bezierCurveTo(-9, -12, -10, -30, -1, -42);
  brush.bezierCurveTo(9, -32, 9, -12, 0, 0);
  brush.fill();
  brush.strokeStyle = "rgba(255,255,255,0.75)";
  brush.lineWidth = 1.3;
  brush.beginPath();
  brush.moveTo(0, -2);
  brush.lineTo(-0.6, -38);
  brush.stroke();
}

export interface TrailPoint { x: number; y: number; golden: boolean }

/** A ribbon through the last places, thin and pale at its end; points in screen pixels, newest last. */
export function drawTrail(brush: Brush, points: TrailPoint[], width: number): void {
  brush.lineCap = "round";
  for (let i = 1; i < points.length; i++) {
    const part = i / points.length, from = points[i - 1]!, to = points[i]!;
    if (Math.hypot(to.x - from.x, to.y - from.y) > width * 22) continue;
    brush.strokeStyle = to.golden ? `rgba(255,196,46,${0.75 * part})` : `rgba(255,${Math.round(150 + 90 * part)},${Math.round(130 + 90 * part)},${0.75 * part})`;
    brush.lineWidth = width * part;
    brush.beginPath();
    brush.moveTo(from.x, from.y);
    brush.lineTo(to.x, to.y);
    brush.stroke();
  }
}

/** A paper lantern, hit for points. */
export function drawLantern(brush: Brush, seconds: number, i: number, shown: number): void {
  brush.save();
  brush.rotate(Math.sin(seconds * 1.6 + i * 2) * 0.09);
  brush.scale(shown, shown);
  const light = brush.createRadialGradient(0, 0, 4, 0, 0, 52);
  light.addColorStop(0, "rgba(255,190,110,0.55)");
  light.addColorStop(1, "rgba(255,190,110,0)");
  disc(brush, 0, 0, 52, light);
  brush.strokeStyle = "#8a5a3a";
  brush.lineWidth = 2;
  brush.beginPath();
  brush.moveTo(0, -38); brush.lineTo(0, -26);
  brush.moveTo(0, 26); brush.lineTo(0, 34);
  brush.stroke();
  oval(brush, 0, 0, 29, 24, "#e9503f");
  oval(brush, 0, 0, 18, 24, "#f2705c");
  oval(brush, 0, 0, 8, 24, "#ff9a7b");
  brush.fillStyle = "#ffcf5c";
  brush.fillRect(-12, -28, 24, 6);
  brush.fillRect(-12, 22, 24, 6);
  brush.strokeStyle = "#ffcf5c";
  brush.lineWidth = 2.4;
  brush.beginPath();
  for (const dx of [-5, 0, 5]) {
    brush.moveTo(dx, 30);
    brush.lineTo(dx + Math.sin(seconds * 3 + dx) * 2, 46);
  }
  brush.stroke();
  brush.restore();
}
