// The same game as a WeChat mini game: wx gives canvas, touches, sound and sharing; no adapter, no page.
import { Jianzi } from "jianzi";
import { Controls } from "../controls";
import { Play } from "../play";
import type { Replay } from "../replay";
import { stars, type State } from "../rules";
import { Sound } from "../sound";
import { languageOf, speak } from "../text";
import type { Brush } from "../view/canvas";
import { drawPads } from "../view/pads";
import { dress } from "../view/palette";
import { Scene } from "../view/scene";
import { Card, type Button, type Line } from "./buttons";

declare const BUILD: string;
/** Set in the first lines of game.js. */
declare const JIANZI_URL: string;
declare const JIANZI_APP: string;

const view = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
const width = view.windowWidth, height = view.windowHeight, ratio = Math.min(view.pixelRatio, 3);
const canvas = wx.createCanvas();
canvas.width = Math.round(width * ratio);
canvas.height = Math.round(height * ratio);
const brush = canvas.getContext("2d") as unknown as Brush;
const say = speak(languageOf(wx.getSystemInfoSync().language));
const sound = new Sound(() => (wx.createWebAudioContext ? (wx.createWebAudioContext() as unknown as AudioContext) : undefined));
const scene = new Scene((w, h) => {
  const sheet = wx.createCanvas();
  sheet.width = w;
  sheet.height = h;
  return { width: w, height: h, image: sheet as unknown as CanvasImageSource, brush: sheet.getContext("2d") as unknown as Brush };
}, sound);
const card = new Card();

const jz = new Jianzi({ url: JIANZI_URL, app: JIANZI_APP, build: BUILD });
let players = 2;
let last: State | undefined;
let replay: Replay | undefined;
const play = new Play({
  jz, bots: true, changed: () => undefined,
  state: (state) => {
    last = state;
    scene.push(state);
  },
});
const controls = new Controls((data) => play.input(data), () => scene.kickNow(play.seat));
controls.touch = true;

function begin(enter: () => Promise<void>): void {
  sound.wake();
  replay = undefined;
  last = undefined;
  scene.clear();
  controls.reset();
  void enter();
}

async function watchAgain(): Promise<void> {
  try {
    const shown = await play.replay();
    scene.clear();
    replay = shown;
  } catch (error) {
    wx.showToast({ title: (error as { messageZh?: string }).messageZh ?? String(error), icon: "none" });
  }
}

const share = () => ({ title: say("motto"), ...play.room?.invite() });
const friend: Button = {
  text: say("invite"),
  press: () => {
    if (play.screen.at !== "lobby") begin(() => play.invite(players));
    else wx.shareAppMessage(share());
  },
};
const quick: Button = { text: say("quick"), main: true, press: () => begin(() => play.quick(players)) };
const back: Button = { text: say("back"), press: () => play.leave() };

function menu(): void {
  if (play.status.state === "kicked") return card.draw(brush, width, height, [{ text: say("kicked"), size: 22 }], [{ text: say("takeBack"), main: true, press: () => void play.takeBack() }]);
  const { screen } = play;
  const show = (lines: Line[], buttons: Button[]) => card.draw(brush, width, height, lines, buttons);
  switch (screen.at) {
    case "playing": return card.hide();
    case "title": return card.draw(brush, width, height, [{ text: say("title"), size: 42 }, { text: say("motto"), size: 16, color: "#8b8797" }], [quick, friend],
      { of: [2, 3, 4], chosen: players, choose: (n) => { players = n; } });
    case "login": return show([{ text: say("loggingIn"), size: 22 }], [back]);
    case "matching": return show([{ text: say("matching"), size: 22 }, { text: say("quickHint"), size: 14, color: "#8b8797" }], [back]);
    case "lobby": return show([{ text: say("inRoom"), size: 22 }, ...people()], [friend, ...(owner() ? [{ text: say("startNow"), main: true, press: () => void play.begin() }] : []), back]);
    case "gone": return show([{ text: say(screen.reason === "lost" ? "lostRoom" : "ended"), size: 22 }], [{ ...quick, text: say("again") }, back]);
    case "problem": return show([{ text: (screen.error as { messageZh?: string }).messageZh ?? screen.error.message, size: 16 }], [{ ...quick, text: say("retry") }, back]);
    case "over": return last ? result(last, show) : undefined;
  }
}

function people(): Line[] {
  const room = play.room?.view;
  return Array.from({ length: room?.spec?.seats ?? 0 }, (_, seat) => {
    const who = room?.seats.find((s) => s.seat === seat);
    return { text: who ? (seat === play.seat ? say("you") : who.bot ? say("bot") : who.name) : say("waitingFriend"), size: 17, dot: dress(seat).coat, right: "" };
  });
}

const owner = (): boolean => play.room?.view.owner === play.player?.id && play.room?.view.spec?.private === true;

function result(state: State, show: (lines: Line[], buttons: Button[]) => void): void {
  const lit = stars(state);
  const order = state.players.map(({ score }, seat) => ({ score, seat })).sort((a, b) => b.score - a.score);
  show([
    { text: "★★★".slice(0, lit) + "☆☆☆".slice(lit), size: 34, color: "#e8a914" },
    { text: String(state.team), size: 44, color: "#ee6352" }, { text: `${say("best")} ${state.best}`, size: 15, color: "#8b8797" },
    ...order.map(({ score, seat }): Line => ({ text: seat === play.seat ? say("you") : play.names[seat] ?? say("bot"), size: 18, dot: dress(seat).coat, right: String(score) })),
  ], [{ ...quick, text: say("again") }, ...(play.watchable ? [{ text: say("watch"), press: () => void watchAgain() }] : []), friend]);
}

let before = Date.now();
function frame(): void {
  const now = Date.now(), seconds = Math.min(0.1, (now - before) / 1000);
  before = now;
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  replay?.move(seconds, (state) => scene.push(state));
  if (replay?.over) replay = undefined;
  scene.draw(brush, seconds, {
    me: replay ? -1 : play.seat, names: replay ? replay.names : play.names, say,
    link: { state: replay ? "replay" : play.status.state, rttMs: play.game?.stats.rttMs ?? 0, attempt: play.status.attempt ?? 0 },
  });
  if (play.screen.at === "playing") {
    controls.beat(now);
    drawPads(brush, controls, say);
  }
  if (replay) card.hide();
  else menu();
  requestAnimationFrame(frame);
}

wx.onTouchStart(({ changedTouches }) => {
  for (const { identifier, clientX, clientY } of changedTouches) {
    sound.wake();
    if (replay) replay = undefined;
    else if (!card.touch(clientX, clientY) && play.screen.at === "playing") controls.finger(identifier, clientX, width, true, Date.now());
  }
});
wx.onTouchMove(({ changedTouches }) => {
  for (const { identifier, clientX } of changedTouches) controls.finger(identifier, clientX, width, false, Date.now());
});
for (const listen of [wx.onTouchEnd, wx.onTouchCancel]) {
  listen(({ changedTouches }) => {
    for (const { identifier } of changedTouches) controls.lift(identifier, Date.now());
  });
}
wx.showShareMenu({ withShareTicket: false });
wx.onShareAppMessage(share);
jz.launch.on("invite", (invite) => begin(() => play.join(invite)));

const top = Math.max(view.safeArea?.top ?? 0, 24) + (width < height ? 30 : 0);
scene.resize(width, height, ratio, width < height ? Math.min(210, height * 0.27) : 88, { top, right: 0, left: 0 });
controls.layout(width, height, Math.max(0, height - (view.safeArea?.bottom ?? height)));
if (jz.launch.invite) begin(() => play.join(jz.launch.invite as string));
frame();
