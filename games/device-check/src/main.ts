// Tests this phone and shows green or red per line. Touch to run again.
import { Report } from "./check";
import { bytes, pictures, storage, timers } from "./local";
import { background, http, login, socket, sockets } from "./network";
import { draw } from "./screen";

/** Set in the first lines of game.js. */
declare const JIANZI_URL: string;

const canvas = wx.createCanvas();
let running = false;

async function run(): Promise<void> {
  if (running) return;
  running = true;
  const report = new Report(
    [storage, bytes, pictures, timers, login, http(JIANZI_URL), socket(JIANZI_URL), sockets(JIANZI_URL), background(JIANZI_URL)],
    () => draw(canvas, JIANZI_URL, report.lines),
  );
  await report.run();
  console.log(JSON.stringify({ event: "device-check", lines: report.lines }));
  running = false;
}

wx.onTouchStart(() => void run());
void run();
