// One of the children: coat, round head, hair of their own, legs that bend, a foot that goes where the shuttlecock is.
import { type Brush, disc, oval, pill } from "./canvas";
import { GOLD, INK, dress } from "./palette";

export interface Pose {
  seat: number;
  /** Court units. */
  x: number; speed: number; face: number;
  /** 0 = not kicking, 1 = the foot is at its highest. */
  kick: number;
  /** Court units from the body to where the foot goes. */
  reachX: number; reachY: number;
  lookX: number; lookY: number;
  /** 1 = just landed a perfect kick. */
  joy: number; sad: number; charged: boolean; asleep: boolean;
}

const HIP = 38, SHOULDER = 74, HEAD = 98;

/** Draws with the feet at the origin, y down, in court units times scale. */
export function drawChild(brush: Brush, pose: Pose, seconds: number): void {
  const { coat, dark, light, trim } = dress(pose.seat);
  const stride = Math.min(1, Math.abs(pose.speed) / 8);
  const pace = seconds * 13 + pose.seat;
  const bounce = stride * Math.abs(Math.sin(pace)) * 5 + Math.sin(seconds * 2.6 + pose.seat) * 1.2 + pose.joy * 15;
  const lean = pose.speed * 0.012 - pose.kick * 0.14 * pose.face + pose.sad * 0.1 * pose.face;
  const squash = 1 + pose.joy * 0.06 - (1 - Math.min(1, bounce / 4 + 0.75)) * 0.05;

  oval(brush, 0, 3, 30 - pose.joy * 6, 7, "rgba(70,50,30,0.22)");
  if (pose.charged) glow(brush, seconds);

  const hipY = -HIP - bounce;
  const swing = Math.sin(pace) * stride * 17;
  const still = 8;
  leg(brush, -6, hipY, -still * (1 - stride) + swing, -Math.max(0, Math.cos(pace)) * stride * 9, dark, pose.face);
  if (pose.kick > 0) {
    const side = Math.sign(pose.reachX) || pose.face;
    leg(brush, 6 * side, hipY, 6 * side + (pose.reachX - 6 * side) * pose.kick, -pose.reachY * pose.kick, dark, side);
  } else {
    leg(brush, 6, hipY, still * (1 - stride) - swing, -Math.max(0, -Math.cos(pace)) * stride * 9, dark, pose.face);
  }

  brush.save();
  brush.translate(0, hipY);
  brush.rotate(lean);
  brush.scale(2 - squash, squash);
  const top = -(SHOULDER - HIP);
  arm(brush, -15, top + 8, pose, seconds, -1, dark);
  brush.fillStyle = coat;
  brush.beginPath();
  brush.moveTo(-14, top + 2);
  brush.quadraticCurveTo(0, top - 6, 14, top + 2);
  brush.quadraticCurveTo(21, -8, 20, 6);
  brush.quadraticCurveTo(0, 13, -20, 6);
  brush.quadraticCurveTo(-21, -8, -14, top + 2);
  brush.fill();
  brush.strokeStyle = trim;
  brush.lineWidth = 3;
  brush.beginPath();
  brush.moveTo(-19, 3);
  brush.quadraticCurveTo(0, 10, 19, 3);
  brush.moveTo(0, top);
  brush.lineTo(3 * pose.face, 7);
  brush.stroke();
  for (let i = 0; i < 3; i++) disc(brush, 2 * pose.face + i * 0.6 * pose.face, top + 9 + i * 10, 1.9, trim);
  arm(brush, 15, top + 8, pose, seconds, 1, light);
  brush.translate(0, -(HEAD - HIP) + 2);
  brush.rotate(-lean * 0.6);
  head(brush, pose, seconds);
  brush.restore();
}

function leg(brush: Brush, hipX: number, hipY: number, footX: number, footY: number, color: string, bend: number): void {
  const dx = footX - hipX, dy = footY - hipY, far = Math.hypot(dx, dy) || 1;
  const half = Math.max(far / 2, 22), out = Math.sqrt(Math.max(0, half * half - (far * far) / 4)) + 2;
  const kneeX = (hipX + footX) / 2 + ((-dy / far) * out * -bend) * -1, kneeY = (hipY + footY) / 2 + (dx / far) * out * bend * -1;
  brush.strokeStyle = color;
  brush.lineWidth = 12;
  brush.lineCap = "round";
  brush.lineJoin = "round";
  brush.beginPath();
  brush.moveTo(hipX, hipY);
  brush.quadraticCurveTo(kneeX, kneeY, footX, footY - 5);
  brush.stroke();
  oval(brush, footX + 4 * bend, footY - 3, 10.5, 5.5, INK);
  oval(brush, footX + 4 * bend, footY - 0.5, 10.5, 2.6, "#f7efe2");
}

function arm(brush: Brush, x: number, y: number, pose: Pose, seconds: number, side: number, color: string): void {
  const lift = Math.max(pose.kick * 0.8, pose.joy) * 26;
  const sway = Math.sin(seconds * 13 + pose.seat + (side > 0 ? Math.PI : 0)) * Math.min(1, Math.abs(pose.speed) / 8) * 10;
  const handX = x + side * (10 + lift * 0.5) + sway * 0.4, handY = y + 24 - lift * 1.35 + Math.abs(sway) * 0.2;
  brush.strokeStyle = color;
  brush.lineWidth = 10;
  brush.lineCap = "round";
  brush.beginPath();
  brush.moveTo(x * 0.8, y);
  brush.quadraticCurveTo(x + side * 8, y + 10 - lift * 0.3, handX, handY);
  brush.stroke();
  disc(brush, handX, handY, 5.2, "#ffdcc0");
}

function head(brush: Brush, pose: Pose, seconds: number): void {
  const { coat, trim } = dress(pose.seat);
  const style = pose.seat % 4, hair = ["#3d2f33", "#4a3328", "#2f3342", "#5a3a2c"][style]!;
  if (style === 0) { disc(brush, -17, -17, 9, hair); disc(brush, 17, -17, 9, hair); disc(brush, -15, -13, 3.4, coat); disc(brush, 15, -13, 3.4, coat); }
  if (style === 2) { disc(brush, 0, -27, 9, hair); pill(brush, -7, -23, 14, 5, 2.5); brush.fillStyle = coat; brush.fill(); }
  if (style === 3) {
    brush.strokeStyle = hair; brush.lineWidth = 8; brush.lineCap = "round";
    brush.beginPath(); brush.moveTo(-17 * pose.face, -4);
    brush.quadraticCurveTo(-31 * pose.face, 6 + Math.sin(seconds * 7) * 3, -26 * pose.face, 20); brush.stroke();
    disc(brush, -20 * pose.face, 0, 4, trim);
  }
  disc(brush, 0, 0, 24, hair);
  oval(brush, 1.5 * pose.face, 4, 20.5, 18.5, "#ffe3cb");
  brush.fillStyle = hair;
  brush.beginPath();
  brush.arc(0, -1, 23, Math.PI * 1.04, Math.PI * 1.96);
  brush.quadraticCurveTo(8, -7, pose.face * 3, -10);
  brush.quadraticCurveTo(-8, -5, -22, -4);
  brush.fill();
  if (style === 1) {
    brush.fillStyle = coat;
    brush.beginPath(); brush.arc(0, -5, 24.5, Math.PI, 0); brush.quadraticCurveTo(0, -11, -24.5, -5); brush.fill();
    disc(brush, 0, -29, 5.5, trim);
  }
  const far = Math.hypot(pose.lookX, pose.lookY) || 1;
  const eyeX = (pose.lookX / far) * 3 + 2 * pose.face, eyeY = (pose.lookY / far) * 2.6 + 4;
  const blink = pose.asleep || Math.sin(seconds * 0.9 + pose.seat * 2.1) > 0.985 ? 0.12 : 1;
  for (const side of [-1, 1]) {
    if (pose.joy > 0.2) {
      brush.strokeStyle = INK; brush.lineWidth = 2.6; brush.lineCap = "round";
      brush.beginPath(); brush.arc(side * 7.5 + eyeX * 0.5, 5, 3.4, Math.PI * 1.1, Math.PI * 1.9); brush.stroke();
    } else {
      oval(brush, side * 7.5 + eyeX, eyeY, 2.7, 3.5 * blink, INK);
      if (blink === 1) disc(brush, side * 7.5 + eyeX + 0.9, eyeY - 1.2, 0.9, "#fff");
    }
    oval(brush, side * 13 + 1.5 * pose.face, 11, 4.2, 2.8, "rgba(255,128,120,0.5)");
  }
  brush.strokeStyle = "#b0504a";
  brush.lineWidth = 2;
  brush.lineCap = "round";
  brush.beginPath();
  const mouthX = eyeX * 0.5;
  if (pose.joy > 0.2) { brush.fillStyle = "#c5524c"; brush.arc(mouthX, 11.5, 4.6, 0, Math.PI); brush.fill(); }
  else if (pose.sad > 0.2) { brush.arc(mouthX, 16, 3.4, Math.PI * 1.15, Math.PI * 1.85); brush.stroke(); }
  else { brush.arc(mouthX, 10.5, 3.2, Math.PI * 0.15, Math.PI * 0.85); brush.stroke(); }
}

/** Three perfect kicks in a row: the next one is golden. */
function glow(brush: Brush, seconds: number): void {
  for (let i = 0; i < 6; i++) {
    const turn = seconds * 2.4 + (i * Math.PI) / 3;
    brush.globalAlpha = 0.55 + 0.4 * Math.sin(turn * 2);
    disc(brush, Math.cos(turn) * 34, -52 + Math.sin(turn) * 15 - Math.sin(seconds * 3 + i) * 18, 3.4, GOLD);
  }
  brush.globalAlpha = 1;
}
