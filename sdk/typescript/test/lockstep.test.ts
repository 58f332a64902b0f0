// A room in lockstep: every tick once, in order, whatever happens on the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as m from "../src/generated/messages";
import * as op from "../src/wire/frame";
import { playing, sumRules, within } from "./fakes/world";

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
  const rewinds: unknown[] = [];
  room.on("rewound", (event) => rewinds.push(event));
  const { spec } = room.view;
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
  assert.deepEqual(rewinds, [], "one run never goes back");
  assert.deepEqual(room.view.spec, spec);
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

test("a second gap right behind the first is asked for, too", async () => {
  const { clock, fake, game } = await playing();
  const forget = () => {
    fake.members[0]!.applied = 0;
    (fake as unknown as { waiting: unknown[] }).waiting = [];
  };
  fake.tick(2);
  await clock.advance(5);
  for (const value of [1, 2]) {
    game.input([value]);
    await clock.advance(5);
    forget();
  }
  game.input([3]);
  // The first gap is told and all goes again, in vain; the next input meets the second one, and none comes after it.
  await clock.advance(50);
  forget();
  game.input([4]);
  await clock.advance(1500);
  fake.tick(2);
  await clock.advance(50);
  assert.deepEqual(game.state.log, [1, 2, 3, 4]);
  assert.equal(game.stats.inputsPending, 0);
});

test("a gap that nobody tells of, behind one that was told, is asked for", async () => {
  const { clock, fake, game } = await playing();
  const room = fake as unknown as { waiting: unknown[] };
  const member = fake.members[0]!;
  fake.tick(2);
  await clock.advance(5);
  game.input([1]);
  await clock.advance(5);
  member.applied = 0;
  room.waiting = [];
  game.input([2]);
  game.input([3]);
  await clock.advance(50);
  // All went again; of that the first is taken, the rest is lost, and the player does nothing more.
  member.applied = 1;
  room.waiting = room.waiting.slice(0, 1);
  fake.tick(1);
  await clock.advance(5);
  assert.deepEqual([game.state.log, game.stats.inputsPending], [[1], 2]);
  await clock.advance(1500);
  fake.tick(1);
  await clock.advance(50);
  assert.deepEqual(game.state.log, [1, 2, 3]);
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
