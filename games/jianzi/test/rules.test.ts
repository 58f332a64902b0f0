import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import * as rules from "../src/rules.ts";
import type { State, Tick } from "../src/rules.ts";

test("the same seed and inputs give the same hash in every tick", () => {
  const inputs = somebody(7);
  const one = run(3, 7, [2], inputs), two = run(3, 7, [2], inputs);
  assert.deepEqual(one.hashes, two.hashes);
  assert.equal(new Set(one.hashes).size, one.hashes.length, "no two ticks look alike");
});

test("the golden match ends as it always has", () => {
  const { state, hashes } = run(4, 20240501, [3], somebody(99));
  assert.deepEqual(
    { hash: rules.hash(state), middle: hashes[600], team: state.team, scores: state.players.map((p) => p.score) },
    GOLDEN,
  );
  assert.deepEqual(Array.from(rules.result(state) ?? []), [state.team, state.best, ...GOLDEN.scores].flatMap((n) => [n >> 8, n & 255]));
});

test("one input more makes another match", () => {
  const plain = run(2, 5, [], somebody(3));
  const other = run(2, 5, [], (tick) => (tick === 400 ? [...somebody(3)(tick), { seat: 1, data: [3] }] : somebody(3)(tick)));
  assert.deepEqual(plain.hashes.slice(0, 399), other.hashes.slice(0, 399));
  assert.notEqual(plain.hashes[399], other.hashes[399]);
});

test("a step leaves the state it was given alone", () => {
  let state = rules.start(3, 11, [0, 1, 2]);
  for (let tick = 1; tick <= 300; tick++) {
    const before = JSON.stringify(state);
    const next = rules.step(state, { tick, inputs: [{ seat: 1, data: [3] }] });
    assert.equal(JSON.stringify(state), before);
    state = next;
  }
});

test("every number stays whole", () => {
  const wholes = (value: unknown): boolean =>
    typeof value === "number" ? Number.isSafeInteger(value) : typeof value !== "object" || value === null || Object.values(value).every(wholes);
  run(4, 12345, [], somebody(1), (state) => assert.ok(wholes(state), `tick ${state.tick}`));
});

test("bots keep it in the air, in every number of seats", () => {
  for (const seats of [2, 3, 4]) {
    for (let seed = 1; seed <= 20; seed++) {
      const { state } = run(seats, seed * 7919, Array.from({ length: seats }, (_, i) => i), () => []);
      const touches = state.players.reduce((sum, p) => sum + p.touches, 0), drops = state.players.reduce((sum, p) => sum + p.drops, 0);
      assert.ok(touches >= 20 && drops <= 7, `${seats} seats, seed ${seed}: ${touches} kicks, ${drops} drops`);
      assert.ok(state.players.every((p) => p.touches > 0), "everybody plays");
    }
  }
});

test("a player who comes plays, one who falls silent is stood in for", () => {
  let state = rules.start(2, 3, [1]);
  const far = () => state.players[0]!.x;
  for (let tick = 1; tick <= 40; tick++) state = rules.step(state, { tick, inputs: tick === 10 ? [{ seat: 0, data: rules.LEFT }] : [] });
  assert.equal(far(), 30 * rules.U, "walked to the edge of the court and stays there");
  for (let tick = 41; tick <= 140; tick++) state = rules.step(state, { tick, inputs: [] });
  assert.notEqual(far(), 30 * rules.U, "four seconds later the seat plays by itself");
});

test("inputs of bots and of seats that do not exist, empty and unknown ones change nothing", () => {
  const strange = [{ seat: 0, data: [3] }, { seat: 9, data: [1] }, { seat: -1, data: [1] }];
  const bots = run(2, 8, [0, 1], () => []), disturbed = run(2, 8, [0, 1], () => strange);
  assert.deepEqual(bots.hashes, disturbed.hashes);
  let state = rules.start(2, 8, []);
  for (let tick = 1; tick <= 1300; tick++) {
    state = rules.step(state, { tick, inputs: [{ seat: 0, data: [] }, { seat: 1, data: [4] }, { seat: 0, data: [255, 255, 255] }, { seat: 1, data: [4, 255] }] });
  }
  assert.ok(state.players.every((p) => p.x >= 30 * rules.U && p.x <= rules.COURT - 30 * rules.U));
});

test("the better the moment, the more a kick counts", () => {
  const worth = (height: number) => {
    const state = rules.start(2, 1, [1]);
    state.tick = 100;
    Object.assign(state.shuttle, { x: state.players[0]!.x, y: height * rules.U, vx: 0, vy: -10 * rules.U, wait: 0, to: 0 });
    return rules.step(state, { tick: 101, inputs: [{ seat: 0, data: rules.KICK }] }).players[0]!.score;
  };
  assert.equal(worth(56), rules.PERFECT);
  assert.equal(worth(100), rules.GOOD);
  assert.equal(worth(130), rules.SCRAPE);
  assert.equal(worth(300), 0);
});

test("the rules fit into one file of whole numbers", async () => {
  const source = await readFile(new URL("../src/rules.ts", import.meta.url), "utf8");
  assert.ok(source.trimEnd().split("\n").length <= 300);
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "").replace(/"[^"]*"/g, '""');
  assert.doesNotMatch(code, /\d\.\d|\bDate\b|\bperformance\b|\bimport\b|\brequire\b|\d[eE]-\d/);
  const used = new Set(Array.from(code.matchAll(/Math\.(\w+)/g), (match) => match[1]));
  assert.deepEqual([...used].sort(), ["abs", "imul", "max", "min"]);
  assert.equal(code.split("/").length - 1, 1, "one division, cut to a whole number at once");
  assert.match(code, /\(a \/ b\) \| 0/);
  assert.doesNotMatch(code, /\*\*/);
});

const GOLDEN = { hash: 1385733012, middle: 970555282, team: 44, scores: [0, 4, 21, 19] };

function run(seats: number, seed: number, bots: number[], inputs: (tick: number) => Tick["inputs"], look?: (state: State) => void) {
  let state = rules.start(seats, seed, bots);
  const hashes: number[] = [];
  for (let tick = 1; tick <= rules.END_TICK; tick++) {
    state = rules.step(state, { tick, inputs: inputs(tick) });
    hashes.push(rules.hash(state));
    look?.(state);
  }
  return { state, hashes };
}

/** Lively but always the same inputs of the first two seats. */
function somebody(seed: number): (tick: number) => Tick["inputs"] {
  return (tick) => {
    const r = Math.imul((tick + seed) ^ 0x5bd1e995, 0x2c1b3c6d) >>> 8;
    if (tick % 3 !== 0) return [];
    return [{ seat: r & 1, data: r % 5 === 4 ? [4, (r >>> 4) % 201] : [r % 5 === 0 ? 3 : r % 4] }];
  };
}
