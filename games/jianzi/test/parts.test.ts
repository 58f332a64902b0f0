// Replay, controls and the even picture: each alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Controls } from "../src/controls.ts";
import { Replay, type ReplayFile } from "../src/replay.ts";
import * as rules from "../src/rules.ts";
import { Timeline } from "../src/view/timeline.ts";

test("a replay ends in the match's own state, from any place one jumps to", () => {
  const ticks: ReplayFile["ticks"] = [];
  let live = rules.start(3, 77, [2]);
  for (let tick = 1; tick <= rules.END_TICK; tick++) {
    const inputs = tick % 7 === 0 ? [{ seat: tick % 2, data: [4, tick % 201] }, { seat: 1, data: rules.KICK }] : [];
    live = rules.step(live, { tick, inputs });
    ticks.push(inputs.map(({ seat, data }) => [seat, Buffer.from(data).toString("base64")]));
  }
  const seats = [0, 1, 2].map((seat) => ({ seat, player: `p${seat}`, name: `n${seat}`, bot: seat === 2 }));
  const replay = new Replay({ room: "r", seats, seed: 77, ticks });
  replay.seek(900);
  assert.equal(replay.state.tick, 900);
  replay.seek(200);
  assert.equal(replay.state.tick, 200);
  const shown: number[] = [];
  replay.speed = 4;
  while (!replay.over) replay.move(0.3, (state) => shown.push(state.tick));
  assert.deepEqual(shown, Array.from({ length: rules.END_TICK - 200 }, (_, i) => 201 + i));
  assert.equal(rules.hash(replay.state), rules.hash(live));
  assert.deepEqual(replay.names.slice(0, 2), ["n0", "n1"]);
});

test("a replay has the seats that nobody took, too", () => {
  let live = rules.start(4, 5, []);
  for (let tick = 1; tick <= rules.END_TICK; tick++) live = rules.step(live, { tick, inputs: [] });
  const result = Buffer.from(rules.result(live)!).toString("base64");
  const replay = new Replay({
    room: "r", seats: [{ seat: 0, player: "p", name: "n", bot: false }], seed: 5, ticks: Array.from({ length: rules.END_TICK }, () => []),
    results: [{ seat: 0, result, hash: rules.hash(live) }],
  });
  replay.seek(rules.END_TICK);
  assert.equal(rules.hash(replay.state), rules.hash(live));
});

test("a key held is told once, repeated every two seconds, and told again when released", () => {
  const { sent, controls } = hands();
  controls.key("ArrowLeft", true, 1000);
  controls.key("ArrowLeft", true, 1030);
  for (let now = 1000; now <= 5500; now += 16) controls.beat(now);
  controls.key("ArrowLeft", false, 5600);
  assert.deepEqual(sent, [rules.LEFT, rules.LEFT, rules.LEFT, rules.STAND]);
});

test("somebody who has gone is silent after twenty seconds", () => {
  const { sent, controls } = hands();
  controls.key("KeyD", true, 0);
  for (let now = 0; now <= 120_000; now += 100) controls.beat(now);
  assert.equal(sent.length, 10);
});

test("the mouse tells a place at most twenty times a second, and the last one always", () => {
  const { sent, controls } = hands();
  for (let now = 0; now <= 500; now += 5) {
    controls.point(100 + now, 1000 + now);
    controls.beat(1000 + now);
  }
  for (let now = 1500; now < 1700; now += 16) controls.beat(now);
  assert.ok(sent.length <= 13, `${sent.length}`);
  assert.deepEqual(sent[sent.length - 1], rules.walkTo(600 * rules.U));
});

test("two thumbs: one walks, one kicks; lifting one leaves the other", () => {
  const { sent, controls } = hands();
  controls.layout(390, 844, 0);
  controls.finger(1, 40, 390, true, 0);
  controls.finger(2, 350, 390, true, 10);
  controls.finger(1, 150, 390, false, 20);
  controls.lift(2, 30);
  controls.lift(1, 40);
  assert.deepEqual(sent, [rules.LEFT, rules.KICK, rules.RIGHT, rules.STAND]);
});

test("the picture moves evenly although ticks come in heaps, and jumps after a long gap", () => {
  const timeline = new Timeline();
  let state = rules.start(2, 1, [0, 1]);
  const next = () => { state = rules.step(state, { tick: state.tick + 1, inputs: [] }); timeline.push(state); };
  for (let i = 0; i < 3; i++) next();
  const shown: number[] = [];
  for (let picture = 0; picture < 300; picture++) {
    if (picture % 9 === 0) { next(); next(); next(); } // three ticks every 150 ms, at 60 pictures a second
    const { before, part } = timeline.move(1 / 60)!;
    shown.push(before.tick + part);
  }
  const steps = shown.slice(60).map((at, i) => at - shown[59 + i]!);
  assert.ok(Math.min(...steps) > 0.1 && Math.max(...steps) < 0.6, `${Math.min(...steps)} … ${Math.max(...steps)}`);
  for (let i = 0; i < 200; i++) next();
  const moment = timeline.move(1 / 60)!;
  assert.ok(moment.after.tick >= state.tick - 2, "after a backfill it shows the present");
  assert.deepEqual(moment.passed, [], "and does not replay what happened meanwhile");
});

function hands() {
  const sent: number[][] = [];
  return { sent, controls: new Controls((data) => sent.push(data), () => undefined) };
}
