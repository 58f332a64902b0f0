import assert from "node:assert/strict";
import { test } from "node:test";
import { TestRoom, compile } from "../testing/room.mjs";

const module = await compile(new URL("../dist/game.wasm", import.meta.url));
const PULL = [1];
const rope = (told) => new DataView(told.buffer).getInt32(0, true);
const pulls = (told) => Array.from({ length: told.length / 4 - 1 }, (_, seat) => new DataView(told.buffer).getUint32(4 + 4 * seat, true));

test("whoever pulls wins, once", () => {
  const room = new TestRoom(module, { seats: 2 });
  room.join(0, "安");
  room.join(1, "ben");
  assert.deepEqual(room.takeSaid().map(({ text }) => text), ["安 pulls to the left", "ben pulls to the right"]);
  let ticks = 0;
  for (; !room.said.some(({ what }) => what === "end"); ticks++) {
    room.input(1, PULL);
    room.tick();
    assert.ok(ticks < 100);
  }
  const said = room.takeSaid();
  assert.deepEqual(said.slice(-3).map(({ what }) => what), ["metric", "effect", "end"]);
  assert.ok(rope(said.at(-1).data) >= 1000);
  assert.deepEqual(pulls(said.at(-1).data), [0, ticks]);
  assert.deepEqual([...said.at(-2).data], [1]);
  room.ticks(10);
  assert.deepEqual(room.takeSaid(), []);
});

test("the same calls give the same bytes", () => {
  const play = (seed) => {
    const room = new TestRoom(module, { seats: 4, bots: 2, seed });
    for (let tick = 0; tick < 300; tick++) {
      if (tick % 3 === 0) room.input(tick % 2, PULL);
      room.tick();
    }
    return room.takeBroadcasts();
  };
  assert.deepEqual(play(7), play(7));
  assert.notDeepEqual(play(7), play(8));
});

test("a save goes on where it was, and another's is refused", () => {
  const rooms = [0, 1].map(() => new TestRoom(module, { seats: 3, bots: 1, seed: 5 }));
  for (const room of rooms) {
    for (let tick = 0; tick < 50; tick++) {
      room.input(0, PULL);
      room.tick();
    }
    room.input(0, PULL);
    room.takeSaid();
  }
  rooms[1].swap(module);
  for (const room of rooms) room.ticks(50);
  assert.deepEqual(rooms[0].takeBroadcasts(), rooms[1].takeBroadcasts());
  assert.deepEqual(rooms[0].view(), rooms[1].view(2));
  for (const strange of [[], [1], [1, 0, 0, 0], [2, 0, 0, 0, ...rooms[0].save().slice(4)], [...rooms[0].save(), 0]]) {
    assert.throws(() => rooms[0].call("jz_load", [1], Uint8Array.from(strange)), /status 3/);
  }
});

test("strange inputs and seats move nothing", () => {
  const room = new TestRoom(module, { seats: 2 });
  for (const data of [[], [0], [2], [1, 1], new Array(30000).fill(1)]) room.input(0, data);
  for (const seat of [2, 9, 65535]) room.input(seat, PULL);
  for (let i = 0; i < 50; i++) room.input(0, PULL);
  room.tick();
  assert.deepEqual(pulls(room.view()), [3, 0]);
  room.leave(1);
  room.leave(1, 2);
});

test("arguments that are not what the ABI says are refused", () => {
  const room = new TestRoom(module);
  for (const bytes of [[], [1], new Array(20).fill(255), [...new Array(16).fill(0), 1, 0, 0, 0, 255, 255, 255, 255]]) {
    assert.throws(() => room.call("jz_init", [], Uint8Array.from(bytes)), /status 1/);
    assert.throws(() => room.call("jz_join", [0], Uint8Array.from(bytes)), /status 1/);
  }
});

test("the memory does not grow in a long match", () => {
  const room = new TestRoom(module, { seats: 8, bots: 2, properties: { map: "field" } });
  const run = (ticks) => {
    for (let tick = 0; tick < ticks; tick++) {
      room.input(tick % 8, PULL);
      room.view(0);
      room.said.length = 0;
    }
  };
  run(1000);
  const before = room.memoryBytes;
  run(100000);
  assert.equal(room.memoryBytes, before);
});

test("an error in the rules is logged, then traps", () => {
  const room = new TestRoom(module, { seats: 2 });
  assert.throws(() => room.input(-1, PULL), WebAssembly.RuntimeError);
  assert.match(room.takeSaid().at(-1).text, /^Index out of range at /);
});
