// The room's modules (room/dist) against rules.ts: the same match, number by number.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TestRoom, compile } from "../../../sdk/game-assemblyscript/testing/room.mjs";
import * as rules from "../src/rules.ts";
import type { State, Tick } from "../src/rules.ts";
import { readTold } from "../src/told.ts";

const [plain, festival, mistake] = await Promise.all(
  ["jianzi-v1", "jianzi-v2", "jianzi-v3-bad"].map((name) => compile(new URL(`../room/dist/${name}.wasm`, import.meta.url))),
);

interface Match { seats: number; bots: number; seed: number; inputs: (tick: number) => Tick["inputs"] }

test("the module and rules.ts agree on every number of every tick of 60 matches", () => {
  let ticks = 0, kicks = 0, drops = 0, lanterns = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const seats = 1 + (seed % 5), bots = seed % seats;
    const match = { seats, bots, seed: Math.imul(seed, 0x9e3779b1) >>> 0, inputs: somebody(seed, seed % 3 === 0 ? 2 : 100) };
    const { state } = compare(match, (there, here) => {
      assert.deepEqual(there, here, `seed ${seed}, tick ${here.tick}`);
      assert.equal(rules.hash(there), rules.hash(here));
      ticks += 1;
      lanterns += here.happened.filter(({ what }) => what === "lantern").length;
    });
    for (const player of state.players) [kicks, drops] = [kicks + player.touches, drops + player.drops];
  }
  assert.equal(ticks, 60 * (rules.END_TICK + 3));
  assert.ok(kicks > 800 && drops > 500 && lanterns > 50, `they were matches: ${kicks} kicks, ${drops} drops, ${lanterns} lanterns`);
});

test("the result is the one of rules.ts, told once, with every player's score", () => {
  const { room, state } = compare({ seats: 3, bots: 1, seed: 77, inputs: somebody(4) }, () => undefined);
  const said = room.takeSaid();
  const ends = said.flatMap((said) => (said.what === "end" ? [said.data] : []));
  assert.deepEqual(ends, [rules.result(state)]);
  const scores = said.flatMap((said) => (said.what === "effect" && said.kind === "score" ? [[...said.data]] : []));
  assert.deepEqual(scores, [0, 1].map((seat) => [seat, state.players[seat]!.score >> 8, state.players[seat]!.score & 255]));
});

test("a state has some 160 bytes, and who comes later is told the same one", () => {
  const { room, told } = compare({ seats: 4, bots: 2, seed: 5, inputs: somebody(5) }, () => undefined);
  const sizes = told.map((bytes) => bytes.length);
  assert.ok(Math.max(...sizes) <= 200, `${Math.max(...sizes)} bytes`);
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) / sizes.length < 170);
  assert.deepEqual({ ...readTold(told.at(-1)!)!, happened: [] }, readTold(room.view(1)));
  for (let cut = 0; cut < sizes[0]!; cut++) assert.equal(readTold(told[0]!.subarray(0, cut)), undefined);
});

test("a hot fix in the middle changes what the fix changes, and the way back is open", () => {
  const room = new TestRoom(plain!, { seats: 4, bots: 4, seed: 12 });
  const lanterns = () => room.takeBroadcasts().flatMap((told) => readTold(told)!.happened.filter(({ what }) => what === "lantern"));
  const points = () => Math.min(...lanterns().map((happening) => (happening.what === "lantern" ? happening.points : 0)));
  room.ticks(420);
  assert.ok(points() < 25);
  const before = readTold(room.view())!;
  room.swap(festival!);
  assert.deepEqual(readTold(room.view()), before);
  room.ticks(420);
  assert.ok(points() >= 25);
  room.swap(plain!);
  room.ticks(419);
  assert.equal(readTold(room.view())!.tick, rules.END_TICK - 1);
  assert.equal(room.takeSaid().filter(({ what }) => what === "end").length, 0);
  room.tick();
  assert.equal(room.takeSaid().filter(({ what }) => what === "end").length, 1);
});

test("the third version traps after three seconds, says where, and does so again", () => {
  const room = new TestRoom(plain!, { seats: 2, bots: 1, seed: 3 });
  room.ticks(100);
  room.swap(mistake!);
  room.ticks(59);
  room.takeSaid();
  for (let times = 0; times < 3; times++) {
    assert.throws(() => room.tick(), WebAssembly.RuntimeError);
    const [said] = room.takeSaid();
    assert.match(said?.what === "log" ? said.text : "", /^panic at src.lib\.rs:\d+$/);
  }
});

test("a module is small, and its memory two pages for good", () => {
  const room = new TestRoom(plain!, { seats: 4, bots: 2, seed: 9, properties: { mode: "party", 名: "毽子" } });
  for (let tick = 0; tick < 3000; tick++) {
    room.join(tick & 1, "somebody with a rather long name 毽子毽子毽子");
    room.input(tick & 1, new Array(tick % 3000).fill(3));
    room.tick();
    room.view();
    room.said.length = 0;
  }
  assert.equal(room.memoryBytes, 2 * 65536);
});

/** Plays a match and three ticks more in both, and lets them be looked at side by side. */
function compare({ seats, bots, seed, inputs }: Match, look: (there: State, here: State) => void) {
  const room = new TestRoom(plain!, { seats, bots, seed });
  const botSeats = Array.from({ length: bots }, (_, i) => seats - bots + i);
  let state = rules.start(seats, seed, botSeats);
  assert.deepEqual(readTold(room.view()), state);
  const told: Uint8Array[] = [], later: typeof room.said = [];
  for (let tick = 1; tick <= rules.END_TICK + 3; tick++) {
    const now = inputs(tick);
    for (const { seat, data } of now) room.input(seat, data);
    room.tick();
    state = rules.step(state, { tick, inputs: now });
    const said = room.takeSaid();
    assert.equal(said[0]?.what, "broadcast");
    if (said[0]?.what === "broadcast") told.push(said[0].data);
    later.push(...said.slice(1));
    look(readTold(told.at(-1)!)!, state);
  }
  room.said.push(...later);
  return { room, state, told };
}

/**
 * Always the same lively inputs: of players, of nobody, of bots; short, long and strange ones, many at a time. Out of
 * 100 bursts so many are sent; in silence the rules play themselves.
 */
function somebody(seed: number, percent = 100): (tick: number) => Tick["inputs"] {
  let r = (Math.imul(seed, 0x2c1b3c6d) ^ 0x5bd1e995) >>> 0 || 1;
  const draw = (below: number) => {
    r ^= r << 13; r ^= r >>> 17; r ^= r << 5;
    return (r >>> 0) % below;
  };
  const count = (tick: number) => (draw(100) >= percent ? 0 : draw(5) === 0 ? draw(9) : tick % 9 === 0 ? 1 : 0);
  return (tick) => Array.from({ length: count(tick) }, () => {
    const data = [[3], [3, 9], [draw(3)], [4, draw(256)], [4], [], [draw(256), draw(256), draw(256)]][draw(7)]!;
    return { seat: draw(8) === 0 ? draw(12) : draw(2), data };
  });
}
