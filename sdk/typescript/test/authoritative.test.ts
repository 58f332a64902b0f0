// A room whose rules run in it: its state, its ticks, its words, and inputs that survive cuts.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as m from "../src/generated/messages";
import { JianziError } from "../src/index";
import * as op from "../src/wire/frame";
import { FakeRoom } from "./fakes/room";
import { within, world } from "./fakes/world";

/** The rules of this room: a total of all that was sent. */
class TotalRoom extends FakeRoom {
  override kind: m.RoomKind = 2;

  get total(): number {
    return this.inputs().reduce((sum, value) => sum + value, 0);
  }

  /** Asked by a resume, and after a change of the rules. */
  override show(): void {
    for (const member of this.members) {
      const session = this.sessionOf(member);
      const { channel, applied } = member;
      if (session) session.send(op.ROOM_STATE, m.encodeRoomState({ run: this.run, tick: this.ticks.length, data: Uint8Array.of(this.total), channel, applied }));
    }
  }

  /** What a tick tells: the room's own words. */
  override told(): Uint8Array[] {
    return [Uint8Array.of(this.total), Uint8Array.of()];
  }
}

const playing = async () => {
  const all = world();
  const fake = new TotalRoom(all.server);
  await within(all.clock, 1000, all.jz.login());
  const room = await within(all.clock, 1000, all.jz.rooms.join({ room: fake.id }));
  const game = room.authoritative();
  const heard: string[] = [];
  game.on("state", ({ tick, data }) => heard.push(`state ${tick}: ${data[0]}`));
  game.on("tick", ({ tick, messages }) => heard.push(`tick ${tick}: ${messages.map((bytes) => [...bytes].join()).join(" ")}`));
  game.on("message", ({ tick, data }) => heard.push(`message ${tick}: ${data[0]}`));
  game.on("refused", ({ number, reason }) => heard.push(`refused ${number}: ${reason}`));
  await all.clock.advance(10);
  return { ...all, fake, room, game, heard };
};

test("the state comes first, then every tick; words to this seat and refusals in between", async () => {
  const { clock, fake, server, room, game, heard } = await playing();
  assert.deepEqual(game.input([5]), { ok: true, number: 1 });
  await clock.advance(10);
  assert.equal(game.stats.inputsPending, 1);
  fake.tick(2);
  const { session } = server;
  const { channel } = fake.members[0]!;
  session.send(op.ROOM_MESSAGE, m.encodeRoomMessage({ run: 1, tick: 3, data: Uint8Array.of(9), channel }));
  session.send(op.INPUT_REFUSED, m.encodeInputRefused({ channel, number: 2, reason: 8 }));
  await clock.advance(10);
  assert.deepEqual(heard, ["state 0: 0", "tick 1: 5 ", "tick 2: 5 ", "message 3: 9", "refused 2: ended_badly"]);
  assert.equal(game.stats.inputsPending, 0);
  assert.equal(game.tick, 2);
  assert.equal(room.view.spec.kind, "authoritative");
  assert.equal(room.view.logic?.version, 3);
  assert.throws(() => room.lockstep({ start: () => 0, step: () => 0 }), JianziError);
});

test("after a cut the state as it is now, and inputs that were not acknowledged again", async () => {
  const { clock, fake, server, game, heard } = await playing();
  game.input([1]);
  await clock.advance(10);
  fake.tick(1);
  await clock.advance(10);
  heard.length = 0;
  server.down = true;
  server.cut();
  await clock.advance(10);
  assert.deepEqual(game.input([2]), { ok: true, number: 2 });
  fake.tick(50);
  await clock.advance(3000);
  server.down = false;
  await clock.advance(10000);
  fake.tick(1);
  await clock.advance(10);
  assert.equal(heard[0], "state 51: 1");
  assert.deepEqual(heard.slice(1), ["tick 52: 3 "]);
  assert.equal(game.stats.inputsPending, 0);
  assert.deepEqual(fake.inputs(), [1, 2]);
});

test("a tick that never came is made up for by the state", async () => {
  const { clock, fake, game, heard } = await playing();
  fake.tick(1);
  await clock.advance(10);
  fake.lossy = true;
  fake.tick(2);
  fake.lossy = false;
  heard.length = 0;
  fake.tick(1);
  await clock.advance(20);
  fake.tick(1);
  await clock.advance(10);
  assert.deepEqual(heard, ["state 4: 0", "tick 5: 0 "]);
  assert.equal(game.tick, 5);
  assert.equal(game.stats.framesBackfilled, 1);
});

test("a newer run begins with its state: older frames are void, lost inputs go again", async () => {
  const { clock, fake, server, game, heard } = await playing();
  game.input([7]);
  await clock.advance(10);
  fake.tick(3);
  await clock.advance(10);
  heard.length = 0;
  // The room went back to before the input, at once in front of the player.
  fake.recover(1, 0);
  fake.show();
  fake.send(server.session, { run: 1, tick: 4, ticks: [Uint8Array.of()] });
  await clock.advance(20);
  assert.deepEqual(heard, ["state 0: 0"]);
  fake.tick(1);
  await clock.advance(10);
  assert.deepEqual(heard, ["state 0: 0", "tick 1: 7 "]);
  // Other rules in the same run: a state, and nothing is sent again.
  fake.show();
  await clock.advance(10);
  assert.equal(heard[2], "state 1: 7");
  assert.deepEqual(fake.inputs(), [7]);
});

test("a killed server is a pause by the game's own account; the ticks go on where they stood", async () => {
  const { clock, fake, server, game, room } = await playing();
  const rewinds: unknown[] = [];
  const caught: { ticks: number; pauseMs: number }[] = [];
  room.on("rewound", (event) => rewinds.push(event));
  game.on("caughtUp", (event) => caught.push(event));
  for (let i = 0; i < 20; i++) {
    game.input([1]);
    await clock.advance(5);
    fake.tick();
    await clock.advance(45);
  }
  assert.deepEqual({ ...game.stats, rttMs: 0 }, { pauseMs: 0, framesBackfilled: 0, inputsLost: 0, inputsRefused: 0, inputsPending: 0, rttMs: 0, hashesEqual: true });
  server.cut();
  server.sessions.clear();
  fake.recover(21);
  await clock.advance(700);
  assert.equal(game.catchingUp, true, "the state is there, and stands");
  fake.tick();
  await clock.advance(10);
  assert.deepEqual([game.run, game.tick, game.catchingUp], [2, 21, false]);
  assert.deepEqual(rewinds, []);
  assert.equal(caught.length, 1);
  assert.equal(caught[0]?.ticks, 0);
  assert.ok(game.stats.pauseMs >= 700 && game.stats.pauseMs <= 770, `${game.stats.pauseMs}`);
  assert.deepEqual([game.stats.framesBackfilled, game.stats.inputsLost, game.stats.inputsPending], [1, 0, 0]);
  assert.deepEqual(fake.inputs().length, 20);
});

test("ticks that a new run does not have are taken back, and that is said", async () => {
  const { clock, fake, room, game, heard } = await playing();
  const rewinds: unknown[] = [];
  room.on("rewound", (event) => rewinds.push(event));
  fake.tick(10);
  await clock.advance(10);
  fake.recover(8);
  heard.length = 0;
  // Not even its state came: its first frame asks for it.
  fake.tick();
  await clock.advance(20);
  fake.tick();
  await clock.advance(10);
  assert.deepEqual(heard, ["state 8: 0", "tick 9: 0 "]);
  assert.deepEqual(rewinds, [{ from: 10, to: 8, reason: "recovery" }]);
  assert.deepEqual([game.run, game.tick], [2, 9]);
});

test("the room's own result ends the game", async () => {
  const { clock, fake, server, game, room } = await playing();
  const overs: unknown[] = [];
  game.on("over", (event) => overs.push(event));
  fake.tick(3);
  await clock.advance(10);
  const results = [{ seat: 0, result: Uint8Array.of(1) }, { seat: 65535, result: Uint8Array.of(7, 8) }];
  server.session.push({ roomEnded: { room: fake.id, reason: "finished", agreed: true, lastTick: 3, results } });
  await clock.advance(10);
  assert.deepEqual(overs, [{ result: Uint8Array.of(7, 8), tick: 3, hash: 0 }]);
  assert.equal(game.over, true);
  assert.deepEqual(game.result, Uint8Array.of(7, 8));
  assert.deepEqual([room.over, room.game], [true, game]);
});

test("what cannot be sent is said, and what the client knows is told to the room", async () => {
  const { clock, fake, jz, server, game, room } = await playing();
  assert.deepEqual(game.input(new Uint8Array(1025)), { ok: false, reason: "too_long" });
  const joins: m.JoinRoom[] = [];
  server.on("rooms.join", (body) => {
    joins.push(m.decodeJoinRoom(body));
    return { code: 2008 };
  });
  const refused = jz.rooms.join({ room: "9-elsewhere0" }).then(() => "", (error: JianziError) => error.name);
  await clock.advance(10);
  assert.equal(await refused, "outdated");
  assert.equal(joins[0]?.knowsKind, 2);
  server.session.push({ roomEnded: { room: fake.id, reason: "finished", agreed: true, results: [{ seat: 65535, result: Uint8Array.of(4) }] } });
  await clock.advance(10);
  assert.equal(room.over, true);
  assert.deepEqual(game.input([1]), { ok: false, reason: "over" });
});

test("an authoritative room is asked for by its game", async () => {
  const { server, jz, clock } = world();
  const fake = new TotalRoom(server);
  await within(clock, 1000, jz.login());
  const created: m.CreateRoom[] = [];
  server.on("rooms.create", (body, session) => {
    created.push(m.decodeCreateRoom(body));
    fake.enter(session);
    return m.encodeJoined(fake.joined(session));
  });
  await within(clock, 1000, jz.rooms.create({ id: fake.id, kind: "authoritative", seats: 2, authoritative: { game: "sum", tickHz: 10 } }));
  const { kind, lockstep, authoritative } = created[0]!.spec!;
  assert.deepEqual([kind, lockstep, authoritative], [2, undefined, { game: "sum", tickHz: 10, seed: 0 }]);
});
