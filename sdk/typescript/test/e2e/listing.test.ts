// The 25 lines of docs/sdk.md play a whole match: in Node, in a browser, and where there is nothing but `wx`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { runInThisContext } from "node:vm";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { bundled } from "../fakes/listing";
import { sandbox } from "../fakes/sandbox";
import { fakeWx } from "../fakes/wx";
import { startServer, type Server, until } from "./server";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let server: Server;
before(async () => void (server = await startServer()));
after(() => server?.stop());

const check = (state: { points: number[]; ticks: number }) => {
  assert.equal(state.ticks, 40);
  assert.equal(state.points.length, 2);
  assert.ok(state.points[0]! + state.points[1]! >= 3, JSON.stringify(state));
};

test("in Node", { timeout: 30000 }, async () => {
  const code = await bundled(server.url, "jianzi.node.mjs", "node");
  (globalThis as { require?: unknown }).require = createRequire(import.meta.url);
  check(await runInThisContext(`${code}; game.play()`));
});

for (const sdk of ["jianzi.mjs", "jianzi.cjs"] as const) {
  test(`where there is only wx, with ${sdk}`, { timeout: 30000 }, async () => {
    const fake = fakeWx();
    const { run, lines } = sandbox(fake.wx);
    check(await run(`${await bundled(server.url, sdk, "browser")}; game.play()`));
    assert.deepEqual(lines, ["connecting", "online", "closed"]);
    assert.ok(fake.requests[0]?.endsWith("/v1/login"));
    await until("the socket is given back", () => fake.sockets() === 0);
  });
}

test("in Chromium, from a page of another origin", { timeout: 60000 }, async () => {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: await bundled(server.url, "jianzi.mjs", "browser") });
    check(await page.evaluate("game.play()"));
  } finally {
    await browser.close();
  }
});

test("sent to the background on a phone in the middle of the match, it comes back and ends", { timeout: 30000 }, async () => {
  const fake = fakeWx("dev:background");
  const { run, lines } = sandbox(fake.wx);
  const end = run(`${await bundled(server.url, "jianzi.mjs", "browser")}; game.play()`) as Promise<never>;
  await until("online", () => lines.includes("online"));
  fake.hide();
  fake.show();
  check(await end);
});
