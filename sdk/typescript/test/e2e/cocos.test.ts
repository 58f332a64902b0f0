// examples/cocos: compiled by Cocos's TypeScript, transformed by its Babel preset, played where there is only `wx`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { sandbox } from "../fakes/sandbox";
import { fakeWx } from "../fakes/wx";
import { startServer, type Server, until } from "./server";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EXAMPLE = `${ROOT}../../examples/cocos/`;
const require = createRequire(import.meta.url);

let server: Server;
before(async () => void (server = await startServer()));
after(() => server?.stop());

test("it compiles with @cocos/typescript against the engine's own types", { timeout: 120000 }, () => {
  const tsc = `${ROOT}node_modules/@cocos/typescript/bin/tsc`;
  execFileSync(process.execPath, [tsc, "-p", EXAMPLE], { encoding: "utf8" });
});

test("it plays a whole match, cut off by the phone's background on the way", { timeout: 60000 }, async () => {
  const fake = fakeWx("dev:cocos");
  const { run } = sandbox(fake.wx);
  run(await bundle());
  const scene = run(`(function () { var s = new game.RaceScene(); s.url = ${JSON.stringify(server.url)}; s.score = { string: "" }; s.network = { string: "" }; s.button = new game.cc.Node(); s.start(); return s; })()`);
  await until("it plays", () => /^\d+ : \d+ {2}\d+s$/.test(scene.score.string));
  for (let taps = 1; taps <= 5; taps++) {
    scene.button.emit("touch-start");
    await until("the tap counts", () => Math.max(...scene.game.state.taps) >= taps && scene.game.stats.inputsPending === 0);
  }
  fake.hide();
  fake.show();
  scene.button.emit("touch-start");
  await until("it ends", () => /结束$/.test(scene.score.string), 20000);
  assert.equal(scene.game.over, true);
  assert.equal(scene.game.stats.inputsLost, 0);
  assert.equal(scene.network.string, "");
  scene.onDestroy();
  await until("the socket is given back", () => fake.sockets() === 0);
});

/** What the engine gives a component, as far as this one needs it. */
const ENGINE = `
  export const _decorator = { ccclass: () => (type) => type, property: (a, key) => (key === undefined ? () => {} : undefined) };
  export class Component {}
  export class Label { string = ""; }
  export class Node {
    static EventType = { TOUCH_START: "touch-start" };
    listeners = {};
    on(name, listener, target) { this.listeners[name] = () => listener.call(target); }
    emit(name) { this.listeners[name](); }
  }
  export const sys = { isNative: false };
`;

async function bundle(): Promise<string> {
  const babel = require("@babel/core");
  const cocos: Plugin = {
    name: "cocos",
    setup(builder) {
      builder.onResolve({ filter: /^cc$/ }, () => ({ path: "cc", namespace: "engine" }));
      builder.onLoad({ filter: /.*/, namespace: "engine" }, () => ({ contents: ENGINE, loader: "js" }));
      builder.onLoad({ filter: /examples\/cocos\/.*\.ts$/ }, ({ path }) => ({
        contents: babel.transformSync(readFileSync(path, "utf8"), {
          filename: path, configFile: false, babelrc: false, presets: [[require.resolve("@cocos/babel-preset-cc"), { allowDeclareFields: true }]],
        }).code,
        loader: "js",
      }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents: 'export { RaceScene } from "./assets/scripts/RaceScene"; export * as cc from "cc";', resolveDir: EXAMPLE },
    bundle: true, write: false, format: "iife", globalName: "game", target: "es2017", plugins: [cocos], alias: { jianzi: `${ROOT}dist/jianzi.mjs` },
  });
  return outputFiles[0]!.text;
}
