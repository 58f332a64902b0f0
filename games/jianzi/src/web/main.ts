// The page /play: joins the game, its picture and its buttons.
import { Jianzi, type JianziOptions } from "jianzi";
import { badNetwork } from "jianzi/testing";
import { Controls } from "../controls";
import { Play } from "../play";
import type { Replay } from "../replay";
import { END_TICK, botInputs, hash, result, type State } from "../rules";
import { Sound } from "../sound";
import { languageOf, speak, type Language } from "../text";
import type { Brush } from "../view/canvas";
import { drawPads } from "../view/pads";
import { Scene } from "../view/scene";
import { byId, element } from "./elements";
import { nickname } from "./nickname";
import { panel } from "./panels";
import { ServerTrouble } from "./server_trouble";
import { Trouble } from "./trouble";

declare const BUILD: string;

const query = new URLSearchParams(location.search);
const asked = {
  as: query.get("as") ?? nickname(), bots: query.get("bots") !== "0", auto: query.get("auto") === "1", referee: query.get("referee") === "1",
};
let players = Math.max(2, Math.min(4, Number(query.get("players")) || 2));
let language: Language = languageOf(stored("language") ?? navigator.language);
let say = speak(language);

const network = badNetwork();
const options: JianziOptions = { url: location.origin, app: query.get("app") ?? "jianzi-demo", build: BUILD, transport: network.transport };
const jz = new Jianzi(options);
const canvas = byId<HTMLCanvasElement>("court");
const brush = canvas.getContext("2d") as Brush;
const sound = new Sound(() => (typeof AudioContext === "undefined" ? undefined : new AudioContext()));
const scene = new Scene((width, height) => {
  const sheet = document.createElement("canvas");
  sheet.width = width;
  sheet.height = height;
  return { width, height, image: sheet, brush: sheet.getContext("2d") as Brush };
}, sound);

let last: State | undefined;
let replay: Replay | undefined;
const play = new Play({
  jz, as: asked.as, bots: asked.bots, changed: refresh,
  state: (state) => {
    last = state;
    scene.push(state);
    if (asked.auto) for (const data of botInputs(state, play.seat)) play.input(data);
  },
});
play.referee = asked.referee;
const controls = new Controls((data) => play.input(data), () => scene.kickNow(play.seat));
const server = new ServerTrouble(play);
const trouble = new Trouble(play, network, options, () => say, refresh, asked.as, server);

const act = {
  quick: () => begin(() => play.quick(players)),
  invite: () => begin(() => play.invite(players)),
  begin: () => void play.begin(),
  cancel: () => { leaveReplay(); scene.clear(); play.leave(); },
  again: () => begin(() => play.quick(players)),
  watch: () => void watchAgain(),
  takeBack: () => { trouble.returned(); void play.takeBack(); },
  get players() { return players; },
  choosePlayers: (n: number) => { players = n; refresh(); },
  get referee() { return play.referee; },
  chooseReferee: () => {
    play.referee = !play.referee;
    if (play.screen.at === "matching") act.quick();
    else refresh();
  },
};

function begin(enter: () => Promise<void>): void {
  sound.wake();
  leaveReplay();
  last = undefined;
  scene.clear();
  controls.reset();
  void enter();
}

async function watchAgain(): Promise<void> {
  try {
    replay = await play.replay();
    scene.clear();
  } catch (error) {
    play.screen = { at: "problem", error: error as Error };
  }
  refresh();
}

function leaveReplay(): void {
  if (replay) scene.clear();
  replay = undefined;
}

function refresh(): void {
  document.documentElement.lang = language;
  document.title = say("title");
  byId("sound").textContent = sound.on ? "♪" : "♪̸";
  byId("sound").setAttribute("aria-label", say("sound"));
  byId("language").textContent = language === "zh" ? "EN" : "中";
  byId("trouble").textContent = say("trouble");
  byId("leave").hidden = play.screen.at !== "playing" || !!replay;
  byId("leave").setAttribute("aria-label", say("back"));
  byId("panel").replaceChildren(...(replay ? [] : panel(play, last, say, language, act)));
  drawDrawer();
  drawBar();
}

function drawDrawer(): void {
  const drawer = byId("drawer");
  byId("trouble").setAttribute("aria-expanded", String(!drawer.hidden));
  if (!drawer.hidden) drawer.replaceChildren(...trouble.draw(performance.now()));
}

function drawBar(): void {
  const bar = byId("bar");
  bar.hidden = !replay;
  if (!replay) return bar.replaceChildren();
  const shown = replay;
  const slider = element("input", { type: "range", id: "seek", min: "0", max: String(shown.length), value: String(shown.state.tick), "aria-label": say("watching") });
  slider.addEventListener("input", () => {
    shown.seek(Number(slider.value));
    scene.clear();
    scene.push(shown.state);
  });
  const speed = element("button", { type: "button", id: "speed" }, `${shown.speed}×`);
  speed.addEventListener("click", () => {
    shown.speed = shown.speed === 1 ? 2 : shown.speed === 2 ? 4 : 1;
    speed.textContent = `${shown.speed}×`;
  });
  bar.replaceChildren(speed, slider, element("button", { type: "button", id: "leave-replay", click: () => { leaveReplay(); refresh(); } }, say("back")));
}

function resize(): void {
  const ratio = Math.min(window.devicePixelRatio || 1, 3), width = innerWidth, height = innerHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const fingers = matchMedia("(pointer: coarse)").matches;
  controls.touch = controls.touch || fingers;
  const low = height < 480;
  scene.resize(width, height, ratio, fingers && !low ? Math.min(210, height * 0.27) : 88, { top: 0, right: 0, left: 0 });
  controls.layout(width, height, 0);
}

let before = performance.now();
let checked = 0;
function frame(now: number): void {
  const seconds = Math.min(0.1, Math.max(0, (now - before) / 1000));
  before = now;
  if (replay) {
    replay.move(seconds, (state) => scene.push(state));
    const slider = document.getElementById("seek") as HTMLInputElement | null;
    if (slider && document.activeElement !== slider) slider.value = String(replay.state.tick);
  }
  const ratio = canvas.width / innerWidth;
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  const { status, game } = play;
  scene.draw(brush, seconds, {
    me: replay ? -1 : play.seat, names: replay ? replay.names : play.names, say,
    link: { state: replay ? "replay" : status.state, rttMs: game?.stats.rttMs ?? 0, attempt: status.attempt ?? 0, rules: replay ? undefined : plate() },
  });
  const playing = play.screen.at === "playing" && !replay;
  if (playing) controls.beat(now);
  if (playing && controls.touch) drawPads(brush, controls, say);
  hint(playing && !controls.used && !asked.auto);
  if (now - checked > 250) {
    checked = now;
    trouble.watch(now);
    drawDrawer();
  }
  requestAnimationFrame(frame);
}

/** What the room runs: "jianzi v1". */
function plate(): string | undefined {
  const running = play.rules;
  return running && `${running.game} v${running.version}${running.suspended ? ` · ${say("standing")}` : ""}`;
}

function hint(shown: boolean): void {
  const node = byId("hint");
  node.hidden = !shown;
  node.classList.toggle("high", controls.touch);
  if (shown) node.textContent = say(controls.touch ? "howTouch" : "howDesktop");
}

function listen(): void {
  canvas.addEventListener("pointerdown", (event) => {
    sound.wake();
    if (play.screen.at !== "playing" || replay) return;
    if (event.pointerType === "mouse") {
      controls.point(scene.camera.courtX(event.clientX), event.timeStamp);
      controls.kick(event.timeStamp);
    } else {
      canvas.setPointerCapture(event.pointerId);
      controls.finger(event.pointerId, event.clientX, innerWidth, true, event.timeStamp);
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (play.screen.at !== "playing" || replay) return;
    if (event.pointerType === "mouse") controls.point(scene.camera.courtX(event.clientX), event.timeStamp);
    else controls.finger(event.pointerId, event.clientX, innerWidth, false, event.timeStamp);
  });
  for (const name of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(name, (event) => controls.lift(event.pointerId, event.timeStamp));
  }
  addEventListener("keydown", (event) => {
    if (play.screen.at === "playing" && !replay && controls.key(event.code, true, event.timeStamp)) event.preventDefault();
  });
  addEventListener("keyup", (event) => void controls.key(event.code, false, event.timeStamp));
  addEventListener("contextmenu", (event) => { if (event.target === canvas) event.preventDefault(); });
  addEventListener("resize", resize);
  byId("sound").addEventListener("click", () => { sound.wake(); sound.on = !sound.on; refresh(); });
  byId("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    say = speak(language);
    try { localStorage.setItem("language", language); } catch { /* private mode: not kept */ }
    refresh();
  });
  byId("leave").addEventListener("click", act.cancel);
  byId("trouble").addEventListener("click", () => {
    byId("drawer").hidden = !byId("drawer").hidden;
    if (!byId("drawer").hidden) void server.look().then(drawDrawer);
    drawDrawer();
  });
}

function stored(key: string): string | undefined {
  try { return localStorage.getItem(key) ?? undefined; } catch { return undefined; }
}

// For tests and the curious; nothing in the game reads it.
Object.assign(window, {
  __jianzi: {
    state: () => last,
    get tick() { return last?.tick ?? 0; },
    get hash() { return last ? hash(last) : 0; },
    get room() { return play.room?.id ?? play.lastRoom; },
    get seat() { return play.seat; },
    get screen() { return play.screen.at; },
    get status() { return play.status.state; },
    get stats() { return play.game?.stats; },
    get names() { return play.names; },
    get agreed() { return play.agreed; },
    get referee() { return play.room?.view.spec.kind === "authoritative"; },
    get rules() { return play.rules; },
    get run() { return play.game?.run ?? 0; },
    get verdict() { return play.verdict && Array.from(play.verdict); },
    get result() { return last && Array.from(result(last) ?? []); },
    get over() { return play.over; },
    get replay() { return replay && { tick: replay.state.tick, hash: hash(replay.state), over: replay.over, length: replay.length, seek: (tick: number) => replay?.seek(tick) }; },
    get trouble() { return { active: trouble.active, cost: trouble.cost, problem: trouble.problem }; },
    endTick: END_TICK, network,
  },
});

listen();
resize();
refresh();
requestAnimationFrame(frame);
if (jz.launch.invite) begin(() => play.join(jz.launch.invite as string));
else begin(() => play.quick(players));
