// The whole picture: takes states as they come, shows them evenly, and makes every happening seen and heard.
import { CHARGE, COUNTDOWN_TICKS, FOOT, TICKS_PER_SECOND, U, landing, type Happening, type Player, type State } from "../rules";
import type { Sound } from "../sound";
import type { Say } from "../text";
import { Backdrop } from "./backdrop";
import { Camera } from "./camera";
import { type Brush, type MakeSheet, between, disc, ease, pill, write } from "./canvas";
import { drawChild } from "./child";
import { Hud, type Insets, type Link } from "./hud";
import { GOLD, INK, QUALITY, dress } from "./palette";
import { Particles } from "./particles";
import { type TrailPoint, drawLantern, drawShuttle, drawTrail } from "./shuttle";
import { Timeline } from "./timeline";

export interface Viewer {
  /** The own seat; -1 watches. */
  me: number;
  names: string[];
  link: Link;
  say: Say;
}

interface Mood { kick: number; reachX: number; reachY: number; joy: number; sad: number }

export class Scene {
  readonly camera = new Camera();
  private readonly backdrop: Backdrop;
  private readonly timeline = new Timeline();
  private readonly particles = new Particles();
  private readonly hud = new Hud();
  private readonly moods: Mood[] = Array.from({ length: 8 }, () => ({ kick: 0, reachX: 0, reachY: 0, joy: 0, sad: 0 }));
  private trail: TrailPoint[] = [];
  private turn = Math.PI / 2;
  private squash = 0;
  private clock = 0;
  private leafIn = 0;
  private lastCount = 0;
  private width = 1;
  private insets: Insets = { top: 0, right: 0, left: 0 };

  constructor(makeSheet: MakeSheet, private readonly sound: Sound) {
    this.backdrop = new Backdrop(makeSheet);
  }

  /** Sizes in CSS pixels; `below` stays free for fingers. */
  resize(width: number, height: number, pixelRatio: number, below: number, insets: Insets): void {
    this.width = width;
    this.insets = insets;
    this.camera.fit(width, height, below);
    this.backdrop.paint(width, height, pixelRatio, this.camera);
  }

  push(state: State): void {
    this.timeline.push(state);
  }

  clear(): void {
    this.timeline.clear();
    this.particles.clear();
    this.trail = [];
  }

  /** The own foot moves at once, before the room has heard of it. */
  kickNow(seat: number): void {
    const mood = this.moods[seat];
    if (mood && mood.kick < 0.3) Object.assign(mood, { kick: 1, reachX: 0, reachY: 46 });
  }

  draw(brush: Brush, seconds: number, viewer: Viewer): void {
    this.clock += seconds;
    const moment = this.timeline.move(seconds);
    const wind = moment?.after.wind ?? 300;
    this.leaves(seconds, (wind / U) * 20);
    this.particles.move(seconds);
    if (!moment) {
      this.camera.follow(400, 400, [400], seconds);
      this.backdrop.draw(brush, this.camera, this.clock, wind);
      this.particles.draw(brush, (x) => this.camera.x(x), (y) => this.camera.y(y), this.camera.scale);
      return;
    }
    const { before, after, part, passed } = moment;
    for (const state of passed) for (const what of state.happened) this.react(what, state, viewer);
    const shuttle = { x: ease(before.shuttle.x, after.shuttle.x, part) / U, y: ease(before.shuttle.y, after.shuttle.y, part) / U };
    if (Math.abs(before.shuttle.x - after.shuttle.x) > 150 * U || after.shuttle.wait > before.shuttle.wait) {
      shuttle.x = after.shuttle.x / U;
      shuttle.y = after.shuttle.y / U;
    }
    const xOf = (seat: number) => ease(before.players[seat]?.x ?? 0, after.players[seat]?.x ?? 0, part) / U;
    this.camera.follow(viewer.me >= 0 ? xOf(viewer.me) : shuttle.x, shuttle.x, after.players.map((_, seat) => xOf(seat)), seconds);
    this.backdrop.draw(brush, this.camera, this.clock, wind);
    this.lanterns(brush, after);
    this.marker(brush, after, part, viewer.link.rttMs);
    after.players.forEach((player, seat) => this.child(brush, player, seat, xOf(seat), shuttle, after, viewer, seconds));
    this.feather(brush, after, shuttle, seconds);
    this.particles.draw(brush, (x) => this.camera.x(x), (y) => this.camera.y(y), this.camera.scale);
    this.hud.draw(brush, after, viewer.link, viewer.say, this.width, this.insets, seconds);
    this.count(after);
  }

  private react(what: Happening, state: State, { say, me }: Viewer): void {
    const s = state.shuttle, x = s.x / U, y = s.y / U;
    if (what.what === "kick") {
      const mood = this.moods[what.seat]!, player = state.players[what.seat]!;
      Object.assign(mood, { kick: 1, reachX: x - player.x / U, reachY: between(y, 8, 96) });
      this.squash = 1;
      this.sound.kick(what.quality, state.combo);
      const color = QUALITY[what.quality]!;
      const name = say(what.quality === 3 ? "perfect" : what.quality === 2 ? "good" : "scrape");
      this.particles.word(`${name} +${what.points}`, x, Math.max(y + 46, 158), color, what.quality === 3 ? 26 : 19);
      this.particles.burst("down", x, y, what.quality * 2, ["#fff", "#ffe9c9", dress(what.seat).light]);
      if (what.quality === 3) {
        mood.joy = 1;
        this.particles.ring(x, y, color, 24);
        this.particles.burst("spark", x, y, 14, [GOLD, "#fff", "#ff9a5c"], 1.3);
        this.camera.kick(what.seat === me ? 7 : 3);
      }
      if (state.combo % 10 === 0) this.particles.burst("confetti", 400, 300, 60, ["#ee6352", "#2fa39a", "#f2a93b", "#7a6fd0", "#fff"], 2.6);
    } else if (what.what === "drop") {
      this.moods[what.seat]!.sad = 1;
      const at = this.trail[this.trail.length - 1];
      const where = at ? this.camera.courtX(at.x) : x;
      this.particles.burst("dust", where, 4, 14, [], 0.8);
      this.particles.word(say("drop"), where, 60, "#6d7f8c", 24);
      this.sound.drop();
      this.camera.kick(4);
      this.trail = [];
    } else if (what.what === "lantern") {
      this.particles.burst("confetti", x, y, 26, ["#e9503f", "#ffcf5c", "#ff9a7b", "#fff"], 1.4);
      this.particles.ring(x, y, "#ff9a5c", 34);
      this.particles.word(`${say("lantern")} +${what.points}`, x, y + 30, "#e9503f", 24);
      this.sound.lantern();
    } else if (what.what === "golden") {
      this.particles.word(say("golden"), x, y + 84, "#e0a100", 30);
      this.particles.burst("spark", x, y, 30, [GOLD, "#fff3c4"], 2);
      this.sound.golden();
    } else if (what.what === "whiff") {
      if (what.seat === me) this.sound.whiff();
    } else if (what.what === "serve") {
      this.particles.burst("down", x, y, 5, ["#fff", "#ffe9c9"], 0.6);
    } else {
      this.particles.word(say(what.what), 400, 330, "#e8693d", 54);
      if (what.what === "over") this.particles.burst("confetti", 400, 260, 110, ["#ee6352", "#2fa39a", "#f2a93b", "#7a6fd0", "#fff"], 3.2);
      this.sound.beep(true);
    }
  }

  private count(state: State): void {
    const left = Math.ceil((COUNTDOWN_TICKS - state.tick) / TICKS_PER_SECOND);
    if (left !== this.lastCount && left > 0) this.sound.beep(false);
    this.lastCount = left;
  }

  private leaves(seconds: number, wind: number): void {
    this.leafIn -= seconds;
    if (this.leafIn > 0) return;
    this.leafIn = 0.5 + 30 / (20 + Math.abs(wind));
    this.particles.leaf(wind);
  }

  private lanterns(brush: Brush, state: State): void {
    state.lanterns.forEach((lantern, i) => {
      if (lantern.wait > 12) return;
      this.at(brush, lantern.x / U, lantern.y / U + Math.sin(this.clock * 1.3 + i * 2) * 4, () =>
        drawLantern(brush, this.clock, i, 1 - lantern.wait / 12));
    });
  }

  /**
   * Where it comes down, whose it is, and a ring that closes on the right moment to kick: so much before the foot meets
   * it as the picture is behind the room and the kick takes to get there.
   */
  private marker(brush: Brush, state: State, part: number, rttMs: number): void {
    const s = state.shuttle, { x, ticks } = landing(state);
    const left = Math.max(0, ticks - part - 0.5 - (Math.min(rttMs, 300) * TICKS_PER_SECOND) / 1000);
    if (state.tick < COUNTDOWN_TICKS - 10) return;
    const color = dress(s.to).coat, px = this.camera.x(x / U), scale = this.camera.scale;
    brush.globalAlpha = 0.75;
    brush.save();
    brush.translate(px, this.camera.y(-4));
    brush.scale(1, 0.28);
    brush.strokeStyle = color;
    brush.lineWidth = 6 * scale;
    brush.beginPath();
    brush.arc(0, 0, 27 * scale, 0, Math.PI * 2);
    brush.stroke();
    brush.globalAlpha = 0.25;
    disc(brush, 0, 0, 27 * scale, color);
    brush.restore();
    if (left < 24) {
      const py = this.camera.y(FOOT / U), close = left / 24;
      brush.globalAlpha = 1 - close;
      brush.strokeStyle = left < 3 ? "#ff8a3d" : "#ffffff";
      brush.lineWidth = (left < 3 ? 6 : 3.5) * scale;
      brush.beginPath();
      brush.arc(px, py, (17 + 62 * close) * scale, 0, Math.PI * 2);
      brush.stroke();
    }
    brush.globalAlpha = 1;
  }

  private child(
    brush: Brush, player: Player, seat: number, x: number, shuttle: { x: number; y: number }, state: State, viewer: Viewer, seconds: number,
  ): void {
    const mood = this.moods[seat]!;
    mood.kick = Math.max(0, mood.kick - seconds * 4.2);
    mood.joy = Math.max(0, mood.joy - seconds * 1.9);
    mood.sad = Math.max(0, mood.sad - seconds * 1.1);
    const whiff = player.swing > 0 && mood.kick < 0.35 ? 0.7 : 0;
    const kick = Math.max(Math.sin(Math.min(1, mood.kick) * Math.PI * 0.62), whiff);
    const face = Math.abs(player.vx) > U ? player.face : state.shuttle.to === seat || state.shuttle.wait > 0 ? player.face : Math.sign(shuttle.x - x) || 1;
    this.at(brush, x, 0, () => drawChild(brush, {
      seat, x, speed: player.vx / U, face, kick,
      reachX: between(mood.reachX || 20 * face, -50, 50), reachY: mood.reachY || 46,
      lookX: shuttle.x - x, lookY: -(shuttle.y - 98), joy: Math.sin(mood.joy * Math.PI) * 0.9, sad: mood.sad,
      charged: player.charge === CHARGE, asleep: false,
    }, this.clock));
    this.tag(brush, player, seat, x, state, viewer);
  }

  private tag(brush: Brush, player: Player, seat: number, x: number, state: State, { me, names, say }: Viewer): void {
    const mine = seat === me, name = mine ? say("you") : names[seat] ?? say("bot"), scale = Math.max(0.8, Math.min(1.15, this.camera.scale));
    const text = `${name} ${player.score}`, size = 14 * scale, px = this.camera.x(x), py = this.camera.y(0) + 20 * scale;
    brush.font = `700 ${size}px system-ui, sans-serif`;
    const w = brush.measureText(text).width + 20 * scale, h = 22 * scale;
    brush.fillStyle = mine ? dress(seat).coat : "rgba(255,250,238,0.9)";
    pill(brush, px - w / 2, py, w, h, h / 2);
    brush.fill();
    write(brush, text, px, py + h / 2 + 0.5, size, { fill: mine ? "#fff" : INK });
    for (let i = 0; i < CHARGE; i++) {
      disc(brush, px + (i - 1) * 10 * scale, py + h + 7 * scale, 3.4 * scale, i < player.charge ? GOLD : "rgba(255,255,255,0.55)");
    }
    const top = Math.max(...state.players.map((p) => p.score));
    if (player.score === top && top > 0) this.crown(brush, px, this.camera.y(146), 11 * scale);
    if (mine && state.tick < COUNTDOWN_TICKS + 60) {
      const bob = Math.sin(this.clock * 6) * 5;
      brush.fillStyle = dress(seat).coat;
      brush.beginPath();
      brush.moveTo(px - 11, this.camera.y(168) - bob - 16);
      brush.lineTo(px + 11, this.camera.y(168) - bob - 16);
      brush.lineTo(px, this.camera.y(168) - bob);
      brush.fill();
    }
  }

  private crown(brush: Brush, x: number, y: number, r: number): void {
    brush.fillStyle = GOLD;
    brush.beginPath();
    for (const [dx, dy] of [[-1, 0.5], [-1.1, -0.6], [-0.45, -0.05], [0, -0.9], [0.45, -0.05], [1.1, -0.6], [1, 0.5]] as const) brush.lineTo(x + dx * r, y + dy * r);
    brush.fill();
  }

  private feather(brush: Brush, state: State, at: { x: number; y: number }, seconds: number): void {
    const s = state.shuttle, px = this.camera.x(at.x), py = this.camera.y(at.y), scale = this.camera.scale;
    const speed = Math.hypot(s.vx, s.vy) / U, hanging = s.wait > 0;
    const wish = hanging || speed < 0.5 ? Math.PI / 2 : Math.atan2(-s.vy, s.vx);
    const turn = Math.atan2(Math.sin(wish - this.turn), Math.cos(wish - this.turn));
    this.turn += turn * (1 - Math.exp(-seconds * 13));
    this.squash = Math.max(0, this.squash - seconds * 6);
    if (hanging) this.trail = [];
    this.trail.push({ x: px, y: py, golden: s.gold > 0 });
    if (this.trail.length > 22) this.trail.shift();
    drawTrail(brush, this.trail, 15 * scale);
    if (py < -20) { // above the picture: show where
      brush.fillStyle = "rgba(255,255,255,0.9)";
      brush.beginPath();
      brush.moveTo(px, this.insets.top + 6); brush.lineTo(px + 10, this.insets.top + 22); brush.lineTo(px - 10, this.insets.top + 22);
      brush.fill();
    }
    const sway = hanging ? Math.sin(this.clock * 4) * 0.18 : Math.sin(this.clock * 9) * 0.05;
    this.at(brush, at.x, at.y, () => drawShuttle(brush, this.turn + sway, speed, this.squash, s.gold > 0, this.clock));
  }

  private at(brush: Brush, x: number, y: number, draw: () => void): void {
    brush.save();
    brush.translate(this.camera.x(x), this.camera.y(y));
    brush.scale(this.camera.scale, this.camera.scale);
    draw();
    brush.restore();
  }
}
