// Morning sky, hills as in ink, roofs of the lane, the paved yard. Painted once per size, then moved as layers.
import type { Camera } from "./camera";
import { type Brush, type MakeSheet, type Sheet, disc, oval } from "./canvas";

export class Backdrop {
  private sky?: Sheet;
  private hills?: Sheet;
  private yard?: Sheet;
  private width = 0;
  private height = 0;
  private readonly overhang = 220;

  constructor(private readonly makeSheet: MakeSheet) {}

  paint(width: number, height: number, pixelRatio: number, camera: Camera): void {
    this.width = width;
    this.height = height;
    const layer = (w: number, draw: (brush: Brush) => void): Sheet => {
      const sheet = this.makeSheet(Math.ceil(w * pixelRatio), Math.ceil(height * pixelRatio));
      sheet.brush.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
      draw(sheet.brush);
      return sheet;
    };
    const wide = width + 2 * this.overhang;
    this.sky = layer(width, (brush) => paintSky(brush, width, height, camera.groundY));
    this.hills = layer(wide, (brush) => paintHills(brush, wide, camera.groundY, camera.scale));
    this.yard = layer(wide, (brush) => paintYard(brush, wide, height, camera.groundY, camera.scale));
  }

  draw(brush: Brush, camera: Camera, seconds: number, wind: number): void {
    if (!this.sky || !this.hills || !this.yard) return;
    brush.drawImage(this.sky.image, 0, 0, this.width, this.height);
    clouds(brush, this.width, camera.groundY, seconds, camera.drift);
    const wide = this.width + 2 * this.overhang;
    const { x, y } = camera.shaken;
    brush.drawImage(this.hills.image, -this.overhang - camera.drift * 0.3, 0, wide, this.height);
    brush.drawImage(this.yard.image, -this.overhang - camera.drift + x, y, wide, this.height);
    pennant(brush, camera, seconds, wind);
  }
}

function paintSky(brush: Brush, w: number, h: number, ground: number): void {
  const sky = brush.createLinearGradient(0, 0, 0, ground);
  sky.addColorStop(0, "#6db7e8");
  sky.addColorStop(0.45, "#a9daf0");
  sky.addColorStop(0.8, "#fbe9c9");
  sky.addColorStop(1, "#ffd9b0");
  brush.fillStyle = sky;
  brush.fillRect(0, 0, w, h);
  const sunX = w * 0.78, sunY = ground * 0.36, r = Math.min(w, h);
  const glow = brush.createRadialGradient(sunX, sunY, 0, sunX, sunY, r * 0.5);
  glow.addColorStop(0, "rgba(255,247,214,0.95)");
  glow.addColorStop(0.12, "rgba(255,241,196,0.7)");
  glow.addColorStop(1, "rgba(255,240,200,0)");
  brush.fillStyle = glow;
  brush.fillRect(0, 0, w, h);
  disc(brush, sunX, sunY, r * 0.05, "#fffbe6");
}

function clouds(brush: Brush, w: number, ground: number, seconds: number, drift: number): void {
  const size = Math.min(1.1, Math.max(0.55, w / 900));
  for (let i = 0; i < 6; i++) {
    const span = w + 400;
    const x = ((((i * 397 + seconds * (5 + i * 1.7) - drift * 0.08) % span) + span) % span) - 200;
    const y = ground * (0.1 + ((i * 37) % 50) / 100);
    const s = size * (0.6 + ((i * 53) % 50) / 70);
    brush.globalAlpha = 0.5 + (i % 3) * 0.15;
    for (const [dx, dy, r] of [[-46, 8, 24], [-18, -6, 34], [20, -2, 30], [50, 9, 22], [2, 12, 30]] as const) {
      oval(brush, x + dx * s, y + dy * s, r * s * 1.25, r * s * 0.8, "#ffffff");
    }
  }
  brush.globalAlpha = 1;
}

function ridge(brush: Brush, w: number, base: number, height: number, wave: number, phase: number, fill: string): void {
  brush.fillStyle = fill;
  brush.beginPath();
  brush.moveTo(0, base);
  for (let x = 0; x <= w; x += 8) {
    const t = x / wave + phase;
    brush.lineTo(x, base - height * (0.55 + 0.3 * Math.sin(t) + 0.15 * Math.sin(t * 2.3 + 1)));
  }
  brush.lineTo(w, base);
  brush.fill();
}

function paintHills(brush: Brush, w: number, ground: number, scale: number): void {
  ridge(brush, w, ground, 250 * scale, 190 * scale, 0.4, "rgba(133,176,199,0.45)");
  ridge(brush, w, ground, 180 * scale, 150 * scale, 2.1, "rgba(118,168,170,0.55)");
  ridge(brush, w, ground, 110 * scale, 120 * scale, 4.4, "rgba(126,175,146,0.75)");
  for (let x = 30 * scale, i = 0; x < w; i++) {
    const wide = (120 + ((i * 67) % 80)) * scale;
    house(brush, x, ground - 8 * scale, wide, (54 + ((i * 29) % 26)) * scale, i);
    x += wide + (26 + ((i * 41) % 90)) * scale;
  }
}

/** A grey lane house: plaster wall, curved roof, a round window or a paper one. */
function house(brush: Brush, x: number, base: number, w: number, h: number, i: number): void {
  brush.fillStyle = ["#f2e6d3", "#ecdcc8", "#f6ecdd"][i % 3]!;
  brush.fillRect(x, base - h, w, h);
  brush.fillStyle = "#d9765f";
  if (i % 3 === 0) {
    brush.fillRect(x + w * 0.42, base - h * 0.6, w * 0.16, h * 0.6);
  } else {
    brush.fillStyle = "#b98e63";
    brush.fillRect(x + w * 0.36, base - h * 0.66, w * 0.28, h * 0.34);
    brush.fillStyle = "#fff1cf";
    brush.fillRect(x + w * 0.38, base - h * 0.62, w * 0.11, h * 0.26);
    brush.fillRect(x + w * 0.51, base - h * 0.62, w * 0.11, h * 0.26);
  }
  const lift = h * 0.24, out = w * 0.1, top = base - h;
  brush.fillStyle = i % 2 ? "#6d7f8c" : "#7b8a91";
  brush.beginPath();
  brush.moveTo(x - out, top - lift * 0.25);
  brush.quadraticCurveTo(x + w * 0.12, top + lift * 0.35, x + w * 0.16, top - lift * 1.5);
  brush.lineTo(x + w * 0.84, top - lift * 1.5);
  brush.quadraticCurveTo(x + w * 0.88, top + lift * 0.35, x + w + out, top - lift * 0.25);
  brush.quadraticCurveTo(x + w * 0.9, top + lift * 0.75, x + w * 0.5, top + lift * 0.62);
  brush.quadraticCurveTo(x + w * 0.1, top + lift * 0.75, x - out, top - lift * 0.25);
  brush.fill();
  brush.fillStyle = "#58666f";
  brush.fillRect(x + w * 0.14, top - lift * 1.75, w * 0.72, lift * 0.32);
}

function paintYard(brush: Brush, w: number, h: number, ground: number, scale: number): void {
  const grass = brush.createLinearGradient(0, ground - 26 * scale, 0, h);
  grass.addColorStop(0, "#a8cf86");
  grass.addColorStop(0.12, "#93c377");
  grass.addColorStop(1, "#6fa763");
  brush.fillStyle = grass;
  brush.beginPath();
  brush.moveTo(0, h);
  brush.lineTo(0, ground - 18 * scale);
  for (let x = 0; x <= w; x += 10) brush.lineTo(x, ground - (18 + 5 * Math.sin(x / 60) + 3 * Math.sin(x / 23)) * scale);
  brush.lineTo(w, h);
  brush.fill();
  const middle = w / 2, half = 440 * scale, near = 520 * scale;
  const deep = Math.min(h - ground, 92 * scale);
  brush.fillStyle = "#e9d8b8";
  brush.beginPath();
  brush.moveTo(middle - half, ground - 12 * scale);
  brush.lineTo(middle + half, ground - 12 * scale);
  brush.lineTo(middle + near, ground + deep);
  brush.lineTo(middle - near, ground + deep);
  brush.fill();
  brush.strokeStyle = "rgba(176,148,104,0.42)";
  brush.lineWidth = Math.max(1, 1.6 * scale);
  brush.beginPath();
  for (let i = 0; i <= 4; i++) {
    const t = (i / 4) ** 1.5, y = ground - 12 * scale + (deep + 12 * scale) * t;
    brush.moveTo(middle - half - (near - half) * t, y);
    brush.lineTo(middle + half + (near - half) * t, y);
  }
  for (let i = -8; i <= 8; i++) {
    brush.moveTo(middle + (half * i) / 8, ground - 12 * scale);
    brush.lineTo(middle + (near * i) / 8, ground + deep);
  }
  brush.stroke();
  brush.fillStyle = "rgba(120,92,60,0.25)";
  brush.fillRect(middle - near, ground + deep, 2 * near, 5 * scale);
  for (const side of [-1, 1]) tree(brush, middle + side * 486 * scale, ground - 14 * scale, scale, side);
  for (let i = 0; i < 46; i++) tuft(brush, ((i * 211) % 997) / 997 * w, ground, h, i, middle, near, deep, scale);
}

/** A peach tree in blossom on either side of the court. */
function tree(brush: Brush, x: number, foot: number, scale: number, side: number): void {
  const s = scale * (side < 0 ? 1.05 : 0.9);
  oval(brush, x, foot + 2 * s, 44 * s, 8 * s, "rgba(70,60,40,0.2)");
  brush.strokeStyle = "#8a6248";
  brush.lineCap = "round";
  for (const [width, bend, dx, dy] of [[17, 14, -10, -130], [10, -22, -62, -176], [9, 26, 54, -182], [7, 6, 10, -214]] as const) {
    brush.lineWidth = width * s;
    brush.beginPath();
    brush.moveTo(x, foot);
    brush.quadraticCurveTo(x - side * bend * s, foot - 80 * s, x - side * dx * s, foot + dy * s);
    brush.stroke();
  }
  for (let i = 0; i < 40; i++) {
    const angle = i * 2.4, far = Math.sqrt(i / 40);
    const px = x + Math.cos(angle) * far * 96 * s, py = foot + (-198 + Math.sin(angle) * far * 66) * s;
    disc(brush, px, py, (30 - 9 * far) * s, ["#f6b8c9", "#f9c9d6", "#fbdbe3", "#f2a5bb"][i % 4]!);
  }
  for (let i = 0; i < 26; i++) {
    const angle = i * 2.4 + 1, far = Math.sqrt(i / 26) * 0.95;
    disc(brush, x + Math.cos(angle) * far * 98 * s, foot + (-204 + Math.sin(angle) * far * 68) * s, 4 * s, i % 3 ? "#fff3f6" : "#ef8aa6");
  }
}

function tuft(
  brush: Brush, x: number, ground: number, h: number, i: number, middle: number, near: number, deep: number, scale: number,
): void {
  const y = ground + 8 * scale + (((i * 131) % 100) / 100) * (h - ground);
  if (Math.abs(x - middle) < near + 10 && y < ground + deep + 10) return;
  brush.strokeStyle = i % 3 ? "#5d9556" : "#86bd6a";
  brush.lineWidth = 2 * scale;
  brush.beginPath();
  for (const lean of [-5, 0, 5]) {
    brush.moveTo(x, y);
    brush.quadraticCurveTo(x + (lean / 2) * scale, y - 7 * scale, x + lean * scale, y - 11 * scale);
  }
  brush.stroke();
  if (i % 4 === 0) disc(brush, x + 6 * scale, y - 9 * scale, 3 * scale, ["#fff3f7", "#ffd166", "#ff9aa2"][i % 3]!);
}

/** A pennant on a pole tells the wind. */
function pennant(brush: Brush, camera: Camera, seconds: number, wind: number): void {
  const s = camera.scale, x = camera.x(400), foot = camera.y(12), top = camera.y(232);
  brush.strokeStyle = "#8a6a4a";
  brush.lineWidth = 5 * s;
  brush.lineCap = "round";
  brush.beginPath();
  brush.moveTo(x, foot);
  brush.lineTo(x, top);
  brush.stroke();
  disc(brush, x, top, 5 * s, "#ffcf5c");
  const pull = Math.max(-1, Math.min(1, wind / 1100));
  const length = 92 * s, side = pull < 0 ? -1 : 1, strength = Math.abs(pull);
  const droop = (1 - strength) * 0.95;
  brush.fillStyle = "#f0705c";
  brush.beginPath();
  brush.moveTo(x, top + 8 * s);
  const point = (t: number, low: number): [number, number] => [
    x + side * length * t * Math.cos(droop * 1.45),
    top + 8 * s + low + length * t * Math.sin(droop * 1.45) + Math.sin(seconds * (3 + strength * 6) - t * 5) * t * 7 * s,
  ];
  for (let t = 0; t <= 1.001; t += 0.125) brush.lineTo(...point(t, 0));
  for (let t = 1; t >= -0.001; t -= 0.125) brush.lineTo(...point(t, 34 * s * (1 - t * 0.85)));
  brush.fill();
}
