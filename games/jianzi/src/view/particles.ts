import { type Brush, disc, write } from "./canvas";

type Shape = "dust" | "down" | "confetti" | "spark" | "ring" | "word";

interface Particle {
  shape: Shape; x: number; y: number; vx: number; vy: number;
  turn: number; spin: number; age: number; life: number; size: number; color: string; text: string;
}

const MOST = 260;

/** Short-lived things in the air, in court units (y up). Their chance is for the eye only. */
export class Particles {
  private all: Particle[] = [];
  private seed = 1;

  burst(shape: Shape, x: number, y: number, count: number, colors: string[], force = 1): void {
    for (let i = 0; i < count; i++) {
      const angle = this.some() * Math.PI * 2, speed = (40 + this.some() * 160) * force;
      const up = shape === "dust" ? 0.25 : 1;
      this.add({
        shape, x, y, vx: Math.cos(angle) * speed, vy: Math.abs(Math.sin(angle)) * speed * up + (shape === "confetti" ? 90 : 0),
        turn: angle, spin: (this.some() - 0.5) * 12, age: 0,
        life: { dust: 0.5, down: 1.5, confetti: 1.7, spark: 0.55, ring: 0.4, word: 1 }[shape] * (0.7 + this.some() * 0.6),
        size: { dust: 7, down: 9, confetti: 7, spark: 4, ring: 20, word: 20 }[shape] * (0.6 + this.some() * 0.8),
        color: colors[i % colors.length] ?? "#fff", text: "",
      });
    }
  }

  ring(x: number, y: number, color: string, size: number): void {
    this.add({ shape: "ring", x, y, vx: 0, vy: 0, turn: 0, spin: 0, age: 0, life: 0.42, size, color, text: "" });
  }

  word(text: string, x: number, y: number, color: string, size: number): void {
    this.add({ shape: "word", x, y, vx: 0, vy: 46, turn: 0, spin: 0, age: 0, life: 1.1, size, color, text });
  }

  /** Leaves that show which way the wind blows; `wind` in court units per second. */
  leaf(wind: number): void {
    const x = wind > 0 ? -60 : 860;
    this.add({
      shape: "down", x: this.some() < 0.5 ? x : this.some() * 800, y: 180 + this.some() * 330, vx: wind * 0.8, vy: -18 - this.some() * 26,
      turn: this.some() * 6, spin: 2 + this.some() * 3, age: 0, life: 5, size: 7, color: ["#f6b8c9", "#ffd3dd", "#f9e2a4"][Math.floor(this.some() * 3)]!, text: "",
    });
  }

  move(seconds: number): void {
    for (const p of this.all) {
      p.age += seconds;
      p.x += p.vx * seconds;
      p.y += p.vy * seconds;
      p.turn += p.spin * seconds;
      const drag = Math.exp(-seconds * (p.shape === "word" ? 1.6 : p.life > 4 ? 0.1 : 2.4));
      p.vx *= drag;
      p.vy = p.vy * drag - (p.shape === "confetti" ? 130 : p.shape === "down" && p.life < 4 ? 50 : 0) * seconds;
      if (p.shape === "dust") p.y = Math.max(p.y, 0);
    }
    this.all = this.all.filter((p) => p.age < p.life);
  }

  draw(brush: Brush, x: (units: number) => number, y: (units: number) => number, scale: number): void {
    for (const p of this.all) {
      const part = p.age / p.life, left = 1 - part, px = x(p.x), py = y(p.y), size = p.size * scale;
      brush.globalAlpha = Math.min(1, left * 2);
      if (p.shape === "dust") disc(brush, px, py, size * (0.6 + part), "rgba(233,216,184,0.8)");
      else if (p.shape === "spark") disc(brush, px, py, size * left, p.color);
      else if (p.shape === "ring") ring(brush, px, py, size * (0.5 + 2.2 * part), 7 * scale * left, p.color);
      else if (p.shape === "word") {
        const pop = Math.min(1, p.age * 9) * (1 + 0.25 * Math.max(0, 1 - p.age * 6));
        write(brush, p.text, px, py, Math.max(12, size * pop), { fill: p.color, edge: "rgba(255,255,255,0.95)", edgeWidth: Math.max(3, size * 0.22), weight: 800 });
      } else leafOrPaper(brush, p, px, py, size);
    }
    brush.globalAlpha = 1;
  }

  clear(): void {
    this.all = [];
  }

  private add(p: Particle): void {
    if (this.all.length >= MOST) this.all.shift();
    this.all.push(p);
  }

  private some(): number {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return this.seed / 4294967296;
  }
}

function ring(brush: Brush, x: number, y: number, r: number, width: number, color: string): void {
  brush.strokeStyle = color;
  brush.lineWidth = Math.max(0.5, width);
  brush.beginPath();
  brush.arc(x, y, r, 0, Math.PI * 2);
  brush.stroke();
}

function leafOrPaper(brush: Brush, p: Particle, x: number, y: number, size: number): void {
  brush.save();
  brush.translate(x, y);
  brush.rotate(p.turn);
  brush.scale(1, Math.cos(p.turn * 1.7));
  brush.fillStyle = p.color;
  if (p.shape === "confetti") brush.fillRect(-size / 2, -size / 3, size, size * 0.66);
  else {
    brush.beginPath();
    brush.moveTo(-size, 0);
    brush.quadraticCurveTo(0, -size * 0.7, size, 0);
    brush.quadraticCurveTo(0, size * 0.7, -size, 0);
    brush.fill();
  }
  brush.restore();
}
