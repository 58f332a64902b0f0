// A room in lockstep: every tick once, in order, whatever happens on the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rules } from "../src/index";
import * as m from "../src/generated/messages";
import * as op from "../src/wire/frame";
import { playing, type Sum, sumRules, within } from "./fakes/world";

test("ticks, inputs and hashes flow; the state is the rules' own", async () => {
  const { clock, fake, game, server } = await playing();
  const ticks: number[] = [];
  game.on("tick", (state) => ticks.push(state.ticks));
  assert.deepEqual(game.input([5]), { ok: true, number: 1 });
  assert.deepEqual(game.input(Uint8Array.of(6, 7)), { ok: true, number: 2 });
  await clock.advance(10);
  assert.equal(game.stats.inputsPending, 2);
  for (let i = 0; i < 40; i++) {
    fake.tick();
    await clock.advance(50);
  }
  assert.deepEqual(game.state, { log: [5, 6, 7], ticks: 40 });
  assert.deepEqual(ticks, Array.from({ length: 40 }, (_, i) => i + 1));
  assert.equal(game.stats.inputsPending, 0);
  assert.deepEqual(fake.hashes.map((hash) => hash.tick), [20, 40]);
  assert.equal(fake.hashes[1]?.hash, game.hash);
  assert.equal(server.logins.length, 1);
});

test("a cut in the middle: what was missed is fetched once, unacknowledged inputs go again, none is lost or doubled", async () => {
  const { clock, fake, game, server, room } = await playing();
  for (let i = 1; i <= 10; i++) {
    game.input([i]);
    await clock.advance(25);
    fake.tick();
    await clock.advance(25);
  }
  // These reach the room; that they did is not heard.
  game.input([11]);
  game.input([12]);
  await clock.advance(5);
  server.down = true;
  server.cut();
  await clock.advance(5);
  assert.deepEqual(game.input([13]), { ok: true, number: 13 });
  fake.tick(100);
  await clock.advance(4000);
  server.down = false;
  const caught: { ticks: number; pauseMs: number }[] = [];
  game.on("caughtUp", (event) => caught.push(event));
  await clock.advance(10000);
  fake.tick(3);
  await clock.advance(10);
  assert.equal(room.over, false);
  assert.deepEqual(game.state.log, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  assert.deepEqual(game.state.log, fake.inputs());
  assert.equal(game.tick, 113);
  assert.equal(game.stats.framesBackfilled, 100);
  assert.equal(game.stats.inputsPending, 0);
  assert.equal(caught.length, 1);
  assert.equal(caught[0]?.ticks, 100);
  assert.ok(game.stats.pauseMs >= 4000, `${game.stats.pauseMs}`);
});

test("frames that come again or overlap are skipped, a gap is asked for once", async () => {
  const { clock, fake, game, server } = await playing();
  fake.tick(5);
  await clock.advance(10);
  const session = server.session;
  fake.send(session, { tick: 3, ticks: fake.ticks.slice(2, 5) });
  fake.lossy = true;
  fake.tick(4);
  fake.lossy = false;
  fake.resumes.length = 0;
  fake.tick(1);
  fake.tick(1);
  await clock.advance(100);
  assert.deepEqual(fake.resumes, [6]);
  assert.equal(game.tick, 11);
  fake.send(session, { tick: 10, ticks: [...fake.ticks.slice(9), Uint8Array.of(0, 1, 77)] });
  await clock.advance(10);
  assert.deepEqual(game.state.log, [77]);
});

test("live frames between the backfilled ones count", async () => {
  const { clock, fake, game, server } = await playing();
  server.on("rooms.resume", (_, session) => m.encodeJoined(fake.joined(session)));
  fake.lossy = true;
  fake.tick(30);
  fake.lossy = false;
  const { session } = server;
  fake.tick(1);
  fake.send(session, { tick: 1, ticks: fake.ticks.slice(0, 10), backfill: true });
  fake.tick(1);
  fake.send(session, { tick: 11, ticks: fake.ticks.slice(10, 30), backfill: true });
  await clock.advance(10);
  assert.equal(game.tick, 32);
});

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

const saving: Rules<Sum> = { ...sumRules, save: (state) => ({ ...state }), load: (saved: Sum) => saved };
for (const [how, rules] of [["by the log", sumRules], ["from a saved state", saving]] as const) {
  test(`a run that lost ticks takes the game back, ${how}, and lost inputs are given again`, async () => {
    const { clock, fake, game, room } = await playing({}, {}, rules);
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
    fake.send(room["host"] && [...(fake as unknown as { server: { sessions: Map<string, never> } }).server.sessions.values()][0]!, straggler);
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

test("the result is reported once, the match is over, and late touches are told so", async () => {
  const { clock, fake, game } = await playing();
  const overs: { tick: number }[] = [];
  game.on("over", (event) => overs.push(event));
  fake.tick(3);
  await clock.advance(5);
  game.input([99]);
  await clock.advance(5);
  fake.tick(5);
  await clock.advance(50);
  assert.equal(game.over, true);
  assert.equal(game.tick, 4, "the state stays as it was when it was decided");
  assert.equal(overs.length, 1);
  assert.equal(fake.results.length, 1);
  assert.deepEqual({ ...fake.results[0], result: [...(fake.results[0]?.result ?? [])] }, { room: fake.id, result: [1], hash: game.hash, tick: 4 });
  assert.deepEqual(game.input([1]), { ok: false, reason: "over" });
});

test("a result reported into a cut arrives when the connection is back", async () => {
  const { clock, fake, game, server } = await playing();
  game.input([99]);
  await clock.advance(5);
  server.down = true;
  fake.tick(1);
  await clock.advance(1);
  server.cut();
  await clock.advance(20000);
  server.down = false;
  await clock.advance(30000);
  assert.equal(game.over, true);
  assert.equal(fake.results.length, 1);
});

test("inputs have a bound, and a length", async () => {
  const { game, server, clock } = await playing();
  server.down = true;
  server.cut();
  await clock.advance(1);
  for (let i = 0; i < 256; i++) assert.equal(game.input([1]).ok, true);
  assert.deepEqual(game.input([1]), { ok: false, reason: "full" });
  assert.deepEqual(game.input(new Uint8Array(1025)), { ok: false, reason: "too_long" });
});

test("before the start there is nothing to play, a spectator never does", async () => {
  const { clock, fake, jz, game } = await playing();
  assert.equal(game.input([1]).ok, true);
  fake.phase = m.RoomViewPhase.OPEN;
  fake.revision = 2;
  const room = await within(clock, 1000, jz.rooms.join({ room: fake.id }));
  assert.equal(room.game, game, "the same room is the same object");
  const fresh = room.lockstep(sumRules);
  assert.deepEqual(fresh.input([1]), { ok: false, reason: "not_started" });
  room.seat = undefined;
  assert.deepEqual(fresh.input([1]), { ok: false, reason: "spectator" });
});

test("a refused input is told; one refused for a gap goes again", async () => {
  const { clock, fake, game, server } = await playing();
  const refused: unknown[] = [];
  game.on("refused", (event) => refused.push(event));
  fake.tick(2);
  await clock.advance(5);
  server.session.send(op.INPUT_REFUSED, m.encodeInputRefused({ channel: 1, number: 1, reason: 2 }));
  await clock.advance(5);
  assert.deepEqual(refused, [{ number: 1, reason: "too_many" }]);
  // The room forgets input 1 and 2, which were on their way when it moved.
  const member = fake.members[0]!;
  game.input([1]);
  game.input([2]);
  await clock.advance(5);
  member.applied = 0;
  (fake as unknown as { waiting: unknown[] }).waiting = [];
  game.input([3]);
  await clock.advance(50);
  fake.tick(2);
  await clock.advance(50);
  assert.deepEqual(game.state.log, [1, 2, 3]);
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

test("inputs share messages where frames come several ticks at a time", async () => {
  const { clock, fake, room, server, game } = await playing();
  fake.ticksPerMessage = 3;
  fake.revision = 2;
  server.session.push({ roomChanged: { room: fake.view(), why: "properties", player: "" } });
  await clock.advance(5);
  assert.equal(room.view.spec.lockstep.ticksPerMessage, 3);
  const before = server.messages;
  game.input([1]);
  game.input([2]);
  game.input([3]);
  await clock.advance(99);
  assert.equal(server.messages, before);
  await clock.advance(5);
  assert.equal(server.messages, before + 1);
  fake.tick(1);
  await clock.advance(5);
  assert.deepEqual(game.state.log, [1, 2, 3]);
});

test("a spectator and a late comer begin at tick 1", async () => {
  const { clock, fake, jz, game } = await playing();
  game.input([4]);
  await clock.advance(5);
  fake.tick(300);
  await clock.advance(5);
  const room = await within(clock, 1000, jz.rooms.join({ room: fake.id, spectate: true }));
  const late = room.lockstep(sumRules);
  await clock.advance(100);
  assert.equal(late.tick, 300);
  assert.deepEqual(late.state, game.state);
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

test("rules that throw stop the game, not the connection", async () => {
  const thrown: unknown[] = [];
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", (reason) => thrown.push(reason));
  const { clock, fake, game, room, server, jz } = await playing({}, {}, {
    ...sumRules,
    step(state, tick) {
      if (tick.tick === 3) throw new Error("a bug");
      return sumRules.step(state, tick);
    },
  });
  const errors: string[] = [];
  room.on("error", ({ message }) => errors.push(message));
  fake.tick(9);
  await clock.advance(5000);
  process.removeAllListeners("unhandledRejection");
  for (const other of others) process.on("unhandledRejection", other as () => void);
  assert.deepEqual(errors, ["the rules failed at tick 3: a bug"]);
  assert.equal((thrown[0] as Error).message, "a bug");
  assert.equal(jz.status.state, "online");
  assert.equal(server.logins.length, 1);
  assert.equal(game.tick, 2);
  assert.equal(game.input([1]).ok, false);
});
