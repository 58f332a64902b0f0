// The match whose rules run on the server: it is killed under the players, patched in front of them, and patched badly.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, open, PHONE } from "../lib/pages.mjs";
import { startServer } from "../lib/server.mjs";

// Under a second on a machine of one's own (bench/results has the figures); a test machine has other work as well.
const PAUSE_MAX_MS = 5_000;

let server, browser, pages = [];
before(async () => {
  server = await startServer({ supervised: true });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
// Also after a failure: matches that go on would weigh on the next test.
afterEach(async () => {
  for (const player of pages.splice(0)) await player.close();
});

const query = { players: "2", bots: "0", auto: "1", referee: "1" };

test("the server is killed in the middle of a match in lockstep: the same hash for both at the end", { timeout: 180_000 }, async () => {
  const [anna, ben] = await pair({ ...query, referee: "0" }, "eve", "finn");
  await anna.until((g) => g.tick >= 200);
  await anna.page.click("#trouble");
  assert.deepEqual([await anna.page.locator("#trouble-patch").count(), await anna.page.locator("#trouble-bad").count()], [0, 0]);
  await anna.page.click("#trouble-kill");
  await anna.until((g) => g.trouble.cost?.what === "kill" && g.status === "online", 40_000);
  const { cost } = await anna.game((g) => g.trouble);
  assert.ok(cost.pauseMs > 0 && cost.pauseMs < PAUSE_MAX_MS, `pause: ${cost.pauseMs} ms`);
  assert.deepEqual([cost.inputsLost, cost.hashesEqual], [0, true]);
  assert.deepEqual(cost.server, { sameRoom: true, runs: [1, 2], versions: [] });
  const [one] = await finish((g) => g.over && g.agreed === true, anna, ben);
  console.log(JSON.stringify({ event: "killed", hash: one.hash, cost }));
});

test("the server is killed in the middle of a match: a pause under a second, no input lost, one room, the same result for both", { timeout: 180_000 }, async () => {
  const [anna, ben] = await pair(query, "anna", "ben");
  const room = await anna.game((g) => g.room);
  await anna.shot("referee-desktop");
  await Promise.all([anna, ben].map((player) => player.until((g) => g.tick >= 200)));
  const paused = await ben.game((g) => g.stats.pauseMs);
  await anna.page.click("#trouble");
  await anna.page.click("#trouble-kill");
  const killedAt = await anna.game((g) => g.tick);
  await anna.until((g) => g.trouble.cost?.what === "kill" && g.status === "online", 40_000);
  const { cost } = await anna.game((g) => g.trouble);
  assert.ok(cost.pauseMs > 0 && cost.pauseMs < PAUSE_MAX_MS, `pause: ${cost.pauseMs} ms`);
  assert.equal(cost.inputsLost, 0);
  assert.deepEqual(cost.server, { sameRoom: true, runs: [1, 2], versions: [1] });
  await ben.until((g) => g.run === 2 && g.status === "online");
  await Promise.all([anna, ben].map((player) => player.until(`(g) => g.tick > ${killedAt + 60}`)));
  const bens = await ben.game((g) => ({ room: g.room, ...g.stats }));
  assert.ok(bens.pauseMs - paused < PAUSE_MAX_MS, `the other's pause: ${bens.pauseMs - paused} ms`);
  assert.deepEqual([bens.room, bens.inputsLost], [room, 0]);
  await anna.shot("killed-desktop");

  const [one, two] = await finish((g) => g.over && g.verdict, anna, ben);
  assert.equal(one.room, room);
  console.log(JSON.stringify({ event: "killed", team: one.team, pauses: [cost.pauseMs, bens.pauseMs - paused], cost }));
  await Promise.all([anna, ben].map(async ({ page }) => assert.match(await page.textContent("#verdict"), /^✓/)));
  assert.equal(await anna.page.locator("#watch").count(), 0, "there is nothing to compute again");
  assert.deepEqual(two.verdict, one.verdict);
});

test("a bad patch takes itself back, a good one goes in between two ticks, both in front of the players", { timeout: 240_000 }, async () => {
  const [anna, ben] = await pair(query, "cleo", "dora");
  const before = await anna.game((g) => ({ room: g.room, version: g.rules.version, run: g.run }));
  await anna.until((g) => g.tick >= 100);
  await anna.page.click("#trouble");
  const bill = async (act, ms) => {
    await anna.page.click(`#trouble-${act}`);
    await anna.until(`(g) => g.trouble.problem || g.trouble.cost?.what === "${act}"`, ms);
    const { cost, problem } = await anna.game((g) => g.trouble);
    assert.equal(problem, undefined, act);
    assert.equal(cost.inputsLost, 0, act);
    console.log(JSON.stringify({ event: act, ...cost }));
    return cost;
  };

  const bad = await bill("bad", 60_000);
  assert.equal(bad.server.sameRoom, true);
  assert.deepEqual(bad.server.runs, [before.run, before.run + 1], "the way back is a new run");
  const [from, wrong, back] = bad.server.versions;
  assert.deepEqual([from, back], [before.version, before.version]);
  assert.ok(wrong > from);
  assert.ok(bad.server.backAfterMs < 15_000, `rolled back after ${bad.server.backAfterMs} ms`);
  await anna.shot("rolled-back-desktop");

  const good = await bill("patch", 60_000);
  const [, patched] = good.server.versions;
  assert.ok(patched > wrong, "another version runs");
  assert.deepEqual(good.server, { sameRoom: true, runs: [before.run + 1, before.run + 1], versions: [before.version, patched] });
  assert.ok(good.pauseMs < 250, `a patch is no pause: ${good.pauseMs} ms`);
  assert.deepEqual(await ben.game((g) => [g.room, g.rules.version, g.run]), [before.room, patched, before.run + 1]);
  await anna.shot("patched-desktop");

  const [one] = await finish((g) => g.over && g.verdict, anna, ben);
  assert.equal(one.room, before.room);
});

/** Two players, one at a desk and one on a phone, in a match that has begun. */
async function pair(asked, ...names) {
  const players = [await open(browser, server, { ...asked, as: names[0] }), await open(browser, server, { ...asked, as: names[1] }, PHONE)];
  pages.push(...players);
  await Promise.all(players.map((player) => player.until((g) => g.screen === "playing" && g.tick >= 20, 40_000)));
  const [one, two] = await Promise.all(players.map((player) => player.game((g) => ({ room: g.room, seat: g.seat, referee: g.referee, rules: g.rules }))));
  assert.equal(one.room, two.room, "one room");
  assert.deepEqual([one.seat, two.seat].sort(), [0, 1]);
  assert.equal(one.referee, asked.referee === "1");
  assert.equal(one.rules?.game, one.referee ? "jianzi" : undefined, "what the room runs");
  return players;
}

/** To the end: both have seen the same last state, and what the room says of it is theirs. */
async function finish(ended, ...players) {
  await Promise.all(players.map((player) => player.until(ended, 90_000)));
  const ends = await Promise.all(players.map((player) => player.game((g) => ({
    room: g.room, tick: g.tick, endTick: g.endTick, hash: g.hash, verdict: g.verdict, result: g.result, team: g.state().team, idle: g.state().players.map(({ idle }) => idle),
  }))));
  for (const end of ends) {
    assert.equal(end.tick, end.endTick);
    assert.equal(end.hash, ends[0].hash, "the last states are equal");
    assert.deepEqual(end.verdict, ends[0].verdict, "one result");
    if (end.verdict) assert.deepEqual(end.verdict, end.result, "which is that of the last state");
    assert.ok(end.team > 0, "points were made");
    assert.ok(end.idle.every((ticks) => ticks < 80), "both seats were played by their players to the end");
  }
  return ends;
}
