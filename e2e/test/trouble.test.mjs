// The drawer 捣乱: each trouble in a running match, and the bill afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "../lib/pages.mjs";
import { startServer } from "../lib/server.mjs";

let server, browser;
before(async () => {
  server = await startServer();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("login elsewhere, background and weak network cost a pause, never the match", { timeout: 150_000 }, async () => {
  const player = await open(browser, server, { as: "clumsy", auto: "1" });
  const { page, until, game } = player;
  const paid = async (what) => {
    await until(`(g) => g.trouble.cost && g.trouble.cost.what === "${what}" && g.status === "online"`, 60_000);
    const { cost } = await game((g) => g.trouble);
    assert.equal(cost.inputsLost, 0, what);
    assert.equal(cost.hashesEqual, true, what);
    console.log(JSON.stringify({ event: "trouble", ...cost }));
    return cost;
  };
  await until((g) => g.screen === "playing" && g.tick >= 80);
  await page.click("#trouble");

  await page.click("#trouble-elsewhere");
  await page.waitForSelector("#take-back");
  assert.equal(await game((g) => g.status), "kicked");
  await player.shot("kicked-desktop");
  await page.click("#take-back");
  await paid("elsewhere");

  await page.click("#trouble-background");
  await until((g) => g.status !== "online");
  const hidden = await game((g) => g.tick);
  await page.waitForSelector("#foreground");
  await page.click("#foreground");
  const background = await paid("background");
  assert.ok(background.pauseMs < 15_000);
  await until(`(g) => g.tick > ${hidden}`);

  await page.click("#trouble-weak");
  await until((g) => g.trouble.active === "weak");
  const weakFrom = await game((g) => g.tick);
  await paid("weak");
  await player.shot("bill-desktop");
  assert.ok((await game((g) => g.tick)) > weakFrom + 200, "the match went on meanwhile");

  await until((g) => g.over, 90_000);
  await until((g) => g.agreed === true);
  await player.close();
});
