// The real server dies in the middle of matches and is started again: the players come back by themselves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Jianzi } from "../../src/index_node";
import { inputsOf, rules } from "./rules";
import { startServer, type Server, until } from "./server";

let server: Server;
before(async () => void (server = await startServer()));
after(() => server?.stop());

const clients: Jianzi[] = [];
after(() => clients.forEach((jz) => jz.close()));

async function pair(mode: string, room: object = {}) {
  const players = await Promise.all(
    ["a", "b"].map(async (name) => {
      const jz = new Jianzi({ url: server.url, app: "jianzi-demo", build: "1.0.0" });
      clients.push(jz);
      await jz.login({ as: `${mode}-${name}` });
      return { jz, room: await jz.match({ mode, players: 2, patienceMs: 10000, room: { lockstep: { tickHz: 20 }, ...room } }) };
    }),
  );
  return players.map((player) => {
    const rewinds: unknown[] = [];
    player.room.on("rewound", (event) => rewinds.push(event));
    return { ...player, rewinds, game: player.room.lockstep(rules) };
  });
}

test("killed three times in a match: the same match, every input once, nobody rewound", { timeout: 90000 }, async () => {
  const [a, b] = await pair("killed");
  assert.ok(a && b);
  await until("both play", () => a.game.tick > 5 && b.game.tick > 5);
  const sent = { a: [] as number[], b: [] as number[] };
  const send = (value: number) => {
    if (a.game.input([value]).ok) sent.a.push(value);
    if (b.game.input([value + 100]).ok) sent.b.push(value + 100);
  };
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5; i++) {
      send(round * 20 + i);
      const { tick } = a.game;
      await until("a tick", () => a.game.tick > tick);
    }
    send(round * 20 + 5);
    const tick = a.game.tick;
    const crashed = server.crash();
    send(round * 20 + 6);
    await crashed;
    send(round * 20 + 7);
    await until("both go on", () => a.game.tick > tick + 10 && b.game.tick > tick + 10);
  }
  b.game.input([255]);
  const ends: { reason: string; agreed: boolean }[] = [];
  for (const { room } of [a, b]) room.on("ended", ({ reason, agreed }) => ends.push({ reason, agreed }));
  await until("both are over", () => a.game.over && b.game.over);
  assert.deepEqual(a.game.state, b.game.state);
  assert.deepEqual(inputsOf(a.game.state, a.room.seat), sent.a);
  assert.deepEqual(inputsOf(a.game.state, b.room.seat), sent.b.concat(255));
  assert.deepEqual([a.rewinds, b.rewinds], [[], []]);
  assert.deepEqual([a, b].map(({ game }) => [game.stats.inputsLost, game.stats.hashesEqual]), [[0, true], [0, true]]);
  await until("the room has ended", () => ends.length === 2);
  assert.deepEqual(ends, [0, 1].map(() => ({ reason: "finished", agreed: true })));
});

test("an async room may lose a turn, says so, and what was lost is given again", { timeout: 60000 }, async () => {
  const [a, b] = await pair("async", { durability: "async" });
  assert.ok(a && b);
  await until("both play", () => a.game.tick > 5 && b.game.tick > 5);
  for (let value = 1; value <= 5; value++) a.game.input([value]);
  const tick = a.game.tick;
  await server.crash();
  await until("both go on", () => a.game.tick > tick + 10 && b.game.tick > tick + 10);
  b.game.input([255]);
  await until("both are over", () => a.game.over && b.game.over);
  assert.deepEqual(a.game.state, b.game.state);
  assert.deepEqual(inputsOf(a.game.state, a.room.seat), [1, 2, 3, 4, 5]);
  for (const { rewinds } of [a, b]) assert.ok(rewinds.length <= 1, JSON.stringify(rewinds));
});
