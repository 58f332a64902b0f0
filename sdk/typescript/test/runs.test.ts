// A room that recovers, moves or forgets: what the client holds is taken back as far as needed, and no further.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as m from "../src/generated/messages";
import type { Rules } from "../src/index";
import * as op from "../src/wire/frame";
import { playing, type Sum, sumRules } from "./fakes/world";

test("a new session: the room is entered again and play goes on", async () => {
  const { clock, fake, game, server, room } = await playing();
  game.input([1]);
  await clock.advance(5);
  fake.tick(10);
  await clock.advance(10);
  server.sessions.clear();
  server.cut();
  await clock.advance(1);
  game.input([2]);
  fake.tick(5);
  await clock.advance(3000);
  fake.tick(5);
  await clock.advance(10);
  assert.equal(game.tick, 20);
  assert.deepEqual(game.state.log, [1, 2]);
  assert.equal(room.over, false);
  assert.equal(server.session.number, 2);
});

test("a room that is gone after a cut ends with reason lost", async () => {
  const { clock, server, room, game } = await playing();
  const ends: string[] = [];
  room.on("ended", ({ reason }) => ends.push(reason));
  server.rooms.length = 0;
  server.sessions.clear();
  server.cut();
  await clock.advance(3000);
  assert.deepEqual(ends, ["lost"]);
  assert.equal(room.over, true);
  assert.deepEqual(game.input([1]), { ok: false, reason: "over" });
});

test("a recovery without loss is not seen", async () => {
  const { clock, fake, game, room } = await playing();
  const rewinds: unknown[] = [];
  room.on("rewound", (event) => rewinds.push(event));
  fake.tick(10);
  await clock.advance(10);
  fake.recover(11);
  fake.tick(5);
  await clock.advance(10);
  assert.equal(game.tick, 15);
  assert.deepEqual(rewinds, []);
});

test("a server that was killed: another session, another run, and the inputs are counted on from where the room stands", async () => {
  const { clock, fake, game, server } = await playing();
  for (const value of [1, 2, 3]) {
    game.input([value]);
    await clock.advance(5);
    fake.tick();
    await clock.advance(5);
  }
  // The room has it; that it has is not heard.
  game.input([4]);
  await clock.advance(5);
  server.cut();
  server.sessions.clear();
  fake.tick();
  fake.recover(5);
  await clock.advance(1);
  game.input([5]);
  await clock.advance(3000);
  fake.tick(2);
  await clock.advance(10);
  game.input([6]);
  await clock.advance(5);
  fake.tick();
  await clock.advance(10);
  assert.equal(game.run, 2);
  assert.equal(game.tick, 7);
  assert.deepEqual(game.state.log, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(fake.inputs(), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([game.stats.inputsLost, game.stats.inputsPending], [0, 0]);
});

const saving: Rules<Sum> = { ...sumRules, save: (state) => ({ ...state }), load: (saved: Sum) => saved };
for (const [how, rules] of [["by the log", sumRules], ["from a saved state", saving]] as const) {
  test(`a run that lost ticks takes the game back, ${how}, and lost inputs are given again`, async () => {
    const { clock, fake, game, room, server } = await playing({}, {}, rules);
    const rewinds: unknown[] = [];
    room.on("rewound", (event) => rewinds.push(event));
    game.input([1]);
    await clock.advance(5);
    fake.tick(200);
    await clock.advance(5);
    game.input([2]);
    await clock.advance(5);
    fake.tick(10);
    await clock.advance(5);
    assert.equal(game.stats.inputsPending, 0);
    fake.recover(201, 1);
    fake.tick(3);
    await clock.advance(50);
    assert.deepEqual(rewinds, [{ from: 210, to: 200, reason: "recovery" }]);
    fake.tick(2);
    await clock.advance(10);
    assert.equal(game.tick, 205);
    assert.deepEqual(game.state.log, [1, 2]);
    assert.deepEqual(fake.inputs(), [1, 2]);
    assert.equal(game.stats.inputsLost, 0);
    const straggler = { run: 1, tick: 206, ticks: [Uint8Array.of(0, 1, 66)] };
    fake.send(server.session, straggler);
    await clock.advance(10);
    assert.equal(game.tick, 205, "a frame of the older run is dropped");
  });
}

test("a run that changed while the client was away: its history is compared, and taken over where it differs", async () => {
  const { clock, fake, game, room, server } = await playing();
  const rewinds: { to: number }[] = [];
  room.on("rewound", (event) => rewinds.push(event));
  for (let i = 1; i <= 6; i++) {
    game.input([i]);
    await clock.advance(5);
    fake.tick(10);
    await clock.advance(5);
  }
  server.cut();
  await clock.advance(1);
  // Input 6 and the ticks around it are lost; the new run is already longer than what the client holds.
  fake.recover(45, 5);
  fake.tick(50);
  await clock.advance(3000);
  fake.tick(2);
  await clock.advance(100);
  fake.tick(2);
  await clock.advance(100);
  assert.equal(rewinds.length, 1);
  assert.ok((rewinds[0]?.to as number) >= 40);
  assert.equal(game.tick, fake.ticks.length);
  assert.deepEqual(game.state.log, fake.inputs());
  assert.deepEqual(game.state.log, [1, 2, 3, 4, 5, 6]);
});

test("a state that is the odd one out is computed again from the last agreed tick", async () => {
  let broken = false;
  const rules: Rules<Sum> = {
    ...saving,
    step: (state, tick) => {
      const next = sumRules.step(state, tick);
      return broken && tick.tick === 70 ? { ...next, log: next.log.concat(1000) } : next;
    },
  };
  const { clock, fake, game, room, server } = await playing({}, {}, rules);
  const desyncs: { mine: boolean }[] = [];
  room.on("desync", (event) => desyncs.push(event));
  fake.tick(65);
  await clock.advance(5);
  broken = true;
  fake.tick(200);
  await clock.advance(5);
  broken = false;
  assert.deepEqual(game.state.log, [1000]);
  server.session.send(op.DESYNC, m.encodeDesync({ channel: 1, tick: 80, seats: [0], lastAgreedTick: 60 }));
  await clock.advance(50);
  fake.tick(5);
  await clock.advance(50);
  assert.equal(desyncs[0]?.mine, true);
  assert.equal(game.stats.hashesEqual, false);
  assert.deepEqual(game.state.log, []);
  assert.equal(game.tick, 270);
});

test("ticks that the room has never reached are given up", async () => {
  const { clock, fake, game, server } = await playing();
  game.input([1]);
  await clock.advance(5);
  fake.tick(30);
  await clock.advance(5);
  server.cut();
  fake.recover(10);
  // The view comes from before: only the resume itself tells.
  const resume = server.handlers.get("rooms.resume")!;
  let asked = 0;
  server.on("rooms.resume", (body, session) => (m.decodeResumeRoom(body).fromTick > fake.ticks.length + 1 ? (asked++, { code: 4002 }) : resume(body, session)));
  const view = fake.view.bind(fake);
  fake.view = () => ({ ...view(), tick: 30, run: 1 });
  await clock.advance(2000);
  fake.view = view;
  fake.tick(40);
  await clock.advance(2000);
  assert.equal(asked, 1);
  assert.equal(game.tick, 49);
  assert.deepEqual(game.state.log, [1]);
});

test("a run that is new and does not say where it went on is compared before it is played", async () => {
  const { clock, fake, game, room, server } = await playing();
  const rewinds: { to: number }[] = [];
  room.on("rewound", (event) => rewinds.push(event));
  fake.tick(100);
  await clock.advance(5);
  game.input([9]);
  await clock.advance(5);
  fake.tick(10);
  await clock.advance(5);
  // The first message of the run never reaches the client.
  fake.recover(101, 0);
  fake.lossy = true;
  fake.tick(10);
  fake.lossy = false;
  fake.tick(1);
  await clock.advance(5);
  fake.tick(3);
  await clock.advance(100);
  fake.tick(1);
  await clock.advance(100);
  assert.deepEqual(rewinds.map(({ to }) => to), [100]);
  assert.equal(game.tick, fake.ticks.length);
  assert.deepEqual(game.state.log, fake.inputs());
  assert.deepEqual(game.state.log, [9]);
  assert.equal(server.logins.length, 1);
});
