// The main promise in two browsers: a whole match, one connection cut in the middle, the same end on both sides.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, PHONE } from "../lib/pages.mjs";
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

test("a whole match with one network cut for ten seconds ends equal on both sides, and can be watched again", { timeout: 180_000 }, async () => {
  const query = { players: "2", bots: "0", auto: "1" };
  const anna = await open(browser, server, { ...query, as: "anna" });
  const ben = await open(browser, server, { ...query, as: "ben" }, PHONE);
  await Promise.all([anna, ben].map((player) => player.until((g) => g.screen === "playing" && g.tick >= 100)));
  const [annas, bens] = await Promise.all([anna, ben].map((player) => player.game((g) => ({ room: g.room, seat: g.seat }))));
  assert.equal(annas.room, bens.room, "one room");
  assert.deepEqual([annas.seat, bens.seat].sort(), [0, 1]);
  await anna.shot("match-desktop");
  await ben.shot("match-phone");

  await anna.until((g) => g.tick >= 300);
  await anna.page.click("#trouble");
  await anna.page.click("#trouble-cut");
  const cutAt = await anna.game((g) => g.tick);
  await ben.until(`(g) => g.tick >= ${cutAt + 160}`);
  const during = await anna.game((g) => ({ tick: g.tick, status: g.status }));
  assert.ok(during.tick < cutAt + 20, `the cut is real: tick ${during.tick} after ${cutAt}`);
  assert.notEqual(during.status, "online");
  await anna.shot("cut-desktop");
  await anna.until(`(g) => g.status === "online" && g.trouble.cost`, 40_000);
  const { cost } = await anna.game((g) => g.trouble);
  assert.ok(cost.framesBackfilled >= 140, `frames backfilled: ${cost.framesBackfilled}`);
  assert.ok(cost.pauseMs >= 8_000 && cost.pauseMs < 20_000, `pause: ${cost.pauseMs} ms`);
  assert.equal(cost.inputsLost, 0);
  assert.equal(cost.hashesEqual, true);
  await anna.shot("healed-desktop");

  await Promise.all([anna, ben].map((player) => player.until((g) => g.over, 90_000)));
  const [one, two] = await Promise.all([anna, ben].map((player) => player.game((g) => ({ tick: g.tick, hash: g.hash, endTick: g.endTick, state: g.state() }))));
  assert.equal(one.tick, one.endTick);
  assert.equal(one.hash, two.hash, "both final hashes are equal");
  assert.ok(one.state.team > 0, "points were made");
  assert.ok(one.state.players.every((player) => player.idle < 80), "both seats were played by their players to the end");
  await Promise.all([anna, ben].map((player) => player.until((g) => g.agreed === true)));
  await anna.shot("result-desktop");
  await ben.shot("result-phone");
  console.log(JSON.stringify({ event: "match", hash: one.hash, team: one.state.team, cost }));

  await ben.page.click("#watch");
  await ben.until((g) => g.replay && g.replay.tick > 20);
  await ben.shot("replay-phone");
  const replay = await ben.game((g) => { g.replay.seek(g.endTick); return g.replay; });
  assert.equal(replay.length, one.endTick);
  assert.equal(replay.hash, one.hash, "the replay ends as the match did");
  await anna.close();
  await ben.close();
});
